"""A CRM's export of leads as events: who each lead is, its traits and since when, and whether it converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement, Export
from features.events.event import identifier_text
from features.home.errors import LeadlightError
from features.imports.cells import CellReader, ImportedTrait, emails, imported_traits, missing_columns
from features.imports.columns import ColumnError, cell_texts, column_named, spelling
from features.imports.crm import ANY_VALUE, Crm, crm_event, merge_event, outcome_event, record_ids
from features.imports.field_history import FieldHistory
from features.imports.files import tables_in


class CrmRecord(NamedTuple):
    """A lead's ids in the CRM, and when its record was changed last."""

    contact_id: str | None = None
    merged_into: str | None = None
    modified_at: datetime | None = None


NO_RECORD = CrmRecord()


def crm_records(rows: pd.DataFrame, crm: Crm, reader: CellReader) -> list[CrmRecord]:
    """One record per row; `reader` has observed the column of last changes."""
    contacts, survivors = (_ids(rows, crm, name) for name in (crm.contact_id, crm.merged_into))
    column = modified_column(rows, crm)
    if column is None or not any(survivors):
        return [CrmRecord(contact, survivor) for contact, survivor in zip(contacts, survivors, strict=True)]
    modified = reader.moments(column, cell_texts(rows[column]), day_ends=True)
    return [CrmRecord(*ids) for ids in zip(contacts, survivors, modified, strict=True)]


def modified_column(rows: pd.DataFrame, crm: Crm) -> str | None:
    """The column that says when a record was changed last, None where there is none."""
    return crm.title(crm.modified_at, [str(title) for title in rows.columns]) if crm.modified_at else None


def _ids(rows: pd.DataFrame, crm: Crm, name: str | None) -> list[str | None]:
    column = crm.title(name, [str(title) for title in rows.columns]) if name else None
    if column is None:
        return [None] * len(rows)
    return [text and crm.lead_id(text) for text in cell_texts(rows[column])]


NOBODY = "nobody"  # whose events those of a row without an id are, while a row is read by itself
ROW_NUMBER = "row number"  # as [export] id: no column identifies a lead, its place in the file does
_OLD = timedelta(days=30)


class ExportError(LeadlightError):
    """The agreement does not say how to read an export, or the export cannot be read so."""

    code = "export_refused"


@dataclass
class CrmExport:
    """Reads one export in two passes: `observe` all its rows, then ask for their `events`.

    Only all rows together show whether the day or the month comes first in a column of dates. There is one row per
    lead, of any dtype, with the columns that the agreement's [export] and traits name. crm: whose export it is, where
    its columns tell. history: that CRM's field history, where it is given.

    is_partial: its columns of outcome and dates may be missing, as in rows that are only to be scored.

    Raises ColumnError for a column that is not there, DatesError for dates that can be read in two ways.
    """

    agreement: Agreement
    exported_at: datetime
    file: str = "the export"
    crm: Crm | None = None
    history: FieldHistory | None = None
    is_partial: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    _titles: list[str] = field(default_factory=list)
    _ids: list[np.ndarray[Any, np.dtype[np.uint64]]] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _lacking: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        path: Path | str,
        agreement: Agreement,
        exported_at: datetime,
        crm: Crm | None = None,
        history: FieldHistory | None = None,
    ) -> CrmExport:
        """The export in a file, all of its rows observed, some at a time."""
        export = cls(agreement, exported_at, Path(path).name, crm, history)
        for rows in tables_in(path):
            export.observe(rows)
            export._notes = rows.attrs.get("notes", [])
        return export

    def stream(self, path: Path | str) -> Iterator[dict[str, Any]]:
        """The events of the same file, some rows at a time."""
        return (event for rows in tables_in(path) for event in self.events(rows))

    @cached_property
    def reader(self) -> CellReader:
        return CellReader(self.file, ZoneInfo(self.agreement.time_zone), self.exported_at)

    @cached_property
    def columns(self) -> Export:
        """The columns of id, moments and outcome: as agreed, else as the CRM's exports are known to have them."""
        agreed = self.agreement.export
        if self.crm and not (agreed and _speaks_of(agreed, self._titles)):
            return self.crm.export(self._titles, self.file)
        if agreed is None:
            remedy = f"draft it with: leadlight init {self.file} --outcome COLUMN"
            raise ExportError(f"{self.agreement.file} has no [export], which says what the columns are; {remedy}")
        return agreed

    @property
    def outcome(self) -> str:
        """The event that the outcome is: as agreed, but "Lead Converted" where the agreement is for another export."""
        return self.agreement.outcome.event if self.columns is self.agreement.export else "Lead Converted"

    def observe(self, rows: pd.DataFrame) -> None:
        """First pass: add some rows to what all rows decide together, such as whether dates have the day first."""
        self._titles = titles = [str(title) for title in rows.columns]
        ids = self._lead_ids(rows)
        self._ids.append(pd.util.hash_array(np.array([lead for lead in ids if lead], dtype=object)))
        self.counts["rows"] += len(ids)
        self.counts["without an id"] += ids.count(None)
        self.counts["converted"] += sum(self._converted(rows))
        named = [title for name in self._dated_columns() if (title := self._column(name, titles))]
        modified = modified_column(rows, self.crm) if self.crm else None
        self._look_at_cells(rows, [*named, *([modified] if modified else [])])
        self._lacking |= dict.fromkeys(missing_columns(self.agreement, titles, self.crm))

    def _look_at_cells(self, rows: pd.DataFrame, named: Sequence[str] = ()) -> None:
        imported = imported_traits(self.agreement, [str(title) for title in rows.columns], self.crm)
        for column in {*named, *(trait.column for trait in imported if trait.kind == "date")}:
            self.reader.observe(column, self._texts(rows, column))
        for trait in imported if self.history else ():
            if self.history and trait.kind == "category":
                self.history.spell(trait.name, self._texts(rows, trait.column))

    def _texts(self, rows: pd.DataFrame, column: str) -> list[str | None]:
        return cell_texts(rows[column], self.columns.missing)

    def _dated_columns(self) -> list[str]:
        if self.agreement.outcome.undated:
            return []
        return [name for name in (self.columns.created_at, self.columns.outcome_at) if name]

    def _lead_ids(self, rows: pd.DataFrame) -> list[str | None]:
        titles, name = [str(title) for title in rows.columns], self.columns.id
        if name == ROW_NUMBER and name not in titles:
            return [f"row-{place + 1}" for place in rows.index]
        ids = [identifier_text(value) for value in self._texts(rows, column_named(name, titles, self.file))]
        return [lead and self.crm.lead_id(lead) for lead in ids] if self.crm else ids

    def _column(self, name: str, titles: Sequence[str]) -> str | None:
        """The column of the outcome or of a date; None where it is missing and may be."""
        try:
            return column_named(name, titles, self.file)
        except ColumnError:
            if self.is_partial:
                return None
            raise

    def _converted(self, rows: pd.DataFrame) -> list[bool]:
        column = self._column(self.columns.outcome, [str(title) for title in rows.columns])
        if column is None:
            return [False] * len(rows)
        positive = spelling(self.columns.positive)
        values = self._texts(rows, column)
        return [value is not None and (positive == ANY_VALUE or spelling(value) == positive) for value in values]

    def _moments(self, name: str | None, rows: pd.DataFrame, *, day_ends: bool) -> list[datetime | None]:
        """One moment per row of a column of dates, at most that of the export; None where a cell has no date."""
        if name is None or self.agreement.outcome.undated:
            return [None] * len(rows)
        column = self._column(name, [str(title) for title in rows.columns])
        if column is None:
            return [None] * len(rows)
        return self.reader.moments(column, self._texts(rows, column), day_ends=day_ends)

    def events(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """Second pass: the events of some of the observed rows, in their order.

        Of each lead: identify events for its creation and for the export, a track of the outcome, and a merge;
        `timestamp` and `receivedAt` are in UTC and never after `exported_at`.
        """
        return (event for lead, said in self.events_by_row(rows) if lead is not None for event in said)

    def events_by_row(self, rows: pd.DataFrame) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
        """One entry per row of `events`: its lead, None where it names nobody, and what the row says of it."""
        created = self._moments(self.columns.created_at, rows, day_ends=False)
        # A bare day of winning ends that day, or a lead won on the day it came would be won before it came.
        won = self._moments(self.columns.outcome_at, rows, day_ends=True)
        imported = imported_traits(self.agreement, [str(title) for title in rows.columns], self.crm)
        traits = list(self._traits(rows, imported))
        at_creation = ["email", *(trait.name for trait in imported if trait.at_creation)]
        records = crm_records(rows, self.crm, self.reader) if self.crm else [NO_RECORD] * len(rows)
        leads = zip(self._lead_ids(rows), created, won, self._converted(rows), traits, records, strict=True)
        for lead, created_at, won_at, converted, given, record in leads:
            name = lead or NOBODY
            said = [*self._of_lead(name, created_at, given, at_creation)]
            if converted:
                said.append(self._outcome(name, won_at, record))
            if self.crm and record.merged_into:
                said.append(merge_event(self.crm, name, record.merged_into, record.modified_at or self.exported_at))
            yield lead, said

    def _traits(self, rows: pd.DataFrame, imported: list[ImportedTrait]) -> Iterator[dict[str, object]]:
        """One entry per row: its traits, without empty ones."""
        columns: list[Sequence[object]] = [emails(rows)]
        columns += [self.reader.values(trait, self._texts(rows, trait.column)) for trait in imported]
        names = ["email", *(trait.name for trait in imported)]
        for row in zip(*columns, strict=True):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}

    def _of_lead(
        self, lead: str, created_at: datetime | None, given: Mapping[str, object], at_creation: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        named = record_ids(self.crm, lead)
        if created_at is not None:
            known = {name: given[name] for name in at_creation if name in given}
            if self.history:
                known |= self.history.at_creation(lead, at_creation, created_at)
            # The values are not part of this id: what a newer export says of a creation long past is news of today,
            # and comes with the second event. The names are, since a person may sign a further field.
            says = [lead, "created", *at_creation]
            traits = {name: value for name, value in known.items() if value is not None} | named
            yield crm_event("identify", lead, created_at, says, traits=traits)
        yield crm_event("identify", lead, self.exported_at, [lead, "known", given], traits=dict(given) | named)

    def _outcome(self, lead: str, won_at: datetime | None, record: CrmRecord) -> dict[str, Any]:
        if self.history and self._is_of_history:
            won_at = self.history.won_at(lead, won_at)
        if won_at is None and not self.agreement.outcome.undated:
            self.counts["converted without a date"] += 1
        ids = record_ids(self.crm, lead) | ({"contact_id": record.contact_id} if record.contact_id else {})
        return outcome_event(self.outcome, lead, won_at, self.exported_at, ids)

    @property
    def _is_of_history(self) -> bool:
        """Whether this export's outcome is the conversion of which the CRM's history has the date."""
        outcomes = {self.crm.key(name) for name, _ in self.crm.outcome} if self.crm else set()
        return self.crm is not None and self.crm.key(self.columns.outcome) in outcomes

    @property
    def sentences(self) -> list[str]:
        """What a person should know of this reading; complete once its events were asked for."""
        return [*self._notes, self._summary(), *self._of_ids(), *self.problems, *self._of_age()]

    @property
    def problems(self) -> list[str]:
        """What could not be read: columns that are missing, and cells."""
        lacking = (f'{self.file}: it has no column "{column}", so nothing is known of it' for column in self._lacking)
        return [*lacking, *self.reader.sentences()]

    def _of_age(self) -> Iterator[str]:
        newest_at = self.reader.newest_at
        if newest_at and self.exported_at - newest_at > _OLD:
            day = (newest_at + timedelta(days=1)).date()
            problem = "if the export is of that time, what it does not tell of later is no silence of the leads"
            yield f"{self.file}: its newest date is {newest_at:%Y-%m-%d}; {problem}: train --known-until {day}"

    def _summary(self) -> str:
        rows, converted = self.counts["rows"], self.counts["converted"]
        leads = "1 lead" if self._leads() == 1 else f"{self._leads():,} leads"
        summary = f"{self.file}: {rows:,} {'row' if rows == 1 else 'rows'}, {leads}, {converted:,} converted"
        if not converted:
            return f'{summary}; no row has {self.columns.outcome} = "{self.columns.positive}"'
        return summary

    def _leads(self) -> int:
        return len(np.unique(np.concatenate(self._ids))) if self._ids else 0

    def _of_ids(self) -> Iterator[str]:
        nobody, undated = self.counts["without an id"], self.counts["converted without a date"]
        again = self.counts["rows"] - nobody - self._leads()
        if nobody:
            yield f"{self.file}: {_rows_have(nobody)} no {self.columns.id} and were left out"
        if again:
            repeated = f"{_rows_have(again)} a {self.columns.id} that came before"
            yield f"{self.file}: {repeated}; what they add was kept for that lead"
        if undated:
            yield f"{self.file}: {_rows_have(undated)} converted without a date; they count as converted at the export"


def leads_in(
    rows: pd.DataFrame, agreement: Agreement, as_of: datetime, crm: Crm | None = None, file: str = "the frame"
) -> tuple[list[tuple[str | None, list[dict[str, Any]]]], list[str]]:
    """One entry per row: its lead, and the events that an import of that row at `as_of` would make of it.

    So what a row says (since when, won, lost, whose customer) counts as it does once it is imported; columns of outcome
    and dates may be missing. Also sentences on what could not be read. Raises ExportError, ColumnError, DatesError.
    """
    export = CrmExport(agreement, as_of, file, crm, is_partial=True)
    export.observe(rows)
    return list(export.events_by_row(rows)), export.problems


def _speaks_of(agreed: Export, titles: Sequence[str]) -> bool:
    """Whether the agreement's [export] is for a file with these columns, and not for another CRM's."""
    alike = {title.strip().casefold() for title in titles}
    return agreed.id in (ROW_NUMBER, *titles) or agreed.outcome.strip().casefold() in alike


def _rows_have(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
