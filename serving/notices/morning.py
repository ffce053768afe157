"""The lists of a morning: one for each person, of what is due and what moved; one a day for whoever is above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.people import person_key
from features.agreement.working_time import WorkingTime
from features.home import tables
from features.home.clock import microseconds
from serving.code_words import code_words, decision_words
from serving.handovers.handover import Handover
from serving.handovers.store import handover_in
from serving.notices import outbox
from serving.notices.notice import Notice
from serving.notices.short_texts import colleague, moment_text
from serving.notices.wording import next_due

MOST_LINES = 12  # of one part of a list; the rest is counted
A_DAY = timedelta(days=1)
NEVER = datetime.max.replace(tzinfo=UTC)
Line = tuple[str | None, str]  # of which lead, who is named when it is sent, and what is said of it


@dataclass(frozen=True)
class Morning:
    """One person's working day as it begins: since when what moved is news, and until when what is due is today's."""

    person: str
    opens_at: datetime
    since: datetime
    closes_at: datetime
    hours: WorkingTime

    @property
    def day(self) -> str:
        return self.opens_at.astimezone(self.hours.zone).date().isoformat()

    def says(self, at: datetime) -> str:
        return moment_text(at, self.opens_at, self.hours.zone)


def morning_notices(connection: Connection, agreement: Agreement, as_of: datetime) -> int:
    """Write the lists of those whose office has opened today; how many were new. To be called each minute.

    A person has one list a day, and none where nothing is on it.
    """
    people = agreement.people
    mornings = [_morning(agreement, person, as_of) for person in dict.fromkeys((*people.reps, *people.inside_sales))]
    begun = [morning for morning in mornings if morning and not _has_list(connection, morning, "morning")]
    above = [_morning(agreement, person, as_of) for person in people.escalate_to]
    above_begun = [morning for morning in above if morning and not _has_list(connection, morning, "team")]
    if not begun and not above_begun:
        return 0
    handovers = _open(connection)
    lists = [_own(connection, morning, handovers) for morning in begun]
    return outbox.enqueue(connection, [*lists, *(_of_team(connection, morning, handovers) for morning in above_begun)])


def _morning(agreement: Agreement, person: str, as_of: datetime) -> Morning | None:
    """The working day that has begun for a person and is not over; None outside of it."""
    hours = WorkingTime.of(agreement.people, person, agreement.time_zone)
    if not hours.is_open(as_of):
        return None
    day = as_of.astimezone(hours.zone).date()
    opens_at, closes_at = (
        datetime.combine(day, at, hours.zone).astimezone(UTC) for at in (hours.hours.opens, hours.hours.closes)
    )
    before = next(day - n * A_DAY for n in range(1, 400) if n == 399 or hours.is_working_day(day - n * A_DAY))
    since = datetime.combine(before, hours.hours.opens, hours.zone).astimezone(UTC)
    return Morning(person, opens_at, since, closes_at, hours)


def _once(morning: Morning, kind: str) -> str:
    return f"{kind}:{morning.person}:{morning.day}"


def _has_list(connection: Connection, morning: Morning, kind: str) -> bool:
    columns = tables.notices.c
    return connection.scalar(select(columns.notice_id).where(columns.once == _once(morning, kind))) is not None


def _open(connection: Connection) -> list[Handover]:
    is_one = tables.IS_OPEN & tables.handovers.c.is_trial.is_(False)
    rows = (
        select(tables.handovers).where(is_one).order_by(tables.handovers.c.next_due_us, tables.handovers.c.offered_us)
    )
    return [handover_in(row) for row in connection.execute(rows).mappings()]


def _own(connection: Connection, morning: Morning, handovers: Sequence[Handover]) -> Notice:
    mine = [one for one in handovers if person_key(one.owner or "") == person_key(morning.person)]
    dated = sorted(((found, one) for one in mine if (found := next_due(one))), key=lambda pair: pair[0])
    late = [(found, one) for found, one in dated if found[0] < morning.opens_at]
    today = [(found, one) for found, one in dated if morning.opens_at <= found[0] <= morning.closes_at]
    back = [one for one in mine if one.kind == "returned" and one.offered_at >= morning.since]
    parts = [
        _part("Overdue", [(one.lead_id, f"{what} due {morning.says(at)}") for (at, what), one in late]),
        _part("Due today", [(one.lead_id, f"{what} at {morning.says(at)}") for (at, what), one in today]),
        _part("Came back", [(one.lead_id, one.offer.why_now or "is back") for one in back]),
        _part("Moved, and once yours", list(_moved(connection, morning))),
    ]
    count = f"{len(late)} overdue, {len(today)} due today"
    return _list(morning, "morning", f"Your day: {count}", parts)


def _of_team(connection: Connection, morning: Morning, handovers: Sequence[Handover]) -> Notice:
    """What waits, by whose it is; the manager has this one list a day."""
    late = [(found, one) for one in handovers if (found := next_due(one)) and found[0] < morning.opens_at]
    late.sort(key=lambda pair: pair[0])
    nobodys = [one for one in handovers if one.owner is None]
    untried = Counter(colleague(one.owner) for one in handovers if one.owner and not one.is_tried)
    parts = [
        _part(
            "Overdue",
            [(one.lead_id, f"{what} due {morning.says(at)}, with {colleague(one.owner)}") for (at, what), one in late],
        ),
        _part("With nobody", [(one.lead_id, f"offered {morning.says(one.offered_at)}") for one in nobodys]),
        _part("Not tried yet", [(None, f"{person}: {count}") for person, count in untried.most_common()]),
        _part("Opportunities gone silent", list(_silent(connection, morning))),
    ]
    return _list(morning, "team", f"The team's day: {len(late)} overdue, {len(nobodys)} with nobody", parts)


def _silent(connection: Connection, morning: Morning) -> Iterator[Line]:
    """Opportunities that fell silent since the last working day began: each is news once."""
    decided = tables.lead_decisions.c
    is_one = (decided.code == "opportunity_stale") & decided.queue.is_not(None)
    is_news = decided.since_us >= microseconds(morning.since)
    stale = (
        select(decided.lead_id, decided.owner).where(is_one, is_news).order_by(decided.since_us).limit(MOST_LINES * 4)
    )
    for row in connection.execute(stale):
        yield row.lead_id, f"with {colleague(row.owner)}"


def _moved(connection: Connection, morning: Morning) -> Iterator[Line]:
    """Leads that a person once had, and that moved since the last working day began: whoever has them now."""
    had, decided = tables.handovers.c, tables.lead_decisions.c
    once_his = had.owners.contains(f'"{morning.person}"', autoescape=True) & had.closed_us.is_not(None)
    is_news = decided.since_us >= microseconds(morning.since)
    moved = select(decided.lead_id, decided.decision, decided.code).where(
        is_news, decided.lead_id.in_(select(had.lead_id).where(once_his))
    )
    for row in connection.execute(moved.order_by(decided.since_us.desc()).limit(MOST_LINES * 4)):
        words = dict.fromkeys((decision_words(row.decision), code_words(row.code)))
        yield row.lead_id, ", ".join(words)


def _part(heading: str, lines: Sequence[Line]) -> dict[str, Any]:
    return {"heading": heading, "count": len(lines), "lines": list(lines[:MOST_LINES])}


def _list(morning: Morning, kind: Any, title: str, parts: Sequence[dict[str, Any]]) -> Notice:
    shown = [part for part in parts if part["count"]]
    end = datetime.combine(morning.opens_at.astimezone(morning.hours.zone).date(), time(23, 59), morning.hours.zone)
    facts = {"title": title, "parts": shown, "until": end.astimezone(UTC).isoformat()}
    at = morning.opens_at
    # An empty list is kept, so that nobody makes it again each minute, and never sent.
    return Notice(kind, morning.person, _once(morning, kind), at, at if shown else NEVER, facts=facts if shown else {})
