"""The signature: what a model reads and gives, as MLflow's own MLmodel text, so that its pages can show it."""

from __future__ import annotations

from training.model import Model

SIGNATURE = "MLmodel"


def signature(model: Model) -> str:
    """The text of MLflow's MLmodel file: inputs and output, and no flavour, so that there is nothing to unpickle.

    It names neither a time nor a run: the same model has the same text, and the same digest.
    """
    from mlflow.models import Model as Described
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    inputs = [
        ColSpec(DataType.string if column.levels else DataType.double, column.name, required=False)
        for column in model.columns
    ]
    signed = ModelSignature(inputs=Schema(inputs), outputs=Schema([ColSpec(DataType.double, "probability")]))
    described = Described(utc_time_created="see the run", model_uuid=None, signature=signed)
    return str(described.to_yaml())
