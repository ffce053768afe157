"""Counts leads and conversions by category and fold, from which target encodings are computed out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats, Ints
from training.labels.folds import Fold
from training.model.target_encoding import TargetEncoding, category_cells

FEWEST_LEADS = 20  # a level or cell that fewer leads have is pooled: it would be learned by heart
PRIOR_LEADS = 20.0  # leads of average outcome that each cell is given, so that few leads of its own say little


@dataclass(frozen=True)
class EncodingCounts:
    """The leads and conversions of each cell and fold, so that folds can be left out without counting again.

    A cell is a level of one category, or a pair of levels of two. code: each row's cell, as a place in `names`.
    leads, won: (folds, cells). A lead has one fold. A lead counts as 1 in each of its cells, and as converted by the
    share of its rows there that converted: 2 of L-1's 4 rows in "retail" converted, so L-1 adds 0.5 to won.
    """

    of: tuple[str, ...]
    names: tuple[str, ...]
    code: Ints
    fold: Ints
    leads: Floats
    won: Floats

    @classmethod
    def of_rows(cls, known: Any, of: Sequence[str], outcome: Floats, lead: Ints, fold: Ints) -> EncodingCounts:
        """Counts of labelled rows. lead, fold: the number of each row's lead and fold, from 0."""
        code, names = pd.factorize(np.asarray(category_cells(known, of), dtype=object), sort=True)
        code = code.astype(np.int64)
        pair, member = np.unique(code * (int(lead.max()) + 1) + lead, return_inverse=True)
        share = np.bincount(member, weights=outcome) / np.bincount(member)
        first = np.zeros(len(pair), dtype=np.int64)
        first[member] = np.arange(len(member))  # any row of the lead in the cell: they share the fold
        place = fold[first] * len(names) + code[first]
        shape, size = (int(fold.max()) + 1, len(names)), (int(fold.max()) + 1) * len(names)
        leads = np.bincount(place, minlength=size).astype(np.float64).reshape(shape)
        won = np.bincount(place, weights=share, minlength=size).astype(np.float64).reshape(shape)
        return cls(tuple(of), tuple(map(str, names)), code, fold, leads, won)

    def values(self, without: Sequence[int] = ()) -> Floats:
        """The encoding of each cell from all folds but `without`: its log-odds less the average's. The last one is for
        cells with under FEWEST_LEADS leads and for cells that were never seen.
        """
        inside = [fold for fold in range(len(self.leads)) if fold not in without]
        leads, won = self.leads[inside].sum(axis=0), self.won[inside].sum(axis=0)
        rate = float(np.clip(won.sum() / max(leads.sum(), 1.0), 1e-6, 1 - 1e-6))
        few = leads < FEWEST_LEADS
        pooled = _over_average(won[few].sum(), leads[few].sum(), rate)
        return np.append(np.where(few, pooled, _over_average(won, leads, rate)), pooled)

    def out_of_fold(self, without: Sequence[int] = ()) -> Floats:
        """The encoding of each row's cell, from all folds but the row's own and `without`."""
        found = np.empty(len(self.code))
        for fold in range(len(self.leads)):
            mine = self.fold == fold
            found[mine] = self.values((fold, *without))[self.code[mine]]
        return found

    def encoding(self, without: Sequence[int] = ()) -> TargetEncoding:
        """The encoding from all folds but `without`, for leads that are not among them."""
        inside = [fold for fold in range(len(self.leads)) if fold not in without]
        values, common = self.values(without), self.leads[inside].sum(axis=0) >= FEWEST_LEADS
        encodings = {name: float(values[i]) for i, name in enumerate(self.names) if common[i]}
        return TargetEncoding(self.of, encodings, float(values[-1]))


def _over_average(won: Any, leads: Any, rate: float) -> Any:
    lost = leads - won + PRIOR_LEADS * (1 - rate)
    return np.log((won + PRIOR_LEADS * rate) / lost) - np.log(rate / (1 - rate))


def encoding_counts(rows: pd.DataFrame, of: Sequence[str], outcome: Floats, folds: Sequence[Fold]) -> EncodingCounts:
    """The counts of one category's levels, or of two categories' pairs of levels, in these folds."""
    _, lead = np.unique(rows["lead_id"].to_numpy(object).astype(str), return_inverse=True)
    return EncodingCounts.of_rows(rows, of, outcome, lead.astype(np.int64), held_out_fold(folds, len(rows)))


def held_out_fold(folds: Sequence[Fold], rows: int) -> Ints:
    """The number of the fold that holds each row out."""
    found = np.empty(rows, dtype=np.int64)
    for k, (_, outside) in enumerate(folds):
        found[outside] = k
    return found
