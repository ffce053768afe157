"""Array types that every room shares, rows of different lengths, and the constants of time in microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

DAY_US = 86_400_000_000
NOT_YET = np.iinfo(np.int64).max  # a moment that has not come

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ragged:
    """Rows of floats of different lengths: row i is `values[offsets[i]:offsets[i + 1]]`."""

    offsets: Ints
    values: Floats

    @classmethod
    def of(cls, rows: Sequence[Sequence[float] | Floats | None]) -> Ragged:
        """Pack rows given as lists; None is an empty row."""
        lengths = [0 if row is None else len(row) for row in rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        filled = [np.asarray(row, dtype=np.float64) for row in rows if row is not None and len(row)]
        return cls(offsets, np.concatenate(filled) if filled else np.empty(0))

    @classmethod
    def each(cls, columns: Sequence[Sequence[Sequence[float] | Floats | None]]) -> list[Ragged]:
        """One `Ragged` per column; the values of all columns are packed once and shared."""
        rows = [row for column in columns for row in column]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([0 if row is None else len(row) for row in rows], out=offsets[1:])
        filled = [row for row in rows if row is not None and len(row)]
        values = np.concatenate(filled, dtype=np.float64) if filled else np.empty(0)
        ends = np.cumsum([0, *map(len, columns)]).tolist()
        return [cls(offsets[start : end + 1], values) for start, end in pairwise(ends)]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, index: int) -> Floats:
        return self.values[self.offsets[index] : self.offsets[index + 1]]
