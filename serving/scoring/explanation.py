"""Explanations: the log-odds of each lead and the contributions that they are the sum of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats
from serving.scoring.questions import AS_THINGS_ARE, NOT_ASKED, IfTriedNow
from training.model.model import Model


@dataclass(frozen=True)
class Explanation:
    """One row per lead: its log-odds and their parts. The baseline plus all contributions is the logit."""

    logit: float
    baseline: float
    contributions: dict[str, float]
    kinds: dict[str, str]
    interval: tuple[float, float] | None
    earlier_logit: float | None  # a week before; None where that cannot be known
    levels: Mapping[str, int | None] | None = None  # the criteria's points, where the prior answers
    question: str = AS_THINGS_ARE
    if_tried: IfTriedNow = NOT_ASKED


@dataclass(frozen=True)
class AskedLeads:
    """Leads to explain: the columns of `leads` rows as of now, then of those known a week before as of then.

    known_then: the places of the leads that were known a week before.
    """

    known: Mapping[str, Any]
    leads: int
    known_then: Sequence[int]


def explanations(model: Model, asked: AskedLeads, places: Sequence[int]) -> dict[int, Explanation]:
    """The explanation of each lead at `places`, by its place."""
    if not places:
        return {}
    matrix = model.matrix(asked.known)
    contributions, baseline = model.contributions(matrix[list(places)])
    names, member = model.groups
    grouped = contributions @ member
    margin = (contributions.sum(axis=1) + baseline - model.calibrator.intercept) / model.calibrator.slope
    lower, upper = model.calibrator.interval(margin)
    earlier = _earlier_logits(model, matrix, asked, places)
    return {
        place: Explanation(
            float(grouped[i].sum()) + baseline,
            baseline,
            dict(zip(names, grouped[i].tolist(), strict=True)),
            model.kinds,
            (float(lower[i]), float(upper[i])),
            earlier.get(place),
        )
        for i, place in enumerate(places)
    }


def _earlier_logits(model: Model, matrix: Floats, asked: AskedLeads, places: Sequence[int]) -> dict[int, float]:
    wanted = set(places)
    then = [(asked.leads + row, place) for row, place in enumerate(asked.known_then) if place in wanted]
    rows = np.array([row for row, _ in then], dtype=np.int64)
    earlier = model.calibrator.logit(model.margin(matrix[rows]))
    return dict(zip([place for _, place in then], earlier.tolist(), strict=True))
