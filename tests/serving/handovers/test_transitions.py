"""Every row of the table of transitions: from which state an act leads to which, and what follows for the lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offered_handovers import AGREEMENT, ANN, BEN, DAY, EVA, HOUR, MINUTE, MONDAY, call, feedback, handover_of, then

from serving.handovers.acts import (
    Act,
    AskAct,
    DueAct,
    NamedPerson,
    OutcomeAct,
    ReassignAct,
    TouchAct,
    UndoAct,
    WithdrawAct,
)
from serving.handovers.clocks import working_times
from serving.handovers.handover import Handover
from serving.handovers.transitions import recomputed

OFFERED = handover_of()
ACCEPTED = then(OFFERED, feedback("accepted", event_id=40))
WORKING = then(OFFERED, call(MONDAY + HOUR, event_id=1))
CONTACTED = then(OFFERED, call(MONDAY + HOUR, "talked", 1))
OPEN = {"offered": OFFERED, "accepted": ACCEPTED, "working": WORKING, "contacted": CONTACTED}
LATER = MONDAY + DAY


def test_one_that_is_offered_has_two_clocks_and_is_an_mql() -> None:
    assert (OFFERED.state, OFFERED.stage, OFFERED.owner) == ("offered", "MQL", ANN)
    assert {name: clock.due_at for name, clock in OFFERED.clocks.items()} == {
        "first_contact": MONDAY + DAY,  # one working day
        "acceptance": MONDAY + DAY,
    }
    assert OFFERED.next_due_at == MONDAY + DAY


def test_one_that_asked_for_us_has_half_an_hour_of_office_time() -> None:
    late = handover_of("inbound", at=datetime(2026, 11, 6, 17, 50, tzinfo=UTC))  # a Friday
    assert late.clocks["first_contact"].due_at == datetime(2026, 11, 9, 9, 20, tzinfo=UTC)


def test_nobody_is_late_in_accepting_on_a_day_on_which_nobody_works() -> None:
    friday = handover_of(at=datetime(2026, 11, 6, 17, tzinfo=UTC))
    assert friday.clocks["acceptance"].due_at == datetime(2026, 11, 9, 18, tzinfo=UTC)  # the whole of Monday is there


@pytest.mark.parametrize(
    ("act", "state", "stage"),
    [
        (feedback("accepted"), "accepted", "SAL"),
        (feedback("tried", result="voicemail"), "working", "SAL"),
        (feedback("contacted"), "contacted", "SQL"),
        (feedback("qualified"), "contacted", "SQL"),
        (call(MONDAY + HOUR), "working", "SAL"),
        (call(MONDAY + HOUR, "talked"), "contacted", "SQL"),
        (TouchAct(MONDAY + HOUR, ANN, 1, "Meeting Held"), "contacted", "SQL"),
        (TouchAct(MONDAY + HOUR, "isa@x.example", 1, "Email Sent", side="inside_sales"), "working", "SAL"),
        (AskAct(MONDAY + HOUR, 1, is_reply=True), "contacted", "SQL"),
    ],
)
def test_feedback_a_status_or_simply_a_touch_begins_the_work(act: Act, state: str, stage: str) -> None:
    """Nobody has to click twice."""
    changed = then(OFFERED, act)
    assert (changed.state, changed.stage) == (state, stage)
    assert changed.clocks["acceptance"].stopped_at == MONDAY + HOUR


@pytest.mark.parametrize("said", [{"actor": "sequence"}, {"actor": "agent"}, {"side": "marketing"}])
def test_what_a_machine_or_marketing_sends_stops_no_clock(said: dict[str, str]) -> None:
    changed = then(OFFERED, TouchAct(MONDAY + HOUR, None, 1, "Email Sent", **said))
    assert (changed.state, changed.touches) == ("offered", ())
    assert changed.clocks["first_contact"].is_running


def test_accepting_alone_does_not_stop_the_clock_of_the_first_contact() -> None:
    assert ACCEPTED.clocks["first_contact"].is_running
    assert not WORKING.clocks["first_contact"].is_running


def test_a_late_answer_to_somebody_who_asked_is_a_breach() -> None:
    asked = handover_of("inbound")
    assert not then(asked, call(MONDAY + 29 * MINUTE)).clocks["first_contact"].was_late(LATER)
    assert then(asked, call(MONDAY + 31 * MINUTE)).clocks["first_contact"].was_late(LATER)


def test_a_touch_from_before_it_was_offered_is_none_of_it() -> None:
    assert then(OFFERED, call(MONDAY - MINUTE)).state == "offered"


@pytest.mark.parametrize("act", [call(LATER, "talked"), TouchAct(LATER, ANN, 9, "Meeting Held")], ids=["talk", "held"])
@pytest.mark.parametrize("state", ["accepted", "working"])
def test_who_was_reached_is_contacted_and_has_a_clock_for_the_outcome(state: str, act: Act) -> None:
    changed = then(OPEN[state], act)
    assert changed.state == "contacted"
    assert changed.clocks["outcome"].due_at == LATER + 30 * DAY


def test_the_clock_ran_out_and_the_next_of_the_pool_has_it_overdue_all_the_while() -> None:
    ran_out = MONDAY + DAY
    noticed = then(OFFERED, DueAct(ran_out))
    assert noticed.clocks["first_contact"].noticed_at == ran_out
    assert (noticed.owner, noticed.is_overdue(ran_out)) == (ANN, True)
    assert noticed.next_due_at == ran_out + 2 * DAY  # two working days overdue: Thursday
    passed_on = then(noticed, DueAct(noticed.next_due_at, next_owner=BEN))
    assert (passed_on.state, passed_on.owner) == ("offered", BEN)
    assert passed_on.clocks["first_contact"].due_at == ran_out
    assert passed_on.is_overdue(noticed.next_due_at)


def test_one_that_was_accepted_and_not_tried_goes_on_as_well() -> None:
    passed_on = then(ACCEPTED, DueAct(MONDAY + DAY), DueAct(MONDAY + 3 * DAY, next_owner=BEN))
    assert (passed_on.state, passed_on.owner) == ("offered", BEN)


def test_everybody_of_the_pool_had_it_so_it_goes_back_never_tried_to_the_front() -> None:
    at = MONDAY + 3 * DAY
    given_back = then(OFFERED, DueAct(MONDAY + DAY), DueAct(at, is_pool_used_up=True))
    assert (given_back.state, given_back.code, given_back.closed_at) == ("recycled", "never_tried", at)
    assert given_back.follow is not None
    assert given_back.follow.goes_first
    assert not given_back.follow.needs_behaviour
    assert given_back.follow.look_again_at == at


def test_after_give_back_it_goes_back_whoever_has_it() -> None:
    assert then(OFFERED, DueAct(MONDAY + 10 * DAY)).code == "never_tried"
    assert then(OFFERED, DueAct(MONDAY + 10 * DAY - MINUTE)).is_open


def test_who_asked_for_us_never_goes_back_untried_and_the_managers_hear_each_working_day() -> None:
    asked = handover_of("inbound")
    first = asked.clocks["first_contact"].due_at
    heard = then(asked, DueAct(first))
    assert heard.escalated_at == first
    assert heard.next_due_at == first + HOUR  # an hour overdue: the next rep
    passed_on = then(heard, DueAct(first + HOUR, next_owner=BEN))
    assert passed_on.owner == BEN
    again = then(passed_on, DueAct(first + DAY))
    assert again.escalated_at == first + DAY
    weeks = then(again, DueAct(MONDAY + 40 * DAY, is_pool_used_up=True))
    assert weeks.is_open
    assert weeks.is_overdue(MONDAY + 40 * DAY)


def _tried(times: int, apart: float = 1) -> Handover:
    return then(OFFERED, *(call(MONDAY + HOUR + place * apart * DAY, event_id=place + 1) for place in range(times)))


def test_without_contact_it_goes_back_once_all_tries_are_made_and_the_last_is_over() -> None:
    sixth = MONDAY + HOUR + 5 * DAY
    tried = _tried(6)
    assert tried.next_due_at == sixth + HOUR
    assert then(tried, DueAct(sixth + 59 * MINUTE)).is_open
    given_up = then(tried, DueAct(sixth + HOUR))
    assert (given_up.state, given_up.code) == ("recycled", "no_answer")
    assert given_up.follow is not None
    assert given_up.follow.needs_behaviour


def test_who_answers_within_the_hour_of_the_last_try_was_reached() -> None:
    assert then(_tried(6), call(MONDAY + HOUR + 5 * DAY + 10 * MINUTE, "talked", 20)).state == "contacted"


def test_without_contact_it_goes_back_when_the_time_of_its_tries_is_over() -> None:
    tried = _tried(2)
    assert then(tried, DueAct(MONDAY + 21 * DAY - MINUTE)).is_open
    assert then(tried, DueAct(MONDAY + 21 * DAY)).code == "no_answer"


def test_the_next_try_is_spread_over_the_time_or_due_at_the_call_back() -> None:
    # 3.5 days on, the working day long: it is late once the office has closed, not as it opens.
    assert WORKING.clocks["next_try"].due_at == datetime(2026, 11, 6, 18, tzinfo=UTC)
    back = then(OFFERED, call(MONDAY + HOUR, "call_back", call_back_at=MONDAY + 2 * DAY))
    assert back.clocks["next_try"].due_at == MONDAY + 2 * DAY


def test_a_call_back_or_a_booked_meeting_holds_it() -> None:
    back = then(_tried(5), call(MONDAY + 6 * DAY, "call_back", 9, call_back_at=MONDAY + 14 * DAY))
    assert then(back, DueAct(MONDAY + 8 * DAY)).is_open
    assert then(back, DueAct(MONDAY + 15 * DAY)).code == "no_answer"


def test_a_call_back_later_than_the_time_of_the_tries_is_not_now() -> None:
    until = MONDAY + 60 * DAY
    back = then(WORKING, call(LATER, "call_back", 9, call_back_at=until))
    assert (back.state, back.code) == ("recycled", "not_now")
    assert back.follow is not None
    assert back.follow.look_again_at == until


def test_of_whom_nothing_is_heard_its_owner_is_asked_once_and_then_it_goes_back() -> None:
    due_at = MONDAY + HOUR + 30 * DAY
    asked = then(CONTACTED, DueAct(due_at))
    assert (asked.state, asked.outcome_asked_at) == ("contacted", due_at)
    assert asked.next_due_at is not None
    back = then(asked, DueAct(asked.next_due_at))
    assert (back.state, back.code) == ("recycled", "no_outcome")
    assert back.follow is not None
    assert back.follow.needs_behaviour


def test_a_sign_of_work_after_the_question_answers_it() -> None:
    due_at = MONDAY + HOUR + 30 * DAY
    worked = then(CONTACTED, DueAct(due_at), call(due_at + HOUR, "talked", 9))
    assert worked.outcome_asked_at is None
    assert worked.clocks["outcome"].due_at == due_at + HOUR + 30 * DAY


def test_a_booked_meeting_holds_the_outcome() -> None:
    met = MONDAY + 40 * DAY
    booked = then(CONTACTED, TouchAct(LATER, ANN, 9, "Meeting Booked", call_back_at=met))
    assert booked.is_open or met > OFFERED.tries_until
    soon = then(CONTACTED, TouchAct(LATER, ANN, 9, "Meeting Booked", call_back_at=MONDAY + 14 * DAY))
    assert soon.clocks["outcome"].due_at == MONDAY + 44 * DAY


REVISIT = date(2027, 3, 1)
REVISIT_AT = datetime(2027, 3, 1, tzinfo=UTC)
ENDS: list[tuple[Act, str, str, str, datetime | None]] = [
    (OutcomeAct(LATER, 9, is_won=True), "converted", "converted", "converted", None),
    (OutcomeAct(LATER, 9, is_won=False), "lost", "lost", "nurture", LATER + 180 * DAY),
    (feedback("converted", LATER), "converted", "converted", "converted", None),
    (feedback("lost", LATER), "lost", "lost", "nurture", LATER + 180 * DAY),
    (feedback("lost", LATER, revisit_on=REVISIT), "lost", "lost", "nurture", REVISIT_AT),
    (feedback("not_now", LATER, revisit_on=REVISIT), "recycled", "not_now", "nurture", REVISIT_AT),
    (feedback("not_now", LATER), "recycled", "not_now", "nurture", LATER + 90 * DAY),
    (feedback("tried", LATER, revisit_on=REVISIT), "recycled", "not_now", "nurture", REVISIT_AT),
    (feedback("rejected", LATER, reason="not_a_fit"), "rejected", "rejected_not_a_fit", "disqualified", None),
    (feedback("rejected", LATER, reason="duplicate"), "rejected", "rejected_duplicate", "disqualified", None),
    (feedback("rejected", LATER, reason="bad_data"), "rejected", "rejected_bad_data", "disqualified", None),
    (feedback("rejected", LATER, reason="wrong_person"), "rejected", "rejected_wrong_person", "disqualified", None),
    (
        feedback("rejected", LATER, reason="already_customer"),
        "rejected",
        "rejected_already_customer",
        "existing_customer",
        LATER + 180 * DAY,
    ),
    (
        feedback("rejected", LATER, reason="too_early"),
        "rejected",
        "rejected_too_early",
        "nurture",
        LATER + 90 * DAY,
    ),
    (
        feedback("rejected", LATER, reason="no_budget", revisit_on=REVISIT),
        "rejected",
        "rejected_no_budget",
        "nurture",
        REVISIT_AT,
    ),
    (
        feedback("rejected", LATER, reason="no_contact_wanted"),
        "rejected",
        "rejected_no_contact_wanted",
        "nurture",
        LATER + 180 * DAY,
    ),
    (
        feedback("rejected", LATER, reason="wrong_person", redirected_to=NamedPerson("b@buyer.example")),
        "redirected",
        "redirected",
        "disqualified",
        None,
    ),
    (
        feedback("redirected", LATER, redirected_to=NamedPerson("b@buyer.example")),
        "redirected",
        "redirected",
        "disqualified",
        None,
    ),
    *(
        (WithdrawAct(LATER, code), "withdrawn", code, "nurture", None)
        for code in ("existing_customer", "disqualified_by_rule", "objected_to_profiling", "merged", "erased")
    ),
]


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end[2]}-{type(end[0]).__name__}")
def test_any_open_handover_ends_as_the_table_says(state: str, end: tuple[Act, str, str, str, datetime | None]) -> None:
    act, ended, code, decision, again = end
    changed = then(OPEN[state], act)
    assert (changed.state, changed.code, changed.closed_at) == (ended, code, LATER)
    assert changed.next_due_at is None
    assert changed.follow is not None
    assert (changed.follow.decision, changed.follow.look_again_at) == (decision, again)


def test_what_follows_says_what_brings_the_lead_back() -> None:
    follows = {
        reason: then(OFFERED, feedback("rejected", reason=reason)).follow for reason in ("too_early", "no_budget")
    }
    assert [follow.needs_behaviour for follow in follows.values() if follow] == [True, False]
    left_alone = then(OFFERED, feedback("rejected", reason="no_contact_wanted")).follow
    assert left_alone is not None
    assert left_alone.only_if_it_asks


def test_a_contract_end_that_was_learned_brings_it_back_before_its_date() -> None:
    told = then(WORKING, feedback("not_now", learned={"contract_end": "2027-06-30"}))
    assert told.follow is not None
    assert told.follow.look_again_at == datetime(2027, 6, 30, tzinfo=UTC) - 90 * DAY
    assert told.learned == {"contract_end": "2027-06-30"}


@pytest.mark.parametrize(("hours", "stage"), [(2, "MQL"), (30, "SAL")])
def test_what_is_rejected_within_the_time_to_accept_was_never_accepted(hours: int, stage: str) -> None:
    late = then(
        OFFERED, feedback("accepted", event_id=40), feedback("rejected", MONDAY + hours * HOUR, 51, reason="not_a_fit")
    )
    assert late.stage == stage


def test_a_closed_handover_follows_nothing_more() -> None:
    ended = then(OFFERED, feedback("lost"))
    later = then(ended, call(LATER, "talked", 60), DueAct(LATER), ReassignAct(LATER, BEN, "away"))
    assert replace(later, applied=(), version=0, undo_to=None) == replace(ended, applied=(), version=0, undo_to=None)


def test_who_asks_again_gets_a_new_clock_and_no_second_handover() -> None:
    asked = then(WORKING, AskAct(LATER, 9))
    assert asked.is_inbound
    assert asked.clocks["first_contact"].due_at == LATER + 30 * MINUTE
    assert asked.clocks["first_contact"].is_running
    assert then(asked, call(LATER - MINUTE, event_id=10)).clocks["first_contact"].is_running
    assert not then(asked, call(LATER + MINUTE, event_id=10)).clocks["first_contact"].is_running


def test_a_reply_is_a_contact_that_waits_for_an_answer() -> None:
    replied = then(OFFERED, AskAct(LATER, 9, is_reply=True))
    assert replied.state == "contacted"
    assert replied.clocks["first_contact"].is_running
    assert replied.clocks["outcome"].due_at == LATER + 30 * DAY


def test_reassigned_its_clocks_go_on() -> None:
    gone = then(OFFERED, ReassignAct(MONDAY + HOUR, EVA, "away"))
    assert (gone.owner, [owning.owner for owning in gone.owners]) == (EVA, [ANN, EVA])
    assert gone.clocks == OFFERED.clocks


def test_whoever_takes_one_that_nobody_has_owns_it() -> None:
    assert then(handover_of(owner=None), feedback("accepted", by=BEN)).owner == BEN


def test_the_trial_has_no_clocks_and_closes_by_what_people_say() -> None:
    trial = handover_of(is_trial=True)
    assert (dict(trial.clocks), trial.next_due_at) == ({}, None)
    assert then(trial, DueAct(MONDAY + 99 * DAY)).is_open
    assert then(trial, call(MONDAY + HOUR)).clocks == {}
    assert then(trial, WithdrawAct(LATER, "trial_over")).state == "withdrawn"


@pytest.mark.parametrize("kind", ["accepted", "tried", "contacted", "rejected", "lost", "not_now", "converted"])
def test_an_undo_takes_back_the_newest_feedback_and_nothing_else(kind: str) -> None:
    told = then(WORKING, feedback(kind, LATER))
    undone = then(told, UndoAct(LATER + MINUTE, ANN, 51, "fb_50"))
    assert _course(undone) == _course(WORKING)
    assert then(told, UndoAct(LATER + MINUTE, ANN, 51, "fb_49")).state == told.state
    later = then(told, call(LATER + MINUTE, event_id=60), UndoAct(LATER + HOUR, ANN, 61, "fb_50"))
    assert later.state == then(told, call(LATER + MINUTE, event_id=60)).state


def test_a_clock_that_runs_out_meanwhile_does_not_take_the_undo_away() -> None:
    told = then(OFFERED, feedback("accepted", MONDAY + HOUR), DueAct(MONDAY + DAY))
    assert then(told, UndoAct(MONDAY + DAY, ANN, 51, "fb_50")).state == "offered"


def test_an_act_that_it_follows_already_changes_nothing() -> None:
    assert then(WORKING, call(MONDAY + HOUR, event_id=1)) == WORKING


def test_a_call_a_voice_mail_and_a_mail_within_an_hour_are_one_try() -> None:
    from serving.handovers.tries import tries

    touches = [call(MONDAY + minutes * MINUTE, event_id=minutes + 1) for minutes in (0, 2, 59, 60)]
    assert len(tries(then(OFFERED, *touches).touches)) == 2
    assert len(tries(then(OFFERED, *touches, call(MONDAY + MINUTE, event_id=99, by=BEN)).touches)) == 3


def _course(handover: Handover) -> Handover:
    """All but what tells how it came there."""
    return replace(handover, applied=(), version=0, undo_to=None)


KINDS = ["accepted", "tried", "contacted", "qualified", "converted", "lost", "not_now"]


@st.composite
def random_acts(draw: st.DrawFn) -> list[Act]:
    acts: list[Act] = []
    at = MONDAY
    for event_id in range(1, draw(st.integers(1, 12))):
        at += draw(st.integers(1, 5000)) * MINUTE
        act = draw(
            st.sampled_from(
                [
                    call(at, event_id=event_id),
                    call(at, "talked", event_id),
                    call(at, "call_back", event_id, call_back_at=at + 2 * DAY),
                    TouchAct(at, None, event_id, "Email Sent", actor="sequence"),
                    AskAct(at, event_id),
                    AskAct(at, event_id, is_reply=True),
                    DueAct(at, event_id, draw(st.sampled_from([None, ANN, BEN]))),
                    ReassignAct(at, BEN, "away", event_id),
                    feedback(draw(st.sampled_from(KINDS)), at, event_id),
                    feedback("rejected", at, event_id, reason="too_early"),
                    UndoAct(at, ANN, event_id, f"fb_{event_id - 1}"),
                    OutcomeAct(at, event_id, is_won=draw(st.booleans())),
                ]
            )
        )
        acts.append(act)
    return acts


@given(random_acts(), st.sampled_from(["crossing", "inbound", "returned"]))
def test_whatever_happens_it_is_open_with_a_date_or_closed_with_a_code(acts: list[Act], kind: str) -> None:
    begun = handover_of(kind)  # type: ignore[arg-type]
    times = working_times(AGREEMENT.people, "UTC")
    handover = then(begun, *acts)
    assert recomputed(begun, acts, AGREEMENT, times) == handover
    assert (handover.code is None) == handover.is_open == (handover.next_due_at is not None)
    assert (handover.follow is None) == handover.is_open
    assert handover.state in ("offered", "accepted", "working", "contacted") or not handover.is_open
    untried = [act for act in acts if isinstance(act, TouchAct)] == []
    assert not (kind == "inbound" and untried and handover.code == "never_tried")


@given(random_acts())
def test_time_alone_ends_every_handover_but_that_of_somebody_who_waits(acts: list[Act]) -> None:
    """Every open one has a way out on time."""
    handover = then(handover_of(), *acts)
    for _ in range(60):
        if handover.next_due_at is None:
            break
        handover = then(handover, DueAct(handover.next_due_at))
    waits = handover.is_inbound and not handover.is_tried
    assert not handover.is_open or waits or handover.clocks["first_contact"].is_running
