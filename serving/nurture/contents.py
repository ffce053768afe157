"""Contents of ours that the agreement lists, held against what the events of a home name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

import orjson
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.home import tables

NAMES = ("Content Downloaded", "Webinar Registered", "Webinar Attended", "Email Sent", "page")


def unknown_contents(connection: Connection, agreement: Agreement) -> Iterator[str]:
    """A sentence for each content of the agreement that no event ever named: it may be spelled otherwise there."""
    if not agreement.content:
        return
    seen = _seen(connection)
    for name in agreement.content:
        if name not in seen:
            near = get_close_matches(name, [known for known, _ in seen.most_common()], n=1)
            remedy = f'did you mean "{near[0]}"?' if near else "write the content_id that your events have"
            yield f'content "{name}" is in none of {seen.total():,} events that name a content_id; {remedy}'


def _seen(connection: Connection) -> Counter[str]:
    """How often each content_id is named; webinars have one of their own."""
    events, found = tables.events.c, Counter[str]()
    telling = events.name.in_(NAMES) & (events.body.contains('"content_id"') | events.body.contains('"webinar_id"'))
    for body in connection.scalars(select(events.body).where(telling)):
        said = orjson.loads(body).get("properties")
        for key in ("content_id", "webinar_id") if isinstance(said, dict) else ():
            if isinstance(said.get(key), str | int):
                found[str(said[key])] += 1
    return found
