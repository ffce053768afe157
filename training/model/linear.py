"""The linear model: a few transforms of each column, their weights, and exact contributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numba
import numpy as np

from features.arrays import Floats, Ints

KINDS = ("value", "log", "missing", "level", "step")
_, LOG, MISSING, LEVEL, STEP = range(len(KINDS))


@dataclass(frozen=True)
class Term:
    """One transform of one column, centred and scaled on the training rows, and its weight in log-odds.

    kind: "value", "log", "missing" (1 where the column is), "level" (1 where the category is `level`), or "step"
    (1 from `level` on).
    """

    column: int
    kind: str
    level: float = 0.0
    center: float = 0.0
    scale: float = 1.0
    weight: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def raw(self, values: Floats) -> Floats:
        """The transform, before centring; a missing value is NaN unless that is what the term is about."""
        if self.kind == "missing":
            return np.asarray(np.isnan(values), dtype=np.float64)
        if self.kind == "level":
            return np.asarray(values == self.level, dtype=np.float64)
        if self.kind == "step":
            return np.where(np.isnan(values), np.nan, values >= self.level)
        return _signed_log(values) if self.kind == "log" else values


def _signed_log(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)


@dataclass(frozen=True)
class LinearModel:
    """A sum of terms; `intercept` is the log-odds of the average training row."""

    intercept: float
    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Sequence[Term], weights: Floats) -> LinearModel:
        """The terms with these weights, the intercept first; a term of weight 0 is left out."""
        weighted = (replace(term, weight=float(w)) for term, w in zip(terms, weights[1:], strict=True))
        return cls(float(weights[0]), tuple(term for term in weighted if term.weight))

    def contributions(self, matrix: Floats) -> Floats:
        """Log-odds that each column adds to each row: (rows, columns); with the intercept, the margin."""
        found = np.zeros(matrix.shape)
        _add(self._design.rows(matrix), self._design.column, self._weights, found)
        return found

    @cached_property
    def _weights(self) -> Floats:
        return np.array([term.weight for term in self.terms], dtype=np.float64)

    @cached_property
    def _design(self) -> Design:
        return Design.of(self.terms)

    def margin(self, matrix: Floats) -> Floats:
        return np.asarray(self.intercept + self.contributions(matrix).sum(axis=1))

    @cached_property
    def as_json(self) -> dict[str, Any]:
        return {"intercept": self.intercept, "terms": [asdict(term) for term in self.terms]}

    @classmethod
    def of_json(cls, written: dict[str, Any]) -> LinearModel:
        return cls(written["intercept"], tuple(Term(**term) for term in written["terms"]))


@dataclass(frozen=True)
class Design:
    """The terms as arrays, one array per field, so that one pass over the rows computes all of them."""

    column: Ints
    kind: Ints  # place in KINDS
    level: Floats
    low: Floats
    high: Floats
    center: Floats
    scale: Floats

    @classmethod
    def of(cls, terms: Sequence[Term]) -> Design:
        places = [(term.column, KINDS.index(term.kind)) for term in terms]
        parts = [(term.level, term.low, term.high, term.center, term.scale) for term in terms]
        column, kind = np.array(places, dtype=np.int64).reshape(-1, 2).T.copy()
        return cls(column, kind, *np.array(parts, dtype=np.float64).reshape(-1, 5).T.copy())

    def rows(self, matrix: Floats) -> Floats:
        """The values that the weights multiply, (rows, terms): 0 for the average row, and for a missing value.

        Values are clipped to the range of the training rows: a line knows nothing of what lies beyond it.
        """
        found = np.empty((len(matrix), len(self.column)))
        parts = (self.level, self.low, self.high, self.center, self.scale)
        _scale(np.ascontiguousarray(matrix), self.column, self.kind, *parts, found)
        return found


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _scale(
    matrix: Floats, column: Ints, kind: Ints, level: Floats, low: Floats, high: Floats, center: Floats, scale: Floats,
    found: Floats,
) -> None:  # fmt: skip
    for row in range(matrix.shape[0]):
        for t in range(column.size):
            value = matrix[row, column[t]]
            if kind[t] == MISSING:
                value = 1.0 if np.isnan(value) else 0.0
            elif kind[t] == LEVEL:
                value = 1.0 if value == level[t] else 0.0
            elif kind[t] == STEP:
                value = value if np.isnan(value) else 1.0 if value >= level[t] else 0.0
            elif kind[t] == LOG:
                value = np.sign(value) * np.log1p(abs(value))
            held = min(max(value, low[t]), high[t])
            found[row, t] = 0.0 if np.isnan(value) else (held - center[t]) / scale[t]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _add(scaled: Floats, column: Ints, weights: Floats, found: Floats) -> None:
    for row in range(scaled.shape[0]):
        for t in range(column.size):
            found[row, column[t]] += scaled[row, t] * weights[t]
