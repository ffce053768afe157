"""What the online store does not show yet: pending identifiers, and the events of all that they are tied to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from features import tables
from features.components import Component, Identifier, component, events_of
from features.database import reading
from features.settings import Home

AT_ONCE = 2_000  # identifiers whose events are read at once: memory, not speed


class Unseen(NamedTuple):
    """Identifiers with unseen events, each with the newest of these, and when the ledger's newest was recorded."""

    identifiers: Mapping[Identifier, int]
    newest_us: int

    @classmethod
    def of(cls, connection: Connection) -> Unseen:
        """Everything that is pending in a snapshot of the database."""
        columns = tables.online_pending.c
        rows = connection.execute(select(columns.kind, columns.value, columns.event_id).order_by(columns.event_id))
        identifiers = {(row.kind, row.value): row.event_id for row in rows}
        return cls(identifiers, int(connection.scalar(select(func.max(tables.events.c.recorded_us))) or 0))

    def parts(self, connection: Connection) -> Iterator[tuple[frozenset[str], list[Any]]]:
        """Ids, and the events of all that they are tied to, some components at a time; no id in two of the parts."""
        done: set[str] = set()
        waiting = list(self.identifiers)
        for start in range(0, len(waiting), AT_ONCE):
            found = component(connection, waiting[start : start + AT_ONCE])
            # Components are closed: of one that was read before, nothing is left here.
            fresh = Component(found.ids - done, found.groups)
            done |= fresh.ids
            if fresh.ids:
                yield fresh.ids, events_of(connection, fresh)

    def shown(self, connection: Connection) -> None:
        """Note that the online store shows these events, but for those that came since."""
        columns = tables.online_pending.c
        is_it = and_(columns.kind == bindparam("k"), columns.value == bindparam("v"), columns.event_id <= bindparam("e"))
        rows = [{"k": kind, "v": value, "e": event_id} for (kind, value), event_id in self.identifiers.items()]
        connection.execute(delete(tables.online_pending).where(is_it), rows)


def is_anything_unseen(home: Home) -> bool:
    """Whether any lead has events that the online store does not show yet."""
    with reading(home) as connection:
        return connection.execute(select(tables.online_pending.c.kind).limit(1)).first() is not None
