"""The outbox: identifiers whose newest events the online store does not show yet, written with the events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from features.home import tables
from features.home.database import insert_or_update, is_any_row
from features.home.settings import Home
from features.identity.claims import ANONYMOUS, USER
from features.identity.components import GROUP, Component, Identifier, Row, component, events_of, links_of, note_links


def note(connection: Connection, rows: Sequence[Row]) -> None:
    """Say that live events came, inside the transaction that appends them: what they tie, and who has unseen ones.

    rows: as in `tables.events`, with their event ids.
    """
    note_links(connection, rows)
    _pend(connection, _reached_by(rows), is_whole=False)


def pend(connection: Connection, rows: Sequence[Row]) -> None:
    """Note that what the online store shows of those whom some events reach is wrong, as when the events are gone.

    It is written whole, and so is what it shows of their accounts.
    """
    accounts = [(GROUP, value) for row in rows for kind, value, _ in links_of(row) if kind == GROUP]
    newest = max((row["event_id"] for row in rows), default=0)
    _pend(connection, {**_reached_by(rows), **dict.fromkeys(accounts, newest)}, is_whole=True)


def pend_since(connection: Connection, event_id: int) -> set[Identifier]:
    """Note that whom the events after `event_id` reach is to be written whole; these identifiers."""
    rows = connection.execute(select(tables.events).where(tables.events.c.event_id > event_id))
    newest = _reached_by(cast(Iterable[Row], rows.mappings()))
    _pend(connection, newest, is_whole=True)
    return set(newest)


def _pend(connection: Connection, newest: Mapping[Identifier, int], is_whole: bool) -> None:
    """is_whole: what the online store shows may be wrong in more than lacking what is new."""
    if newest:
        ordered = sorted(newest.items())  # one order for all writers, or two of them could wait for each other
        shared = {"whole": int(is_whole)}
        reached = [shared | {"kind": kind, "value": value, "event_id": event_id} for (kind, value), event_id in ordered]
        insert_or_update(connection, tables.online_pending, reached, added=("whole",))


def _reached_by(rows: Iterable[Row]) -> dict[Identifier, int]:
    """Whom some events reach, and the newest of these."""
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
    # What is said of a group is said of all of its members.
    if row["type"] == "group" and row["group_id"] is not None and '"traits"' in row["body"]:
        yield GROUP, row["group_id"]


AT_ONCE = 2_000  # identifiers whose events are read at once: memory, not speed


class Part(NamedTuple):
    """Some pending identifiers, the ids of all that they are tied to, and the events of these.

    is_whole: more may be wrong with what is shown of them than that it lacks what is new.
    """

    identifiers: Sequence[Identifier]
    ids: frozenset[str]
    events: list[Any]
    is_whole: bool


class Unseen(NamedTuple):
    """Identifiers with unseen events, each with the newest of these, and when the ledger's newest was recorded.

    whole: those of which the online store may show more that is wrong than that it lacks what is new.
    """

    identifiers: Mapping[Identifier, int]
    whole: Mapping[Identifier, int]
    newest_us: int

    @classmethod
    def of(cls, connection: Connection) -> Unseen:
        """Everything that is pending in a snapshot of the database."""
        columns = tables.online_pending.c
        rows = connection.execute(select(tables.online_pending).order_by(columns.event_id)).all()
        identifiers = {(row.kind, row.value): row.event_id for row in rows}
        whole = {(row.kind, row.value): row.whole for row in rows if row.whole}
        return cls(identifiers, whole, int(connection.scalar(select(func.max(tables.events.c.recorded_us))) or 0))

    def parts(self, connection: Connection, at_once: int = AT_ONCE) -> Iterator[Part]:
        """All of them, some components at a time; no id is in two of the parts."""
        done: set[str] = set()
        waiting = list(self.identifiers)
        for start in range(0, len(waiting), at_once):
            some = waiting[start : start + at_once]
            found = component(connection, some)
            # Components are closed: of one that was read before, nothing is left here.
            fresh = Component(found.ids - done, found.groups)
            done |= fresh.ids
            if fresh.ids:
                is_whole = not self.whole.keys().isdisjoint(some)
                yield Part(some, fresh.ids, events_of(connection, fresh), is_whole)

    def left(self, connection: Connection, names: Collection[Identifier]) -> Unseen:
        """All but these, which stay pending, and are written whole once they can be: time goes on without them."""
        whole = [{"kind": k, "value": v, "event_id": self.identifiers[k, v], "whole": 1} for k, v in sorted(names)]
        insert_or_update(connection, tables.online_pending, whole, added=("whole",))
        return self._replace(identifiers={name: last for name, last in self.identifiers.items() if name not in names})

    def wrong_accounts(self) -> frozenset[str]:
        """Accounts of which what is kept may be wrong."""
        return frozenset(value for kind, value in self.whole if kind == GROUP)

    def shown(self, connection: Connection) -> None:
        """Note that the online store shows these events, but for those that came since."""
        columns = tables.online_pending.c
        is_it = and_(
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
            connection.execute(delete(tables.online_pending).where(is_it), rows)


def is_anything_unseen(home: Home) -> bool:
    """Whether any lead has events that the online store does not show yet."""
    return is_any_row(home, tables.online_pending.name)
