"""Target encoding: one number for each level, or pair of levels: how much more often its leads convert than average.

A pair of categories may tell what neither tells alone, and a category may have thousands of levels: as one number,
trees and a linear model can read both. How the numbers are computed is in `training.fit.encoding_counts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats

JOIN = " × "
MANY = 200  # rows, from which on looking at each different value once is faster


@dataclass(frozen=True)
class TargetEncoding:
    """The log-odds of each cell less the average's; `other` is for cells that are rare or were never seen.

    of: the names of one category or two. cells: by level, or by two levels joined with JOIN ("retail × webinar"); a
    missing level is empty text.
    """

    of: tuple[str, ...]
    cells: Mapping[str, float]
    other: float

    def encoded(self, known: Any) -> Floats:
        """The encoding of each row's cell."""
        cells = category_cells(known, self.of)
        if len(cells) < MANY:
            return np.array([self.cells.get(cell, self.other) for cell in cells], dtype=np.float64)
        place, different = pd.factorize(np.asarray(cells, dtype=object))
        return np.array([self.cells.get(cell, self.other) for cell in different], dtype=np.float64)[place]


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
