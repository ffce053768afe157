"""Counts over files of events: how often each event and page comes, which traits leads have, and which converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement, Behaviour
from features.agreement.checks import SALES_TOUCHES
from features.events.event import identifier_text
from features.home.dates import moment
from features.imports.columns import cell_text
from features.imports.files import events_in
from features.lifecycle.tries import is_try
from features.traits.typed_values import flat_traits
from training.leakage.column_profiles import ColumnProfile
from training.leakage.filled_when import FillTime, fill_times_of_events
from training.leakage.signals import LeakSignals, Triage


@dataclass(frozen=True)
class EventLeads:
    """The leads of some events: which of them converted, and the first known value of each trait.

    first_values: by trait and lead, the day on which the first value was known, and the value.
    contact_known: by lead, the day on which its first contact, outcome or end was known.
    """

    ids: tuple[str, ...]
    won: np.ndarray[Any, np.dtype[np.bool_]]
    first_values: Mapping[str, Mapping[str, tuple[float, str]]]
    contact_known: Mapping[str, float]
    filled: Mapping[str, FillTime]

    @classmethod
    def of(cls, counts: EventCounts, won: Mapping[str, float]) -> EventLeads:
        ids = tuple(counts.came)
        days = {trait: {lead: day for lead, (day, _) in by.items()} for trait, by in counts.first_values.items()}
        converted = np.array([lead in won for lead in ids], dtype=bool)
        filled = fill_times_of_events(days, counts.contact_known)
        return cls(ids, converted, counts.first_values, counts.contact_known, filled)

    def fill_time(self, trait: str) -> FillTime | None:
        """When the trait became known."""
        return self.filled.get(trait)

    def signals(self, profile: ColumnProfile) -> LeakSignals:
        """The signals of a trait, from the values that were known before first contact and outcome.

        Example: L-1's industry was known on day 12 and its first call on day 10, so L-1 counts as empty.
        """
        known = self._known(profile)
        return Triage.of([known], self.won).signals(known.column)

    def empty_share(self, profile: ColumnProfile) -> float:
        """The share of leads whose value was not known by then."""
        return self._known(profile).empty_share

    def _before(self, first: tuple[float, str] | None, lead: str) -> str:
        return first[1] if first and first[0] < self.contact_known.get(lead, np.inf) else ""

    def _known(self, profile: ColumnProfile) -> ColumnProfile:
        said = self.first_values.get(profile.column, {})
        known = (self._before(said.get(lead), lead) for lead in self.ids)
        return replace(profile, values=ColumnProfile.of_texts(profile.column, known).values)


MOST_IDENTIFY_CALLS = 20_000  # identify calls whose traits are looked at: enough to know their kinds
_DAY = 86_400.0
_TELLING = SALES_TOUCHES | {
    "Lead Converted",
    "Lead Disqualified",
    "Opportunity Created",
    "Opportunity Won",
    "Opportunity Lost",
}


@dataclass
class EventCounts:
    """Counts over events.

    matched: by behaviour of the default agreement. tracks: by name. pages: by the first part of the path. traits: the
    traits of each identify call, by snake_case name. came: by lead, its first moment, in days. happened: by event name
    and lead, the first moment. tried: by lead, its first try by sales. first_values, contact_known: as `EventLeads` has
    them.
    """

    events: int = 0
    matched: Counter[str] = field(default_factory=Counter)
    tracks: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    traits: list[dict[str, Any]] = field(default_factory=list)
    came: dict[str, float] = field(default_factory=dict)
    happened: dict[str, dict[str, float]] = field(default_factory=dict)
    tried: dict[str, float] = field(default_factory=dict)
    first_values: dict[str, dict[str, tuple[float, str]]] = field(default_factory=dict)
    contact_known: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, full: Iterable[Path], bare: Iterable[Path], labels: Iterable[str]) -> EventCounts:
        """The counts over all events of the files.

        bare: files that repeat track calls without their properties; only names that `full` lacks count there.
        labels: names of events whose leads and moments are wanted.
        """
        counts = cls(happened={name: {} for name in labels})
        for event in (event for path in full for event in events_in(path)):
            counts.add(event)
        known = set(counts.tracks)
        for event in (event for path in bare for event in events_in(path)):
            if event.get("event") not in known:
                counts.add(event)
        return counts

    def add(self, event: Mapping[str, Any]) -> None:
        """Count one more event."""
        self.events += 1
        kind, name = event.get("type"), str(event.get("event") or "")
        properties, context = (_mapping(event.get(part)) for part in ("properties", "context"))
        event_name = name if kind == "track" else str(kind)
        possible = _by_event().get(event_name, ())
        matched = [b.name for b in possible if b.matches(event_name, str(kind), properties, context)]
        self.matched.update(matched)
        if kind == "track":
            self.tracks[name] += 1
        elif kind in ("page", "screen") and not matched:
            self.pages[_part(properties, context)] += 1
        elif kind == "identify" and len(self.traits) < MOST_IDENTIFY_CALLS:
            self.traits.append(flat_traits(_mapping(event.get("traits") or context.get("traits"))))
        if lead := identifier_text(event.get("userId")):
            self._record_moments(lead, name, event)

    def _record_moments(self, lead: str, name: str, event: Mapping[str, Any]) -> None:
        """When a lead was first heard of, when it first did what is wanted, and when what is said of it was known."""
        at = moment(event.get("timestamp") or event.get("originalTimestamp") or event.get("receivedAt"))
        if at is None:
            return
        days = at.timestamp() / _DAY
        self.came[lead] = min(days, self.came.get(lead, days))
        received = moment(event.get("receivedAt") or event.get("received_at"))
        known = received.timestamp() / _DAY if received else days
        if name in self.happened:
            self.happened[name][lead] = min(days, self.happened[name].get(lead, days))
        if name in self.happened or name in _TELLING:
            self.contact_known[lead] = min(known, self.contact_known.get(lead, known))
        if event.get("type") == "track" and is_try(name, _mapping(event.get("properties"))):
            self.tried[lead] = min(days, self.tried.get(lead, days))
        if event.get("type") == "identify":
            self._record_values(lead, known, event)

    def tried_before(self, won: Mapping[str, float]) -> float | None:
        """The share of the leads in `won` (by lead, the day it converted) with a try before; None without any try."""
        if not self.tried or not won:
            return None
        return sum(self.tried.get(lead, np.inf) <= day for lead, day in won.items()) / len(won)

    def _record_values(self, lead: str, known: float, event: Mapping[str, Any]) -> None:
        traits = event.get("traits") or _mapping(event.get("context")).get("traits")
        for trait, value in flat_traits(_mapping(traits)).items():
            if text := cell_text(value):
                first = self.first_values.setdefault(trait, {}).get(lead)
                if first is None or known < first[0]:
                    self.first_values[trait][lead] = known, text


@cache
def _by_event() -> Mapping[str, list[Behaviour]]:
    """The behaviours of the default agreement that events of each name may be."""
    found: dict[str, list[Behaviour]] = {}
    for behaviour in Agreement.default().behaviours.values():
        found.setdefault(behaviour.event, []).append(behaviour)
    return found | {"screen": found.get("page", [])}


def _part(properties: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """The first part of a page's path: "/docs" of "/docs/api/keys", "/" of the home page."""
    path = properties.get("path") or _mapping(context.get("page")).get("path") or "/"
    return "/" + str(path).strip("/").partition("/")[0]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
