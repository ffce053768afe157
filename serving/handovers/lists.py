"""Lists of handovers: by state, owner, kind, lead, and whether one is overdue, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from features.home import tables
from features.home.clock import microseconds
from serving.handovers.handover import OPEN_STATES, Handover
from serving.handovers.store import handover_in

handovers = tables.handovers


@dataclass(frozen=True)
class HandoverFilter:
    """Which handovers a list shows; None: whatever it is. state "open": any that is open."""

    state: str | None = None
    owner: str | None = None
    overdue: bool | None = None
    kind: str | None = None
    lead_id: str | None = None
    trial: bool | None = None


@dataclass(frozen=True)
class HandoverPlace:
    """Where a page ended: when its last handover was offered, and its id."""

    offered_us: int
    handover_id: str

    @classmethod
    def of(cls, handover: Handover) -> HandoverPlace:
        """The place of a handover in the list."""
        return cls(microseconds(handover.offered_at), handover.handover_id)

    @property
    def cursor(self) -> str:
        return f"{self.offered_us}.{self.handover_id}"

    @classmethod
    def in_cursor(cls, cursor: str) -> HandoverPlace | None:
        """The place that a cursor of ours says; None for any other text."""
        us, _, handover_id = cursor.partition(".")
        is_one = (
            us.isascii() and us.isdecimal() and len(us) < 19 and handover_id.startswith("ho_") and "\0" not in cursor
        )
        return cls(int(us), handover_id) if is_one else None


def handover_list(
    connection: Connection, wanted: HandoverFilter, as_of: datetime, limit: int, before: HandoverPlace | None = None
) -> list[Handover]:
    """The handovers that a filter wants, the newest offered first, after the page that ended at `before`."""
    columns = handovers.c
    rows = select(handovers).where(_wanted(wanted, as_of), _is_after(before))
    newest_first = rows.order_by(columns.offered_us.desc(), columns.handover_id.desc()).limit(limit)
    return [handover_in(row) for row in connection.execute(newest_first).mappings()]


def _wanted(wanted: HandoverFilter, as_of: datetime) -> ColumnElement[bool]:
    columns = handovers.c
    plain = {columns.owner: wanted.owner, columns.kind: wanted.kind, columns.lead_id: wanted.lead_id}
    tests: list[ColumnElement[bool]] = [column == value for column, value in plain.items() if value is not None]
    if wanted.state == "open":
        tests.append(tables.IS_OPEN)
    elif wanted.state:
        tests.append(columns.state == wanted.state)
    if wanted.trial is not None:
        tests.append(columns.is_trial.is_(wanted.trial))
    if wanted.overdue is not None:
        is_overdue = tables.IS_OPEN & columns.runs_out_us.is_not(None) & (columns.runs_out_us <= microseconds(as_of))
        tests.append(is_overdue if wanted.overdue else ~is_overdue)
    return and_(true(), *tests)


def _is_after(before: HandoverPlace | None) -> ColumnElement[bool]:
    if before is None:
        return true()
    columns = handovers.c
    same = (columns.offered_us == before.offered_us) & (columns.handover_id < before.handover_id)
    return or_(columns.offered_us < before.offered_us, same)


STATES_OF_LISTS = ("open", *OPEN_STATES, "converted", "lost", "rejected", "recycled", "redirected", "withdrawn")
