"""Which leads that a file names are known here, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from sqlalchemy import func, select

from features import tables
from features.clocks import from_microseconds
from features.database import reading
from features.settings import Home

_ASKED_AT_ONCE = 500  # names in one query: SQLite takes 32,766, but long ones are parsed slowly


def known_since(home: Home, leads: Iterable[str]) -> dict[str, datetime]:
    """When the first event of each of `leads` happened; those without any are left out."""
    events, pending = tables.events.c, iter(leads)
    first = select(events.user_id, func.min(events.occurred_us).label("since_us")).group_by(events.user_id)
    found: dict[str, datetime] = {}
    with reading(home) as connection:
        while asked := list(islice(pending, _ASKED_AT_ONCE)):
            rows = connection.execute(first.where(events.user_id.in_(asked)))
            found |= {row.user_id: from_microseconds(row.since_us) for row in rows}
    return found


def leads_named(home: Home, kind: str, names: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """The lead that goes by each of these names, and since when it is known.

    kind: "lead" for ids, "email" for normalised addresses.
    """
    known, pending = tables.identities.c, iter(names)
    found: dict[str, str] = {}
    with reading(home) as connection:
        while asked := list(islice(pending, _ASKED_AT_ONCE)):
            named = select(known.value, known.lead_id).where(known.kind == kind, known.value.in_(asked))
            found |= {row.value: row.lead_id for row in connection.execute(named)}
    since = known_since(home, set(found.values()))
    return {name: (lead, since[lead]) for name, lead in found.items() if lead in since}
