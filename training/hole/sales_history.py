"""What a CRM's field history tells of sales' work: of each lead its changes of status, its tries, its conversion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from features.events.event import identifier_text
from features.home.dates import parsed_date, utc_moment
from features.imports.cells import CellReader
from features.imports.columns import cell_texts
from features.imports.crm import Crm, normal_title
from features.imports.delimited import FileError
from features.imports.field_history import FieldChange
from features.imports.files import HistoryFile
from training.hole.hole_columns import field_role
from training.hole.lead_rows import has_times

ONE_TRY = timedelta(hours=1)  # what one person does within an hour is one try
_MOST_TRIES = 1_000  # of one lead; more is no count of tries
_HANDED_OVER = "marketingqualifiedlead"  # of HubSpot's life cycle stages the one that is sales'


@dataclass
class LeadPast:
    """What the history has of one lead, each list by time.

    statuses, reasons: what was set, and when; a reason that was cleared is "". counted: a moment for each try by which
    a count of tries rose; dated: each moment that stood as the last try.
    """

    statuses: list[tuple[datetime, str]] = field(default_factory=list)
    reasons: list[tuple[datetime, str]] = field(default_factory=list)
    counted: list[datetime] = field(default_factory=list)
    dated: list[datetime] = field(default_factory=list)
    first_try: datetime | None = None
    handed_over: datetime | None = None
    won: datetime | None = None

    @property
    def tries(self) -> list[datetime]:
        """The moments of single tries, by the field that knows more of them."""
        return max(self.counted, self.dated, key=len)

    def reason_at(self, moment: datetime) -> str | None:
        """The reason that stood just after a moment: it is entered with the status or a little later."""
        stood = [text for at, text in self.reasons if at <= moment + ONE_TRY]
        return (stood[-1] or None) if stood else None


@dataclass
class RecordedWork:
    """by_lead: what became of each lead. fields: what the history's fields tell, by role. has_hours: of its moments."""

    by_lead: dict[str, LeadPast] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    has_hours: bool = True
    changes: int = 0
    _role_of: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[HistoryFile], reader: CellReader) -> RecordedWork:
        """The history in files of one CRM. Raises DatesError where its dates can be read in two ways."""
        history = cls()
        if not files:
            return history
        if len(crms := {file.crm.label: file.path.name for file in files}) > 1:
            said = " and ".join(f"{name} is of {label}" for label, name in crms.items())
            raise FileError(f"{said}; give the files of one CRM at a time", code="two_crms")
        column, texts = files[0].columns.get("at", "timestamp"), set[str | None]()
        for file in files:
            for rows in file.chunks():
                texts |= set(cell_texts(rows["at"]))
        reader.observe(column, texts)
        history.has_hours = has_times([*texts], column, reader.file)
        changes = [
            change for file in files for rows in file.chunks() for change in _changes(rows, file, column, reader)
        ]
        for change in sorted(changes, key=lambda change: change.at):
            history.learn(change, files[0].crm, reader)
        return history

    def add_tries(self, tried: Sequence[tuple[str, datetime]], column: str, *, has_hours: bool) -> None:
        """Add tries, each a lead and a moment, in the order of time; `column` says where they stand."""
        self.has_hours = has_hours and (self.has_hours or not self.changes)
        self.changes += len(tried)
        self.roles["last_try"] = column
        for lead, at in tried:
            past = self.by_lead.setdefault(lead, LeadPast())
            past.dated += [at] if not past.dated or at - past.dated[-1] >= ONE_TRY else []

    def learn(self, change: FieldChange, crm: Crm, reader: CellReader) -> None:
        """One change more, later than those before it."""
        self.changes += 1
        past = self.by_lead.setdefault(change.lead, LeadPast())
        won, value = crm.key(crm.won[0]), crm.won[1]
        if crm.key(change.field) == won:
            stage = normal_title(change.new or "")
            past.won = past.won or (change.at if value is None or stage == normal_title(value) else None)
            past.handed_over = past.handed_over or (change.at if stage == _HANDED_OVER else None)
        if change.field not in self._role_of:
            self._role_of[change.field] = field_role(crm, change.field)
        if role := self._role_of[change.field]:
            self.roles[role] = change.field
            _note(past, role, change, reader)


def _note(past: LeadPast, role: str, change: FieldChange, reader: CellReader) -> None:
    new = change.new
    if role == "status" and new:
        past.statuses.append((change.at, new))
    elif role == "reason":
        past.reasons.append((change.at, new or ""))
    elif role == "tries":
        past.counted += [change.at] * _more_tries(change, past)
    elif role in ("first_try", "last_try", "handed_over") and new and (at := _moment(new, change.at, reader)):
        if role == "last_try":
            past.dated += [at] if not past.dated or at - past.dated[-1] >= ONE_TRY else []
        elif role == "first_try":
            past.first_try = min(at, past.first_try or at)
        elif role == "handed_over":
            past.handed_over = min(at, past.handed_over or at)


def _more_tries(change: FieldChange, past: LeadPast) -> int:
    """By how much a count of tries rose; where the history has no old value, over those that are known."""
    before = len(past.counted) if change.old is None else _count(change.old)
    return max(_count(change.new) - before, 0)


def _count(text: str | None) -> int:
    try:
        return min(int(float(text or 0)), _MOST_TRIES)
    except (ValueError, OverflowError):
        return 0


def _moment(text: str, changed_at: datetime, reader: CellReader) -> datetime | None:
    """The moment that a field says; none later than when it was written."""
    said = parsed_date(text, "day")
    return min(utc_moment(said, reader.zone), changed_at) if said else None


def _changes(rows: pd.DataFrame, file: HistoryFile, column: str, reader: CellReader) -> Iterator[FieldChange]:
    """The changes that have a lead, a field and a moment."""
    leads = [identifier_text(text) for text in cell_texts(rows["lead"])]
    moments = reader.moments(column, cell_texts(rows["at"]), day_ends=False)
    old = cell_texts(rows["old"]) if "old" in rows else [None] * len(rows)
    named = zip(leads, cell_texts(rows["field"]), moments, old, cell_texts(rows["new"]), strict=True)
    for lead, name, at, before, after in named:
        if lead and name and at:
            yield FieldChange(file.crm.lead_id(lead), name, at, before, after)
