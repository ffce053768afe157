"""The gate `better_than_average`: a log loss shown to be below that of giving every lead the average rate."""

from __future__ import annotations

from training.gates.gate import Gate
from training.metrics.bootstrap import Interval


def better_than_average(log_loss: float | None, constant: float | None, excess: Interval | None) -> Gate:
    """Whether the model's log loss is below `constant`, that of the average rate on the same rows, and not by chance.

    A model that predicts no better than the average rate has learned nothing to act on, and among models of pure noise
    every second is better by luck. excess: of the average's log loss over the model's, the 95 % interval, whole leads
    resampled on both sides alike; None where too few leads were tested to have one.
    """
    if log_loss is None or constant is None:
        why = "There are no tested leads to set its log loss against that of the average rate."
        return Gate("better_than_average", log_loss is not None, log_loss, constant, why)
    passed = excess is not None and excess[0] > 0
    side = "above" if log_loss > constant else "below" if log_loss < constant else "equal to"
    average = f"is {side} {constant:.4f}, that of giving every lead the average rate"
    ends = f", by {excess[0]:.4f} to {excess[1]:.4f} in 95 of 100 resamples" if excess else ""
    shown = "" if passed else "; that it is better is not shown: more outcomes are needed, or other inputs"
    why = f"Its log loss, {log_loss:.4f}, {average}{ends}{shown}."
    return Gate("better_than_average", passed, log_loss, constant, why)
