"""The gate `can_rank`: that leads which convert have the higher scores is shown, and not by chance."""

from __future__ import annotations

from training.gates.gate import Gate
from training.metrics.bootstrap import Interval

GUESSING = 0.5  # the ROC AUC of a list in any order


def can_rank(roc_auc: float | None, interval: Interval | None) -> Gate:
    """Whether the model puts leads that convert before leads that do not, in the tested rows.

    A model may know the rate of each month and of no lead: its log loss is then below the average's, and its call list
    is in any order. interval: of the ROC AUC, 95 %, whole leads resampled; None where too few leads were tested.
    """
    if roc_auc is None or interval is None:
        why = "It is not known whether it can rank leads: too few tested leads converted, or too few did not."
        return Gate("can_rank", False, roc_auc, GUESSING, why)
    ends = f"{interval[0]:.3f} to {interval[1]:.3f} in 95 of 100 resamples"
    passed = interval[0] > GUESSING
    rest = (
        "" if passed else "; that it ranks leads better than guessing (0.5) is not shown: it cannot order a call list"
    )
    return Gate("can_rank", passed, roc_auc, GUESSING, f"Its ROC AUC is {roc_auc:.3f}, {ends}{rest}.")
