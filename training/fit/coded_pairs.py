"""Pairs of codes that carry the outcome in thousands of small cells: found by counting, before any tree is grown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import logit

from features.agreement.agreement import Agreement
from features.arrays import Floats, Ints
from features.snapshots.point_in_time import column_kinds
from training.fit.encoding_counts import CODED_WEIGHT, CellInput, EncodingCounts, held_out_fold, lead_numbers
from training.labels.folds import lead_folds, row_losses
from training.model.columns import ModelColumn

FEWEST_ROWS = 4  # a value of a code, in the mean: what differs for nearly every row is no code
MOST_CODES = 12  # those of most levels are paired: pairs of few levels are found with their cells pooled
MOST_CODED_PAIRS = 2
ERRORS = 2.0  # standard errors by which a pair must say more than its parts, before trees are asked


def coded_inputs(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> tuple[CellInput, ...]:
    """The rates and sizes of the pairs of codes that say most beyond their parts, and of these parts; mostly none.

    Their rates are of cells of CODED_WEIGHT leads or more; what is judged here is not kept, and is of all cells.
    """
    pairs = coded_pairs(rows, columns, agreement, seed)
    of = dict.fromkeys([*pairs, *((name,) for pair in pairs for name in pair)])
    return tuple(CellInput(one, is_size, CODED_WEIGHT) for one in of for is_size in (False, True))


def coded_pairs(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> list[tuple[str, str]]:
    """The pairs whose rates, out of fold and unpooled, say more than those of both parts together."""
    screen = _Screen.of(rows, seed)
    codes = _codes(rows, columns, agreement)
    most = sorted(sorted(codes, key=lambda name: (-int(codes[name].max()), name))[:MOST_CODES])
    alone = {name: screen.rates(codes[name]) for name in most}
    gains = {}
    for one, other in combinations(most, 2):
        margins = (alone[one], alone[other], alone[one] + alone[other])
        said = screen.rates(_cells(codes[one], codes[other]))
        gains[one, other] = min(screen.gain(said, lean) for lean in margins)
    gaining = [pair for pair, gain in gains.items() if gain > 0]
    return sorted(gaining, key=lambda pair: (-gains[pair], pair))[:MOST_CODED_PAIRS]


def _codes(rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement) -> dict[str, Ints]:
    """The columns that may be codes, as the number of each row's level: categories, and whole numbers."""
    kinds, found = column_kinds(agreement), {}
    for column in columns:
        kind, values = kinds.get(column.name), rows[column.name]
        if kind == "category" or (kind == "number" and _are_whole(values)):
            code = np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)
            if (int(code.max()) + 1) * FEWEST_ROWS <= len(code):
                found[column.name] = code
    return found


def _are_whole(values: pd.Series) -> bool:
    known = values.dropna().to_numpy(np.float64)
    return bool((known == np.round(known)).all())


def _cells(one: Ints, other: Ints) -> Ints:
    _, code = np.unique(one * (int(other.max()) + 1) + other, return_inverse=True)
    return np.asarray(code, dtype=np.int64)


@dataclass(frozen=True)
class _Screen:
    """Judges codes by the log loss of their rates, out of fold."""

    outcome: Floats
    lead: Ints
    fold: Ints
    base: float  # log-odds of the average row

    @classmethod
    def of(cls, rows: pd.DataFrame, seed: int) -> _Screen:
        outcome = rows["outcome"].to_numpy(np.float64)
        fold = held_out_fold(lead_folds(outcome, list(rows["lead_id"]), seed), len(rows))
        base = float(logit(np.clip(outcome.mean(), 1e-6, 1 - 1e-6)))
        return cls(outcome, lead_numbers(rows), fold, base)

    def rates(self, code: Ints) -> Floats:
        """What each row's code adds to the log-odds, said by the other folds."""
        return EncodingCounts.of_codes(code, self.outcome, self.lead, self.fold).out_of_fold()

    def gain(self, wider: Floats, lean: Floats) -> float:
        """The log loss that the wider rates save, less ERRORS standard errors over leads."""
        saved = row_losses(self.base + lean, self.outcome) - row_losses(self.base + wider, self.outcome)
        by_lead = np.bincount(self.lead, weights=saved)
        return float(by_lead.sum() - ERRORS * np.sqrt(len(by_lead)) * by_lead.std(ddof=1))
