"""Recording feedback: its event and what it does to the handover in one transaction, neither without the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.people import person_key
from features.events.validation import Source, validate
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import wait_for_writers
from features.ledger.ledger import append
from serving.handovers.acts import Act, NamedPerson, WithdrawAct
from serving.handovers.clocks import ClockTerms
from serving.handovers.feedback import (
    SOURCE,
    FeedbackRefused,
    FeedbackSaid,
    check_fits,
    check_named,
    check_undo_in_time,
    undone_feedback,
)
from serving.handovers.handover import Handover
from serving.handovers.ledger_acts import SOURCE as OUR_SOURCE
from serving.handovers.ledger_acts import ledger_events
from serving.handovers.offer import moved
from serving.handovers.store import handover_by_id, newest_handovers, open_handovers, write
from serving.handovers.transitions import after

FROM_PEOPLE = Source(SOURCE, clock="platform")
FROM_US = Source(OUR_SOURCE, clock="platform")
_OURS = ("lead", "user")  # kinds of identifiers that a lead id is


@dataclass(frozen=True)
class Step:
    """One change of one handover: before (None: it is new), after, and the act that changed it."""

    before: Handover | None
    after: Handover
    act: Act | None = None


@dataclass(frozen=True)
class Recorded:
    """What became of a feedback: the lead, its handover as it now stands (None: it has none), and each change."""

    lead_id: str
    handover: Handover | None
    steps: tuple[Step, ...] = ()


def record_feedback(connection: Connection, agreement: Agreement, said: FeedbackSaid, now: datetime) -> Recorded:
    """Write a feedback into the ledger, and what it does to the handover, within the caller's transaction.

    Raises FeedbackRefused; the caller rolls back, and nothing of it stays.
    """
    wait_for_writers(connection)
    lead_id = _lead(connection, said.lead_id)
    handover = _handover(connection, said, lead_id)
    undoes = said.undoes
    if handover is None and said.kind == "undo":
        undoes = _undone_without_handover(connection, agreement, said, lead_id)
    if handover is not None:
        check_fits(said, handover)
        undoes = undone_feedback(said, handover, agreement) if said.kind == "undo" else None
    check_named(said, agreement)
    if said.redirected_to:
        said = replace(said, redirected_to=_right_person(connection, said, said.redirected_to, now))
    event_id = _append_event(
        connection, said, said.event(lead_id, handover.handover_id if handover else None, undoes), now
    )
    if handover is None:
        return Recorded(lead_id, None)
    return _followed(connection, agreement, handover, said.act(event_id, undoes))


def record_without_handover(connection: Connection, said: FeedbackSaid, now: datetime) -> str:
    """Write a feedback on a lead that is about no handover; the lead's id. Raises FeedbackRefused."""
    lead_id = _lead(connection, said.lead_id)
    _append_event(connection, said, said.event(lead_id, None, None), now)
    return lead_id


def _followed(connection: Connection, agreement: Agreement, handover: Handover, act: Act) -> Recorded:
    """The handover after an act, written with what else that changes."""
    terms = ClockTerms.of(agreement)
    changed = after(handover, act, agreement, terms.working_time_of)
    steps = [Step(handover, changed, act)]
    if changed.state == "redirected" and changed.follow and changed.follow.redirected_to:
        steps += _moved(connection, changed, terms)
    elif handover.state == "redirected" and handover.follow and changed.is_open:
        steps = [*_moved_back(connection, handover, act, terms), *steps]
    write_steps(connection, steps, act.at)
    return Recorded(handover.lead_id, changed, tuple(steps))


def write_steps(connection: Connection, steps: Sequence[Step], now: datetime) -> None:
    """Write changes of handovers, and the events that they are. Raises FeedbackRefused where somebody was faster."""
    if write(connection, [(step.before, step.after) for step in steps]):
        problem = "somebody changed this handover at the same moment; look at it again"
        raise FeedbackRefused(problem, code="changed_meanwhile")
    events = [event for step in steps for event in ledger_events(step.before, step.after, step.act)]
    if events:
        append(connection, [validate(events, FROM_US, now)], lambda: now)


def _moved(connection: Connection, handover: Handover, terms: ClockTerms) -> list[Step]:
    """The handover of the right person: a new one, unless he has one open; a customer's is his account owner's."""
    lead_id = str(handover.follow.redirected_to) if handover.follow else ""
    if open_handovers(connection, [lead_id]) or lead_id == handover.lead_id:
        return []
    decided = tables.lead_decisions.c
    of_customer = (decided.lead_id == lead_id) & (decided.decision == "existing_customer")
    customer = connection.execute(select(decided.owner).where(of_customer)).first()
    from_whom = replace(handover, queue="account_owner", owner=customer.owner) if customer else handover
    return [Step(None, moved(from_whom, lead_id, handover.closed_at or handover.offered_at, terms))]


def _moved_back(connection: Connection, handover: Handover, act: Act, terms: ClockTerms) -> list[Step]:
    """The end of the handover that the right person got, where nothing happened with it yet."""
    lead_id = handover.follow.redirected_to if handover.follow else None
    there = open_handovers(connection, [lead_id]).get(lead_id) if lead_id else None
    if there is None or there.owners[0].why != "redirected" or there.decision_id != handover.decision_id:
        return []
    if there.applied:
        problem = "the right person's handover is worked already, so this cannot be undone; say what is right anew"
        raise FeedbackRefused(problem, code="superseded")
    ends = WithdrawAct(act.at, "redirect_undone")
    return [Step(there, after(there, ends, terms.agreement, terms.working_time_of), ends)]


def _lead(connection: Connection, lead_id: str) -> str:
    """The lead that goes by this id. Raises FeedbackRefused where there is none."""
    known = tables.identities.c
    of = select(known.lead_id).where(known.kind.in_(_OURS), known.value == lead_id)
    found = connection.scalar(of)
    if found is None and connection.scalar(select(1).where(tables.events.c.user_id == lead_id).limit(1)):
        return lead_id
    if found is None:
        raise FeedbackRefused(f"there is no lead {lead_id[:60]!r}; nothing was written", code="unknown_lead")
    return str(found)


def _handover(connection: Connection, said: FeedbackSaid, lead_id: str) -> Handover | None:
    """The handover that a feedback is about: the one that it names, else the lead's open one."""
    if said.handover_id is None:
        held = open_handovers(connection, [lead_id]).get(lead_id)
        return _closed_by(connection, said, lead_id) if held is None and said.kind == "undo" else held
    handover = handover_by_id(connection, said.handover_id)
    if handover is None:
        problem = f"there is no handover {said.handover_id!r}; nothing was written"
        raise FeedbackRefused(problem, code="unknown_handover")
    if handover.lead_id != lead_id and _lead(connection, handover.lead_id) != lead_id:
        problem = f"handover {said.handover_id!r} is another lead's; nothing was written"
        raise FeedbackRefused(problem, code="foreign_handover")
    another = open_handovers(connection, [handover.lead_id]).get(handover.lead_id)
    if said.kind == "undo" and another and another.handover_id != handover.handover_id:
        problem = "this lead has another handover since, so this cannot be undone; say what is right on that one"
        raise FeedbackRefused(problem, code="superseded")
    return handover


def _closed_by(connection: Connection, said: FeedbackSaid, lead_id: str) -> Handover | None:
    """The lead's newest handover, where the feedback that an undo takes back closed it."""
    newest = newest_handovers(connection, [lead_id]).get(lead_id)
    way_back = newest.undo_to if newest else None
    return newest if way_back and said.undoes in (None, way_back.feedback_id) else None


def _undone_without_handover(connection: Connection, agreement: Agreement, said: FeedbackSaid, lead_id: str) -> str:
    """The messageId of the newest feedback on a lead without a handover. Raises FeedbackRefused."""
    events = tables.events.c
    rows = select(tables.events).where(events.user_id == lead_id, events.source == SOURCE)
    newest = connection.execute(rows.order_by(events.event_id.desc()).limit(1)).first()
    if newest is None or newest.name != "Feedback Given" or said.undoes not in (None, newest.message_id):
        problem = "there is no feedback on this lead that could still be undone; say what is right as new feedback"
        raise FeedbackRefused(problem, code="superseded")
    by = orjson.loads(newest.body)["properties"].get("by")
    if person_key(str(by)) != said.by:
        raise FeedbackRefused("somebody else said this, and only he takes it back; ask him", code="not_yours")
    check_undo_in_time(said, from_microseconds(newest.occurred_us), agreement)
    return str(newest.message_id)


def _right_person(connection: Connection, said: FeedbackSaid, person: NamedPerson, now: datetime) -> NamedPerson:
    """The person with his lead id: the lead that has his address, else a new one, of whom an identify is written."""
    known = tables.identities.c
    named = select(known.lead_id).where(known.kind == "email", known.value == person.email)
    lead_id = connection.scalar(named)
    if lead_id is not None and lead_id == _lead(connection, said.lead_id):
        problem = (
            f"redirected_to is {person.email}, which is this lead's own address; name the person who is the right one"
        )
        raise FeedbackRefused(problem, code="missing_person")
    if lead_id is None:
        lead_id = f"named_{hashlib.sha256(f'{said.message_id}{person.email}'.encode()).hexdigest()[:20]}"
    traits = {"email": person.email, "name": person.name, "job_title": person.title}
    event = {"type": "identify", "userId": lead_id, "messageId": f"{said.message_id}:person"}
    event |= {"traits": {key: value for key, value in traits.items() if value}}
    append(connection, [validate([event], FROM_PEOPLE, now)], lambda: now)
    return replace(person, lead_id=str(lead_id))


def _append_event(connection: Connection, said: FeedbackSaid, event: dict[str, Any], now: datetime) -> int:
    """The id of the feedback's event, which is written now. Raises FeedbackRefused where it cannot be."""
    ((result,),) = append(connection, [validate([event], FROM_PEOPLE, now)], lambda: now)
    if result.status == "rejected":
        raise FeedbackRefused(result.message, code=result.code)
    if result.status == "duplicate":
        raise FeedbackRefused("this very feedback was given before; nothing was written", code="superseded")
    events = tables.events.c
    of = select(events.event_id).where(events.source == SOURCE, events.message_id == said.message_id)
    return int(connection.execute(of).scalar_one())
