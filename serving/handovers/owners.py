"""Owners: who gets a handover. The CRM's owner, else who has the company, else whose turn it is by capacity."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.people import Rep, person_key
from features.agreement.working_time import WorkingTime
from features.home import tables
from features.home.clock import microseconds
from features.home.database import insert_or_update, wait_for_writers
from serving.handovers.absences import away_now
from serving.handovers.acts import DueAct
from serving.handovers.clocks import ClockTerms, reassign_at
from serving.handovers.handover import SALES, Handover

loads = tables.rep_loads


@dataclass(frozen=True)
class LeadOwners:
    """What is known of whose a lead is: the CRM's owner of it, and its account."""

    lead_id: str
    crm_owner: str | None = None
    account: str | None = None


class RepLoad(NamedTuple):
    """How many handovers a rep was given on one day of his, and when the last one ever."""

    given: int
    last_us: int


def owner_of(
    connection: Connection, agreement: Agreement, lead: LeadOwners, as_of: datetime, is_inbound: bool = False
) -> str | None:
    """Who gets the lead's handover; None where nobody can, as when everybody's day is full.

    The CRM's owner, where the CRM assigns and he is here; else who has a handover, an opportunity or the customer at
    that company; else the rep with the most room left today. Who asked for us is never held: then a full day counts
    for nothing. Whoever is chosen from the pool is noted, in this transaction: call it once per handover.
    """
    here = _here(connection, agreement, as_of)
    if agreement.people.owner == "crm" and lead.crm_owner and here.is_here(lead.crm_owner):
        return person_key(lead.crm_owner)
    for owner in _owners_at(connection, lead):
        if here.is_here(owner):
            return owner
    return _next_of_pool(connection, agreement, as_of, list(here.reps), is_bound=not is_inbound)


def inside_sales_owner(connection: Connection, agreement: Agreement, as_of: datetime) -> str | None:
    """The next of inside sales to qualify a lead whose answers are missing; None where nobody can."""
    away = away_now(connection, agreement, agreement.people.inside_sales, as_of)
    pool = [person for person in agreement.people.inside_sales if person not in away]
    return _next_of_pool(connection, agreement, as_of, pool, is_bound=True)


def inside_sales_room(connection: Connection, agreement: Agreement, as_of: datetime) -> int:
    """How many more leads inside sales takes today: by `per_day`, of those who are here; 0 outside of office hours.

    Who has no limit takes as many as the backlog gives a day (`catch_up_per_day`).
    """
    if not WorkingTime.of(agreement.people, None, agreement.time_zone).is_open(as_of):
        return 0
    away = away_now(connection, agreement, agreement.people.inside_sales, as_of)
    pool = {person: rep for person, rep in agreement.people.inside_sales.items() if person not in away}
    known = _loads(connection, agreement, list(pool), as_of)
    most = {
        person: agreement.handover.catch_up_per_day if rep.per_day is None else rep.per_day
        for person, rep in pool.items()
    }
    return sum(max(most[person] - known[person].given, 0) for person in pool)


def room_left(connection: Connection, agreement: Agreement, as_of: datetime) -> int | None:
    """How many more leads the reps who are here take today; None where no limit is agreed."""
    here, left = _here(connection, agreement, as_of), 0
    known = _loads(connection, agreement, list(here.reps), as_of)
    for person, rep in here.reps.items():
        if rep.per_day is None:
            return None
        left += max(rep.per_day - known[person].given, 0)
    return left if agreement.people.reps else None


def due_act(connection: Connection, agreement: Agreement, handover: Handover, as_of: datetime) -> DueAct:
    """What is to be done with a handover at which something was due, with its next owner where it is time for one.

    Everybody of the pool has it once; one that asked for us goes round again.
    """
    at = reassign_at(handover, ClockTerms.of(agreement))
    if at is None or at > as_of or handover.queue != SALES:
        return DueAct(as_of)
    had = [owning.owner for owning in handover.owners]
    here = _here(connection, agreement, as_of)
    fresh = [person for person in here.reps if person not in had]
    if fresh:
        return DueAct(as_of, next_owner=_next_of_pool(connection, agreement, as_of, fresh, is_bound=False))
    if not handover.is_inbound:
        return DueAct(as_of, is_pool_used_up=set(agreement.people.reps) <= {*had} and bool(agreement.people.reps))
    again = [person for person in here.reps if person != handover.owner]
    longest_ago = sorted(again, key=lambda person: max(place for place, had_by in enumerate(had) if had_by == person))
    return DueAct(as_of, next_owner=longest_ago[0] if longest_ago else None)


def next_owner(
    connection: Connection, agreement: Agreement, as_of: datetime, but: Collection[str | None] = ()
) -> str | None:
    """Whose turn it is among the reps who are here, but for some; a full day counts for nothing."""
    pool = [person for person in _here(connection, agreement, as_of).reps if person not in but]
    return _next_of_pool(connection, agreement, as_of, pool, is_bound=False)


def note_given(connection: Connection, agreement: Agreement, person: str, as_of: datetime) -> None:
    """Count one more handover for a rep's day."""
    row = {"person": person, "day": _day(agreement, person, as_of), "given": 1, "last_us": microseconds(as_of)}
    insert_or_update(connection, loads, [row], added=("given",))


@dataclass(frozen=True)
class _Here:
    """The reps who are not away now, and who is."""

    reps: dict[str, Rep]
    away: frozenset[str]

    def is_here(self, person: str) -> bool:
        return person_key(person) not in self.away


def _here(connection: Connection, agreement: Agreement, as_of: datetime) -> _Here:
    away = away_now(connection, agreement, agreement.people.reps, as_of)
    reps = {person: rep for person, rep in agreement.people.reps.items() if person not in away}
    return _Here(reps, away)


def _owners_at(connection: Connection, lead: LeadOwners) -> Iterator[str]:
    """Who has a handover, an opportunity or the customer at the lead's company, the newest first."""
    if lead.account is None:
        return
    columns = tables.lead_decisions.c
    is_had = columns.queue.in_(("opportunity_owner", "account_owner")) | columns.handover_id.is_not(None)
    of_account = (columns.account == lead.account) & (columns.lead_id != lead.lead_id) & columns.owner.is_not(None)
    rows = select(columns.owner).where(of_account, is_had).order_by(columns.since_us.desc(), columns.lead_id)
    yield from connection.scalars(rows.limit(20))


def _next_of_pool(
    connection: Connection, agreement: Agreement, as_of: datetime, pool: list[str], is_bound: bool
) -> str | None:
    """The one of the pool whose day is the least full, and of equals who was given nothing for longest; noted."""
    if not pool:
        return None
    wait_for_writers(connection)  # two processes at once would both see the same room
    known = _loads(connection, agreement, pool, as_of)
    rooms = [(_share(agreement, person, known[person]), known[person].last_us, person) for person in pool]
    share, _, person = min(rooms)
    if is_bound and share >= 1:
        return None
    note_given(connection, agreement, person, as_of)
    return person


def _share(agreement: Agreement, person: str, load: RepLoad) -> float:
    """How full a rep's day is: 1 at its limit; without a limit it fills up, but never."""
    rep = agreement.people.rep(person)
    most = rep.per_day if rep else None
    if most is None:
        return load.given / (load.given + 10)
    return load.given / most if most else 1.0


def _loads(connection: Connection, agreement: Agreement, pool: list[str], as_of: datetime) -> dict[str, RepLoad]:
    rows = connection.execute(select(loads).where(loads.c.person.in_(pool))).all()
    last = {person: max((row.last_us for row in rows if row.person == person), default=0) for person in pool}
    days = {person: _day(agreement, person, as_of) for person in pool}
    given = {row.person: row.given for row in rows if row.day == days[row.person]}
    return {person: RepLoad(given.get(person, 0), last[person]) for person in pool}


def _day(agreement: Agreement, person: str, as_of: datetime) -> str:
    zone = ClockTerms.of(agreement).working_time_of(person).zone
    return as_of.astimezone(zone).date().isoformat()
