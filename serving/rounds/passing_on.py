"""Passing on: a handover is given back, taken, or goes to others as its owner leaves; each in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.agreement.people import person_key
from features.agreement.versions import version_in_force
from features.home.database import reading, wait_for_writers, writing
from features.home.settings import Home
from serving.handovers.absences import be_away, be_back
from serving.handovers.acts import ReassignAct
from serving.handovers.clocks import ClockTerms
from serving.handovers.feedback import FeedbackRefused, FeedbackSaid, check_is_near
from serving.handovers.handover import Handover
from serving.handovers.owners import next_owner, note_given
from serving.handovers.recording import Step, write_steps
from serving.handovers.sending import TAKEN, best_waiting, check_takes, send_to_sales, sending
from serving.handovers.store import handover_by_id, open_handovers, open_of_owner
from serving.handovers.transitions import after
from serving.notices.occasions import Change, tell
from serving.signin.audit import COMMAND_LINE, note_in_audit


def give_back(home: Home, handover_id: str, by: str, now: datetime) -> Handover:
    """The handover once its owner gave it back: the next of the pool has it, its clocks go on.

    Raises FeedbackRefused.
    """
    agreement = version_in_force(home).agreement
    with writing(home) as connection:
        wait_for_writers(connection)
        handover = _open_handover(connection, handover_id)
        if handover.owner != person_key(by):
            problem = f"{handover.owner or 'nobody'} has this handover, not {by[:60]}; nothing was written"
            raise FeedbackRefused(problem, code="taken")
        had = {owning.owner for owning in handover.owners}
        owner = next_owner(connection, agreement, now, had) or next_owner(connection, agreement, now, {handover.owner})
        (step,) = _passed_on(connection, agreement, [handover], ReassignAct(now, owner, "given_back", by=by))
        note_in_audit(connection, person_key(by), "given_back", handover.lead_id, now, {"handover_id": handover_id})
    return step.after


def take(home: Home, handover_id: str, by: str, now: datetime) -> Handover:
    """The handover once a rep took it who has time for it; its clocks go on. Raises FeedbackRefused."""
    agreement = version_in_force(home).agreement
    with writing(home) as connection:
        wait_for_writers(connection)
        handover = _open_handover(connection, handover_id)
        if handover.owner == person_key(by):
            return handover
        if handover.owner is not None and handover.is_tried:
            problem = f"{handover.owner} works this handover; nothing was written"
            raise FeedbackRefused(problem, code="taken")
        note_given(connection, agreement, person_key(by), now)
        act = ReassignAct(now, person_key(by), "taken", by=by)
        (step,) = _passed_on(connection, agreement, [handover], act)
        note_in_audit(connection, person_key(by), "taken", handover.lead_id, now, {"handover_id": handover_id})
    return step.after


def ask_for_next(home: Home, by: str, now: datetime) -> FeedbackSaid:
    """Write that a rep with time wants the best lead of the backlog; the next decision on it hands it over to him.

    Raises FeedbackRefused where nobody waits, or he is none of the reps.
    """
    check_takes(version_in_force(home).agreement, by)
    with writing(home) as connection:
        lead_id = best_waiting(connection)
        if lead_id is None:
            raise FeedbackRefused("nobody waits in the backlog; nothing was written", code="nobody_waits")
        said = sending(lead_id, by, TAKEN, f"fb_{uuid.uuid4().hex}", now)
        return replace(said, lead_id=send_to_sales(connection, said, now))


def take_asked(home: Home, said: FeedbackSaid, now: datetime) -> Handover | None:
    """The handover of the lead that was asked for, taken by who asked; None where it was not handed over yet."""
    with reading(home) as connection:
        handover = open_handovers(connection, [said.lead_id]).get(said.lead_id)
    return take(home, handover.handover_id, said.by, now) if handover else None


def reassign(home: Home, of: str, to: str | None, now: datetime, why: str = "reassigned") -> list[Handover]:
    """Pass all open handovers of one person on, to another or each to whose turn it is; their clocks go on.

    Raises FeedbackRefused where nobody is known by a name.
    """
    agreement = version_in_force(home).agreement
    _check_rep(agreement, to)
    with writing(home) as connection:
        wait_for_writers(connection)
        note_in_audit(connection, COMMAND_LINE, why, person_key(of), now, {"to": to})
        return _all_passed_on(connection, agreement, person_key(of), to, (now, why))


def be_away_until(home: Home, person: str, until: date | None, now: datetime) -> list[Handover]:
    """Note that a person is away until a day (None: is back), and pass on what he has and has not tried yet.

    Raises FeedbackRefused where the agreement knows nobody of this name, or the day is over.
    """
    agreement = version_in_force(home).agreement
    if agreement.people.rep(person) is None:
        raise _nobody(agreement, person)
    if until is not None and until < now.date():
        raise FeedbackRefused(f"until is {until}, which is over; give a day to come", code="bad_until")
    if until is not None:
        check_is_near("until", until, now)
    with writing(home) as connection:
        wait_for_writers(connection)
        said = {"until": until.isoformat()} if until else {}
        note_in_audit(connection, person_key(person), "away" if until else "back", person_key(person), now, said)
        if until is None:
            be_back(connection, person)
            return []
        be_away(connection, person, until)
        return _all_passed_on(connection, agreement, person_key(person), None, (now, "away"), only_untried=True)


def _all_passed_on(
    connection: Connection,
    agreement: Agreement,
    of: str,
    to: str | None,
    when_why: tuple[datetime, str],
    only_untried: bool = False,
) -> list[Handover]:
    now, why = when_why
    passed: list[Handover] = []
    for handover in open_of_owner(connection, of):
        if only_untried and handover.is_tried:
            continue
        owner = person_key(to) if to else next_owner(connection, agreement, now, {of})
        act = ReassignAct(now, owner, why)
        passed += [step.after for step in _passed_on(connection, agreement, [handover], act)]
    return passed


def _passed_on(
    connection: Connection, agreement: Agreement, handovers: Sequence[Handover], act: ReassignAct
) -> list[Step]:
    working_time_of = ClockTerms.of(agreement).working_time_of
    steps = [Step(each, after(each, act, agreement, working_time_of), act) for each in handovers]
    write_steps(connection, steps, act.at)
    for step in steps:
        tell(connection, Change(step.before, step.after, step.act, act.at), agreement)
    return steps


def _open_handover(connection: Connection, handover_id: str) -> Handover:
    handover = handover_by_id(connection, handover_id)
    if handover is None:
        problem = f"there is no handover {handover_id[:60]!r}; nothing was written"
        raise FeedbackRefused(problem, code="unknown_handover")
    if not handover.is_open:
        problem = f"this handover was closed on {handover.closed_at:%Y-%m-%d} ({handover.code}); nothing was written"
        raise FeedbackRefused(problem, code="closed_handover")
    return handover


def _check_rep(agreement: Agreement, person: str | None) -> None:
    if person is not None and agreement.people.reps and agreement.people.rep(person) is None:
        raise _nobody(agreement, person)


def _nobody(agreement: Agreement, person: str) -> FeedbackRefused:
    people = (*agreement.people.reps, *agreement.people.inside_sales)
    known = f"there are {', '.join(people)}" if people else "write reps below [people]"
    return FeedbackRefused(f"{person[:60]!r} is nobody of [people] in {agreement.file}; {known}", code="unknown_person")
