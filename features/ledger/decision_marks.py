"""Decision marks: identifiers with events after which their leads are not decided yet, written with the events.

They are the table `decisions_due`, apart from the outbox: decisions go on while the online store is down, and before
there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from features.home import tables
from features.home.database import batched, insert_or_update, reading
from features.home.settings import Home
from features.identity.claims import ANONYMOUS, USER
from features.identity.components import GROUP, Identifier, Row
from features.ledger.outbox import reached_by

AT_ONCE = 5_000  # values in one statement
_DUE = tables.decisions_due.c


class Mark(NamedTuple):
    """One identifier that is due: how often senders asked, and files and our own upkeep; `event_id` is the newest."""

    event_id: int
    live: int
    in_bulk: int


Marks = Mapping[Identifier, Mark]


def mark_due(connection: Connection, rows: Iterable[Row], in_bulk: bool = False) -> None:
    """Mark the identifiers of some events, in the transaction that appends, deletes or changes these.

    in_bulk: events of a file or of our own upkeep, which the sweep decides on when it comes to it; no sender waits.
    rows: as in `tables.events`, with their event ids.
    """
    ordered = sorted(reached_by(rows).items())  # one order for all writers, or two of them could wait for each other
    asked = {"live": int(not in_bulk), "in_bulk": int(in_bulk)}
    marks = [asked | {"kind": kind, "value": value, "event_id": newest} for (kind, value), newest in ordered]
    insert_or_update(connection, tables.decisions_due, marks, added=("live", "in_bulk"))


def is_decision_due(home: Home, in_bulk: bool = False) -> bool:
    """Whether events wait for their decision; those that came in bulk count only with `in_bulk`."""
    which = select(_DUE.event_id).limit(1)
    with reading(home) as connection:
        return connection.execute(which if in_bulk else which.where(_DUE.live > 0)).first() is not None


def count_due(connection: Connection) -> int:
    """How many identifiers wait for their decision."""
    return int(connection.scalar(select(func.count()).select_from(tables.decisions_due)) or 0)


def oldest_marks(connection: Connection, most: int, in_bulk: bool = False, but: Collection[Identifier] = ()) -> Marks:
    """The marks of the oldest events, up to `most`; those that came in bulk last, and only with `in_bulk`.

    but: identifiers that are left out.
    """
    which = select(tables.decisions_due).order_by(_DUE.event_id).limit(most + len(but))
    found = _marks(connection, which.where(_DUE.live > 0))
    if in_bulk and len(found) < most + len(but):
        found |= _marks(connection, which.where(_DUE.live == 0))
    return {name: found[name] for name in [name for name in found if name not in but][:most]}


def marks_of(connection: Connection, ids: Collection[str], groups: Collection[str] = ()) -> Marks:
    """The marks of some user and anonymous ids, and of some groups."""
    wanted, found = {GROUP: set(groups), USER: set(ids), ANONYMOUS: set(ids)}, dict[Identifier, Mark]()
    kinds = tuple(kind for kind, values in wanted.items() if values)
    for batch in batched(sorted({*ids, *groups}), AT_ONCE):
        found |= _marks(connection, select(tables.decisions_due).where(_DUE.kind.in_(kinds), _DUE.value.in_(batch)))
    return {name: mark for name, mark in found.items() if name[1] in wanted[name[0]]}


def _marks(connection: Connection, which: Any) -> dict[Identifier, Mark]:
    return {(row.kind, row.value): Mark(row.event_id, row.live, row.in_bulk) for row in connection.execute(which)}


def clear_marks(connection: Connection, marks: Marks) -> None:
    """Delete these marks, in the transaction that writes the decisions; one that was renewed since stays."""
    is_unchanged = and_(
        _DUE.kind == bindparam("k"),
        _DUE.value == bindparam("v"),
        _DUE.event_id <= bindparam("e"),
        _DUE.live == bindparam("l"),
        _DUE.in_bulk == bindparam("b"),
    )
    rows = [
        {"k": name[0], "v": name[1], "e": mark.event_id, "l": mark.live, "b": mark.in_bulk}
        for name, mark in sorted(marks.items())  # as writers lock them: no two wait for each other
    ]
    if rows:
        connection.execute(delete(tables.decisions_due).where(is_unchanged), rows)
