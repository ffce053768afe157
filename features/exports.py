"""A CRM export as events: who each lead is, what is known of it and since when, and what became of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pandas as pd

from features.agreement import Agreement, Export
from features.columns import cells, column_named, each, spelling
from features.dates import DayOrder, First, moment_of, written
from features.errors import LeadlightError
from features.events import identity
from features.facts import Fact, cells_as, emails, facts, missing_columns
from features.files import tables_in

ROW_NUMBER = "row number"  # as [export] id: no column identifies a lead, its place in the file does
_OLD = timedelta(days=30)
ANY_VALUE = "known"  # as [export] positive: whatever is written there, such as the date it was won, means converted


class ExportError(LeadlightError):
    """The agreement does not say how to read an export, or the export cannot be read so."""

    code = "export_refused"


def export_events(rows: pd.DataFrame, agreement: Agreement, exported_at: datetime) -> Iterator[dict[str, Any]]:
    """The Segment-shaped events that the rows of one whole CRM export say; see `CrmExport` for large files.

    rows:    one row per lead, any dtype; the columns that the agreement's [export] and traits name.
    returns: identify events and tracks of the outcome, `timestamp` and `receivedAt` in UTC, never after `exported_at`.

    Raises ColumnError for a column that is not there, DatesError for dates that can be read in two ways.
    """
    export = CrmExport(agreement, exported_at)
    export.look(rows)
    return export.events(rows)


@dataclass
class CrmExport:
    """One export while it is read: first look at all its rows, then ask for their events.

    Two passes, since only all rows together show whether day or month comes first in a column of dates.
    """

    agreement: Agreement
    exported_at: datetime
    file: str = "the export"
    counts: Counter[str] = field(default_factory=Counter)
    newest_at: datetime | None = None  # of the dates of leads and outcomes, once the events were asked for
    _problems: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)
    _orders: dict[str, DayOrder] = field(default_factory=dict)
    _ids: list[np.ndarray[Any, np.dtype[np.uint64]]] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _lacking: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path | str, agreement: Agreement, exported_at: datetime) -> CrmExport:
        """The export in a file, all of it looked at, some rows at a time."""
        export = cls(agreement, exported_at, Path(path).name)
        for rows in tables_in(path):
            export.look(rows)
            export._notes = rows.attrs.get("notes", [])
        return export

    def stream(self, path: Path | str) -> Iterator[dict[str, Any]]:
        """The events of the same file, some rows at a time."""
        return (event for rows in tables_in(path) for event in self.events(rows))

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.agreement.time_zone)

    @property
    def columns(self) -> Export:
        if self.agreement.export is None:
            remedy = f"draft it with: leadlight init {self.file} --outcome COLUMN"
            raise ExportError(f"{self.agreement.file} has no [export], which says what the columns are; {remedy}")
        return self.agreement.export

    def look(self, rows: pd.DataFrame) -> None:
        """Learn from some rows what only all rows together tell."""
        titles = _titles(rows)
        ids = self._lead_ids(rows)
        self._ids.append(pd.util.hash_array(np.array([lead for lead in ids if lead], dtype=object)))
        self.counts["rows"] += len(ids)
        self.counts["without an id"] += ids.count(None)
        self.counts["converted"] += sum(self._converted(rows))
        named = [column_named(name, titles, self.file) for name in self._dated_columns()]
        self._look_at_dates(rows, named)
        self._lacking |= dict.fromkeys(missing_columns(self.agreement, titles))

    def _look_at_dates(self, rows: pd.DataFrame, named: Sequence[str] = ()) -> None:
        dated = [fact.column for fact in facts(self.agreement, _titles(rows)) if fact.kind == "date"]
        for column in {*dated, *named}:
            before = self._orders.get(column, DayOrder())
            self._orders[column] = before.after(dict.fromkeys(cells(rows[column], self.columns.missing)))

    def _dated_columns(self) -> list[str]:
        if self.agreement.outcome.undated:
            return []
        return [name for name in (self.columns.created_at, self.columns.outcome_at) if name]

    def _lead_ids(self, rows: pd.DataFrame) -> list[str | None]:
        titles, name = _titles(rows), self.columns.id
        if name == ROW_NUMBER and name not in titles:
            return [f"row-{place + 1}" for place in rows.index]
        return [identity(value) for value in cells(rows[column_named(name, titles, self.file)], self.columns.missing)]

    def _converted(self, rows: pd.DataFrame) -> list[bool]:
        column = column_named(self.columns.outcome, _titles(rows), self.file)
        positive = spelling(self.columns.positive)
        values = cells(rows[column], self.columns.missing)
        if positive == ANY_VALUE:
            return [value is not None for value in values]
        return [value is not None and spelling(value) == positive for value in values]

    def _moments(self, name: str | None, rows: pd.DataFrame, *, day_ends: bool) -> list[datetime | None]:
        """The moments of a column of dates, none after the export; None where a cell has no readable date."""
        if name is None or self.agreement.outcome.undated:
            return [None] * len(rows)
        column = column_named(name, _titles(rows), self.file)
        texts = cells(rows[column], self.columns.missing)
        first = self._orders.get(column, DayOrder()).first(column, self.file)
        moments = each(texts, lambda text: self._moment(text, first, day_ends))
        lost = [text for text, moment in zip(texts, moments, strict=True) if text and moment is None]
        self._note(column, "no date", "they were left out", lost)
        late = [text for text, moment in zip(texts, moments, strict=True) if moment and moment[0] > self.exported_at]
        self._note(column, "later than the export", "they count as the moment of the export", late)
        clamped = [moment and min(moment[1], self.exported_at) for moment in moments]
        self.newest_at = max((moment for moment in (self.newest_at, *clamped) if moment), default=None)
        return clamped

    def _moment(self, text: str, first: First | None, day_ends: bool) -> tuple[datetime, datetime] | None:
        """When a written date begins, and the moment that it stands for."""
        found = written(text, first)
        return found and (moment_of(found, self.zone), moment_of(found, self.zone, day_ends=day_ends))

    def _note(self, column: str, problem: str, effect: str, texts: Sequence[str | None]) -> None:
        if texts:
            count, example = self._problems.get((column, problem, effect), (0, str(texts[0])))
            self._problems[column, problem, effect] = count + len(texts), example

    def events(self, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """The events of some of the rows that were looked at, in their order."""
        created = self._moments(self.columns.created_at, rows, day_ends=False)
        # A bare day of winning ends that day, or a lead won on the day it came would be won before it came.
        won = self._moments(self.columns.outcome_at, rows, day_ends=True)
        found = facts(self.agreement, _titles(rows))
        traits = list(self._traits(rows, found))
        at_creation = ["email", *(fact.name for fact in found if fact.at_creation)]
        leads = zip(self._lead_ids(rows), created, won, self._converted(rows), traits, strict=True)
        for lead, created_at, won_at, converted, said in leads:
            if lead is not None:
                yield from self._of_lead(lead, created_at, said, at_creation)
                if converted:
                    yield self._outcome(lead, won_at)

    def _traits(self, rows: pd.DataFrame, found: list[Fact]) -> Iterator[dict[str, object]]:
        """What each row says, without what it leaves empty."""
        columns: list[Sequence[object]] = [emails(rows)]
        for fact in found:
            if fact.kind == "date" and not fact.is_excluded:
                self._orders[fact.column].first(fact.column, self.file)
            texts = cells(rows[fact.column], self.columns.missing)
            values, lost = cells_as(fact.kind, texts, self._orders.get(fact.column, DayOrder()), self.zone)
            if not fact.is_excluded:
                self._note(fact.column, f"no {fact.kind}", "they were left empty", lost)
            columns.append(values)
        names = ["email", *(fact.name for fact in found)]
        for row in zip(*columns, strict=True):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}

    def _of_lead(
        self, lead: str, created_at: datetime | None, said: Mapping[str, object], at_creation: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        if created_at is not None:
            known = {name: said[name] for name in at_creation if name in said}
            # The values are not part of this id: what a newer export says of a creation long past is news of today,
            # and comes with the second event. The names are, since a person may sign a further field.
            yield self._event("identify", lead, created_at, [lead, "created", *at_creation], traits=known)
        yield self._event("identify", lead, self.exported_at, [lead, "known", said], traits=dict(said))

    def _outcome(self, lead: str, won_at: datetime | None) -> dict[str, Any]:
        name = self.agreement.outcome.event
        if won_at is None and not self.agreement.outcome.undated:
            self.counts["converted without a date"] += 1
        said = [lead, "outcome", name, won_at.isoformat() if won_at else None]
        return self._event("track", lead, won_at or self.exported_at, said, event=name, properties={})

    @property
    def sentences(self) -> list[str]:
        """What a person should know of this reading; complete once its events were asked for."""
        return [
            *self._notes,
            self._summary(),
            *self._of_ids(),
            *(f'{self.file}: it has no column "{column}", so nothing is known of it' for column in self._lacking),
            *self._of_cells(),
            *self._of_age(),
        ]

    def _of_cells(self) -> Iterator[str]:
        for (column, problem, effect), (count, example) in self._problems.items():
            cells_are = "1 cell is" if count == 1 else f"{count:,} cells are"
            yield f'{self.file}: column "{column}": {cells_are} {problem}, such as "{example}"; {effect}'

    def _of_age(self) -> Iterator[str]:
        if self.newest_at and self.exported_at - self.newest_at > _OLD:
            day = (self.newest_at + timedelta(days=1)).date()
            problem = "if the export is of that time, what it does not tell of later is no silence of the leads"
            yield f"{self.file}: its newest date is {self.newest_at:%Y-%m-%d}; {problem}: train --known-until {day}"

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
            yield f"{self.file}: {_rows(nobody)} no {self.columns.id} and were left out"
        if again:
            repeated = f"{_rows(again)} a {self.columns.id} that came before"
            yield f"{self.file}: {repeated}; what they add was kept for that lead"
        if undated:
            yield f"{self.file}: {_rows(undated)} converted without a date; they count as converted at the export"

    def _event(self, kind: str, lead: str, at: datetime, says: Sequence[object], **rest: object) -> dict[str, Any]:
        digest = hashlib.blake2b(orjson.dumps([kind, *says], option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
        return {"type": kind, "messageId": f"crm-{digest}", "userId": lead, "timestamp": at, "receivedAt": at, **rest}


def leads_in(rows: pd.DataFrame, agreement: Agreement) -> Iterator[tuple[str | None, dict[str, object]]]:
    """Who each row is and what it says of that lead as traits, as `export_events` would; no outcome is needed."""
    export = CrmExport(agreement, datetime.max.replace(tzinfo=UTC))
    export._look_at_dates(rows)
    return zip(export._lead_ids(rows), export._traits(rows, facts(agreement, _titles(rows))), strict=True)


def _titles(rows: pd.DataFrame) -> list[str]:
    return [str(title) for title in rows.columns]


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
