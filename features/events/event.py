"""The contract of one event, in the shape of Segment's tracking events: how behaviour, traits and outcomes arrive."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from features.events.other_tools import foreign, other_tool
from features.home.clock import Clock, Flags, occurred_at, recorded_at
from features.home.errors import LeadlightError
from features.home.json_text import json_text, printable

TYPES = frozenset({"track", "page", "screen", "identify", "group", "alias"})
# What clients send where they know nobody: one lead of that name would be everybody. PostHog refuses most of them too.
NOBODY = frozenset({
    "", "null", "none", "nil", "nan", "undefined", "unknown", "anonymous", "anon", "guest", "nobody", "test",
    "n/a", "na", "#n/a", "not set", "(not set)", "(none)", "(null)", "<null>", "[object object]", "not_authenticated",
    "true", "false", "0", "-1", "-", "id", "email", "userid", "user_id", "distinct_id", "distinctid",
    "00000000-0000-0000-0000-000000000000",
})  # fmt: skip
# A template that was sent before anybody filled it in: {{user.id}}, ${id}, {% id %}, <%= id %>, %%id%%, *|ID|*, [[id]].
TEMPLATE = re.compile(
    r"\{\{.*\}\}|[$#]\{.*\}|\{%.*%\}|<%.*%>|%%.+%%|\*\|.+\|\*|\[\[.+\]\]|^\{[\w.]+\}$|^<[\w.]+>$", re.S
)
ASSUMED = "assumed"  # the flag of an event whose record time nobody wrote down
MADE_ID = "made_id"  # the flag of an event whose messageId is made of what it says
LONGEST = {"messageId": 100, "event": 200}
LONGEST_NAME = 255  # of a user, a visitor, a group: PostgreSQL's indexes refuse names of 2,700 bytes
EXACT = 2**53  # floats are whole numbers up to here
# What an event says lies in these; everything else of the envelope has a column of its own.
OBJECTS = ("properties", "traits", "context")
# The rest of an event is kept as it came, also what nobody here has heard of.
COLUMNS = frozenset({
    "type", "event", "messageId", "userId", "anonymousId", "groupId",
    "timestamp", "originalTimestamp", "sentAt", "receivedAt", "writeKey",
})  # fmt: skip
MARKS = frozenset("{<%*[")  # no template lacks one of them, and hardly an id has one
IDENTIFIERS = {
    "userId": "nobody_user_id",
    "anonymousId": "nobody_anonymous_id",
    "previousId": "nobody_previous_id",
    "groupId": "nobody_group_id",
}  # the flag of an event whose field names nobody
# By whom and when an event was sent, not what it says.
TRANSPORT_FIELDS = frozenset({"messageId", "sentAt", "receivedAt", "writeKey"})


class RecordId(str):
    """An id from a column of ids, or from the ledger: a record's own, even where clients mean nobody by it ("0")."""

    __slots__ = ()


ZERO = RecordId("0")  # clients mean nobody by it, and files that count from 0 their first record


class EventRefused(LeadlightError):
    """An event that cannot be used. It is kept aside with its reason and can be replayed."""

    code = "event_refused"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a lead did, or that was said of it.

    occurred_at: when it happened (UTC). recorded_at: when we learned it (UTC). A page read on May 1 whose event came
    with an import on May 9 occurred on May 1 and was recorded on May 9: a score of May 5 does not know of it.
    body: properties, traits, context, previousId and unknown fields, as they came. flags: what intake noticed.
    """

    source: str
    message_id: str
    type: str
    name: str
    user_id: str | None
    anonymous_id: str | None
    group_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    body: dict[str, Any]
    flags: Flags = ()


def event(
    raw: Mapping[str, Any], *, source: str, received_at: datetime, lag: timedelta | None = None, clock: Clock = "file"
) -> Event:
    """Read a Segment-shaped `raw` event; `received_at` stands in for a time that it lacks.

    lag: for history, where a missing receipt does not mean now: it was known so long after it happened, flagged.
    clock: whose clock wrote its times; an event that does not come from a file may lack a messageId.

    Raises EventRefused with a code and one sentence when it has no usable type or identity.
    """
    kind, user_id, anonymous_id = _type_and_ids(raw)
    known_at, flags = recorded_at(raw, received_at, clock)
    happened_at, more = occurred_at(raw, known_at, clock)
    if lag is not None and raw.get("receivedAt") is None:
        known_at, more = min(happened_at + lag, received_at), (*more, ASSUMED)
    if clock != "file" and not raw.get("messageId"):
        raw, more = {**raw, "messageId": made_id(raw, received_at)}, (*more, MADE_ID)
    return Event(
        source=source,
        message_id=_message_id(raw),
        type=kind,
        name=_name(raw, kind),
        user_id=user_id,
        anonymous_id=anonymous_id,
        group_id=_identifier(raw, "groupId") or _identifier(_object(raw.get("context")), "groupId"),
        occurred_at=happened_at,
        recorded_at=known_at,
        body=_body(raw),
        flags=flags + more + _bad_parts(raw) + tuple(_nobodies(raw, user_id, anonymous_id)),
    )


def _type_and_ids(raw: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        _refuse_other_tools(raw)
        types = ", ".join(sorted(TYPES))
        raise EventRefused(f"type {str(kind)[:40]!r} is no event type; send one of {types}", code="bad_type")
    user_id, anonymous_id = _identifier(raw, "userId"), _identifier(raw, "anonymousId")
    if user_id is None and anonymous_id is None:
        _refuse_other_tools(raw)
        raise EventRefused(_without_identity(raw, kind), code="no_identity")
    _identifier(raw, "previousId")
    return kind, user_id, anonymous_id


def _without_identity(raw: Mapping[str, Any], kind: str) -> str:
    given = [field for field in ("userId", "anonymousId") if raw.get(field) not in (None, "")]
    if not given:
        return f"a {kind} event has neither userId nor anonymousId; send one"
    return f"the {' and the '.join(given)} of a {kind} event names nobody; send the id of a lead or visitor"


def identifier_text(value: object) -> str | None:
    """An identifier as text, composed (NFC), or None for one that names nobody ("", "null", "guest", "{{user.id}}").

    A RecordId names somebody unless it is empty.
    """
    if value is None or isinstance(value, (bool, dict, list)):
        return None
    if isinstance(value, float):
        if not abs(value) < EXACT:  # rounded on its way, or no number at all: it would name somebody else
            return None
        value = int(value) if value.is_integer() else value
    text = printable(str(value)).strip()
    if isinstance(value, RecordId) and text:
        return unicodedata.normalize("NFC", text)
    if text.lower() in NOBODY or (not MARKS.isdisjoint(text) and TEMPLATE.search(text)):
        return None
    # "é" is one character or two, by who typed it; it is one name.
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def id_in_column(text: str) -> str | None:
    """The id in a cell of a column of ids, None for one that names nobody; ZERO may be one, as the other ids show."""
    return ZERO if text == ZERO else identifier_text(text)


def made_id(raw: Mapping[str, Any], received_at: datetime) -> str:
    """A messageId for an event without one: the same for the same content, so that a resend adds nothing.

    Two events of one day with the same content and no time of their own are one event.
    """
    content = {key: value for key, value in raw.items() if key not in TRANSPORT_FIELDS}
    if not raw.get("timestamp") and not raw.get("originalTimestamp"):
        content["day"] = received_at.date().isoformat()
    canonical = orjson.dumps(orjson.loads(json_text(content)), option=orjson.OPT_SORT_KEYS)
    return f"made-{hashlib.blake2b(canonical, digest_size=16).hexdigest()}"


def _refuse_other_tools(raw: Mapping[str, Any]) -> None:
    """Raise EventRefused with the name of the tool where an event that cannot be used is of another tool's form."""
    if tool := other_tool(raw):
        raise EventRefused(foreign(tool), code="other_tool")


def _identifier(raw: Mapping[str, Any], field: str) -> str | None:
    value = raw.get(field)
    name = None if value is None else identifier_text(value)
    if name is not None and len(name) > LONGEST_NAME:
        raise EventRefused(f"{field} has {len(name):,} characters; send at most {LONGEST_NAME}", code="bad_identity")
    return name


def _message_id(raw: Mapping[str, Any]) -> str:
    value, most = raw.get("messageId"), LONGEST["messageId"]
    text = "" if value is None else printable(str(value))
    if not text or len(text) > most:
        raise EventRefused(f"messageId has {len(text):,} characters; send 1 to {most}", code="bad_message_id")
    return text


def _name(raw: Mapping[str, Any], kind: str) -> str:
    if kind != "track":
        return kind
    value = raw.get("event")
    name = "" if value is None or isinstance(value, dict | list) else printable(str(value))
    if not name or len(name) > LONGEST["event"]:
        raise EventRefused(f"event has {len(name):,} characters; send 1 to {LONGEST['event']}", code="bad_event_name")
    return name


def _body(raw: Mapping[str, Any]) -> dict[str, Any]:
    # A part that is no object says nothing that could be read; it costs that part, not the event.
    return {
        key: value
        for key, value in raw.items()
        if value is not None and key not in COLUMNS and (key not in OBJECTS or (value and isinstance(value, dict)))
    }


def _bad_parts(raw: Mapping[str, Any]) -> Flags:
    parts = [(part, raw.get(part)) for part in OBJECTS]
    return tuple([f"bad_{part}" for part, value in parts if value and not isinstance(value, dict)])


def _nobodies(raw: Mapping[str, Any], user_id: str | None, anonymous_id: str | None) -> Iterator[str]:
    known = {"userId": user_id, "anonymousId": anonymous_id}
    for field, flag in IDENTIFIERS.items():
        # Clients write null or "" where they mean to say nothing: that is no word for nobody.
        if raw.get(field) in (None, "") or known.get(field) is not None:
            continue
        if identifier_text(raw[field]) is None:
            yield flag


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
