"""Arrival counts: events by source and name, and by behaviour in windows of a day, counted by the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Text, case, cast, func, null, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from features.agreement.agreement import Agreement
from features.agreement.learning import Behaviour
from features.arrays import DAY_US
from features.home import tables

DAYS = 56  # windows before a moment: eight of each weekday
PAGES = ("page", "screen")

BehavioursByEvent = Mapping[str, Sequence[Behaviour]]  # the behaviours that an event of each name can be


class EventGroup(NamedTuple):
    """One row per source, type, name and set of flags: how many events, the first occurrence, the newest record."""

    source: str
    type: str
    name: str
    flags: str
    events: int
    first_us: int
    recorded_us: int


class Stream(NamedTuple):
    """One behaviour from one source."""

    behaviour: str
    source: str


@dataclass(frozen=True)
class ArrivalCounts:
    """How many events came of each behaviour from each source.

    windows: how many in each of the last `DAYS` times 24 hours, the newest first. last_us: when the last one occurred.
    unmatched: by event name and its properties in words, how many events have the name of a behaviour's event, but
    properties that the behaviour does not match.
    """

    windows: Mapping[Stream, Sequence[int]]
    last_us: Mapping[Stream, int]
    unmatched: Mapping[tuple[str, str], int]


def event_groups(connection: Connection) -> list[EventGroup]:
    """All events of the ledger in groups of one source, type, name and set of flags; it reads the table once."""
    columns = tables.events.c
    groups = (columns.source, columns.type, columns.name, columns.flags)
    counted = (func.count(), func.min(columns.occurred_us), func.max(columns.recorded_us))
    return [EventGroup(*row) for row in connection.execute(select(*groups, *counted).group_by(*groups))]


def arrival_counts(connection: Connection, agreement: Agreement, until_us: dict[str, int]) -> ArrivalCounts:
    """What came in the `DAYS` before `until_us`, which gives for each source the end of its last window."""
    watched = _behaviours_by_event(agreement)
    if not watched or not until_us:
        return ArrivalCounts({}, {}, {})
    windows: dict[Stream, list[int]] = defaultdict(lambda: [0] * DAYS)
    last: Counter[Stream] = Counter()
    unmatched: Counter[tuple[str, str]] = Counter()
    keys = sorted({key for behaviours in watched.values() for one in behaviours for key in one.where})
    for row in connection.execute(_recent(connection, watched, keys, until_us)):
        properties = _property_values(row, keys)
        possible = watched["page" if row.type in PAGES else row.name]
        matching = [one for one in possible if one.matches(row.name, row.type, properties, {})]
        for one in matching:
            stream = Stream(one.name, row.source)
            windows[stream][row.window] += row.events
            last[stream] = max(last[stream], row.last_us)
        if not matching and row.type not in PAGES:  # most pages are no behaviour, and nobody means them to be
            unmatched[row.name, _in_words(properties)] += row.events
    return ArrivalCounts(windows, last, unmatched)


def _behaviours_by_event(agreement: Agreement) -> BehavioursByEvent:
    found: dict[str, list[Behaviour]] = defaultdict(list)
    for behaviour in agreement.behaviours.values():
        found[behaviour.event].append(behaviour)
    return found


def _recent(connection: Connection, watched: BehavioursByEvent, keys: Sequence[str], until_us: dict[str, int]) -> Any:
    """Events that a behaviour may match, grouped by everything that decides whether it does."""
    columns = tables.events.c
    until = case(*((columns.source == source, us) for source, us in until_us.items()), else_=0)
    window = ((until - columns.occurred_us) // DAY_US).label("window")
    values = [_value(connection, watched, key).label(f"said_{place}") for place, key in enumerate(keys)]
    groups = [columns.source, columns.type, columns.name, window, *values]
    if "path" in keys:
        groups.append(_address(connection, values[keys.index("path")].element).label("address"))
    recent = columns.recorded_us > min(until_us.values()) - DAYS * DAY_US  # an index has these, however long the ledger
    counted = (func.count().label("events"), func.max(columns.occurred_us).label("last_us"))
    asked = select(*groups, *counted).where(recent, _is_watched(watched), until >= columns.occurred_us)
    return asked.where(until - columns.occurred_us < DAYS * DAY_US).group_by(*groups)


def _is_watched(watched: BehavioursByEvent) -> ColumnElement[bool]:
    columns = tables.events.c
    tracked = columns.name.in_([name for name in watched if name != "page"]) & (columns.type == "track")
    return or_(tracked, columns.type.in_(PAGES)) if "page" in watched else tracked


def _value(connection: Connection, watched: BehavioursByEvent, key: str) -> ColumnElement[Any]:
    """An event's property `key` as JSON text, where a behaviour of its name asks for it; else that of its page."""
    columns = tables.events.c
    asking = [name for name, behaviours in watched.items() if any(key in one.where for one in behaviours)]
    is_asked = or_(columns.name.in_(asking), columns.type.in_(PAGES if "page" in asking else ()))
    found = func.coalesce(_json(connection, "properties", key), _json(connection, "context", "page", key))
    return case((is_asked, found), else_=null())


def _address(connection: Connection, path: ColumnElement[Any]) -> ColumnElement[Any]:
    """The URL of a page event without a path; else NULL, since each URL may be another and would make its own group."""
    found = func.coalesce(_json(connection, "properties", "url"), _json(connection, "context", "page", "url"))
    return case((path.is_(None) & tables.events.c.type.in_(PAGES), found), else_=null())


def _json(connection: Connection, *steps: str) -> ColumnElement[Any]:
    """The JSON text of the value at a path in an event's body; NULL where there is none."""
    body = tables.events.c.body
    if connection.dialect.name == "postgresql":
        found: ColumnElement[Any] = cast(func.jsonb_extract_path(cast(body, JSONB), *steps), Text)
    elif any('"' in step for step in steps):  # such a path cannot be written in SQLite
        return null()
    else:
        found = body.op("->")("$." + ".".join(f'"{step}"' for step in steps))
    return func.nullif(found, "null")


def _property_values(row: Any, keys: Sequence[str]) -> dict[str, Any]:
    texts = {key: row[4 + place] for place, key in enumerate(keys)} | {"url": getattr(row, "address", None)}
    return {key: orjson.loads(text) for key, text in texts.items() if text is not None}


def _in_words(properties: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(properties.items())) or "nothing that is asked for"
