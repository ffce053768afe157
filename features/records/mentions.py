"""Mentions: an erased lead's e-mail addresses in what others' events say, found and replaced."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, update

from features.home import tables
from features.home.database import batched
from features.ledger.tombstones import REDACTED, IdentifierName

ERASED_TEXT = "[erased]"
AT_ONCE = 1_000
# An address ends where another sign stands: that of ann is no part of that of joann. "%3D" is "=" within a URL.
BEFORE, AFTER = r"(?:(?<![\w.+%-])|(?<=%[0-9A-Fa-f]{2}))", r"(?![\w-]|\.\w)"


def replace_mentions(connection: Connection, gone: Iterable[IdentifierName]) -> Sequence[Any]:
    """Write "[erased]" in place of these addresses in all events and failed events; the events that were changed.

    Found are addresses as text and as in a URL (`ann%40buyer.example`), in any case: a `referred_by`, a `?e=` in the
    path of a page. Names, phone numbers, and addresses that were hashed or split are not found.
    """
    addresses = sorted({value for _, value in gone if "@" in value})
    if not addresses:
        return []
    written = re.compile(f"{BEFORE}(?:{'|'.join(map(_as_written, addresses))}){AFTER}", re.I)
    failed = tables.failed_events.c
    for row in _holding(connection, (failed.failed_event_id, failed.raw), failed.raw, addresses):
        if written.search(row.raw):
            changed = update(tables.failed_events).where(failed.failed_event_id == row.failed_event_id)
            connection.execute(changed.values(raw=written.sub(ERASED_TEXT, row.raw)))
    events = tables.events.c
    found = [row for row in _holding(connection, events, events.body, addresses) if written.search(row.body)]
    for row in found:
        said = {"body": written.sub(ERASED_TEXT, row.body), "flags": ",".join(filter(None, (row.flags, REDACTED)))}
        connection.execute(update(tables.events).where(events.event_id == row.event_id).values(**said))
    return found


def _as_written(address: str) -> str:
    """A pattern of the address as text, within a URL, and within a URL inside a URL."""
    return "".join(sign if sign.isascii() and sign.isalnum() else _sign(sign) for sign in address)


def _sign(sign: str) -> str:
    spelled = {sign, unicodedata.normalize("NFD", sign)}
    quoted = {quote(one, safe="") if one != "." else "%2E" for one in spelled}
    return f"(?:{'|'.join(map(re.escape, sorted(spelled | quoted | {quote(one) for one in quoted})))})"


def _holding(connection: Connection, columns: Any, text: Any, addresses: Sequence[str]) -> Iterator[Any]:
    """The rows whose text may hold one of the addresses."""
    for some in batched(addresses, AT_ONCE):
        asked = select(*columns).where(or_(*(_may_hold(text, address) for address in some)))
        yield from connection.execute(asked).all()


def _may_hold(text: Any, address: str) -> ColumnElement[bool]:
    # No sign of these parts is ever written otherwise, in a URL or out of it.
    parts = sorted(re.findall(r"[a-z0-9]+", address), key=len)[-3:]
    return and_(true(), *(text.icontains(part) for part in parts))
