"""Absences: who is away, by the agreement or because he said so himself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, delete, select

from features.agreement.agreement import Agreement
from features.agreement.people import person_key
from features.home import tables
from features.home.database import insert_or_update
from serving.handovers.clocks import working_times

absences = tables.absences


def be_away(connection: Connection, person: str, until: date) -> None:
    """Note that a person is away from now until a day, that day included; a later word replaces an earlier one."""
    insert_or_update(connection, absences, [{"person": person_key(person), "until": until.isoformat()}])


def be_back(connection: Connection, person: str) -> bool:
    """Note that a person is back; whether he was away."""
    return connection.execute(delete(absences).where(absences.c.person == person_key(person))).rowcount > 0


def away_now(connection: Connection, agreement: Agreement, people: Iterable[str], as_of: datetime) -> frozenset[str]:
    """Those of some people who are away at a moment, and everybody else who said so."""
    said = {row.person: row.until for row in connection.execute(select(absences))}
    of = working_times(agreement.people, agreement.time_zone)
    away = {person for person, until in said.items() if as_of.astimezone(of(person).zone).date().isoformat() <= until}
    for person in people:
        rep = agreement.people.rep(person)
        if rep and rep.is_away(as_of.astimezone(of(person).zone).date()):
            away.add(person)
    return frozenset(away)
