"""The cells of a file: which column is which trait, and each cell as a moment or as a value of the trait's kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from features.agreement.agreement import Agreement, Excluded, Trait
from features.agreement.column_titles import says, title_words
from features.agreement.learning import lists_item
from features.home.dates import DatesError, DayOrder, DayOrMonth, parsed_date, utc_moment
from features.home.numbers import DecimalSign, NumberCell, NumberSpelling, number, told_beside
from features.identity.email import mail_address
from features.imports.columns import boolean, cell_texts, map_distinct, number_cells
from features.imports.crm import Crm

CellTexts = Sequence[str | None]


@dataclass
class CellReader:
    """Reads the cells of one file in two passes: `observe` all cells of its dates and numbers, then ask for values.

    read_at:   when the file was read: a later moment in it counts as this one, or without `keeps_late` as none.
    newest_at: the newest of the moments that were asked for.
    notes:     False while a file is read for the first of two times, so that an unreadable cell is noted once.
    """

    file: str
    zone: ZoneInfo
    read_at: datetime
    newest_at: datetime | None = None
    notes: bool = True
    keeps_late: bool = True
    _orders: dict[str, DayOrder] = field(default_factory=dict)
    _spellings: dict[str, NumberSpelling] = field(default_factory=dict)
    _problems: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)
    _sentences: dict[str, str] = field(default_factory=dict)  # by column, on how its numbers were read

    def observe(self, column: str, texts: Iterable[str | None]) -> None:
        """See some cells of a column of dates: only all of them together show whether its dates write the day first."""
        self._orders[column] = self._orders.get(column, DayOrder()).after(dict.fromkeys(texts))

    def observe_numbers(self, column: str, cells: Iterable[NumberCell]) -> None:
        """See some cells of a column of numbers: only all of them together show what its dots and commas mean."""
        self._spellings[column] = self._spellings.get(column, NumberSpelling()).after(dict.fromkeys(cells))

    def moments(self, column: str, texts: CellTexts, *, day_ends: bool) -> list[datetime | None]:
        """One moment per cell, None where it has none. Raises DatesError where the column can be read in two ways.

        A bare day is its first moment, or with `day_ends` its last second.
        """
        first = self._orders.get(column, DayOrder()).first(column, self.file)
        found = map_distinct(texts, lambda text: self._moment(text, first, day_ends))
        lost = [text for text, moment in zip(texts, found, strict=True) if text and moment is None]
        self._note(column, "no date", "they were left out", lost)
        late = [text for text, moment in zip(texts, found, strict=True) if moment and moment[0] > self.read_at]
        effect = "they count as the moment of the export" if self.keeps_late else "they were left out"
        self._note(column, "later than the export", effect, late)
        clamped = [moment and self._not_late(moment) for moment in found]
        self.newest_at = max((moment for moment in (self.newest_at, *clamped) if moment), default=None)
        return clamped

    def _not_late(self, moment: tuple[datetime, datetime]) -> datetime | None:
        """The moment that a cell stands for, where it is no later than the export; else that of the export, or none."""
        begins, at = moment
        return None if begins > self.read_at and not self.keeps_late else min(at, self.read_at)

    def shown_moments(
        self, titles: Iterable[str], texts: Callable[[str], CellTexts]
    ) -> dict[str, list[datetime | None]]:
        """By title of each observed column of dates, what its cells say, nothing clamped and nothing noted."""
        shown = {}
        for title in (title for title in titles if title in self._orders):
            first = _first(self._orders[title])
            read = partial(self._moment, first=first, day_ends=False)
            shown[title] = [said and said[0] for said in map_distinct(texts(title), read)]
        return shown

    def _moment(self, text: str, first: DayOrMonth | None, day_ends: bool) -> tuple[datetime, datetime] | None:
        """When a written date begins, and the moment that it stands for."""
        found = parsed_date(text, first)
        return found and (utc_moment(found, self.zone), utc_moment(found, self.zone, day_ends=day_ends))

    def values_in(self, trait: ImportedTrait, rows: pd.DataFrame, missing: Iterable[str]) -> list[object]:
        """One value per row, as `values` and `numbers` read the cells of the trait's column. Raises DatesError."""
        if trait.kind == "number":
            return self.numbers(trait, number_cells(rows[trait.column], missing))
        return self.values(trait, cell_texts(rows[trait.column], missing))

    def numbers(self, trait: ImportedTrait, cells: Sequence[NumberCell]) -> list[object]:
        """One number per cell, None where it is none, and throughout where nothing tells what dots and commas mean."""
        spelling = self._spellings.get(trait.column) or NumberSpelling().after(cells)
        decimal = spelling.decimal(trait.decimal, told_beside(self._spellings.values()))
        if not trait.is_excluded:
            self._note_sign(trait, spelling, decimal)
        if decimal is None:
            return [None] * len(cells)
        known = {cell: _whole(number(cell, decimal)) for cell in dict.fromkeys(cells)}
        found = [known[cell] for cell in cells]
        lost = [str(cell) for cell, value in zip(cells, found, strict=True) if cell is not None and value is None]
        if not trait.is_excluded:
            self._note(trait.column, "no number", "they were left empty", lost)
        return list(found)

    def _note_sign(self, trait: ImportedTrait, spelling: NumberSpelling, decimal: DecimalSign | None) -> None:
        """Say that a column was not read, or was read by what its rows show, where the agreement does not say how."""
        line = f"the line {trait.name} of the agreement"
        if decimal is None:
            remedy = f'write decimal = "," or decimal = "." into {line}'
            self._sentences[trait.column] = f"{spelling.problem(trait.decimal)}: it was not read; {remedy}"
        elif trait.decimal != decimal and (trait.decimal or spelling.unclear or spelling.comma):
            why = f'with decimal = "{decimal}" in {line}, single values and later files are read so too'
            why = f'the agreement says "{trait.decimal}"' if trait.decimal else why
            told = f'was read with the decimal sign "{decimal}", as the rows of the file show'
            self._sentences[trait.column] = f"{told}; {why}"

    def values(self, trait: ImportedTrait, texts: CellTexts) -> list[object]:
        """One value per cell, of the trait's kind; None where the cell cannot be read. Raises DatesError."""
        if trait.kind == "number":
            return self.numbers(trait, texts)
        if item := trait.item:
            return list(map_distinct(texts, lambda text: lists_item(text, item)))
        order = self._orders.get(trait.column, DayOrder())
        if trait.kind == "date" and not trait.is_excluded:
            order.first(trait.column, self.file)
        values, lost = typed_cells(trait.kind, list(texts), order, self.zone)
        if not trait.is_excluded:
            self._note(trait.column, f"no {trait.kind}", "they were left empty", lost)
        return values

    def _note(self, column: str, problem: str, effect: str, texts: CellTexts) -> None:
        if texts and self.notes:
            count, example = self._problems.get((column, problem, effect), (0, str(texts[0])))
            self._problems[column, problem, effect] = count + len(texts), example

    def sentences(self) -> Iterator[str]:
        """One sentence per column and kind of problem: how many cells could not be read, with an example."""
        yield from (f'{self.file}: column "{column}" {sentence}' for column, sentence in self._sentences.items())
        for (column, problem, effect), (count, example) in self._problems.items():
            cells_are = "1 cell is" if count == 1 else f"{count:,} cells are"
            yield f'{self.file}: column "{column}": {cells_are} {problem}, such as "{example}"; {effect}'


# Reasons in [excluded] that begin so keep a column out of the ledger: no one needs it to sign a field.
NEVER_IMPORTED = ("protected", "personal")
_EMAIL = frozenset({"email", "e mail", "mail", "email address", "e mail address", "contact email", "work email"})


class ImportedTrait(NamedTuple):
    """One column of an export, and the trait that it holds."""

    name: str
    kind: str
    column: str
    at_creation: bool
    is_excluded: bool  # still imported, so that a person can sign it without importing again
    decimal: DecimalSign | None = None  # of its numbers, as agreed
    item: str | None = None  # of a column that lists several values: whether this one is among them


def imported_traits(agreement: Agreement, columns: Sequence[str], crm: Crm | None = None) -> list[ImportedTrait]:
    """One entry per trait, excluded field that a person may sign, or contact field, for which the export has a column.

    crm: whose export it is, where that is known: a column may then have any title that this CRM has for the field.
    The e-mail address is none of them: `email_column` finds it.
    """
    lines: list[Trait | Excluded] = [*agreement.traits.values(), *agreement.excluded.values()]
    found = []
    for line in lines:
        is_excluded = line.name in agreement.excluded
        column = _column_of(line, columns, crm)
        kept_out = is_excluded and str(line.why).lower().startswith(NEVER_IMPORTED)
        if column and not kept_out and line.name != "email":
            item = line.item if isinstance(line, Trait) else None
            how = (line.known == "at_creation", is_excluded, line.decimal, item)
            found.append(ImportedTrait(line.name, line.kind or "category", column, *how))
    return found + _contact_columns(agreement, columns, crm, {trait.name for trait in found})


def _contact_columns(
    agreement: Agreement, columns: Sequence[str], crm: Crm | None, imported: Collection[str]
) -> list[ImportedTrait]:
    """The columns of [contact] that no trait has: they are kept with the lead as text, and no model reads them."""
    titled = {
        name: _column(name, columns) or (crm.title(name, columns) if crm else None)
        for name in agreement.contact.traits
        if name not in imported
    }
    return [ImportedTrait(name, "text", column, False, False) for name, column in titled.items() if column]


def email_column(columns: Sequence[str]) -> str | None:
    """The title of the column of e-mail addresses, which match an export's leads to the leads of the website."""
    plain = next((column for column in columns if title_words(column) in _EMAIL), None)
    return plain or next((column for column in columns if says(column, ("email",))), None)


def missing_columns(agreement: Agreement, columns: Sequence[str], crm: Crm | None = None) -> list[str]:
    """The columns that the agreement's traits name and the file does not have."""
    named = [trait for trait in agreement.traits.values() if trait.column]
    return [str(trait.column) for trait in named if _column_of(trait, columns, crm) is None]


def _column_of(line: Trait | Excluded, columns: Sequence[str], crm: Crm | None) -> str | None:
    name = line.column or line.name
    found = _column(name, columns)
    if found or crm is None:
        return found
    return crm.title(name, columns) or crm.title(crm.traits.get(line.name, name), columns)


def _column(name: str, columns: Sequence[str]) -> str | None:
    if name in columns:
        return name
    alike = [column for column in columns if title_words(column) == title_words(name)]
    return alike[0] if len(alike) == 1 else None


def typed_cells(kind: str, column: list[str | None], order: DayOrder, zone: ZoneInfo) -> tuple[list[object], list[str]]:
    """One value per cell (a truth, a text, or ISO 8601 for a date), and the cells that cannot be read so."""
    if kind in ("category", "text"):
        return list(column), []
    first = _first(order)
    read: Callable[[str], object] = boolean if kind == "boolean" else lambda text: _date(text, first, zone)
    values: list[object] = list(map_distinct(column, read))
    return values, [text for text, value in zip(column, values, strict=True) if text is not None and value is None]


def _first(order: DayOrder) -> DayOrMonth | None:
    try:
        return order.first("", "")
    except DatesError:
        return None


def _whole(found: float | None) -> float | int | None:
    return int(found) if found is not None and found.is_integer() and abs(found) < 1e15 else found


def _date(text: str, first: DayOrMonth | None, zone: ZoneInfo) -> str | None:
    found = parsed_date(text, first)
    if found is None:
        return None
    return utc_moment(found, zone).isoformat() if found.has_time else found.at.date().isoformat()


def emails(rows: pd.DataFrame) -> list[str | None]:
    """One normal e-mail address per row, None where there is none."""
    column = email_column([str(title) for title in rows.columns])
    if column is None:
        return [None] * len(rows)
    return [address and mail_address(address) for address in cell_texts(rows[column])]
