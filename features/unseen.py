"""What the online store does not show yet: pending identifiers, and the events of all that they are tied to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from features import tables
from features.components import GROUP, Component, Identifier, component, events_of
from features.database import is_any_row
from features.many_rows import insert_or_update
from features.settings import Home

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
