"""What a CRM recorded of its leads' past: each value of a field from when it was set, and when a lead was won."""

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
from features.events.event import identity
from features.imports.cells import CellReader, Fact, facts
from features.imports.columns import cells
from features.imports.crm import Crm, crm_event, outcome_event, record_of, squashed, status_event
from features.imports.files import Changes

# It sorts after "crm-" and any digest: of two statements that are true from one moment on, the later id counts, and
# what an export says of a creation long past must not overrule what was recorded of it.
_OF = "crm-history"
_KEPT = timedelta(days=548)  # Salesforce keeps 18 months of changes: what an older lead was like before them is lost
_AT_ONCE = timedelta(minutes=1)  # a form writes its fields within seconds of the contact
_DAY = timedelta(days=1)
_MOST_SPELLINGS = 1_000  # of one trait: a category with more is none


class Change(NamedTuple):
    """One field of one lead changed; `old` is None where it was empty or is not told."""

    lead: str
    field: str
    at: datetime
    old: str | None
    new: str | None


class First(NamedTuple):
    """The earliest known change of a field of a lead; `before` counts where the history tells what stood there."""

    at: datetime
    before: str | None
    after: str | None
    is_told: bool


@dataclass
class History:
    """One CRM's changes while they are read: look at them all, learn from them all, then ask for their events.

    Three passes, since only all rows together show whether day or month comes first in a date, and only then which
    change was the first. spellings: how an export writes the values of a trait, which the API may write otherwise.
    """

    agreement: Agreement
    crm: Crm
    read_at: datetime
    files: Sequence[Changes]
    counts: Counter[str] = field(default_factory=Counter)
    leads: dict[str, datetime] = field(default_factory=dict)  # each with its earliest change
    converted: dict[str, datetime] = field(default_factory=dict)
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)  # leads whose conversion an export tells
    _first: dict[str, dict[str, First]] = field(default_factory=dict)
    _fields: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[Changes], agreement: Agreement, read_at: datetime) -> History:
        """The changes of files of one CRM, all looked at and learned from."""
        history = cls(agreement, files[0].crm, read_at, files)
        for learn in (history.look, history.learn):
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
    def facts(self) -> dict[str, list[Fact]]:
        """The traits that each field tells, once all changes were looked at."""
        told: dict[str, list[Fact]] = {}
        for fact in facts(self.agreement, list(self._fields), self.crm):
            told.setdefault(self.crm.key(fact.column), []).append(fact)
        return told

    def look(self, changes: pd.DataFrame) -> None:
        """Learn how dates are written, and which fields there are."""
        self.counts["changes"] += len(changes)
        self.reader.look(self._at, cells(changes["at"]))
        names = cells(changes["field"])
        self._fields |= dict.fromkeys(name for name in names if name)
        for part in {"old", "new"} & set(changes.columns):
            written: dict[str, list[str | None]] = {}
            for name, text in zip(names, cells(changes[part]), strict=True):
                written.setdefault(name or "", []).append(text)
            for name, texts in written.items():
                self.reader.look(name, texts)

    @property
    def _at(self) -> str:
        return self.files[0].columns.get("at", "timestamp")

    def learn(self, changes: pd.DataFrame) -> None:
        """Learn when each lead first changed, what it was before, and when it was won."""
        won, value = self.crm.key(self.crm.won[0]), self.crm.won[1]
        for change in self._changes(changes):
            lead, key, at, old, new = change
            self.leads[lead] = min(at, self.leads.get(lead, at))
            if key == won and (value is None or squashed(new or "") == squashed(value)):
                self.converted[lead] = min(at, self.converted.get(lead, at))
            if key in self.facts:
                earliest = self._first.setdefault(lead, {})
                if key not in earliest or at < earliest[key].at:
                    earliest[key] = First(at, old, new, "old" in changes and not _is_silent(change))

    def _changes(self, changes: pd.DataFrame) -> Iterator[Change]:
        """The changes that name a lead, a field and a moment."""
        leads = [identity(text) for text in cells(changes["lead"])]
        keys = [name and self.crm.key(name) for name in cells(changes["field"])]
        # A bare day ends: nobody knew before it was over.
        moments = self.reader.moments(self._at, cells(changes["at"]), day_ends=True)
        old = cells(changes["old"]) if "old" in changes else [None] * len(changes)
        for lead, key, at, before, after in zip(leads, keys, moments, old, cells(changes["new"]), strict=True):
            if lead and key and at:
                yield Change(self.crm.lead_id(lead), key, at, before, after)

    def at_creation(self, lead: str, names: Sequence[str], created_at: datetime) -> dict[str, object]:
        """What the history knows otherwise of a lead when it came than an export does; None for what was not known."""
        known: dict[str, object] = {}
        for key, first in self._first.get(lead, {}).items():
            told = {fact.name: self._value(fact, _held(first, created_at)) for fact in self.facts[key]}
            known |= {name: value for name, value in told.items() if name in names}
        return known

    def spell(self, name: str, texts: Iterable[str | None]) -> None:
        """Learn how an export writes the values of a trait: COMPUTER_SOFTWARE of the API is its "Computer Software"."""
        known = self.spellings.setdefault(name, {})
        for text in set(texts):
            # "11-50" and "1150" are two things: signs part digits.
            if text and len(known) < _MOST_SPELLINGS and not any(sign.isdigit() for sign in text):
                known.setdefault(squashed(text), text)

    def won_at(self, lead: str, won_at: datetime | None) -> datetime | None:
        """The moment of a conversion of which an export knows the day at most."""
        self._told.add(lead)
        recorded = self.converted.get(lead)
        return recorded if recorded and (won_at is None or recorded <= won_at + _DAY) else won_at

    def _value(self, fact: Fact, text: str | None) -> object:
        spelled = self.spellings.get(fact.name, {}).get(squashed(text), text) if text else None
        return self.reader.values(fact, [spelled])[0]

    def firsts(self, since: Mapping[str, datetime]) -> Iterator[dict[str, Any]]:
        """What the fields of the leads in `since` held from then on, until they first changed."""
        begins = min([self.read_at - _KEPT, *self.leads.values()])
        for lead, fields in self._first.items():
            if lead in since:
                yield from self._firsts_of(lead, fields, since[lead], begins)

    def _firsts_of(
        self, lead: str, fields: Mapping[str, First], since: datetime, begins: datetime
    ) -> Iterator[dict[str, Any]]:
        told: dict[datetime, dict[str, str | None]] = {}
        for key, first in fields.items():
            at = max(since, begins) if first.is_told else since
            if at < first.at:
                told.setdefault(at, {})[key] = _held(first, since)
        for at, held in told.items():
            said = {fact.name: self._value(fact, text) for key, text in held.items() for fact in self.facts[key]}
            says = [lead, "first", [*said], {key: squashed(text or "") for key, text in held.items()}]
            yield crm_event("identify", lead, at, says, of=_OF, traits=said)

    def events(self, changes: pd.DataFrame, since: Mapping[str, datetime]) -> Iterator[dict[str, Any]]:
        """The events of some of the changes, of leads that are in `since`."""
        self.reader.notes = True
        for change in _settled([change for change in self._changes(changes) if change.lead in since]):
            said = {fact.name: self._value(fact, change.new) for fact in self.facts.get(change.field, ())}
            if said and not _is_silent(change):
                # Not by its spelling: that is an export's, and the next one may have learned another.
                says = [change.lead, change.at.isoformat(), [*said], squashed(change.new or "")]
                yield crm_event("identify", change.lead, change.at, says, of=_OF, traits=said)
            yield from self._of_sales(change)

    def _of_sales(self, change: Change) -> Iterator[dict[str, Any]]:
        """What the change says of how sales works the lead, and of its conversion where no export tells that."""
        lead, key, at, old, new = change
        if key == self.crm.key(self.crm.status) and new:
            yield status_event(self.crm, lead, at, old, new)
        if key == self.crm.key(self.crm.won[0]) and self.converted.get(lead) == at and lead not in self._told:
            yield outcome_event("Lead Converted", lead, at, self.read_at, record_of(self.crm, lead))

    def sentences(self, since: Mapping[str, datetime]) -> list[str]:
        """What a person should know of this reading."""
        names = sorted({fact.name for told in self.facts.values() for fact in told})
        told = f"{', '.join(names)} count from when they were set" if names else "none of its fields is a trait"
        unknown = len(self.leads.keys() - since.keys())
        sentences = [f"{self.file}: {self.counts['changes']:,} changes of {len(self.leads):,} leads; {told}"]
        if unknown:
            problem = f"{unknown:,} of its leads are not known here and were left out"
            sentences.append(f"{self.file}: {problem}; give the export of the leads as well")
        return [*sentences, *self.reader.sentences()]


def _held(first: First, created_at: datetime) -> str | None:
    """What a field held when the lead came; None where it was empty or nobody can tell."""
    if first.is_told:
        return first.before
    return first.after if first.at <= created_at + _AT_ONCE else None


def _is_silent(change: Change) -> bool:
    """Whether it only says that something changed: long texts and lists of several values are not told."""
    return change.old is None and change.new is None


def _settled(changes: Sequence[Change]) -> Iterator[Change]:
    """The changes, of several of one field in the same second the last: each takes up what the one before left."""
    at_once: dict[tuple[str, str, datetime], list[Change]] = {}
    for change in changes:
        at_once.setdefault((change.lead, change.field, change.at), []).append(change)
    for same in at_once.values():
        taken_up = {change.old for change in same}
        yield next((change for change in reversed(same) if change.new not in taken_up), same[-1])
