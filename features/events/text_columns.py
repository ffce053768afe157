"""Compact columns of text: dictionary-encoded where many texts are equal, one buffer of bytes where most differ."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice, pairwise

import numpy as np

from features.arrays import Ints


class DictionaryColumn:
    """One text or None per row, dictionary-encoded: each distinct text once, and per row its number; -1 for None."""

    def __init__(self, texts: Iterable[str | None] = ()) -> None:
        self._places = _Codes({None: -1})
        self._codes = array("i")
        self._values: list[str] = []
        self.extend(texts)

    def extend(self, texts: Iterable[str | None]) -> None:
        """Add rows."""
        self._codes.extend(map(self._places.__getitem__, texts))

    def number(self, text: str | None) -> int:
        """The number of a text; a new text gets the next number, though no row has it yet."""
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
        """The number of a text; -1 for a text that no row has."""
        return self._places.get(text, -1)

    def codes(self) -> Ints:
        """Each row's number in `values`, -1 for None."""
        return np.array(self._codes, dtype=np.int64)


class _Codes(dict[str | None, int]):
    """The number of each text; a new one gets the next."""

    def __missing__(self, text: str | None) -> int:
        self[text] = number = len(self) - 1  # None has its own
        return number


class SparseDictionary:
    """One row per (row, text) pair, for columns that few rows have, where many texts are equal."""

    def __init__(self) -> None:
        self._rows = array("q")
        self.names = DictionaryColumn()

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


class TextColumn:
    """One text per row, as UTF-8 in one buffer: a string object per text would take twice the memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])

    def extend(self, texts: Sequence[str]) -> None:
        """Add rows."""
        joined = "".join(texts)
        # Nearly all are ASCII, where a character is a byte.
        sizes = map(len, texts if joined.isascii() else [_encoded(text) for text in texts])
        self._ends.extend(islice(accumulate(sizes, initial=len(self._bytes)), 1, None))
        self._bytes += _encoded(joined)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, row: int) -> str:
        if not 0 <= row < len(self):
            raise IndexError(f"there is no row {row} in {len(self)} texts; count from 0")
        return self._bytes[self._ends[row] : self._ends[row + 1]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self._bytes[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(self._ends))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class SparseText(Mapping[int, str]):
    """The text of some rows, by row, for columns that few rows have; rows are added in rising order."""

    def __init__(self) -> None:
        self._rows = array("q")
        self._texts = TextColumn()

    def extend(self, pairs: Sequence[tuple[int, str]]) -> None:
        """Add rows."""
        if pairs:
            rows, texts = zip(*pairs, strict=True)
            self._rows.extend(rows)
            self._texts.extend(texts)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def rows(self) -> Ints:
        return np.array(self._rows, dtype=np.int64)

    def items(self) -> ItemsView[int, str]:
        return _Items(self)

    def pairs(self) -> Iterator[tuple[int, str]]:
        return zip(self._rows, self._texts, strict=True)

    def __getitem__(self, row: int) -> str:
        place = bisect_left(self._rows, row)
        if place == len(self._rows) or self._rows[place] != row:
            raise KeyError(row)
        return self._texts[place]


class _Items(ItemsView[int, str]):
    """Pairs one after another; to look each row up would take many times as long."""

    _mapping: SparseText

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self._mapping.pairs()
