"""A CRM's export of leads as events: who each lead is, its traits and since when, and whether it converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from features.agreement.agreement import Agreement, Export
from features.events.event import ZERO, id_in_column
from features.home.errors import LeadlightError
from features.imports.cells import CellReader, ImportedTrait, emails, imported_traits, missing_columns
from features.imports.columns import ColumnError, cell_texts, column_named, number_cells, says_value
from features.imports.crm import (
    ANY_VALUE,
    Crm,
    crm_event,
    merge_event,
    outcome_event,
    record_ids,
)
from features.imports.field_history import FieldHistory
from features.imports.files import tables_in
from features.imports.lead_rows import (
    NO_RECORD,
    CrmRecord,
    ExportedLead,
    RepeatedLeads,
    crm_records,
    distinct_ids,
    id_hashes,
    modified_column,
    standing,
)

NOBODY = "nobody"  # whose events those of a row without an id are, while a row is read by itself
ROW_NUMBER = "row number"  # as [export] id: no column identifies a lead, its place in the file does
WHICH_ROW_COUNTS = (
    "of each lead the last row counts, and what that leaves empty comes from the rows before it; "
    "a lead converted if any of its rows says so"
)
_OLD = timedelta(days=30)


class ExportError(LeadlightError):
    """The agreement does not say how to read an export, or the export cannot be read so."""

    code = "export_refused"


@dataclass
class CrmExport:
    """Reads one export in two passes: `observe` all its rows, then ask for their `events`.

    Only all rows together show whether the day or the month comes first in a column of dates, and which rows are of one
    lead. Cells are of any dtype, in the columns that the agreement's [export] and traits name. crm: whose export it is,
    where its columns tell. history: that CRM's field history, where it is given.

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
    _repeated: RepeatedLeads = field(default_factory=RepeatedLeads)
    _won: list[Any] = field(default_factory=list)  # hashes of the ids of converted leads
    _unnamed: Counter[str] = field(default_factory=Counter)  # statuses that the agreement does not name
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
        ids = self._ids(rows)
        self._repeated.observe(ids)
        self.counts["rows"] += len(ids)
        self.counts["without an id"] += ids.count(None)
        self._look_at_ids([lead for lead in ids if lead])
        won = [self._is_won(text) for text in self._outcomes(rows)]
        converted = [lead for lead, is_won in zip(ids, won, strict=True) if lead and is_won]
        self._won.append(id_hashes(converted))
        self.counts["converted with id 0"] += converted.count(ZERO)
        statuses = zip(self._statuses(rows), won, strict=True)
        self._unnamed.update(text for text, is_won in statuses if text and not is_won and self._is_unnamed(text))
        named = [title for name in self._dated_columns() if (title := self._column(name, titles))]
        modified = modified_column(rows, self.crm) if self.crm else None
        self._look_at_cells(rows, [*named, *([modified] if modified else [])])
        self._lacking |= dict.fromkeys(missing_columns(self.agreement, titles, self.crm))
        if self.columns.status and self._status_column(titles) is None:
            self._lacking[self.columns.status] = None
        if (lost_at := self._ends[1]) and self._column(lost_at, titles) is None:
            self._lacking[lost_at] = None

    def _look_at_ids(self, ids: Sequence[str]) -> None:
        zeros, numbers = ids.count(ZERO), sum(map(str.isdecimal, ids))
        self.counts["with id 0"] += zeros
        self.counts["ids in numbers"] += numbers - zeros
        self.counts["ids in words"] += len(ids) - numbers

    def _look_at_cells(self, rows: pd.DataFrame, named: Sequence[str] = ()) -> None:
        imported = imported_traits(self.agreement, [str(title) for title in rows.columns], self.crm)
        for column in {*named, *(trait.column for trait in imported if trait.kind == "date")}:
            self.reader.observe(column, self._texts(rows, column))
        for trait in imported:
            if trait.kind == "number":
                self.reader.observe_numbers(trait.column, number_cells(rows[trait.column], self.columns.missing))
        for trait in imported if self.history else ():
            if self.history and trait.kind == "category":
                self.history.spell(trait.name, self._texts(rows, trait.column))

    def _texts(self, rows: pd.DataFrame, column: str) -> list[str | None]:
        return cell_texts(rows[column], self.columns.missing)

    def _dated_columns(self) -> list[str]:
        return [name for name in (self.columns.created_at, *self._ends) if name]

    @property
    def _ends(self) -> tuple[str | None, str | None]:
        """The columns of when a lead converted and when it was lost; a history without dates has none."""
        return (None, None) if self.agreement.outcome.undated else (self.columns.outcome_at, self.columns.lost_at)

    def _lead_ids(self, rows: pd.DataFrame) -> list[str | None]:
        """The lead of each row, None where its id names nobody; asked for once all rows were observed."""
        ids = self._ids(rows)
        return ids if self._zero_is_an_id else [None if lead == ZERO else lead for lead in ids]

    @property
    def _zero_is_an_id(self) -> bool:
        """Whether the other ids of the file are numbers too: it counts its leads from 0."""
        return self.counts["ids in numbers"] > 0 and not self.counts["ids in words"]

    def _ids(self, rows: pd.DataFrame) -> list[str | None]:
        """The id of each row as its cell has it, ZERO among them."""
        titles, name = [str(title) for title in rows.columns], self.columns.id
        if name == ROW_NUMBER and name not in titles:
            return [f"row-{place + 1}" for place in rows.index]
        texts = self._texts(rows, column_named(name, titles, self.file))
        ids = [text and id_in_column(text) for text in texts]
        if self.crm is None:
            return ids
        return [lead if lead in (None, ZERO) else self.crm.lead_id(lead) for lead in ids]

    def _column(self, name: str, titles: Sequence[str]) -> str | None:
        """The column of the outcome or of a date; None where it is missing and may be."""
        try:
            return column_named(name, titles, self.file)
        except ColumnError:
            is_order_alone = self.agreement.outcome.undated and name == self.columns.created_at
            is_of_loss_alone = name == self.columns.lost_at != self.columns.outcome_at
            if self.is_partial or is_order_alone or is_of_loss_alone:
                return None
            raise

    def _outcomes(self, rows: pd.DataFrame) -> list[str | None]:
        """What each row has in the column of the outcome."""
        column = self._column(self.columns.outcome, [str(title) for title in rows.columns])
        return [None] * len(rows) if column is None else self._texts(rows, column)

    def _statuses(self, rows: pd.DataFrame) -> list[str | None]:
        """What each row has in the column whose values are lost or open."""
        if self.columns.status is None:
            return self._outcomes(rows)
        column = self._status_column([str(title) for title in rows.columns])
        return [None] * len(rows) if column is None else self._texts(rows, column)

    def _status_column(self, titles: Sequence[str]) -> str | None:
        try:
            return column_named(self.columns.status_column, titles, self.file)
        except ColumnError:
            return None

    def _is_won(self, status: str | None) -> bool:
        positive = self.columns.positive
        return status is not None and (positive == ANY_VALUE or says_value(status, positive))

    def _is_unnamed(self, status: str) -> bool:
        columns = self.columns
        return columns.names_statuses and not (columns.is_lost(status) or columns.is_open(status))

    def _moments(self, name: str | None, rows: pd.DataFrame, *, day_ends: bool) -> list[datetime | None]:
        """One moment per row of a column of dates, at most that of the export; None where a cell has no date."""
        if name is None:
            return [None] * len(rows)
        column = self._column(name, [str(title) for title in rows.columns])
        if column is None:
            return [None] * len(rows)
        return self.reader.moments(column, self._texts(rows, column), day_ends=day_ends)

    def events(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """Second pass: the events of some of the observed rows, in their order.

        Of each lead, once its last row was read: identify events for its creation and for the export, a track of the
        outcome or of its status, and a merge;
        `timestamp` and `receivedAt` are in UTC and never after `exported_at`.
        """
        at_creation = self._at_creation(rows)
        named = [row for row in self._lead_rows(rows) if row.lead != NOBODY]
        return (event for row in self._repeated.as_leads(named) for event in self._of_lead(row, at_creation))

    def events_by_row(self, rows: pd.DataFrame) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
        """One entry per row of a whole file: its lead, None where it names nobody, and what is said of it.

        Rows that repeat a lead say of it what all of them say together, as `events` has it.
        """
        at_creation, told = self._at_creation(rows), list(self._lead_rows(rows))
        leads = self._repeated.as_leads([row for row in told if row.lead != NOBODY])
        events = {row.lead: list(self._of_lead(row, at_creation)) for row in leads}
        for row in told:
            yield (None, list(self._of_lead(row, at_creation))) if row.lead == NOBODY else (row.lead, events[row.lead])

    def _imported(self, rows: pd.DataFrame) -> list[ImportedTrait]:
        return imported_traits(self.agreement, [str(title) for title in rows.columns], self.crm)

    def _at_creation(self, rows: pd.DataFrame) -> list[str]:
        return ["email", *(trait.name for trait in self._imported(rows) if trait.at_creation)]

    def _lead_rows(self, rows: pd.DataFrame) -> Iterator[ExportedLead]:
        """One entry per row; the lead of a row without an id is NOBODY."""
        created = self._moments(self.columns.created_at, rows, day_ends=False)
        # A bare day of winning ends that day, or a lead won on the day it came would be won before it came.
        won, lost = (self._moments(column, rows, day_ends=True) for column in self._ends)
        converted, traits = map(self._is_won, self._outcomes(rows)), self._traits(rows, self._imported(rows))
        records = crm_records(rows, self.crm, self.reader) if self.crm else [NO_RECORD] * len(rows)
        told = (created, won, lost, self._statuses(rows), converted, traits, records)
        for lead, *row in zip(self._lead_ids(rows), *told, strict=True):
            yield ExportedLead(lead or NOBODY, *row)

    def dates(self, rows: pd.DataFrame) -> dict[str, list[datetime | None]]:
        """The moments of the columns of dates that were observed, by title, one per row."""
        return self.reader.shown_moments(map(str, rows.columns), lambda title: self._texts(rows, title))

    def _traits(self, rows: pd.DataFrame, imported: list[ImportedTrait]) -> Iterator[dict[str, object]]:
        """One entry per row: its traits, without empty ones."""
        columns: list[Sequence[object]] = [emails(rows)]
        columns += [self.reader.values_in(trait, rows, self.columns.missing) for trait in imported]
        names = ["email", *(trait.name for trait in imported)]
        for row in zip(*columns, strict=True):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}

    def _of_lead(self, row: ExportedLead, at_creation: Sequence[str]) -> Iterator[dict[str, Any]]:
        yield from self._known_of(row, at_creation)
        if row.converted:
            yield self._outcome(row.lead, row.won_at, row.record)
        else:
            yield from standing(row, self.columns, self.exported_at, record_ids(self.crm, row.lead))
        if self.crm and row.record.merged_into:
            yield merge_event(self.crm, row.lead, row.record.merged_into, row.record.modified_at or self.exported_at)

    def _known_of(self, row: ExportedLead, at_creation: Sequence[str]) -> Iterator[dict[str, Any]]:
        lead, created_at, given = row.lead, row.created_at, row.traits
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
        if newest_at and not self.agreement.outcome.undated and self.exported_at - newest_at > _OLD:
            day = (newest_at + timedelta(days=1)).date()
            problem = "if the export is of that time, what it does not tell of later is no silence of the leads"
            yield f"{self.file}: its newest date is {newest_at:%Y-%m-%d}; {problem}: train --known-until {day}"

    @property
    def _zeros(self) -> int:
        return 0 if self._zero_is_an_id else self.counts["with id 0"]

    @property
    def _leads(self) -> int:
        return self._repeated.leads - (self._zeros > 0)

    def _summary(self) -> str:
        zero_converted = self.counts["converted with id 0"] > 0 and not self._zero_is_an_id
        rows, converted = self.counts["rows"], distinct_ids(self._won) - zero_converted
        leads = "1 lead" if self._leads == 1 else f"{self._leads:,} leads"
        summary = f"{self.file}: {rows:,} {'row' if rows == 1 else 'rows'}, {leads}, {converted:,} converted"
        if not converted:
            return f'{summary}; no row has {self.columns.outcome} = "{self.columns.positive}"'
        return summary

    def _of_ids(self) -> Iterator[str]:
        nobody, undated = self.counts["without an id"], self.counts["converted without a date"]
        zeros = self._zeros
        if zeros:
            problem = "which names nobody unless all other ids are numbers; to take such a row in, give it another id"
            yield f"{self.file}: {_rows_have(zeros)} the {self.columns.id} 0, {problem}"
        if nobody:
            yield f"{self.file}: {_rows_have(nobody)} no {self.columns.id}: left out"
        yield from self.of_repeats()
        if undated:
            yield f"{self.file}: {_rows_have(undated)} converted without a date; they count as converted at the export"
        if self._unnamed:
            named = ", ".join(f'"{status}"' for status, _ in self._unnamed.most_common(5))
            problem = f"the agreement names {named} neither as lost nor as open"
            remedy = "write each into [export] lost or open"
            yield f"{self.file}: {self.columns.status_column}: {problem}, so they count as open; {remedy}"

    def of_repeats(self) -> Iterator[str]:
        """A sentence on rows that repeat a lead, where there are any."""
        again = self.counts["rows"] - self.counts["without an id"] - self._zeros - self._leads
        if again:
            yield f"{self.file}: {_rows_have(again)} a {self.columns.id} that came before; {WHICH_ROW_COUNTS}"


def _speaks_of(agreed: Export, titles: Sequence[str]) -> bool:
    """Whether the agreement's [export] is for a file with these columns, and not for another CRM's."""
    alike = {title.strip().casefold() for title in titles}
    return agreed.id in (ROW_NUMBER, *titles) or agreed.outcome.strip().casefold() in alike


def _rows_have(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
