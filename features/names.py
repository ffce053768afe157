"""Names: a column of texts of which many are the same, held in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from features.recurrence import Ints


class Names:
    """One text or None per row: each distinct text is held once, each row is its number, -1 for None."""

    def __init__(self, texts: Iterable[str | None] = ()) -> None:
        self._places = _Places({None: -1})
        self._codes = array("i")
        self._values: list[str] = []
        self.extend(texts)

    def extend(self, texts: Iterable[str | None]) -> None:
        """Add rows."""
        self._codes.extend(map(self._places.__getitem__, texts))

    def number(self, text: str | None) -> int:
        """The number of a text; a new one gets its own, though no row has it yet."""
        return self._places[text]

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, row: int) -> str | None:
        code = self._codes[row]
        return self.values[code] if code >= 0 else None

    def __iter__(self) -> Iterator[str | None]:
        values = [*self.values, None]  # -1 is the last
        return (values[code] for code in self._codes)

    @property
    def values(self) -> list[str]:
        """The distinct texts, in the order in which they came."""
        if len(self._values) < len(self._places) - 1:
            self._values += islice(self._places, len(self._values) + 1, None)  # type: ignore[arg-type]
        return self._values

    def code(self, text: str) -> int:
        """The number of a text; -1 where it is not known."""
        return self._places.get(text, -1)

    def codes(self) -> Ints:
        """Each row's number in `values`, -1 for None."""
        return np.array(self._codes, dtype=np.int64)


class _Places(dict[str | None, int]):
    """The number of each text; a new one gets the next."""

    def __missing__(self, text: str | None) -> int:
        self[text] = number = len(self) - 1  # None has its own
        return number


class NameOf:
    """(row, text) for some rows, where many texts are the same."""

    def __init__(self) -> None:
        self._rows = array("q")
        self.names = Names()

    def extend(self, pairs: Sequence[tuple[int, str]]) -> None:
        """Add rows."""
        if pairs:
            rows, texts = zip(*pairs, strict=True)
            self._rows.extend(rows)
            self.names.extend(texts)

    def rows(self) -> Ints:
        return np.array(self._rows, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        values = self.names.values
        return ((row, values[code]) for row, code in zip(self._rows, self.names.codes().tolist(), strict=True))
