"""The points of the criteria as columns, for many rows at once: a model of few outcomes is pulled to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numba
import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.conditions import BehaviourClause, Condition, FactClause, Facts, MinutesClause
from features.agreement.policy import Criterion
from features.arrays import DAY_US, Bools, Floats, Ints, Ragged
from features.behaviour.decayed_counters import SUMS

PREFIX = "criterion_"


def criteria_columns(
    behaviours: Mapping[str, Ragged], traits: Mapping[str, Sequence[Any]], as_of_us: Ints, agreement: Agreement
) -> dict[str, Floats]:
    """`criterion_<name>` by criterion: the points of each row at its moment, 0 where no line holds.

    Each row gets the points that `features.agreement.criteria.criteria_points` gives it.
    """
    return {
        PREFIX + name: _points(criterion, behaviours, traits, as_of_us, len(agreement.half_lives))
        for name, criterion in agreement.criteria.items()
    }


def _points(
    criterion: Criterion, behaviours: Mapping[str, Ragged], traits: Mapping[str, Sequence[Any]], as_of_us: Ints,
    half_lives: int,
) -> Floats:  # fmt: skip
    found = np.zeros(len(as_of_us))
    for points, line in reversed(criterion.lines):  # the best line last: it counts
        found[_holds(line, behaviours, traits, as_of_us, half_lives)] = points
    return found


def _holds(
    line: Condition, behaviours: Mapping[str, Ragged], traits: Mapping[str, Sequence[Any]], as_of_us: Ints,
    half_lives: int,
) -> Bools:  # fmt: skip
    any_of = np.zeros(len(as_of_us), dtype=bool)
    for clauses in line.any_of:
        all_of = np.ones(len(as_of_us), dtype=bool)
        for clause in clauses:
            if isinstance(clause, FactClause):
                all_of &= _is_allowed(traits.get(clause.name), len(as_of_us), clause)
            else:
                all_of &= _was_seen(behaviours[clause.name], as_of_us, clause, half_lives)
        any_of |= all_of
    return any_of


def _is_allowed(values: Sequence[Any] | None, rows: int, clause: FactClause) -> Bools:
    """Whether each row's value is allowed; each distinct value is checked once."""
    known: dict[Any, bool] = {}

    def holds(value: Any) -> bool:
        value = None if value != value else value
        if value not in known:
            known[value] = clause.holds(Facts({clause.name: value}, lambda _, __: 0, lambda _, __: 0.0))
        return known[value]

    return np.array([holds(value) for value in ([None] * rows if values is None else values)], dtype=bool)


def _was_seen(states: Ragged, as_of_us: Ints, clause: BehaviourClause | MinutesClause, half_lives: int) -> Bools:
    found = np.empty(len(as_of_us))
    first, is_timed = SUMS + 2 * half_lives, isinstance(clause, MinutesClause)
    moments, span_us = as_of_us.astype(np.float64), clause.days * DAY_US
    _total(states.values, states.offsets, moments, span_us, first, is_timed, found)
    return found >= (clause.minutes if isinstance(clause, MinutesClause) else clause.at_least)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _total(
    values: Floats, offsets: Ints, as_of: Floats, span_us: float, first: int, is_timed: bool, found: Floats
) -> None:
    """Fill how many occurrences of the latest 32 lie within the span before each moment, or their minutes."""
    for row in range(as_of.size):
        found[row] = 0.0
        for place in range(offsets[row] + first, offsets[row + 1], 2):
            if as_of[row] - span_us <= values[place] < as_of[row]:
                found[row] += values[place + 1] if is_timed else 1.0
