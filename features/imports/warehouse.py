"""Segment's and RudderStack's warehouse tables, one per kind of call, read as the events that they were made of.

Columns as their documentation of warehouse schemas names them: id is the messageId, event_text the name of a track
call, context.campaign.source is context_campaign_source; properties and traits are columns of their own. `tracks` rolls
up all track calls without their properties, which stand in one table an event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.imports.delimited import FileError

KINDS = {
    "tracks": "track", "pages": "page", "screens": "screen", "identifies": "identify", "groups": "group",
    "aliases": "alias",
}  # fmt: skip
_TIMES = {
    "timestamp": "timestamp", "original_timestamp": "originalTimestamp", "received_at": "receivedAt",
    "sent_at": "sentAt",
}  # fmt: skip
_WHO = {"user_id": "userId", "anonymous_id": "anonymousId"}
_ENVELOPE = _TIMES | _WHO | {"id": "messageId"}
_IDS_OF_KIND = {"group": {"group_id": "groupId"}, "alias": {"previous_id": "previousId"}}
_OF_THE_LOADER = frozenset({"uuid", "uuid_ts", "loaded_at"})
# Parts of a context that are objects: everything else of a context is one value, underscores and all.
_OBJECTS = ("app", "campaign", "device", "library", "location", "network", "os", "page", "screen", "traits")
_VIEW = "auto_track_page_page_view_id"  # by which RudderStack's time on page finds its page view
_CONSENT = "consent_category_preferences_"
_RENAMED = {"user_agent": "userAgent", "group_id": "groupId"}
_NULL = "\\N"  # what PostgreSQL, MySQL and Snowflake unload for nothing


@dataclass(frozen=True)
class WarehouseTable:
    """One warehouse table: the kind of call that its rows were, and the place in the event of each column.

    is_rollup: it is `tracks`, whose events stand with their properties in the tables of their events.
    """

    kind: str
    places: Mapping[str, tuple[str, ...]]
    is_rollup: bool = False

    def event(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The event of one row, without empty values."""
        event: dict[str, Any] = {"type": self.kind}
        for column, value in row.items():
            place = self.places.get(column)
            if place is None or value is None or value == "" or value == _NULL or value != value:
                continue
            inner = event
            for part in place[:-1]:
                found = inner.get(part)
                if not isinstance(found, dict):
                    found = inner[part] = {}
                inner = found
            inner.setdefault(place[-1], value)
        return event


def warehouse_table(columns: Sequence[str], path: Path) -> WarehouseTable | None:
    """The warehouse table that a file with these columns is, None where it is none.

    Raises FileError for a table whose kind neither its columns nor its name tells, and for `users`.
    """
    plain = {column.lower(): column for column in columns}
    if not _is_of_a_warehouse(plain.keys(), path):
        return None
    if not plain.keys() & {*_WHO, "previous_id"}:
        remedy = "give the table identifies instead"
        raise FileError(f"{path.name} holds only the newest traits of each user; {remedy}", code="wrong_table")
    kind = _kind(plain.keys(), path)
    if kind == "track" and not plain.keys() & {"event_text", "event"}:
        raise FileError(f"{path.name} has no column event_text; export it with all its columns", code="wrong_table")
    places = {column: place for name, column in plain.items() if (place := _place_in_event(name, kind, plain.keys()))}
    is_bare = _kind_of_name(path) == "track" or all(place[0] != "properties" for place in places.values())
    return WarehouseTable(kind, places, kind == "track" and is_bare)


def _is_of_a_warehouse(names: Any, path: Path) -> bool:
    if "id" not in names or names & {"message_id", "messageid"} or not names & _TIMES.keys():
        return False
    kind = names & {"event_text", "uuid_ts", "original_timestamp"} or any(name.startswith("context_") for name in names)
    return bool(kind or ("received_at" in names and names & _WHO.keys() and _kind_of_name(path)))


def _kind_of_name(path: Path) -> str | None:
    """The kind of call in the file's name, or in its folder's: warehouses unload a large table as parts in a folder."""
    for name in (path.stem, path.parent.name):
        words = re.split(r"[^a-z]+", name.lower())
        if kind := next((KINDS[word] for word in reversed(words) if word in KINDS), None):
            return kind
    return None


def _kind(names: Any, path: Path) -> str:
    if "event_text" in names:
        return "track"
    if "previous_id" in names:
        return "alias"
    if kind := _kind_of_name(path):
        return kind
    if "group_id" in names:
        return "group"
    if "event" in names:
        return "track"
    if names & {"path", "url"}:
        return "page"
    if "email" in names:
        return "identify"
    problem = "is a warehouse table, but neither its name nor its columns say of which call"
    raise FileError(f"{path.name} {problem}; name it pages, screens or identifies", code="wrong_table")


def _place_in_event(name: str, kind: str, names: Any) -> tuple[str, ...] | None:
    """The place in the event of a column."""
    if name in _OF_THE_LOADER:
        return None
    if kind == "track" and name in ("event", "event_text"):
        # `event` is the table's name, such as signed_up; the name of the call is "Signed Up".
        return ("event",) if name == "event_text" or "event_text" not in names else None
    envelope = _ENVELOPE | _IDS_OF_KIND.get(kind, {})
    if name in envelope:
        return (envelope[name],)
    if name.startswith("context_"):
        return ("context", *_in_context(name.removeprefix("context_")))
    return ("traits" if kind in ("identify", "group") else "properties", name)


def _in_context(name: str) -> tuple[str, ...]:
    if name in _RENAMED:
        return (_RENAMED[name],)
    if name == _VIEW:
        return ("autoTrack", "page", "pageViewId")
    if name.startswith(_CONSENT):
        return ("consent", "categoryPreferences", name.removeprefix(_CONSENT))
    parent, _, child = name.partition("_")
    return (parent, child) if child and parent in _OBJECTS else (name,)
