"""What is said to whom: the owner at once, the managers only of who asked, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import handmade_handovers as hand
import pytest

from features.agreement.agreement import Agreement
from serving.handovers.acts import Act, AskAct, DueAct, FeedbackAct, ReassignAct, UndoAct, WithdrawAct
from serving.handovers.clocks import working_times
from serving.handovers.handover import Handover, HandoverClock
from serving.handovers.transitions import after
from serving.notices.notice import Notice
from serving.notices.occasions import Change, notices_for

AGREED = hand.agreement()
SATURDAY = datetime(2026, 11, 28, 10, tzinfo=UTC)
MONDAY_IN_BERLIN = datetime(2026, 11, 30, 8, tzinfo=UTC)  # nine o'clock there


def said(before: Handover | None, changed: Handover, act: Act | None, at: datetime, by: Agreement = AGREED) -> set[str]:
    return {f"{one.kind} to {one.recipient}" for one in notices_for(Change(before, changed, act, at), by)}


def step(before: Handover, act: Act) -> Handover:
    return after(before, act, AGREED, working_times(AGREED.people, AGREED.time_zone))


def test_a_new_handover_is_told_its_owner_and_the_channel_and_not_the_managers() -> None:
    assert said(None, hand.handover(), None, hand.NOW) == {
        f"handover to {hand.OWNER}",
        f"handover to {hand.CHANNEL}",
    }


def test_who_asked_and_has_nobody_is_told_the_managers() -> None:
    told = said(None, hand.handover(owner=None), None, hand.NOW)
    assert told == {f"handover to {hand.BOSS}", f"handover to {hand.CHANNEL}"}
    assert said(None, hand.handover("crossing", owner=None), None, hand.NOW) == {f"handover to {hand.CHANNEL}"}


def test_the_trial_tells_nobody_anything() -> None:
    trial = hand.handover(is_trial=True)
    assert said(None, trial, None, hand.NOW) == set()


@pytest.mark.parametrize(("kind", "due_at"), [("inbound", SATURDAY), ("crossing", MONDAY_IN_BERLIN)])
def test_outside_office_hours_only_who_asked_rings_a_phone(kind: str, due_at: datetime) -> None:
    made = hand.handover(kind, at=SATURDAY)  # type: ignore[arg-type]
    (own,) = [one for one in notices_for(Change(None, made, None, SATURDAY), AGREED) if one.recipient == hand.OWNER]
    assert own.due_at == due_at


def test_an_overdue_first_try_is_told_the_owner_and_of_who_asked_the_managers() -> None:
    late = DueAct(hand.minutes(31))
    inbound = hand.handover()
    told = said(inbound, step(inbound, late), late, late.at)
    assert told == {f"overdue to {hand.OWNER}", f"escalated to {hand.BOSS}"}
    crossing = hand.handover("crossing")
    late = DueAct(hand.NOW + timedelta(days=1, minutes=1))
    assert said(crossing, step(crossing, late), late, late.at) == {f"overdue to {hand.OWNER}"}


@pytest.mark.parametrize(("held_until", "told"), [(None, set()), (SATURDAY, {f"overdue to {hand.OWNER}"})])
def test_a_next_try_that_is_due_stands_in_the_list_and_only_an_agreed_call_back_is_a_message(
    held_until: datetime | None, told: set[str]
) -> None:
    clocks = {"next_try": HandoverClock(SATURDAY)}
    worked = replace(hand.handover(), state="working", clocks=clocks, held_until=held_until)
    late = DueAct(SATURDAY + timedelta(minutes=1))
    noticed = replace(worked, clocks={"next_try": HandoverClock(SATURDAY, noticed_at=late.at)})
    made = notices_for(Change(worked, noticed, late, late.at), AGREED)
    assert {f"{one.kind} to {one.recipient}" for one in made} == told
    assert all(one.due_at == MONDAY_IN_BERLIN for one in made)


def test_a_handover_that_moves_is_told_the_old_and_the_new_owner() -> None:
    before, act = hand.handover(), ReassignAct(hand.minutes(5), hand.OTHER, "reassigned")
    told = said(before, step(before, act), act, act.at)
    assert told == {f"handover to {hand.OTHER}", f"moved_away to {hand.OWNER}"}


@pytest.mark.parametrize(("is_reply", "kind"), [(True, "replied"), (False, "asked_again")])
def test_a_reply_or_a_new_ask_is_told_the_owner_at_once_at_any_hour(is_reply: bool, kind: str) -> None:
    before, act = hand.handover("crossing"), AskAct(hand.minutes(600), 9, is_reply)
    changed = step(before, act)
    (one,) = notices_for(Change(before, changed, act, act.at), AGREED)
    assert (one.kind, one.recipient, one.due_at) == (kind, hand.OWNER, act.at)


def test_who_said_it_is_not_told_of_it_and_who_did_not_is() -> None:
    before = hand.handover()
    own = FeedbackAct(hand.minutes(9), hand.OWNER, 5, "rejected", reason="too_early", feedback_id="fb_1")
    assert said(before, step(before, own), own, own.at) == set()
    gone = WithdrawAct(hand.minutes(9), "existing_customer")
    assert said(before, step(before, gone), gone, gone.at) == {f"withdrawn to {hand.OWNER}"}


def test_the_same_change_told_twice_is_one_message_and_a_return_to_its_owner_another() -> None:
    def once(notices: list[Notice]) -> list[str]:
        return [one.once for one in notices if one.recipient == hand.OWNER]

    first = Change(None, hand.handover(), None, hand.NOW)
    assert once(notices_for(first, AGREED)) == once(notices_for(first, AGREED))
    away, back = ReassignAct(hand.minutes(5), hand.OTHER, "away"), ReassignAct(hand.minutes(9), hand.OWNER, "crm")
    moved = step(first.after, away)
    returned = notices_for(Change(moved, step(moved, back), back, back.at), AGREED)
    assert not {*once(notices_for(first, AGREED))} & {*once(returned)}


def test_an_undo_itself_calls_for_no_new_message() -> None:
    before = replace(hand.handover(), state="rejected", closed_at=hand.minutes(3))
    act = UndoAct(hand.minutes(9), hand.OWNER, 6, "fb_1")
    assert said(before, hand.handover(), act, act.at) == set()
