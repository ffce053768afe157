"""The gate `better_than_average`: log loss not above that of giving every lead the average rate."""

from __future__ import annotations

from training.gates.gate import Gate


def better_than_average(log_loss: float | None, constant: float | None) -> Gate:
    """Whether the model's log loss is not above `constant`, that of the average rate on the same rows.

    A model that predicts no better than the average rate has learned nothing to act on. None: no row was tested.
    """
    passed = log_loss is not None and (constant is None or log_loss <= constant)
    if log_loss is None or constant is None:
        why = "There are no tested leads to set its log loss against that of the average rate."
    else:
        than = "is not above" if passed else "is above"
        why = f"Its log loss, {log_loss:.4f}, {than} {constant:.4f}, that of giving every lead the average rate."
    return Gate("better_than_average", passed, log_loss, constant, why)
