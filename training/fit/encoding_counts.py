"""Counts leads and conversions by category and fold, from which target encodings are computed out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats, Ints
from training.labels.folds import Fold
from training.model.target_encoding import CellSizes, TargetEncoding, category_cells

FEWEST_LEADS = 20  # a level or cell that fewer leads have is pooled: it would be learned by heart
POOLED_WEIGHT = FEWEST_LEADS  # leads of average outcome that a cell is given, so that few of its own say little
CODED_WEIGHT = 5  # the same for the cells of codes, most of which have few leads


@dataclass(frozen=True)
class CellInput:
    """A column to be made from the cells of one category or two: the rate of each, or how common each is.

    weight: of a rate, leads of average outcome that each cell is given; cells of fewer leads are pooled.
    """

    of: tuple[str, ...]
    is_size: bool = False
    weight: int = POOLED_WEIGHT


@dataclass(frozen=True)
class EncodingCounts:
    """The leads and conversions of each cell and fold, so that folds can be left out without counting again.

    A cell is a level of one category, or a pair of levels of two. code: each row's cell, as a place in `names`.
    leads, won: (folds, cells). A lead has one fold. A lead counts as 1 in each of its cells, and as converted by the
    share of its rows there that converted: 2 of L-1's 4 rows in "retail" converted, so L-1 adds 0.5 to won.
    asked: what is made of them. fewest: cells of fewer leads than that have no rate of their own.
    """

    asked: CellInput
    names: tuple[str, ...]
    code: Ints
    fold: Ints
    leads: Floats
    won: Floats
    fewest: int

    @classmethod
    def of_rows(cls, known: Any, asked: CellInput, outcome: Floats, lead: Ints, fold: Ints) -> EncodingCounts:
        """Counts of labelled rows. lead, fold: the number of each row's lead and fold, from 0."""
        code, names = pd.factorize(np.asarray(category_cells(known, asked.of), dtype=object), sort=True)
        counted = cls.of_codes(code.astype(np.int64), outcome, lead, fold)
        return replace(counted, asked=asked, names=tuple(map(str, names)), fewest=asked.weight)

    @classmethod
    def of_codes(cls, code: Ints, outcome: Floats, lead: Ints, fold: Ints) -> EncodingCounts:
        """Counts of cells without names, all with rates. code: the number of each row's cell, from 0, none left out."""
        cells = int(code.max()) + 1
        pair, member = np.unique(code * (int(lead.max()) + 1) + lead, return_inverse=True)
        share = np.bincount(member, weights=outcome) / np.bincount(member)
        first = np.zeros(len(pair), dtype=np.int64)
        first[member] = np.arange(len(member))  # any row of the lead in the cell: they share the fold
        place = fold[first] * cells + code[first]
        shape, size = (int(fold.max()) + 1, cells), (int(fold.max()) + 1) * cells
        leads = np.bincount(place, minlength=size).astype(np.float64).reshape(shape)
        won = np.bincount(place, weights=share, minlength=size).astype(np.float64).reshape(shape)
        return cls(CellInput((), weight=CODED_WEIGHT), (), code, fold, leads, won, 1)

    def values(self, without: Sequence[int] = ()) -> Floats:
        """What each cell comes to in all folds but `without`: a rate as log-odds less the average's, or its leads.

        The last one is for cells of fewer leads than the `fewest` and for cells that were never seen.
        """
        inside = [fold for fold in range(len(self.leads)) if fold not in without]
        leads, won = self.leads[inside].sum(axis=0), self.won[inside].sum(axis=0)
        if self.asked.is_size:
            return np.append(leads, 0.0)
        rate = float(np.clip(won.sum() / max(leads.sum(), 1.0), 1e-6, 1 - 1e-6))
        few = leads < self.fewest
        pooled = self._over_average(won[few].sum(), leads[few].sum(), rate)
        return np.append(np.where(few, pooled, self._over_average(won, leads, rate)), pooled)

    def _over_average(self, won: Any, leads: Any, rate: float) -> Any:
        lost = leads - won + self.asked.weight * (1 - rate)
        return np.log((won + self.asked.weight * rate) / lost) - np.log(rate / (1 - rate))

    def out_of_fold(self, without: Sequence[int] = ()) -> Floats:
        """What each row's cell comes to in all folds but `without`, its own lead left out: a rate knows nothing of the
        row's fold; a size counts the other leads, as it will when a new lead is scored.
        """
        if self.asked.is_size:
            return self.values(without)[self.code] - ~np.isin(self.fold, without)
        found = np.empty(len(self.code))
        for fold in range(len(self.leads)):
            mine = self.fold == fold
            found[mine] = self.values((fold, *without))[self.code[mine]]
        return found

    def encoding(self, without: Sequence[int] = ()) -> TargetEncoding | CellSizes:
        """What is read of a cell, from all folds but `without`, for leads that are not among them."""
        inside = [fold for fold in range(len(self.leads)) if fold not in without]
        values, leads = self.values(without), self.leads[inside].sum(axis=0)
        if self.asked.is_size:
            sizes = {name: int(count) for name, count in zip(self.names, leads, strict=True) if count}
            return CellSizes.counted(self.asked.of, sizes)
        encodings = {name: float(values[i]) for i, name in enumerate(self.names) if leads[i] >= self.fewest}
        return TargetEncoding(self.asked.of, encodings, float(values[-1]), self.asked.weight)


def encoding_counts(rows: pd.DataFrame, asked: CellInput, outcome: Floats, folds: Sequence[Fold]) -> EncodingCounts:
    """The counts of one category's levels, or of two categories' pairs of levels, in these folds."""
    return EncodingCounts.of_rows(rows, asked, outcome, lead_numbers(rows), held_out_fold(folds, len(rows)))


def lead_numbers(rows: pd.DataFrame) -> Ints:
    """The number of each row's lead, from 0."""
    _, lead = np.unique(rows["lead_id"].to_numpy(object).astype(str), return_inverse=True)
    return lead.astype(np.int64)


def held_out_fold(folds: Sequence[Fold], rows: int) -> Ints:
    """The number of the fold that holds each row out."""
    found = np.empty(rows, dtype=np.int64)
    for k, (_, outside) in enumerate(folds):
        found[outside] = k
    return found
