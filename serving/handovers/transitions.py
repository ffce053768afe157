"""Transitions: what a handover becomes by an act. Pure, so that all of it can be computed again from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from features.agreement.agreement import Agreement
from serving.handovers import follows
from serving.handovers.acts import (
    MEETING_BOOKED,
    Act,
    AskAct,
    DueAct,
    FeedbackAct,
    OutcomeAct,
    ReassignAct,
    TouchAct,
    UndoAct,
    WithdrawAct,
)
from serving.handovers.clocks import (
    ClockTerms,
    WorkingTimeOf,
    escalate_at,
    give_back_at,
    next_due_at,
    noticed,
    outcome_given_up_at,
    reassign_at,
    stopped,
    tries_end_at,
    with_clock,
    with_work_clocks,
)
from serving.handovers.handover import Follow, Handover, Ownership, State, TouchMark, Undo
from serving.handovers.tries import CONTACT


def after(handover: Handover, act: Act, agreement: Agreement, working_time_of: WorkingTimeOf) -> Handover:
    """The handover once `act` happened; what follows for the lead stands in `follow` where that closed it.

    An act that it follows already, or that comes once it is closed, changes nothing; only an undo opens it again.
    """
    if act.event_id in handover.applied:
        return handover
    terms = ClockTerms(agreement, working_time_of)
    changed = handover
    if isinstance(act, UndoAct):
        changed = _undone(handover, act)
    elif handover.is_open:
        changed = _STEPS[type(act)](handover, act, terms)
    elif act.event_id and handover.undo_to:
        changed = replace(handover, undo_to=None)  # what is done since cannot be undone with it
    if changed is not handover:
        changed = replace(changed, undo_to=_way_back(handover, changed, act), version=handover.version + 1)
    if act.event_id:
        changed = replace(changed, applied=(*handover.applied, act.event_id), version=handover.version + 1)
    return changed if changed is handover else replace(changed, next_due_at=next_due_at(changed, terms))


def recomputed(
    offered: Handover, acts: Iterable[Act], agreement: Agreement, working_time_of: WorkingTimeOf
) -> Handover:
    """The handover after all acts since it was offered, in the order in which they were recorded."""
    handover = offered
    for act in acts:
        handover = after(handover, act, agreement, working_time_of)
    return handover


def _way_back(before: Handover, changed: Handover, act: Act) -> Undo | None:
    if isinstance(act, FeedbackAct) and act.feedback_id and act.by:
        return Undo(act.feedback_id, act.by, act.at, replace(before, undo_to=None))
    is_only_noticed = isinstance(act, DueAct) and changed.is_open and changed.owner == before.owner
    return before.undo_to if is_only_noticed else None


def _undone(handover: Handover, act: UndoAct) -> Handover:
    way_back = handover.undo_to
    if way_back is None or way_back.feedback_id != act.undoes:
        return handover
    return way_back.before


def _touched(handover: Handover, act: TouchAct, terms: ClockTerms) -> Handover:
    if not act.counts or act.at < handover.offered_at:
        return handover
    until = act.call_back_at
    if act.name == MEETING_BOOKED and until is None:
        until = terms.after(handover.owner, act.at, terms.handover.decide_within)
    touch = TouchMark(act.at, act.by, act.came_to, act.event_id)
    return _worked(handover, touch, until, terms)


def _worked(handover: Handover, touch: TouchMark, held_until: datetime | None, terms: ClockTerms) -> Handover:
    """Once somebody of ours tried: no clock of a first contact runs on, and no one has to accept it by a click."""
    is_contact = touch.result == CONTACT
    state: State = "contacted" if is_contact or handover.state == "contacted" else "working"
    changed = replace(
        handover,
        state=state,
        stage="SQL" if state == "contacted" else "SAL",
        touches=(*handover.touches, touch),
        worked_at=_later(handover.worked_at, touch.at),
        held_until=held_until or handover.held_until,
        outcome_asked_at=None,
    )
    # Whoever called before the lead asked again has not answered it.
    answers = handover.asked_at is None or touch.at >= handover.asked_at
    changed = stopped(changed, ("acceptance", "first_contact") if answers else ("acceptance",), touch.at)
    changed = with_work_clocks(changed, terms)
    if held_until and held_until > handover.tries_until and not is_contact:
        return _closed(changed, touch.at, "recycled", follows.waits("not_now", touch.at, held_until, terms.agreement))
    return changed


def _asked(handover: Handover, act: AskAct, terms: ClockTerms) -> Handover:
    """The lead asked or replied: its owner hears at once, and has a new clock; never a second handover."""
    changed = replace(handover, asked_at=_later(handover.asked_at, act.at))
    clock = handover.clocks.get("first_contact")
    due_at = terms.after(handover.owner, act.at, terms.handover.first_contact.inbound)
    if clock is None or not clock.is_running or clock.due_at > due_at:
        changed = with_clock(changed, "first_contact", due_at)
    if not act.is_reply:
        return changed
    changed = stopped(changed, ("acceptance",), act.at)
    worked_at = _later(handover.worked_at, act.at)
    changed = replace(changed, state="contacted", stage="SQL", worked_at=worked_at, outcome_asked_at=None)
    return with_work_clocks(changed, terms)


def _told(handover: Handover, act: FeedbackAct, terms: ClockTerms) -> Handover:
    changed = replace(handover, learned={**handover.learned, **act.learned})
    if changed.owner is None and act.by and act.kind in _TAKES:
        changed = _owned(changed, act.by, act.at, "took it")
    return _FEEDBACK[act.kind](changed, act, terms)


def _accepted(handover: Handover, act: FeedbackAct, _terms: ClockTerms) -> Handover:
    changed = stopped(handover, ("acceptance",), act.at)
    return replace(changed, state="accepted", stage="SAL") if handover.state == "offered" else changed


def _tried(handover: Handover, act: FeedbackAct, terms: ClockTerms) -> Handover:
    result = CONTACT if act.kind == "contacted" else act.result or "no_answer"
    changed = _worked(handover, TouchMark(act.at, act.by, result, act.event_id), act.call_back_at, terms)
    # The owner's working time must not tell what follows from "not now until June".
    until = follows.named_date(terms.agreement, act.revisit_on, act.learned) if act.revisit_on else None
    if until and changed.is_open:
        return _closed(changed, act.at, "recycled", follows.waits("not_now", act.at, until, terms.agreement))
    return changed


def _qualified(handover: Handover, act: FeedbackAct, terms: ClockTerms) -> Handover:
    changed = stopped(handover, ("acceptance",), act.at)
    worked_at = _later(handover.worked_at, act.at)
    changed = replace(changed, state="contacted", stage="SQL", worked_at=worked_at, outcome_asked_at=None)
    if handover.is_tried or act.result == CONTACT:
        changed = stopped(changed, ("first_contact",), act.at)
    return with_work_clocks(changed, terms)


def _ended(handover: Handover, act: FeedbackAct, terms: ClockTerms) -> Handover:
    until = follows.named_date(terms.agreement, act.revisit_on, act.learned)
    if act.kind == "converted":
        return _closed(replace(handover, stage="SQL"), act.at, "converted", follows.converted())
    if act.kind == "lost":
        return _closed(handover, act.at, "lost", follows.waits("lost", act.at, until, terms.agreement))
    return _closed(
        handover, act.at, "recycled", follows.waits("not_now", act.at, until or act.call_back_at, terms.agreement)
    )


def _rejected(handover: Handover, act: FeedbackAct, terms: ClockTerms) -> Handover:
    reason = act.reason or "not_a_fit"
    if reason == "wrong_person" and act.redirected_to and act.redirected_to.is_named:
        return _redirected(handover, act, terms)
    acceptance = handover.clocks.get("acceptance")
    if acceptance and act.at <= acceptance.due_at:
        # Sales took it only for what it rejected within the time to say so.
        handover = replace(handover, stage="MQL")
    until = follows.named_date(terms.agreement, act.revisit_on, act.learned)
    return _closed(handover, act.at, "rejected", follows.rejected(reason, act.at, until, terms.agreement))


def _redirected(handover: Handover, act: FeedbackAct, _terms: ClockTerms) -> Handover:
    lead_id = act.redirected_to.lead_id if act.redirected_to else None
    follow = Follow("redirected", decision="disqualified", redirected_to=lead_id)
    return _closed(handover, act.at, "redirected", follow)


def _came_out(handover: Handover, act: OutcomeAct, terms: ClockTerms) -> Handover:
    if act.is_won:
        return _closed(replace(handover, stage="SQL"), act.at, "converted", follows.converted())
    until = follows.named_date(terms.agreement, act.revisit_on, {})
    return _closed(handover, act.at, "lost", follows.waits("lost", act.at, until, terms.agreement))


def _withdrawn(handover: Handover, act: WithdrawAct, _terms: ClockTerms) -> Handover:
    # What holds for the lead is what withdrew it.
    return _closed(handover, act.at, "withdrawn", Follow(act.code))


def _reassigned(handover: Handover, act: ReassignAct, _terms: ClockTerms) -> Handover:
    return _owned(handover, act.owner, act.at, act.why)


def _owned(handover: Handover, owner: str | None, at: datetime, why: str) -> Handover:
    """With another owner; the clocks go on, and what is overdue stays overdue."""
    if owner == handover.owner and handover.owners:
        return handover
    state: State = "offered" if handover.state == "accepted" and not handover.is_tried else handover.state
    owners = (*handover.owners, Ownership(owner, at, why))
    return replace(handover, owner=owner, owners=owners, state=state)


def _due(handover: Handover, act: DueAct, terms: ClockTerms) -> Handover:
    """What a moment brings at which something was due. Nobody who asked for us is given up untried."""
    if handover.is_trial:
        return handover
    if closing := _given_up(handover, act, terms):
        state, follow = closing
        return _closed(handover, act.at, state, follow)
    changed = noticed(handover, act.at)
    if _is_past(escalate_at(changed, terms), act.at):
        changed = replace(changed, escalated_at=act.at)
    if _is_past(reassign_at(changed, terms), act.at):
        changed = replace(changed, looked_for_at=act.at)
        changed = _owned(changed, act.next_owner, act.at, "not tried in time") if act.next_owner else changed
    outcome = changed.clocks.get("outcome")
    if changed.state == "contacted" and outcome and outcome.is_overdue(act.at) and not changed.outcome_asked_at:
        changed = replace(changed, outcome_asked_at=act.at)
    return changed


def _given_up(handover: Handover, act: DueAct, terms: ClockTerms) -> tuple[State, Follow] | None:
    """By which state and with what the handover ends for the time that passed; None where it goes on."""
    if handover.state == "contacted":
        if _is_past(outcome_given_up_at(handover, terms), act.at):
            return "recycled", follows.waits("no_outcome", act.at, None, terms.agreement)
        return None
    if handover.is_tried:
        is_over = _is_past(tries_end_at(handover, terms), act.at)
        return ("recycled", follows.waits("no_answer", act.at, None, terms.agreement)) if is_over else None
    had_by_all = act.is_pool_used_up and not handover.is_inbound and _is_past(reassign_at(handover, terms), act.at)
    if had_by_all or _is_past(give_back_at(handover, terms), act.at):
        return "recycled", follows.at_once("never_tried", act.at)
    return None


def _closed(handover: Handover, at: datetime, state: State, follow: Follow) -> Handover:
    # A feedback that is dated before the offer closes it at the offer, not before.
    closed_at = max(at, handover.offered_at)
    return replace(handover, state=state, closed_at=closed_at, code=follow.code, follow=follow)


def _is_past(due_at: datetime | None, at: datetime) -> bool:
    return due_at is not None and due_at <= at


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else max(known, at)


_TAKES = ("accepted", "tried", "contacted", "qualified")  # whoever says so of a lead that nobody has, has it
_STEPS: dict[type, Callable[[Handover, Any, ClockTerms], Handover]] = {
    TouchAct: _touched,
    AskAct: _asked,
    FeedbackAct: _told,
    OutcomeAct: _came_out,
    WithdrawAct: _withdrawn,
    ReassignAct: _reassigned,
    DueAct: _due,
}
_FEEDBACK: dict[str, Callable[[Handover, Any, ClockTerms], Handover]] = {
    "accepted": _accepted,
    "tried": _tried,
    "contacted": _tried,
    "qualified": _qualified,
    "converted": _ended,
    "lost": _ended,
    "not_now": _ended,
    "rejected": _rejected,
    "redirected": _redirected,
}
