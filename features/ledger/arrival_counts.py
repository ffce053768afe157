"""What arrives, counted by the database: by source and name, and by behaviour in windows of a day."""

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

DAYS = 56  # windows looked back: eight of each weekday
PAGES = ("page", "screen")

Watched = Mapping[str, Sequence[Behaviour]]  # the behaviours that an event of each name can be


class Named(NamedTuple):
    """Events of one source, type, name and set of flags: how many, and since when, until when."""

    source: str
    type: str
    name: str
    flags: str
    events: int
    first_us: int
    recorded_us: int


class Stream(NamedTuple):
    """One behaviour as one source sends it."""

    behaviour: str
    source: str


@dataclass(frozen=True)
class Arrivals:
    """What came of each behaviour from each source.

    windows: how many in each of the last `DAYS` times 24 hours, the newest first. last_us: when the last happened.
    unmatched: (event, what its properties say): how many events that a behaviour would count, said they something else.
    """

    windows: Mapping[Stream, Sequence[int]]
    last_us: Mapping[Stream, int]
    unmatched: Mapping[tuple[str, str], int]


def named(connection: Connection) -> list[Named]:
    """Everything that the ledger holds, by source, type, name and flags; one pass over the table."""
    columns = tables.events.c
    groups = (columns.source, columns.type, columns.name, columns.flags)
    counted = (func.count(), func.min(columns.occurred_us), func.max(columns.recorded_us))
    return [Named(*row) for row in connection.execute(select(*groups, *counted).group_by(*groups))]


def arrivals(connection: Connection, agreement: Agreement, until_us: Mapping[str, int]) -> Arrivals:
    """What came in the `DAYS` before `until_us`, which says of each source up to when it was heard."""
    watched = _watched(agreement)
    if not watched or not until_us:
        return Arrivals({}, {}, {})
    windows: dict[Stream, list[int]] = defaultdict(lambda: [0] * DAYS)
    last: Counter[Stream] = Counter()
    unmatched: Counter[tuple[str, str]] = Counter()
    keys = sorted({key for behaviours in watched.values() for one in behaviours for key in one.where})
    for row in connection.execute(_recent(connection, watched, keys, until_us)):
        said = _said(row, keys)
        possible = watched["page" if row.type in PAGES else row.name]
        matching = [one for one in possible if one.matches(row.name, row.type, said, {})]
        for one in matching:
            stream = Stream(one.name, row.source)
            windows[stream][row.window] += row.events
            last[stream] = max(last[stream], row.last_us)
        if not matching and row.type not in PAGES:  # most pages are no behaviour, and nobody means them to be
            unmatched[row.name, _in_words(said)] += row.events
    return Arrivals(windows, last, unmatched)


def _watched(agreement: Agreement) -> Watched:
    found: dict[str, list[Behaviour]] = defaultdict(list)
    for behaviour in agreement.behaviours.values():
        found[behaviour.event].append(behaviour)
    return found


def _recent(connection: Connection, watched: Watched, keys: Sequence[str], until_us: Mapping[str, int]) -> Any:
    """Events that may be a behaviour, grouped by all that decides whether they are."""
    columns = tables.events.c
    until = case(*((columns.source == source, us) for source, us in until_us.items()), else_=0)
    window = ((until - columns.occurred_us) // DAY_US).label("window")
    said = [_value(connection, watched, key).label(f"said_{place}") for place, key in enumerate(keys)]
    groups = [columns.source, columns.type, columns.name, window, *said]
    if "path" in keys:
        groups.append(_address(connection, said[keys.index("path")].element).label("address"))
    recent = columns.recorded_us > min(until_us.values()) - DAYS * DAY_US  # an index has these, however long the ledger
    counted = (func.count().label("events"), func.max(columns.occurred_us).label("last_us"))
    asked = select(*groups, *counted).where(recent, _is_watched(watched), until >= columns.occurred_us)
    return asked.where(until - columns.occurred_us < DAYS * DAY_US).group_by(*groups)


def _is_watched(watched: Watched) -> ColumnElement[bool]:
    columns = tables.events.c
    tracked = columns.name.in_([name for name in watched if name != "page"]) & (columns.type == "track")
    return or_(tracked, columns.type.in_(PAGES)) if "page" in watched else tracked


def _value(connection: Connection, watched: Watched, key: str) -> ColumnElement[Any]:
    """What an event says of `key`, as JSON text, where a behaviour of its name asks for it; a page's own is second."""
    columns = tables.events.c
    asking = [name for name, behaviours in watched.items() if any(key in one.where for one in behaviours)]
    is_asked = or_(columns.name.in_(asking), columns.type.in_(PAGES if "page" in asking else ()))
    found = func.coalesce(_json(connection, "properties", key), _json(connection, "context", "page", key))
    return case((is_asked, found), else_=null())


def _address(connection: Connection, path: ColumnElement[Any]) -> ColumnElement[Any]:
    """A page's address, where it gives no path: only then, since no two addresses may be alike."""
    found = func.coalesce(_json(connection, "properties", "url"), _json(connection, "context", "page", "url"))
    return case((path.is_(None) & tables.events.c.type.in_(PAGES), found), else_=null())


def _json(connection: Connection, *steps: str) -> ColumnElement[Any]:
    """The JSON text of what stands there in an event's body; NULL where there is nothing."""
    body = tables.events.c.body
    if connection.dialect.name == "postgresql":
        found: ColumnElement[Any] = cast(func.jsonb_extract_path(cast(body, JSONB), *steps), Text)
    elif any('"' in step for step in steps):  # such a path cannot be written in SQLite
        return null()
    else:
        found = body.op("->")("$." + ".".join(f'"{step}"' for step in steps))
    return func.nullif(found, "null")


def _said(row: Any, keys: Sequence[str]) -> dict[str, Any]:
    said = {key: row[4 + place] for place, key in enumerate(keys)} | {"url": getattr(row, "address", None)}
    return {key: orjson.loads(text) for key, text in said.items() if text is not None}


def _in_words(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(said.items())) or "nothing that is asked for"
