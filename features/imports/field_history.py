"""A CRM's field history as events: each value of a field from when it was set, and when a lead converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from features.agreement.agreement import Agreement
from features.events.event import identifier_text
from features.imports.cells import CellReader, ImportedTrait, imported_traits
from features.imports.columns import cell_texts
from features.imports.crm import Crm, crm_event, normal_title, outcome_event, record_ids, status_event
from features.imports.files import HistoryFile

# It sorts after "crm-" and any digest: of two statements that are true from one moment on, the later id counts, and
# what an export says of a creation long past must not overrule what was recorded of it.
_ID_PREFIX = "crm-history"
# Salesforce keeps 18 months of changes: what an older lead was like before them is lost.
_RECORDED_FOR = timedelta(days=548)
_AT_ONCE = timedelta(minutes=1)  # a form writes its fields within seconds of the contact
_DAY = timedelta(days=1)
_MOST_SPELLINGS = 1_000  # of one trait: a category with more is none


class FieldChange(NamedTuple):
    """One field of one lead changed from `old` to `new`; `old` is None where it was empty or the history lacks it."""

    lead: str
    field: str
    at: datetime
    old: str | None
    new: str | None


class FirstChange(NamedTuple):
    """The earliest change of one field of one lead.

    before, after: the values before and after it. has_before: whether the history has the value before at all.
    """

    at: datetime
    before: str | None
    after: str | None
    has_before: bool


@dataclass
class FieldHistory:
    """Reads the changes of one CRM in three passes: `observe` all, `learn` from all, then ask for their `events`.

    Only all rows together show whether the day or the month comes first in a date, and only then which change was the
    first. leads: each with its earliest change. converted: when each lead converted. spellings: by trait, how an export
    writes a value, which the API may write otherwise.
    """

    agreement: Agreement
    crm: Crm
    read_at: datetime
    files: Sequence[HistoryFile]
    counts: Counter[str] = field(default_factory=Counter)
    leads: dict[str, datetime] = field(default_factory=dict)  # each with its earliest change
    converted: dict[str, datetime] = field(default_factory=dict)
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)
    _converted_by_export: set[str] = field(default_factory=set)  # leads whose conversion an export tells
    _first: dict[str, dict[str, FirstChange]] = field(default_factory=dict)
    _fields: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[HistoryFile], agreement: Agreement, read_at: datetime) -> FieldHistory:
        """The history in files of one CRM, observed and learned from."""
        history = cls(agreement, files[0].crm, read_at, files)
        for learn in (history.observe, history.learn):
            for file in files:
                for chunk in file.chunks():
                    learn(chunk)
        return history

    @cached_property
    def file(self) -> str:
        return ", ".join(changes.path.name for changes in self.files)

    @cached_property
    def reader(self) -> CellReader:
        return CellReader(self.file, ZoneInfo(self.agreement.time_zone), self.read_at, notes=False)

    @cached_property
    def traits_by_field(self) -> dict[str, list[ImportedTrait]]:
        """By field, the traits that it holds; complete once all changes were observed."""
        by_field: dict[str, list[ImportedTrait]] = {}
        for trait in imported_traits(self.agreement, list(self._fields), self.crm):
            by_field.setdefault(self.crm.key(trait.column), []).append(trait)
        return by_field

    def observe(self, changes: pd.DataFrame) -> None:
        """First pass: see how dates are written, and which fields there are."""
        self.counts["changes"] += len(changes)
        self.reader.observe(self._at, cell_texts(changes["at"]))
        names = cell_texts(changes["field"])
        self._fields |= dict.fromkeys(name for name in names if name)
        for part in {"old", "new"} & set(changes.columns):
            written: dict[str, list[str | None]] = {}
            for name, text in zip(names, cell_texts(changes[part]), strict=True):
                written.setdefault(name or "", []).append(text)
            for name, texts in written.items():
                self.reader.observe(name, texts)
                self.reader.observe_numbers(name, texts)

    @property
    def _at(self) -> str:
        return self.files[0].columns.get("at", "timestamp")

    def learn(self, changes: pd.DataFrame) -> None:
        """Second pass: learn when each field of a lead first changed, from which value, and when the lead converted."""
        won, value = self.crm.key(self.crm.won[0]), self.crm.won[1]
        for change in self._changes(changes):
            lead, key, at, old, new = change
            self.leads[lead] = min(at, self.leads.get(lead, at))
            if key == won and (value is None or normal_title(new or "") == normal_title(value)):
                self.converted[lead] = min(at, self.converted.get(lead, at))
            if key in self.traits_by_field:
                earliest = self._first.setdefault(lead, {})
                if key not in earliest or at < earliest[key].at:
                    earliest[key] = FirstChange(at, old, new, "old" in changes and not _tells_no_value(change))

    def _changes(self, changes: pd.DataFrame) -> Iterator[FieldChange]:
        """The changes that have a lead, a field and a moment."""
        leads = [identifier_text(text) for text in cell_texts(changes["lead"])]
        keys = [name and self.crm.key(name) for name in cell_texts(changes["field"])]
        # A bare day ends: nobody knew before it was over.
        moments = self.reader.moments(self._at, cell_texts(changes["at"]), day_ends=True)
        old = cell_texts(changes["old"]) if "old" in changes else [None] * len(changes)
        for lead, key, at, before, after in zip(leads, keys, moments, old, cell_texts(changes["new"]), strict=True):
            if lead and key and at:
                yield FieldChange(self.crm.lead_id(lead), key, at, before, after)

    def at_creation(self, lead: str, names: Sequence[str], created_at: datetime) -> dict[str, object]:
        """The values that some traits of a lead had when it was created, None where a trait was empty.

        An export has the values of today: of a trait that changed since, only the history has the value at creation.
        Traits without a recorded change are left out.
        """
        known: dict[str, object] = {}
        for key, first in self._first.get(lead, {}).items():
            values = self._values(key, _value_at_creation(first, created_at))
            known |= {name: value for name, value in values.items() if name in names}
        return known

    def spell(self, name: str, texts: Iterable[str | None]) -> None:
        """Learn how an export spells the values of a trait: the API's COMPUTER_SOFTWARE is its "Computer Software"."""
        known = self.spellings.setdefault(name, {})
        for text in set(texts):
            # "11-50" and "1150" are two things: signs part digits.
            if text and len(known) < _MOST_SPELLINGS and not any(sign.isdigit() for sign in text):
                known.setdefault(normal_title(text), text)

    def won_at(self, lead: str, won_at: datetime | None) -> datetime | None:
        """When a lead converted: as the history has it, but at `won_at`, the export's day, where that is earlier."""
        self._converted_by_export.add(lead)
        recorded = self.converted.get(lead)
        return recorded if recorded and (won_at is None or recorded <= won_at + _DAY) else won_at

    def _values(self, key: str, text: str | None) -> dict[str, object]:
        """One value per trait that the field holds, where `text` is written in it."""
        return {trait.name: self._value(trait, text) for trait in self.traits_by_field.get(key, ())}

    def _value(self, trait: ImportedTrait, text: str | None) -> object:
        spelled = self.spellings.get(trait.name, {}).get(normal_title(text), text) if text else None
        return self.reader.values(trait, [spelled])[0]

    def initial_values(self, since: Mapping[str, datetime]) -> Iterator[dict[str, Any]]:
        """Identify events with the value of each field before its first change, for the leads in `since`.

        since: by lead, when it became known. Where ann was created on 1 March with the source "web", and the source
        changed on 5 April, there is one event of 1 March with "web".
        """
        begins = min([self.read_at - _RECORDED_FOR, *self.leads.values()])
        for lead, fields in self._first.items():
            if lead in since:
                yield from self._initial_values_of(lead, fields, since[lead], begins)

    def _initial_values_of(
        self, lead: str, fields: Mapping[str, FirstChange], since: datetime, begins: datetime
    ) -> Iterator[dict[str, Any]]:
        by_moment: dict[datetime, dict[str, str | None]] = {}
        for key, first in fields.items():
            at = max(since, begins) if first.has_before else since
            if at < first.at:
                by_moment.setdefault(at, {})[key] = _value_at_creation(first, since)
        for at, texts in by_moment.items():
            traits = {name: value for key, text in texts.items() for name, value in self._values(key, text).items()}
            says = [lead, "first", [*traits], {key: normal_title(text or "") for key, text in texts.items()}]
            yield crm_event("identify", lead, at, says, of=_ID_PREFIX, traits=traits)

    def events(self, changes: pd.DataFrame, since: Mapping[str, datetime]) -> Iterator[dict[str, Any]]:
        """Third pass: the events of some changes, of the leads in `since`."""
        self.reader.notes = True
        for change in _last_at_once([change for change in self._changes(changes) if change.lead in since]):
            traits = self._values(change.field, change.new)
            if traits and not _tells_no_value(change):
                # Not by its spelling: that is an export's, and the next one may have learned another.
                says = [change.lead, change.at.isoformat(), [*traits], normal_title(change.new or "")]
                yield crm_event("identify", change.lead, change.at, says, of=_ID_PREFIX, traits=traits)
            yield from self._of_sales(change)

    def _of_sales(self, change: FieldChange) -> Iterator[dict[str, Any]]:
        """The events of a change of status, and of a conversion that no export tells."""
        lead, key, at, old, new = change
        if key == self.crm.key(self.crm.status) and new:
            yield status_event(self.crm, lead, at, old, new)
        is_first = self.converted.get(lead) == at and lead not in self._converted_by_export
        if is_first and key == self.crm.key(self.crm.won[0]):
            yield outcome_event("Lead Converted", lead, at, self.read_at, record_ids(self.crm, lead))

    def sentences(self, since: Mapping[str, datetime]) -> list[str]:
        """What a person should know of this reading."""
        names = sorted({trait.name for traits in self.traits_by_field.values() for trait in traits})
        known_traits = f"{', '.join(names)} count from when they were set" if names else "none of its fields is a trait"
        unknown = len(self.leads.keys() - since.keys())
        sentences = [f"{self.file}: {self.counts['changes']:,} changes of {len(self.leads):,} leads; {known_traits}"]
        if unknown:
            problem = f"{unknown:,} of its leads are not known here and were left out"
            sentences.append(f"{self.file}: {problem}; give the export of the leads as well")
        return [*sentences, *self.reader.sentences()]


def _value_at_creation(first: FirstChange, created_at: datetime) -> str | None:
    """The value of a field when the lead was created; None where it was empty or is unknown."""
    if first.has_before:
        return first.before
    return first.after if first.at <= created_at + _AT_ONCE else None


def _tells_no_value(change: FieldChange) -> bool:
    """Whether a change has neither value: CRMs record no values of long texts and of lists of several values."""
    return change.old is None and change.new is None


def _last_at_once(changes: Sequence[FieldChange]) -> Iterator[FieldChange]:
    """The changes, but of several of one field of a lead at the same moment only the last.

    Their order is not kept in the file: the last is the one whose new value none of the others has as its old one.
    """
    at_once: dict[tuple[str, str, datetime], list[FieldChange]] = {}
    for change in changes:
        at_once.setdefault((change.lead, change.field, change.at), []).append(change)
    for same in at_once.values():
        taken_up = {change.old for change in same}
        yield next((change for change in reversed(same) if change.new not in taken_up), same[-1])
