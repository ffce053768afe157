"""Target statistics: how much more often the leads of a level, or of a pair of levels, convert than the average.

A pair of categories may say what neither says alone, and a category may have thousands of levels; one number for each
cell says both to trees and to a line. No row's number has seen its own lead: it is taken from the other folds.
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
    """Log-odds over the average, by cell; `other` for those too rare to tell and those never seen.

    of: the names of one category or two. cells: by their levels joined with JOIN; a missing level is empty.
    """

    of: tuple[str, ...]
    cells: Mapping[str, float]
    other: float

    def encoded(self, known: Any) -> Floats:
        """The number of each row's cell."""
        return np.array([self.cells.get(cell, self.other) for cell in category_cells(known, self.of)], dtype=np.float64)


def category_cells(known: Any, of: Sequence[str]) -> list[str]:
    """Each row's cell: its levels of some categories, joined."""
    levels = [[_text(value) for value in np.asarray(known[name], dtype=object)] for name in of]
    return levels[0] if len(levels) == 1 else [JOIN.join(pair) for pair in zip(*levels, strict=True)]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)
