"""Criteria (need, timeframe, authority, profile): the points of a lead, and the prior probability they stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.conditions import Facts, holds

# From no points to all of them the odds double six times: two doublings below the average lead, four above.
_DOUBLINGS = 6
AVERAGE = 1 / 3  # the part of the points that the average lead has


@dataclass(frozen=True)
class CriteriaPoints:
    """The points of one lead.

    levels:   by criterion, 1 to 3 points, None where no line holds.
    ask_next: the first criterion without points that has a question.
    """

    points: int
    of: int
    levels: Mapping[str, int | None]
    ask_next: str | None

    def as_json(self) -> dict[str, Any]:
        """The points as the API answers them."""
        return {"points": self.points, "of": self.of, "levels": dict(self.levels), "ask_next": self.ask_next}


def criteria_points(agreement: Agreement, facts: Facts) -> CriteriaPoints:
    """The points of a lead with these facts: of each criterion, those of the best line that holds."""
    levels = {
        name: next((points for points, line in criterion.lines if holds(line, facts)), None)
        for name, criterion in agreement.criteria.items()
    }
    unanswered = (name for name, level in levels.items() if level is None and agreement.criteria[name].ask)
    return CriteriaPoints(sum(filter(None, levels.values())), most_points(agreement), levels, next(unanswered, None))


def most_points(agreement: Agreement) -> int:
    """The points of the best possible lead: 12 for four criteria of up to 3 points."""
    return sum(criterion.most for criterion in agreement.criteria.values())


def prior_probability(agreement: Agreement, points: int) -> float:
    """The chance that the points alone stand for, before anything was learned.

    logit(probability) = logit(score_50) + slope * (points - most / 3), where the slope doubles the odds six times
    from none to all: of 12 points, every 2 double them. The lead with a third of the points is the average lead: of
    most leads half is not known yet, and with half of the points as the middle nearly all would lie below the average.
    """
    most = most_points(agreement)
    score_50 = agreement.policy.score_50
    odds = score_50 / (1 - score_50) * math.exp(slope(most) * (points - AVERAGE * most))
    return odds / (1 + odds)


@dataclass(frozen=True)
class Prior:
    """The prior probability as a sum: logit(probability) is `baseline` plus all `contributions`, in log-odds.

    contributions: by criterion. interval: the 90 % range of the probability, where the standard deviation of each
    contribution is its own size, and that of the stated rate is one unit of log-odds.
    """

    probability: float
    baseline: float
    contributions: Mapping[str, float]
    interval: tuple[float, float]


def prior(agreement: Agreement, criteria: CriteriaPoints) -> Prior:
    """The prior of a lead with these points, and what each criterion adds about a third of its own points."""
    a_point = slope(criteria.of)
    contributions = {
        name: a_point * ((level or 0) - AVERAGE * agreement.criteria[name].most)
        for name, level in criteria.levels.items()
    }
    score_50 = agreement.policy.score_50
    baseline = math.log(score_50 / (1 - score_50))
    log_odds = baseline + sum(contributions.values())
    doubt = 1.645 * math.sqrt(1 + sum(part**2 for part in contributions.values()))
    interval = (1 / (1 + math.exp(doubt - log_odds)), 1 / (1 + math.exp(-doubt - log_odds)))
    return Prior(prior_probability(agreement, criteria.points), baseline, contributions, interval)


def slope(most: int) -> float:
    """The log-odds of one point, where so many are to be had."""
    return _DOUBLINGS * math.log(2) / most if most else 0.0


def criterion_kind(agreement: Agreement, name: str) -> str:
    """A criterion that asks for behaviours is engagement; one that asks for traits is fit."""
    asked = str(agreement.criteria[name].lines)
    return "behaviour" if any(f"'{behaviour}'" in asked for behaviour in agreement.behaviours) else "trait"


def single_clause_name(agreement: Agreement, name: str) -> str | None:
    """The one fact or behaviour that all lines of a criterion ask for; None where they ask for several."""
    asked = clause_names(agreement, name)
    return asked.pop() if len(asked) == 1 else None


def clause_names(agreement: Agreement, name: str) -> set[str]:
    """The facts and behaviours that the lines of a criterion ask for."""
    lines = (line for _, line in agreement.criteria[name].lines)
    return {clause.name for line in lines for clauses in line.any_of for clause in clauses}
