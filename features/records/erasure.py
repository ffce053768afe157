"""Erasure, the right to be forgotten: removes a lead from everything that holds it, and leaves tombstones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, true, update

from features.agreement.agreement import Agreement
from features.events.event_table import read_events
from features.home import tables
from features.home.clock import microseconds
from features.home.database import batched, truncate_wal, wait_for_writers, writing
from features.home.locks import publisher_lock
from features.home.settings import Home
from features.identity.claims import SHARED, claims_of_shared_addresses
from features.identity.identities import identities
from features.ledger.decision_marks import mark_due
from features.ledger.outbox import enqueue_whole
from features.ledger.tombstones import STALE, IdentifierName, entomb, names_in_event, names_in_row, plain_name
from features.records.erased_decisions import erase_decisions
from features.records.lead_record import LeadRecord, lead_record
from features.records.mentions import replace_mentions
from features.store.builds import all_builds
from features.store.online import StoreGone
from features.store.online_fill import remove_leads
from features.store.publisher import Publisher

AT_ONCE = 5_000  # rows in one statement
IDS = ("user", "anonymous")


@dataclass(frozen=True)
class Erasure:
    """How much an erasure removed. lead_ids: every id that the lead had, for callers that must remove more.

    mentions: events of others in which an address of the lead was replaced.
    """

    events: int
    identifiers: int
    failed_events: int
    mentions: int
    lead_ids: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Figures alone: an answer about an erased lead names nobody."""
        counts = {"events": self.events, "identifiers": self.identifiers, "failed_events": self.failed_events}
        return {"erased": True} | counts | {"mentions": self.mentions}


def erase(home: Home, agreement: Agreement, name: str, now: datetime, only_ids: bool = False) -> Erasure:
    """Erase the lead with this identifier, found as by `lead_record`, from the ledger and the online store at once.

    The files of every build still hold the lead; `features.records.housekeeping` builds new ones within the hour.
    Raises UnknownLead and LeadErased.
    """
    with publisher_lock(home, wait=True):  # a publisher that read the events before could write them after
        gone = erase_from_ledger(home, agreement, name, now, only_ids)
        for build in all_builds(home):
            with suppress(StoreGone):  # a store that is down shows nothing, and its rows go with the build
                remove_leads(build.repository(home), gone.lead_ids)
    Publisher(home).publish()
    truncate_wal(home)
    return gone


def erase_from_ledger(home: Home, agreement: Agreement, name: str, now: datetime, only_ids: bool = False) -> Erasure:
    """Delete a lead's events, identifiers and failed events, and write a tombstone of each identifier, at once.

    It is one transaction. The caller removes what was derived from the events. Raises UnknownLead and LeadErased.
    """
    with writing(home) as connection:
        # Appends wait meanwhile: one that was checked before the tombstones were written must not come after them.
        wait_for_writers(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete=ON")  # or what was deleted stays readable in the file
        found = lead_record(connection, agreement, name, only_ids)
        left = [row for place, row in enumerate(found.rows) if place not in set(found.own)]
        gone = _names_to_erase(found, left, agreement)
        # Events of others that name it go as well: a merge that was undone, an alias.
        about = [row for row in left if names_in_row(row._mapping) & set(map(plain_name, gone))]
        events = [found.rows[place] for place in found.own] + about
        _delete(connection, tables.events.c.event_id, [row.event_id for row in events])
        failed = failed_events_about(connection, gone)
        _delete(connection, tables.failed_events.c.failed_event_id, failed)
        _keep_apart(connection, found, {row.event_id for row in events})
        mentions = replace_mentions(connection, gone)
        # Leads around it are derived again: the traits that its events gave their group are gone.
        around = [row._mapping for row in (*found.rows, *mentions)]
        enqueue_whole(connection, around)
        mark_due(connection, around, in_bulk=True)
        _forget_names(connection, found, gone)
        entomb(connection, gone, microseconds(now))
        connection.execute(update(tables.feature_views).values(last_event_id=STALE))
        ids = sorted({value for kind, value in gone if kind in IDS} | {found.lead_id})
        erase_decisions(connection, ids, microseconds(now))
        return Erasure(len(events), len(gone), len(failed), len(mentions), tuple(ids))


def _names_to_erase(record: LeadRecord, left: Sequence[Any], agreement: Agreement) -> set[IdentifierName]:
    """The lead's identifiers that no other lead has: an e-mail address that two leads share stays the other's."""
    others = set(identities(read_events([list(left)], agreement)).identifiers) if left else set()
    others |= {("user", row.user_id) for row in left} | {("anonymous", row.anonymous_id) for row in left}
    kept = set(map(plain_name, others))
    return {name for name in record.names if plain_name(name) not in kept}


def _keep_apart(connection: Connection, record: LeadRecord, erased: Collection[int]) -> None:
    """Flag what those who are left say of an address that too many shared: fewer of them would be one lead by it.

    erased: the ids of the events that go.
    """
    event_id = tables.events.c.event_id
    places = [place for place, row in enumerate(record.rows) if row.event_id in erased]
    for row in map(record.rows.__getitem__, claims_of_shared_addresses(record.table, places)):
        if row.event_id not in erased:
            flags = ",".join(filter(None, (row.flags, SHARED)))
            connection.execute(update(tables.events).where(event_id == row.event_id).values(flags=flags))


def _delete(connection: Connection, column: Any, ids: Sequence[int]) -> None:
    for batch in batched(ids, AT_ONCE):
        connection.execute(delete(column.table).where(column.in_(batch)))


def failed_events_about(connection: Connection, gone: Collection[IdentifierName]) -> list[int]:
    """The ids of failed events with one of these identifiers, and of unreadable ones that hold its text.

    For an erasure: an event of another lead that is deleted as well does less harm than one of this lead that stays.
    `failed_events_naming` gives those that may be shown to the lead.
    """
    return [id for id, names in _failed_with(connection, gone) if names is None or names & _plain_names(gone)]


def failed_events_naming(connection: Connection, asked: Collection[IdentifierName]) -> list[int]:
    """The ids of failed events with one of these identifiers; unreadable ones may be of others, and are left out."""
    return [failed_id for failed_id, names in _failed_with(connection, asked) if names and names & _plain_names(asked)]


def _plain_names(gone: Collection[IdentifierName]) -> set[IdentifierName]:
    return set(map(plain_name, gone))


def _failed_with(
    connection: Connection, asked: Collection[IdentifierName]
) -> Iterator[tuple[int, set[IdentifierName] | None]]:
    """Failed events that hold the text of an identifier, each with its identifiers; None for an unreadable event."""
    columns = tables.failed_events.c
    if not asked:
        return
    may_hold = or_(*(_may_hold(columns.raw, _as_json(value)) for _, value in sorted(asked)))
    for row in connection.execute(select(columns.failed_event_id, columns.raw).where(may_hold)):
        raw = orjson.loads(row.raw)
        yield row.failed_event_id, names_in_event(raw) if isinstance(raw, dict) else None


def _may_hold(column: Any, text: str) -> ColumnElement[bool]:
    # SQLite ignores case in ASCII alone: for other texts every failed event is read.
    return column.icontains(text, autoescape=True) if text.isascii() else true()


def _as_json(value: str) -> str:
    return orjson.dumps(value).decode()[1:-1]


def _forget_names(connection: Connection, record: LeadRecord, gone: set[IdentifierName]) -> None:
    links, known = tables.links.c, tables.identities.c
    ids = [value for kind, value in sorted(gone) if kind in IDS]
    connection.execute(delete(tables.links).where(or_(links.user_id.in_(ids), _any(links, gone))))
    connection.execute(delete(tables.identities).where(or_(known.lead_id == record.lead_id, _any(known, gone))))
    for waiting in (tables.online_pending, tables.decisions_due):
        connection.execute(delete(waiting).where(_any(waiting.c, gone)))
    answers = tables.idempotency_keys
    connection.execute(delete(answers).where(answers.c.lead_id.in_([*ids, record.lead_id])))


def _any(columns: Any, gone: set[IdentifierName]) -> ColumnElement[bool]:
    """Whether a row is of one of the identifiers; a user id in one event may be an anonymous id in another."""
    ids = [value for kind, value in sorted(gone) if kind in IDS]
    keys = [and_(columns.kind == kind, columns.value == value) for kind, value in sorted(gone) if kind not in IDS]
    return or_(and_(columns.kind.in_((*IDS, "lead")), columns.value.in_(ids)), *keys)
