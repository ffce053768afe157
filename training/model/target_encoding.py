"""Target statistics: how much more often the leads of a level, or of a pair of levels, convert than the average.

A pair of categories may say what neither says alone, and a category may have thousands of levels; one number for each
cell says both to trees and to a line. No row's number has seen its own lead: it is taken from the other folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Ints

FEWEST_LEADS = 20  # a level or cell that fewer leads have is pooled: it would be learned by heart
WORTH = 20.0  # leads of average outcome that each cell is given, so that few leads of its own say little
JOIN = " × "


@dataclass(frozen=True)
class Rates:
    """Log-odds over the average, by cell; `other` for those too rare to tell and those never seen.

    of: the names of one category or two. cells: by their levels joined with JOIN; a missing level is empty.
    """

    of: tuple[str, ...]
    cells: Mapping[str, float]
    other: float

    def encoded(self, known: Any) -> Floats:
        """The number of each row's cell."""
        return np.array([self.cells.get(cell, self.other) for cell in cells(known, self.of)], dtype=np.float64)


def cells(known: Any, of: Sequence[str]) -> list[str]:
    """Each row's cell: its levels of some categories, joined."""
    levels = [[_text(value) for value in np.asarray(known[name], dtype=object)] for name in of]
    return levels[0] if len(levels) == 1 else [JOIN.join(pair) for pair in zip(*levels, strict=True)]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


@dataclass(frozen=True)
class Counted:
    """The cells of some labelled rows, counted fold by fold, so that any folds can be left out without counting again.

    code: each row's cell, as a place in `names`. leads, won: (folds, cells); each lead counts once a cell, by the part
    of its rows there that converted. A lead has one fold.
    """

    of: tuple[str, ...]
    names: tuple[str, ...]
    code: Ints
    fold: Ints
    leads: Floats
    won: Floats

    @classmethod
    def of_rows(cls, known: Any, of: Sequence[str], outcome: Floats, lead: Ints, fold: Ints) -> Counted:
        """lead, fold: of each row, numbered from 0."""
        names, code = np.unique(np.array(cells(known, of), dtype=object), return_inverse=True)
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
        """Log-odds over the average of each cell, from the folds that are not left out; the last is for the others."""
        inside = [fold for fold in range(len(self.leads)) if fold not in without]
        leads, won = self.leads[inside].sum(axis=0), self.won[inside].sum(axis=0)
        rate = float(np.clip(won.sum() / max(leads.sum(), 1.0), 1e-6, 1 - 1e-6))
        few = leads < FEWEST_LEADS
        pooled = _over_average(won[few].sum(), leads[few].sum(), rate)
        return np.append(np.where(few, pooled, _over_average(won, leads, rate)), pooled)

    def out_of_fold(self, without: Sequence[int] = ()) -> Floats:
        """Each row's number, from the folds that are neither its own nor left out."""
        found = np.empty(len(self.code))
        for fold in range(len(self.leads)):
            mine = self.fold == fold
            found[mine] = self.values((fold, *without))[self.code[mine]]
        return found

    def rates(self) -> Rates:
        """The numbers from all rows, for leads that are not among them."""
        values, common = self.values(), self.leads.sum(axis=0) >= FEWEST_LEADS
        told = {name: float(values[i]) for i, name in enumerate(self.names) if common[i]}
        return Rates(self.of, told, float(values[-1]))


def _over_average(won: Any, leads: Any, rate: float) -> Any:
    lost = leads - won + WORTH * (1 - rate)
    return np.log((won + WORTH * rate) / lost) - np.log(rate / (1 - rate))
