"""The outbox: identifiers with events that the online store does not show yet, written with the events, then cleared.

It is the table `online_pending`. One row per identifier: a user id, an anonymous id or a group id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from features.home import tables
from features.home.database import batched, insert_or_update, is_any_row
from features.home.settings import Home
from features.identity.claims import ANONYMOUS, USER
from features.identity.components import GROUP, Component, Identifier, Row, component, events_of, links_of, record_links


def enqueue(connection: Connection, rows: Sequence[Row]) -> None:
    """Record the links that new live events claim, and put the identifiers of these events into the outbox.

    The caller does so in the transaction that appends the events, so that none is forgotten.
    rows: as in `tables.events`, with their event ids.
    """
    record_links(connection, rows)
    _write_pending(connection, reached_by(rows), is_whole=False)


def enqueue_whole(connection: Connection, rows: Sequence[Row]) -> None:
    """Put the identifiers of some events, and their groups, into the outbox to be written whole.

    For events that were deleted or changed. To write whole is to write every state of a lead or account anew: what the
    online store shows of them is wrong, so adding what is new would not mend it.
    """
    accounts = [(GROUP, value) for row in rows for kind, value, _ in links_of(row) if kind == GROUP]
    newest = max((row["event_id"] for row in rows), default=0)
    _write_pending(connection, {**reached_by(rows), **dict.fromkeys(accounts, newest)}, is_whole=True)


def enqueue_since(connection: Connection, event_id: int) -> set[Identifier]:
    """Put the identifiers of all events after `event_id` into the outbox to be written whole; these identifiers."""
    rows = connection.execute(select(tables.events).where(tables.events.c.event_id > event_id))
    newest = reached_by(cast(Iterable[Row], rows.mappings()))
    _write_pending(connection, newest, is_whole=True)
    return set(newest)


def _write_pending(connection: Connection, newest: Mapping[Identifier, int], is_whole: bool) -> None:
    """is_whole: what the online store shows of them may be wrong, and not only behind."""
    if newest:
        ordered = sorted(newest.items())  # one order for all writers, or two of them could wait for each other
        shared = {"whole": int(is_whole)}
        reached = [shared | {"kind": kind, "value": value, "event_id": event_id} for (kind, value), event_id in ordered]
        insert_or_update(connection, tables.online_pending, reached, added=("whole",))


def reached_by(rows: Iterable[Row]) -> dict[Identifier, int]:
    """The identifiers of some events, each with the id of its newest event."""
    newest: dict[Identifier, int] = {}
    for row in rows:
        for identifier in _reached(row):
            newest[identifier] = max(newest.get(identifier, 0), row["event_id"])
    return newest


def _reached(row: Row) -> Iterator[Identifier]:
    if row["user_id"] is not None:
        yield USER, row["user_id"]
    elif row["anonymous_id"] is not None:
        yield ANONYMOUS, row["anonymous_id"]
    # Traits of a group are traits of each of its members.
    if row["type"] == "group" and row["group_id"] is not None and '"traits"' in row["body"]:
        yield GROUP, row["group_id"]


AT_ONCE = 2_000  # identifiers whose events are read at once: memory, not speed


class OutboxBatch(NamedTuple):
    """Some identifiers of the outbox, and the events of their components.

    ids: all ids of these components. is_whole: what the online store shows of some may be wrong, and not only behind.
    """

    identifiers: Sequence[Identifier]
    ids: frozenset[str]
    events: list[Any]
    is_whole: bool


class Outbox(NamedTuple):
    """All that is in the outbox at one moment.

    identifiers: each with the id of its newest event. whole: those to be written whole, each with how often that was
    asked for. newest_us: when the newest event of the ledger was recorded.
    """

    identifiers: Mapping[Identifier, int]
    whole: Mapping[Identifier, int]
    newest_us: int

    @classmethod
    def read(cls, connection: Connection) -> Outbox:
        """The outbox as this transaction sees it."""
        columns = tables.online_pending.c
        rows = connection.execute(select(tables.online_pending).order_by(columns.event_id)).all()
        identifiers = {(row.kind, row.value): row.event_id for row in rows}
        whole = {(row.kind, row.value): row.whole for row in rows if row.whole}
        return cls(identifiers, whole, int(connection.scalar(select(func.max(tables.events.c.recorded_us))) or 0))

    def batches(self, connection: Connection, at_once: int = AT_ONCE) -> Iterator[OutboxBatch]:
        """The outbox, the components of `at_once` identifiers at a time; no id is in two batches."""
        done: set[str] = set()
        for identifiers in batched(self.identifiers, at_once):
            found = component(connection, identifiers)
            # A component is complete: where an earlier batch had one of its ids, it had all of them.
            fresh = Component(found.ids - done, found.groups)
            done |= fresh.ids
            if fresh.ids:
                is_whole = not self.whole.keys().isdisjoint(identifiers)
                yield OutboxBatch(identifiers, fresh.ids, events_of(connection, fresh), is_whole)

    def without(self, connection: Connection, names: Collection[Identifier]) -> Outbox:
        """The outbox but for these identifiers, which stay in the database, to be written whole later.

        Later events may be shown before theirs: what is new alone would then lack these.
        """
        whole = [{"kind": k, "value": v, "event_id": self.identifiers[k, v], "whole": 1} for k, v in sorted(names)]
        insert_or_update(connection, tables.online_pending, whole, added=("whole",))
        return self._replace(identifiers={name: last for name, last in self.identifiers.items() if name not in names})

    def wrong_accounts(self) -> frozenset[str]:
        """The accounts whose stored states may be wrong."""
        return frozenset(value for kind, value in self.whole if kind == GROUP)

    def clear(self, connection: Connection) -> None:
        """Delete these identifiers from the database, now that the online store shows their events.

        An identifier with an event that came since stays: event 9 of `u7`, where this outbox was read at event 8.
        """
        columns = tables.online_pending.c
        is_unchanged = and_(
            columns.kind == bindparam("k"),
            columns.value == bindparam("v"),
            columns.event_id <= bindparam("e"),
            columns.whole == bindparam("w"),
        )
        rows = [
            {"k": name[0], "v": name[1], "e": event_id, "w": self.whole.get(name, 0)}
            for name, event_id in sorted(self.identifiers.items())  # as writers lock them: no two wait for each other
        ]
        if rows:
            connection.execute(delete(tables.online_pending).where(is_unchanged), rows)


def is_anything_pending(home: Home) -> bool:
    """Whether any lead has events that the online store does not show yet."""
    return is_any_row(home, tables.online_pending.name)
