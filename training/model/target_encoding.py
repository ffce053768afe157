"""Target encoding: one number for each level, or pair of levels: how much more often its leads convert than average.

A pair of categories may tell what neither tells alone, and a category may have thousands of levels: as one number,
trees and a linear model can read both. How the numbers are computed is in `training.fit.encoding_counts`. Beside the
rate stands the size of a cell: how common a code is may tell by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats

JOIN = " × "
MANY = 200  # rows, from which on looking at each different value once is faster
FEWEST_NAMED = 5  # leads; what fewer leads share may be known by its name, and tells what became of them
DIGEST_BYTES = 5  # of a cell's name: of 20,000 cells, one unseen name in 50 million is taken for one of them


@dataclass(frozen=True)
class TargetEncoding:
    """The log-odds of each cell less the average's; `other` is for cells that are rare or were never seen.

    of: the names of one category or two. cells: by level, or by two levels joined with JOIN ("retail × webinar"); a
    missing level is empty text. weight: leads of average outcome that each cell was given, and the fewest leads of a
    cell that has a number of its own.
    """

    of: tuple[str, ...]
    cells: Mapping[str, float]
    other: float
    weight: int = 20

    def encoded(self, known: Any) -> Floats:
        """The encoding of each row's cell."""
        return _looked_up(category_cells(known, self.of), lambda cell: self.cells.get(cell, self.other))

    @classmethod
    def of_json(cls, written: Mapping[str, Any]) -> TargetEncoding:
        """The encoding that `dataclasses.asdict` wrote; older ones say no weight."""
        return cls(**{**written, "of": tuple(written["of"])})


@dataclass(frozen=True)
class CellSizes:
    """How many leads the model learned from in each cell: how common it is. A cell that was never seen has 0.

    cells: by name, those of FEWEST_NAMED leads or more. rare: the others, by the digest of their name, since a name
    that only one lead has may say who it is.
    """

    of: tuple[str, ...]
    cells: Mapping[str, int]
    rare: Mapping[str, int]

    @classmethod
    def counted(cls, of: Sequence[str], leads: Mapping[str, int]) -> CellSizes:
        """The sizes of cells, by name."""
        named = {name: count for name, count in leads.items() if count >= FEWEST_NAMED}
        return cls(tuple(of), named, {_digest(name): count for name, count in leads.items() if name not in named})

    def encoded(self, known: Any) -> Floats:
        """The size of each row's cell."""
        return _looked_up(category_cells(known, self.of), self._size)

    def _size(self, cell: str) -> int:
        found = self.cells.get(cell)
        return self.rare.get(_digest(cell), 0) if found is None else found

    @classmethod
    def of_json(cls, written: Mapping[str, Any]) -> CellSizes:
        """The sizes that `dataclasses.asdict` wrote."""
        return cls(**{**written, "of": tuple(written["of"])})


def _looked_up(cells: Any, value: Callable[[str], float]) -> Floats:
    """What each cell comes to; where they are many, each that is different is looked up once."""
    if len(cells) < MANY:
        return np.array([value(cell) for cell in cells], dtype=np.float64)
    place, different = pd.factorize(np.asarray(cells, dtype=object))
    return np.array([value(cell) for cell in different], dtype=np.float64)[place]


def category_cells(known: Any, of: Sequence[str]) -> Any:
    """Each row's cell as text, a sequence: its level of one category, or its levels of two, joined with JOIN."""
    levels = [_texts(np.asarray(known[name], dtype=object)) for name in of]
    return levels[0] if len(levels) == 1 else _joined(*levels)


def _texts(values: Any) -> Any:
    """The values as text; where they are many, each that is different is looked at once."""
    if len(values) < MANY:
        return [_text(value) for value in values]
    place, different = pd.factorize(values)
    return np.array([*map(_text, different), ""], dtype=object)[place]  # the last is for -1: missing


def _joined(first: Any, second: Any) -> Any:
    if len(first) < MANY:
        return [JOIN.join(pair) for pair in zip(first, second, strict=True)]
    (one, firsts), (other, seconds) = pd.factorize(first), pd.factorize(second)
    place, pairs = pd.factorize(one * len(seconds) + other)
    cells = [JOIN.join((firsts[pair // len(seconds)], seconds[pair % len(seconds)])) for pair in pairs]
    return np.array(cells, dtype=object)[place]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _digest(cell: str) -> str:
    return hashlib.blake2b(cell.encode(), digest_size=DIGEST_BYTES).hexdigest()
