"""The identifier index: from any identifier to its lead, and which of the leads that a file names are known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, select

from features.arrays import NOT_YET
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import batched, insert_or_update, reading
from features.home.settings import Home
from features.identity.identities import Identities

AT_ONCE = 5_000
LONGEST = 255  # characters: PostgreSQL's indexes refuse longer names, and nobody asks by one

LeadByIdentifier = Mapping[tuple[str, str], str]  # (kind, value) to lead_id


def identifiers_of(resolved: Identities) -> dict[tuple[str, str], str]:
    """The lead id of every identifier (kind, value). A lead has also the ids of the leads that were merged into it."""
    taken_in = {value: lead for (kind, value), lead in resolved.identifiers.items() if kind == "user"}
    stands = (lead for lead, merged in zip(resolved.lead_ids, resolved.merged_us, strict=True) if merged == NOT_YET)
    names = {("lead", value): lead for value, lead in taken_in.items()} | {("lead", lead): lead for lead in stands}
    names |= resolved.identifiers
    return {name: lead for name, lead in names.items() if len(name[1]) <= LONGEST}


def update_index(connection: Connection, names: LeadByIdentifier, leads: Collection[str]) -> None:
    """Make `names` the only identifiers of some leads in the index; those of other leads stay."""
    indexed: dict[tuple[str, str], str] = {}
    for batch in batched(sorted(leads), AT_ONCE):
        rows = connection.execute(select(tables.identities).where(tables.identities.c.lead_id.in_(batch))).all()
        indexed |= {(row.kind, row.value): row.lead_id for row in rows}
    _delete(connection, indexed.keys() - names.keys())
    _write(connection, [(name, lead) for name, lead in names.items() if indexed.get(name) != lead])


def replace_index(connection: Connection, names: LeadByIdentifier, but_of: Collection[str]) -> None:
    """Make `names` the whole index, without touching the identifiers of the leads `but_of`."""
    indexed = {(row.kind, row.value): row.lead_id for row in connection.execute(select(tables.identities))}
    spared = frozenset(but_of)
    _delete(connection, [name for name, lead in indexed.items() if name not in names and lead not in spared])
    # Most are as they were: a whole table written anew would keep other writers waiting.
    _write(connection, [(n, lead) for n, lead in names.items() if indexed.get(n) != lead and lead not in spared])


def _write(connection: Connection, names: Iterable[tuple[tuple[str, str], str]]) -> None:
    rows = [{"kind": kind, "value": value, "lead_id": lead} for (kind, value), lead in sorted(names)]
    insert_or_update(connection, tables.identities, rows)


def _delete(connection: Connection, names: Iterable[tuple[str, str]]) -> None:
    columns = tables.identities.c
    by_kind: dict[str, list[str]] = {}
    for kind, value in names:
        by_kind.setdefault(kind, []).append(value)
    for kind, values in by_kind.items():
        for batch in batched(values, AT_ONCE):
            connection.execute(delete(tables.identities).where(and_(columns.kind == kind, columns.value.in_(batch))))


_ASKED_AT_ONCE = 500  # identifiers in one query: SQLite takes 32,766, but long ones are parsed slowly


def first_event_at(home: Home, leads: Iterable[str]) -> dict[str, datetime]:
    """When the first event of each of `leads` happened; leads without events are left out."""
    events = tables.events.c
    first = select(events.user_id, func.min(events.occurred_us).label("since_us")).group_by(events.user_id)
    found: dict[str, datetime] = {}
    with reading(home) as connection:
        for asked in batched(leads, _ASKED_AT_ONCE):
            rows = connection.execute(first.where(events.user_id.in_(asked)))
            found |= {row.user_id: from_microseconds(row.since_us) for row in rows}
    return found


def leads_by_identifier(home: Home, kind: str, names: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """By identifier of one kind, the lead that it belongs to, and when that lead's first event happened.

    kind: "lead" for lead ids, "email" for normal addresses. Identifiers that nobody has are left out.
    """
    known = tables.identities.c
    found: dict[str, str] = {}
    with reading(home) as connection:
        for asked in batched(names, _ASKED_AT_ONCE):
            named = select(known.value, known.lead_id).where(known.kind == kind, known.value.in_(asked))
            found |= {row.value: row.lead_id for row in connection.execute(named)}
    since = first_event_at(home, set(found.values()))
    return {name: (lead, since[lead]) for name, lead in found.items() if lead in since}
