"""How many leads of a file `min_points` would leave without an answer: what the file tells of each criterion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from features.agreement.agreement import Agreement
from features.agreement.criteria import clause_names, most_points
from training.leakage.column_profiles import ColumnProfile

Flags = NDArray[np.bool_]
_ASKED_OF = {"seniority": "job_title", "department": "job_title"}


def missing_answers_note(agreement: Agreement, columns: Mapping[str, ColumnProfile]) -> str | None:
    """A sentence on the share of leads that half of the points would leave in needs_data; None without criteria.

    columns: by name of a trait, its column. A criterion is answered where the file has a value of anything it asks for;
    what leads do is in no list of leads, so that it counts as not answered.
    """
    most = most_points(agreement)
    if not most:
        return None
    needed = agreement.policy.min_points or max(most // 2, 1)
    reachable = [line.most * _answered(agreement, name, columns) for name, line in agreement.criteria.items()]
    share = float(np.mean(np.sum(reachable, axis=0) < needed))
    now = "" if agreement.policy.min_points else "0 until you agree on it; "
    return (
        f"min_points: {now}{needed} of {most} would leave {share:.0%} of the leads in needs_data, for want of answers"
    )


def _answered(agreement: Agreement, name: str, columns: Mapping[str, ColumnProfile]) -> Flags:
    asked = {_ASKED_OF.get(fact, fact) for fact in clause_names(agreement, name)}
    filled = [np.array([value is not None for value in columns[fact].values]) for fact in asked if fact in columns]
    rows = max((len(profile.values) for profile in columns.values()), default=1)
    return np.any(filled, axis=0) if filled else np.zeros(rows, dtype=bool)
