"""The linear model: a few transforms of each column, shrunk weights, contributions that are exact by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numba
import numpy as np

from features.arrays import Floats, Ints
from training.model.columns import Column

KINDS = ("value", "log", "missing", "level", "step")
_, LOG, MISSING, LEVEL, STEP = range(len(KINDS))
STEPS = 8  # of a number: at so many of its quantiles it may jump, for firms of 49 and 50 are not always alike
FAR = 0.995  # what few rows exceed, a line is held to: drawn on, it would promise without end
COMMON = 0.3  # the spread of what one row in ten shows; rarer truths are not blown up to it, so they are shrunk more


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
class Linear:
    """A sum of terms; `intercept` is the log-odds of the average training row."""

    intercept: float
    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Sequence[Term], weights: Floats) -> Linear:
        """The sum of the terms by `fit_linear`'s weights; a term without weight is left out."""
        told = (replace(term, weight=float(w)) for term, w in zip(terms, weights[1:], strict=True))
        return cls(float(weights[0]), tuple(term for term in told if term.weight))

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
    def of_json(cls, written: dict[str, Any]) -> Linear:
        return cls(written["intercept"], tuple(Term(**term) for term in written["terms"]))


def terms_of(matrix: Floats, columns: Sequence[Column]) -> tuple[Term, ...]:
    """The terms of some training rows, their centres and scales set, their weights 0; constants are left out."""
    found = []
    for place, column in enumerate(columns):
        values = matrix[:, place]
        scaled = (_scaled(term, values, column.is_criterion) for term in _terms_of(place, column, values))
        found += [term for term in scaled if term is not None]
    return tuple(found)


def _scaled(term: Term, values: Floats, is_point: bool) -> Term | None:
    """The term with its centre, scale and range on the training rows; None where it says the same of all of them.

    A truth value is scaled by no less than COMMON.
    """
    raw = term.raw(values)
    spread = float(np.nanstd(raw)) if np.isfinite(raw).any() else 0.0
    if spread <= 1e-9:
        return None
    # The points of a criterion keep their unit: the prior says what one is worth.
    scale = 1.0 if is_point else spread if term.kind in ("value", "log") else max(spread, COMMON)
    low, high = float(np.nanmin(raw)), float(np.nanmax(raw))
    if term.kind == "value" and not is_point:
        high = max(float(np.nanquantile(raw, FAR)), low + spread)
    return replace(term, center=float(np.nanmean(np.clip(raw, low, high))), scale=scale, low=low, high=high)


def _terms_of(place: int, column: Column, values: Floats) -> list[Term]:
    """Interest as it stands now and what is known of the lead; how long ago things began is for the trees.

    A line drawn through days and lifetime totals goes on rising where no training row ever was.
    """
    if column.levels is not None:
        return [*(Term(place, "level", level) for level in range(len(column.levels))), Term(place, "missing")]
    if column.kind == "behaviour":
        kinds = () if "_hl" not in column.name else ("value", "log") if "_count_" in column.name else ("log",)
        return [Term(place, kind) for kind in kinds]
    if column.is_criterion:
        return [Term(place, "value")]
    if column.rates is not None or column.name == "days_open":
        return []  # a line that has a pair's levels one by one is not helped by what trees make of them together
    plain = [Term(place, kind) for kind in ("value", "log", "missing")]
    return [*plain, *(Term(place, "step", cut) for cut in _cuts(values))]


def _cuts(values: Floats) -> list[float]:
    """Where a number may jump: at its quantiles, each once; none at its lowest, which all rows reach."""
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    places = np.linspace(0, 1, STEPS + 1)[1:]
    cuts = np.unique(np.quantile(known, places, method="higher"))
    return [float(cut) for cut in cuts if cut > known.min()]


@dataclass(frozen=True)
class Design:
    """Terms side by side, an array for each of their parts: one pass over the rows reads them all."""

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
        """(rows, terms): what the weights multiply; 0 for the average row, and for a missing value.

        Held to the range of the training rows: a line knows nothing of what lies beyond them.
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


@dataclass(frozen=True)
class Pull:
    """Where the intercept and each weight are drawn to, how strongly, and which way they may not go.

    toward, strength: the intercept's first, then by term. signs: by term, +1 where a weight may not be negative, -1
    where not positive, else 0.
    """

    toward: Floats
    strength: Floats
    signs: Sequence[int]

    @classmethod
    def to_zero(cls, shrinkage: float, signs: Sequence[int]) -> Pull:
        """Every weight by the same shrinkage, the intercept not at all."""
        return cls(np.zeros(len(signs) + 1), np.append(0.0, np.full(len(signs), shrinkage)), signs)


def fit_linear(rows: Floats, outcome: Floats, pull: Pull, start: Floats | None = None) -> Floats:
    """The intercept and weights that maximise the likelihood less half the pull's strength times squared distances.

    rows: `Design.rows` of the terms. start: where to begin, for instance at the weights of a stronger pull.
    """
    from scipy.optimize import minimize  # who only scores need not wait for it

    bounds = [(None, None), *((0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in pull.signs)]
    rate = float(np.clip(outcome.mean(), 1e-3, 1 - 1e-3))
    begin = np.append(np.log(rate / (1 - rate)), pull.toward[1:]) if start is None else start
    found = minimize(_loss, begin, args=(rows, outcome, pull), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def _loss(weights: Floats, rows: Floats, outcome: Floats, pull: Pull) -> tuple[float, Floats]:
    margin, off = weights[0] + rows @ weights[1:], weights - pull.toward
    loss = np.logaddexp(0.0, margin).sum() - outcome @ margin + (pull.strength * off) @ off / 2
    error = 1 / (1 + np.exp(-np.clip(margin, -700, 700))) - outcome
    gradient = np.append(error.sum(), rows.T @ error) + pull.strength * off
    return float(loss) / len(outcome), gradient / len(outcome)
