"""Hits and leaves: which events are which behaviour, and how long a page was read, held as columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from features.recurrence import Floats, Ints
from features.texts import Texts


class Hits:
    """(row, position of the behaviour, minutes), one for each behaviour that an event is."""

    def __init__(self) -> None:
        self._rows, self._behaviours, self._minutes = array("q"), array("q"), array("d")

    def extend(self, hits: Sequence[tuple[int, int, float]]) -> None:
        """Add hits."""
        if hits:
            rows, behaviours, minutes = zip(*hits, strict=True)
            self._rows.extend(rows)
            self._behaviours.extend(behaviours)
            self._minutes.extend(minutes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, int, float]]:
        return zip(self._rows, self._behaviours, self._minutes, strict=True)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        """The hits as three columns; a row's number is exact as a float."""
        columns = [np.array(column, dtype=np.float64) for column in (self._rows, self._behaviours, self._minutes)]
        return np.stack(columns, axis=1).astype(dtype or np.float64)


class Leaves:
    """(row, page_view_id, minutes), one for each event that says how long a page was read."""

    def __init__(self) -> None:
        self._rows, self._views, self._minutes = array("q"), Texts(), array("d")

    def extend(self, leaves: Sequence[tuple[int, str, float]]) -> None:
        """Add leaves."""
        if leaves:
            rows, views, minutes = zip(*leaves, strict=True)
            self._rows.extend(rows)
            self._views.extend(views)
            self._minutes.extend(minutes)

    def rows(self) -> Ints:
        return np.array(self._rows, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, str, float]]:
        return zip(self._rows, self._views, self._minutes, strict=True)
