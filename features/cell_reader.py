"""The cells of a file's columns as moments and facts, and in sentences what of them could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from features.columns import each
from features.dates import DayOrder, First, moment_of, written
from features.facts import Fact, cells_as

Texts = Sequence[str | None]


@dataclass
class CellReader:
    """One file's columns while they are read: first look at all their cells, then ask what they say.

    read_at: when the file was read; nothing in it is later. newest_at: of the moments that were asked for. notes: while
    it is False, cells that cannot be read are not noted: what is read twice is said once.
    """

    file: str
    zone: ZoneInfo
    read_at: datetime
    newest_at: datetime | None = None
    notes: bool = True
    _orders: dict[str, DayOrder] = field(default_factory=dict)
    _problems: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)

    def look(self, column: str, texts: Iterable[str | None]) -> None:
        """Learn from some cells of a column of dates what only all together tell: does the day come first?"""
        self._orders[column] = self._orders.get(column, DayOrder()).after(dict.fromkeys(texts))

    def moments(self, column: str, texts: Texts, *, day_ends: bool) -> list[datetime | None]:
        """The moments that cells write, None where there is none. Raises DatesError where they have two readings."""
        first = self._orders.get(column, DayOrder()).first(column, self.file)
        found = each(texts, lambda text: self._moment(text, first, day_ends))
        lost = [text for text, moment in zip(texts, found, strict=True) if text and moment is None]
        self._note(column, "no date", "they were left out", lost)
        late = [text for text, moment in zip(texts, found, strict=True) if moment and moment[0] > self.read_at]
        self._note(column, "later than the export", "they count as the moment of the export", late)
        clamped = [moment and min(moment[1], self.read_at) for moment in found]
        self.newest_at = max((moment for moment in (self.newest_at, *clamped) if moment), default=None)
        return clamped

    def _moment(self, text: str, first: First | None, day_ends: bool) -> tuple[datetime, datetime] | None:
        """When a written date begins, and the moment that it stands for."""
        found = written(text, first)
        return found and (moment_of(found, self.zone), moment_of(found, self.zone, day_ends=day_ends))

    def values(self, fact: Fact, texts: Texts) -> list[object]:
        """The cells as the fact's kind keeps them, None where one cannot be read. Raises DatesError."""
        order = self._orders.get(fact.column, DayOrder())
        if fact.kind == "date" and not fact.is_excluded:
            order.first(fact.column, self.file)
        values, lost = cells_as(fact.kind, list(texts), order, self.zone)
        if not fact.is_excluded:
            self._note(fact.column, f"no {fact.kind}", "they were left empty", lost)
        return values

    def _note(self, column: str, problem: str, effect: str, texts: Texts) -> None:
        if texts and self.notes:
            count, example = self._problems.get((column, problem, effect), (0, str(texts[0])))
            self._problems[column, problem, effect] = count + len(texts), example

    def sentences(self) -> Iterator[str]:
        """One on each kind of cell that could not be read, with an example."""
        for (column, problem, effect), (count, example) in self._problems.items():
            cells_are = "1 cell is" if count == 1 else f"{count:,} cells are"
            yield f'{self.file}: column "{column}": {cells_are} {problem}, such as "{example}"; {effect}'
