"""The event table: the ledger read once as columns, and which event matches which behaviour of the agreement."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from sys import intern
from typing import Any

import numpy as np
import orjson

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, SALES_EVENTS
from features.agreement.learning import Behaviour, property_text
from features.arrays import Bools, Floats, Ints
from features.events.event import identifier_text
from features.events.feedback_values import (
    GIVEN,
    UNDONE,
    answered_trait,
    feedback_means,
    learned_traits,
    undone_id,
)
from features.events.status_words import status_feedback
from features.events.text_columns import DictionaryColumn, SparseDictionary, SparseText, TextColumn
from features.events.touch_values import CALL_ANSWERED
from features.events.trust import OURSELVES, is_followed, is_for_crm, is_public, public_traits
from features.home.numbers import number


class BehaviourMatches:
    """One row per event and behaviour that it matches: (row of the event, position of the behaviour, minutes)."""

    def __init__(self) -> None:
        self._rows, self._behaviours, self._minutes = array("q"), array("q"), array("d")

    def extend(self, matches: Sequence[tuple[int, int, float]]) -> None:
        """Add matches."""
        if matches:
            rows, behaviours, minutes = zip(*matches, strict=True)
            self._rows.extend(rows)
            self._behaviours.extend(behaviours)
            self._minutes.extend(minutes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, int, float]]:
        return zip(self._rows, self._behaviours, self._minutes, strict=True)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        """The matches as three columns; a row's number is exact as a float."""
        columns = [np.array(column, dtype=np.float64) for column in (self._rows, self._behaviours, self._minutes)]
        return np.stack(columns, axis=1).astype(dtype or np.float64)


class PageLeaves:
    """One row per event that says how long a page was read: (row of the event, page_view_id, minutes)."""

    def __init__(self) -> None:
        self._rows, self._views, self._minutes = array("q"), TextColumn(), array("d")

    def extend(self, leaves: Sequence[tuple[int, str, float]]) -> None:
        """Add leaves."""
        if leaves:
            rows, views, minutes = zip(*leaves, strict=True)
            self._rows.extend(rows)
            self._views.extend(views)
            self._minutes.extend(minutes)

    def rows(self) -> Ints:
        return np.array(self._rows, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, str, float]]:
        return zip(self._rows, self._views, self._minutes, strict=True)


MOST_DECISIONS = 10_000  # decisions kept for each event name: sites have few paths, but a hostile sender invents many

# For each behaviour that an event matches, its position and the name of the property with its minutes.
MatchedBehaviours = tuple[tuple[int, str | None], ...]


class BehaviourMatcher:
    """Finds the behaviours of an agreement that an event matches, as `Behaviour.matches` decides.

    It keeps its decisions: a site has few different paths, so most events were decided before.
    """

    def __init__(self, behaviours: Iterable[Behaviour]) -> None:
        by_name: dict[str, list[tuple[int, Behaviour]]] = {}
        for position, behaviour in enumerate(behaviours):
            by_name.setdefault(behaviour.event, []).append((position, behaviour))
        by_name.setdefault("screen", by_name.get("page", []))
        self._names = {name: _NameMatcher(name, found) for name, found in by_name.items()}

    def matches(
        self, name: str, type: str, properties: Mapping[str, Any], context: Mapping[str, Any]
    ) -> MatchedBehaviours:
        """The behaviours that an event of this name and Segment type matches, in the order of the agreement."""
        matcher = self._names.get(name)
        return matcher.matches(type, properties, context) if matcher else ()


class _NameMatcher:
    """The behaviours that events of one name can match."""

    def __init__(self, name: str, behaviours: list[tuple[int, Behaviour]]) -> None:
        self._name, self._behaviours = name, behaviours
        # All that `matches` looks at, beside the name and the type.
        self._keys = tuple(dict.fromkeys(key for _, behaviour in behaviours for key in behaviour.where))
        self._decisions: dict[tuple[str | None, ...], MatchedBehaviours] = {}

    def matches(self, type: str, properties: Mapping[str, Any], context: Mapping[str, Any]) -> MatchedBehaviours:
        asked = (type, *[property_text(key, self._name, properties, context) for key in self._keys])
        decided = self._decisions.get(asked)
        if decided is None:
            if len(self._decisions) >= MOST_DECISIONS:
                self._decisions.clear()
            decided = self._decisions[asked] = tuple(
                (position, behaviour.minutes)
                for position, behaviour in self._behaviours
                if behaviour.matches(self._name, type, properties, context)
            )
        return decided


HISTORY_KEPT = "History Kept"  # the event with the retained totals of events that were deleted for their age
LEFT = "Page Left"
SURVEY, STATUS = "Survey Answered", "Lead Status Changed"
UNLOADED = "Page Unloaded"  # what RudderStack's browser client calls it, with properties and an id of its own
LONGEST_OPEN = 30.0  # minutes: it tells how long a page was open, and nobody reads one over lunch


@dataclass
class EventTable:
    """One row per event in the order of the ledger, as columns; and lists for what only some events say.

    matches: (row, behaviour position, minutes). views: page_view_id of the page views that match a behaviour or say how
    long they lasted, by row. leaves: (row, page_view_id, minutes). touches: (row, source, campaign). traits: (row,
    traits of an identify or group). previous: (row, previousId). crm: (row, name, properties). mails: (row, name, mail
    id). links: what a click was on, by row. agents: (row, user agent). objections: (row, whether it objects to
    profiling). retained_totals: (row, what events came to that were deleted for their age). answered: (row, properties)
    of calls that the lead answered, where somebody of ours says so. undos: (row, messageId of the feedback that it
    takes back). feedback: the row of each feedback, by messageId.

    In crm, a feedback stands as itself and as the reject, the loss or the outcome that it is; a status that says work
    has begun or ended stands as feedback, too.

    What a public key says and only the CRM may say is in none of them; not_followed: the rows of such events.
    """

    event_id: array[int] = field(default_factory=lambda: array("q"))
    type: DictionaryColumn = field(default_factory=DictionaryColumn)
    message_id: TextColumn = field(default_factory=TextColumn)
    user_id: DictionaryColumn = field(default_factory=DictionaryColumn)
    anonymous_id: DictionaryColumn = field(default_factory=DictionaryColumn)
    group_id: DictionaryColumn = field(default_factory=DictionaryColumn)
    occurred: array[int] = field(default_factory=lambda: array("q"))
    recorded: array[int] = field(default_factory=lambda: array("q"))
    flags: DictionaryColumn = field(default_factory=DictionaryColumn)
    matches: BehaviourMatches = field(default_factory=BehaviourMatches)
    views: SparseText = field(default_factory=SparseText)
    leaves: PageLeaves = field(default_factory=PageLeaves)
    touches: list[tuple[int, str, str | None]] = field(default_factory=list)
    traits: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    previous: list[tuple[int, str]] = field(default_factory=list)
    crm: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    not_followed: list[int] = field(default_factory=list)
    mails: list[tuple[int, str, str]] = field(default_factory=list)
    links: dict[int, str] = field(default_factory=dict)
    agents: SparseDictionary = field(default_factory=SparseDictionary)
    objections: list[tuple[int, bool]] = field(default_factory=list)
    retained_totals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    answered: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    undos: list[tuple[int, str]] = field(default_factory=list)
    feedback: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.event_id)

    def recorded_us(self) -> Ints:
        return np.array(self.recorded, dtype=np.int64)

    def occurred_us(self) -> Ints:
        return np.array(self.occurred, dtype=np.int64)

    def is_public(self) -> Bools:
        """Whether each event came by a key that stands in web pages."""
        public = np.array([*map(is_public, self.flags.values), False], dtype=bool)  # no flags, -1, are the last
        return public[self.flags.codes()]


def read_events(chunks: Iterable[Sequence[Any]], agreement: Agreement) -> EventTable:
    """Read events of the ledger into one table, and match them with the behaviours of `agreement`.

    chunks: rows of `tables.events`, as tuples of its columns in their order.
    """
    reader = _Reader(agreement)
    for chunk in chunks:
        if chunk:
            reader.add(chunk)
    return reader.table


class _Reader:
    """Reads events into a table. What many of them say is collected in lists until their chunk is read."""

    def __init__(self, agreement: Agreement) -> None:
        self.table = EventTable()
        self._matcher = BehaviourMatcher(agreement.behaviours.values())
        self._agreement = agreement
        self._outcome, self._privacy = agreement.outcome.event, agreement.privacy
        self._consent = agreement.privacy.consent
        self._telling = {LEFT, UNLOADED, HISTORY_KEPT, self._outcome, self._privacy.objected, self._privacy.allowed}
        self._telling |= SALES_EVENTS | CRM_EVENTS | {CALL_ANSWERED, SURVEY}
        self._matches: list[tuple[int, int, float]] = []
        self._views: list[tuple[int, str]] = []
        self._leaves: list[tuple[int, str, float]] = []
        self._agents: list[tuple[int, str]] = []

    def add(self, chunk: Sequence[Any]) -> None:
        table, row = self.table, len(self.table)
        # By position, and column by column: names of rows and row by row take several times as long.
        ids, sources, messages, types, names, users, visitors, groups, occurred, recorded, flags, bodies = zip(
            *chunk, strict=True
        )
        for column, values in (
            (table.event_id, ids), (table.type, types), (table.message_id, messages), (table.user_id, users),
            (table.anonymous_id, visitors), (table.group_id, groups), (table.occurred, occurred),
            (table.recorded, recorded), (table.flags, flags),
        ):  # fmt: skip
            column.extend(values)
        said = zip(types, names, sources, map(is_public, flags), map(orjson.loads, bodies), strict=True)
        for position, event in zip(count(row), said, strict=False):
            self._add_event(position, *event)
        self._store()

    def _store(self) -> None:
        self.table.matches.extend(self._matches)
        self.table.views.extend(self._views)
        self.table.leaves.extend(self._leaves)
        self.table.agents.extend(self._agents)
        self._matches, self._views, self._leaves, self._agents = [], [], [], []

    def _add_event(self, row: int, kind: str, name: str, source: str, public: bool, body: dict[str, Any]) -> None:
        properties, context = body.get("properties") or {}, body.get("context") or {}
        matches = self._matcher.matches(name, kind, properties, context)
        for position, minutes in matches:
            self._matches.append((row, position, _number(properties.get(minutes)) if minutes else 0.0))
        if kind == "page" or kind == "screen":
            self._view(row, properties, context, bool(matches))
        elif kind == "track":
            if name in self._telling or name.startswith("Email "):
                self._track(row, name, source, public, properties)
                if name == UNLOADED and (view := _tracked_view(context)):
                    told = properties.get("timeOnPage", properties.get("time_on_page"))  # from clients, from warehouses
                    open_for = min(_number(told) / 60_000, LONGEST_OPEN)
                    self._leaves.append((row, view, open_for))
        elif kind == "identify" or kind == "group":
            self._traits(row, public, body.get("traits") or context.get("traits"))
        if "previousId" in body and (previous := identifier_text(body["previousId"])):
            self.table.anonymous_id.number(previous)
            self.table.previous.append((row, previous))
        if context:
            self._context(row, context)

    def _view(self, row: int, properties: dict[str, Any], context: dict[str, Any], is_match: bool) -> None:
        engaged = properties.get("engaged_ms")
        if not is_match and engaged is None:
            return
        view = _text(properties.get("page_view_id")) or _tracked_view(context)
        if engaged is not None:
            view = view or f"row {row}"
            self._leaves.append((row, view, _number(engaged) / 60_000))
        self._views.append((row, view))

    def _traits(self, row: int, public: bool, traits: object) -> None:
        if type(traits) is dict:
            self.table.traits.append((row, public_traits(traits) if public else traits))

    def _context(self, row: int, context: dict[str, Any]) -> None:
        if agent := _text(context.get("userAgent")):
            self._agents.append((row, agent))
        if type(campaign := context.get("campaign")) is dict:
            source, name = _text(campaign.get("source")), _text(campaign.get("name"))
            if source or name:
                self.table.touches.append((row, intern(source or "unknown"), intern(name) if name else None))
        if self._consent and type(consent := context.get("consent")) is dict:
            preferences = consent.get("categoryPreferences")
            allowed = preferences.get(self._consent) if type(preferences) is dict else None
            if isinstance(allowed, bool):
                self.table.objections.append((row, not allowed))

    def _track(self, row: int, name: str, source: str, public: bool, properties: dict[str, Any]) -> None:
        if name == LEFT:
            if view := _text(properties.get("page_view_id")):
                self._leaves.append((row, view, _number(properties.get("engaged_ms")) / 60_000))
        elif is_for_crm(name, self._outcome):
            if is_followed(name, source, self.table.flags[row] or ""):
                self._crm(row, intern(name), properties)
            else:
                self.table.not_followed.append(row)
        elif name == CALL_ANSWERED:
            if not public:
                self.table.answered.append((row, properties))
        elif name == SURVEY:
            if told := answered_trait(properties):
                self._traits(row, public, told)
        elif name.startswith("Email "):
            self._mail(row, name, public, properties)
        if name in (self._privacy.objected, self._privacy.allowed):
            self.table.objections.append((row, name == self._privacy.objected))
        # Only we ourselves may say what deleted events came to.
        if name == HISTORY_KEPT and source == OURSELVES:
            self.table.retained_totals.append((row, properties))

    def _crm(self, row: int, name: str, properties: dict[str, Any]) -> None:
        self.table.crm.append((row, name, properties))
        if name == GIVEN:
            self.table.feedback[self.table.message_id[row]] = row
            if learned := learned_traits(properties):
                self._traits(row, False, learned)
        elif name == UNDONE and (undone := undone_id(properties)):
            self.table.undos.append((row, undone))
        elif name == STATUS:
            said = status_feedback(properties, self._agreement)
            if said is None:
                return
            name, properties = GIVEN, said
            self.table.crm.append((row, name, properties))
        if name == GIVEN:
            meant = feedback_means(properties, self._outcome)
            self.table.crm.extend((row, intern(also), says) for also, says in meant)

    def _mail(self, row: int, name: str, public: bool, properties: dict[str, Any]) -> None:
        mail = _text(properties.get("email_id")) or _text(properties.get("campaign_id"))
        self.table.mails.append((row, intern(name), mail))
        if name == "Email Link Clicked":
            self.table.links[row] = _text(properties.get("link_id")) or _text(properties.get("link_url"))
        if properties.get("sent_by") == "sales":
            # That a mail is not to count may be said by anybody; which record of the CRM the lead is, may not.
            self.table.crm.append((row, "sales mail", {} if public else properties))


def _tracked_view(context: Mapping[str, Any]) -> str:
    """The id that RudderStack's browser client gives to a page view; empty where it gives none."""
    tracked = context.get("autoTrack")
    page = tracked.get("page") if isinstance(tracked, dict) else None
    return _text(page.get("pageViewId")) if isinstance(page, dict) else ""


def _text(value: object) -> str:
    """Text and numbers as text; empty for anything else that may stand there."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _number(value: object) -> float:
    found = value if type(value) is float or type(value) is int else number(value)
    return float(found) if found is not None and 0.0 <= found < 1e9 else 0.0
