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


@dataclass(frozen=True)
class SaidOfLead:
    """The log-odds of one lead alone, which question they answer, and what is said if sales tries it now."""

    logit: float
    question: str = AS_THINGS_ARE
    if_tried: IfTriedNow = NOT_ASKED


def logits(model: Model, asked: AskedLeads, places: Sequence[int]) -> dict[int, float]:
    """The log-odds of each lead at `places`, by its place: those of `explanations` to the last bit, without why."""
    return _logits(model, model.matrix(asked.known), asked, places)[0]


def explanations(model: Model, asked: AskedLeads, places: Sequence[int]) -> dict[int, Explanation]:
    """The explanation of each lead at `places`, by its place."""
    if not places:
        return {}
    matrix = model.matrix(asked.known)
    contributions, baseline = model.contributions(matrix[list(places)])
    names, member = model.groups
    grouped = contributions @ member
    said, earlier = _logits(model, matrix, asked, places)
    margin = (np.array([said[place] for place in places]) - model.calibrator.intercept) / model.calibrator.slope
    lower, upper = model.calibrator.interval(margin)
    return {
        place: Explanation(
            said[place],
            baseline,
            dict(zip(names, grouped[i].tolist(), strict=True)),
            model.kinds,
            (float(lower[i]), float(upper[i])),
            earlier.get(place),
        )
        for i, place in enumerate(places)
    }


def _logits(
    model: Model, matrix: Floats, asked: AskedLeads, places: Sequence[int]
) -> tuple[dict[int, float], dict[int, float]]:
    """The log-odds of the leads at `places` as of now and as of a week before, by place: from the margin, at once."""
    wanted = set(places)
    then = [(asked.leads + row, place) for row, place in enumerate(asked.known_then) if place in wanted]
    rows = np.array([*places, *(row for row, _ in then)], dtype=np.int64)
    said = model.calibrator.logit(model.margin(matrix[rows])).tolist()
    now = dict(zip(places, said[: len(places)], strict=True))
    return now, dict(zip([place for _, place in then], said[len(places) :], strict=True))
