"""MLflow's description of a version, its MLmodel file: how MLflow loads it, what goes in and what comes out."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from features.agreement.agreement import Agreement
from training.model.model import Model

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

SIGNATURE_FILE = "MLmodel"
# MLflow imports this module where it runs and calls its `_load_pyfunc`. It stands in each version for good, so it is
# the one name of ours that does not move; named and not imported, since it stands above all rooms.
LOADER_MODULE = "leadlight"


def mlflow_signature(model: Model) -> str:
    """The text of MLflow's MLmodel file: the python_function flavor that reads our text and JSON, and its signature.

    It names neither a time nor a run: the same model has the same text, and the same digest. It is one of the files in
    the version's manifest.
    """
    from mlflow.models import Model as Described

    described = Described(
        utc_time_created="see the run", model_uuid=None, signature=_signature(), metadata=_what_may_be_said(model)
    )
    # Text and JSON are read by any Python; without its version MLflow warns at each load.
    python = ".".join(platform.python_version_tuple()[:2])
    described.add_flavor("python_function", loader_module=LOADER_MODULE, python_version=python)
    return str(described.to_yaml())


def _signature() -> ModelSignature:
    """The inline form of `POST /v1/scores`, a lead a row."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    # Any: of some leads in a frame only traits are told and of others only events. MLflow has NaN for what is missing,
    # which its types for maps and lists refuse. Our own loader checks them.
    inputs = [
        ColSpec(DataType.string, "client_reference_id", required=False),
        ColSpec(AnyType(), "traits", required=False),
        ColSpec(AnyType(), "events", required=False),
    ]
    parameters = [
        ParamSpec("contributions", DataType.boolean, default=False),
        ParamSpec("as_of", DataType.string, default=None),
    ]
    outputs = Schema([ColSpec(DataType.double, "probability", required=False)])
    return ModelSignature(inputs=Schema(inputs), outputs=outputs, params=ParamSchema(parameters))


def _what_may_be_said(model: Model) -> dict[str, Any]:
    """What the probability is of, and the traits and events that count: to be read in MLflow beside the signature."""
    agreement = Agreement.parse(model.agreement_text)
    return {
        "outcome": agreement.outcome.event,
        "horizon_days": agreement.outcome.horizon_days,
        "traits": {name: trait.kind for name, trait in agreement.traits.items()},
        "events": sorted({behaviour.event for behaviour in agreement.behaviours.values()}),
    }
