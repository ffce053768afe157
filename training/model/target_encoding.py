"""Target encoding: one number for each level, or pair of levels: how much more often its leads convert than average.

A pair of categories may tell what neither tells alone, and a category may have thousands of levels: as one number,
trees and a linear model can read both. How the numbers are computed is in `training.fit.encoding_counts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats

JOIN = " × "


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
        return np.array([self.cells.get(cell, self.other) for cell in category_cells(known, self.of)], dtype=np.float64)


def category_cells(known: Any, of: Sequence[str]) -> list[str]:
    """Each row's cell: its level of one category, or its levels of two, joined with JOIN."""
    levels = [[_text(value) for value in np.asarray(known[name], dtype=object)] for name in of]
    return levels[0] if len(levels) == 1 else [JOIN.join(pair) for pair in zip(*levels, strict=True)]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
