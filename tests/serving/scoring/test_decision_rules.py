"""Every row of the tables of decisions: who goes over when, who has whom, and how each waits until it comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from decided_leads import EVENT, FIT, NOW, UNDER, before, decide, ended, handover, lead, us

from features.agreement.agreement import DEFAULT, Agreement
from features.home.clock import from_microseconds
from features.touches.history import Feedback, HandoverEvent, Opportunity, Reject, Reply, SalesHistory
from features.touches.relation import Relation, RepWork
from features.touches.touch import Touch
from serving.scoring.lead_now import BACKLOG_TURN, Cause, LeadNow, WaitingLine

DAY = timedelta(days=1)


def with_history(one: LeadNow, **history: Any) -> LeadNow:
    return replace(one, history=SalesHistory("ann", **history))


def call(days_ago: float, result: Any = "no_answer", by: str | None = "ann@us.example", side: Any = "sales") -> Touch:
    return Touch(1, "Call Attempted", us(days_ago), us(days_ago), side, "person", result, by, "call")


def feedback(kind: str, days_ago: float, **more: Any) -> Feedback:
    said = dict.fromkeys(("by", "handover_id", "reason", "medium", "result", "note", "revisit_us", "redirected_to"))
    given = {"event_id": 3, "message_id": "fb_1", "occurred_us": us(days_ago), "known_us": us(days_ago), "learned": {}}
    return Feedback(kind=kind, **{**said, **given, **more})


def closed(state: str, code: str, days_ago: float, again_us: int | None = None) -> tuple[HandoverEvent, ...]:
    return (HandoverEvent(2, us(days_ago), us(days_ago), "ho_0", True, state, code, None, again_us),)


def repped(days_ago: float, tries: int = 1, first: float | None = None, is_contacted: bool = False) -> dict[str, Any]:
    first_us = us(days_ago if first is None else first)
    work = RepWork("ann@us.example", first_us, us(days_ago), us(days_ago), tries, is_contacted)
    return {"relation": Relation(rep=work), "touches": (call(days_ago, "talked" if is_contacted else "no_answer"),)}


ASK = {"demo_request": 1.0}
READY = lead(0.3, **FIT)
LOW = lead(0.1, **FIT)
SHORT = lead(0.3)  # over the bar, and nothing is known of it
UNFIT = lead(0.3, {"product_page": 1.0}, seniority="other", timeframe="some day", employees=1)
OF_ACCOUNT = handover("contacted", queue="account_owner")
UNWANTED = ended("rejected_no_contact_wanted", 300)
WAS_READY = before("sales_ready", "probability_and_fit", "sales")
OPENED = Opportunity(us(40), "opp@us.example", us(10))
SILENT = Opportunity(us(200), "opp@us.example", us(100))
DEAD = Opportunity(us(400), "opp@us.example", us(190))


@pytest.mark.parametrize(
    ("one", "decision", "code", "queue"),
    [
        (lead(0.9, email_domain="ourcompany.example", **FIT), "disqualified", "own_people", None),
        (lead(None, profiling_opt_out=True), "no_profiling", "objected_to_profiling", "marketing"),
        (lead(0.9, email_domain="rival.example", **FIT), "disqualified", "disqualified_by_rule", None),
        (lead(0.9, rejected=True, **FIT), "disqualified", "rejected_not_a_fit", None),
        (
            with_history(lead(0.9, rejected=True, **FIT), rejects=(Reject(1, us(5), us(5), "duplicate", None),)),
            "disqualified", "rejected_duplicate", None,
        ),
        (replace(READY, ended=ended("redirected", 3)), "disqualified", "redirected", None),
        (lead(0.01, ASK), "sales_ready", "asked_for_sales", "sales"),
        (lead(0.01, ASK, customer=True), "sales_ready", "asked_for_sales", "account_owner"),
        (with_history(lead(0.01, ASK), opportunity=OPENED), "sales_ready", "asked_for_sales", "opportunity_owner"),
        (lead(0.9, customer=True), "existing_customer", "existing_customer", "account_owner"),
        (with_history(LOW, opportunity=OPENED), "with_sales", "opportunity_open", "opportunity_owner"),
        (with_history(LOW, opportunity=SILENT), "with_sales", "opportunity_stale", "opportunity_owner"),
        (with_history(READY, opportunity=DEAD), "nurture", "opportunity_stale", "marketing"),
        (with_history(LOW, outcome_us=us(3)), "converted", "converted", None),
        (replace(LOW, handover=handover()), "sales_ready", "probability_and_fit", "sales"),
        (replace(LOW, handover=handover("working")), "with_sales", "handover_open", "sales"),
        (replace(LOW, handover=OF_ACCOUNT), "with_sales", "handover_open", "account_owner"),
        (with_history(LOW, feedback=(feedback("qualified", 1),)), "sales_ready", "qualified", "sales"),
        (with_history(LOW, feedback=(feedback("sent_by_marketing", 1),)), "sales_ready", "sent_by_marketing", "sales"),
        (with_history(LOW, feedback=(feedback("taken", 1),)), "sales_ready", "probability_and_fit", "sales"),
        (with_history(LOW, **repped(3)), "with_sales", "rep_working", "sales"),
        (with_history(LOW, replies=(Reply(4, us(1), us(1)),)), "needs_data", "replied", "marketing"),
        (lead(0.9, {"support_form": 2.0}, **FIT), "not_a_lead", "not_a_lead", None),
        (lead(0.9, {"application": 60.0, "careers_page": 60.0}, **FIT), "not_a_lead", "not_a_lead", None),
        (replace(READY, ended=UNWANTED), "nurture", "rejected_no_contact_wanted", "marketing"),
        (replace(READY, ended=ended("not_now", 3, back_in=30)), "nurture", "not_now", "marketing"),
        (lead(0.9, revisit_on=NOW + 30 * DAY, **FIT), "nurture", "not_now", "marketing"),
        (replace(READY, ended=ended("no_answer", 3, back_in=9)), "nurture", "no_answer", "marketing"),
        (replace(READY, ended=ended("no_outcome", 3, back_in=9)), "nurture", "no_outcome", "marketing"),
        (replace(READY, ended=ended("rejected_too_early", 3, back_in=9)), "nurture", "rejected_too_early", "marketing"),
        (replace(READY, ended=ended("rejected_no_budget", 3, back_in=9)), "nurture", "rejected_no_budget", "marketing"),
        (replace(READY, ended=ended("lost", 3, back_in=170)), "nurture", "lost", "marketing"),
        (lead(0.9, closed=True, **FIT), "nurture", "lost", "marketing"),
        (READY, "sales_ready", "probability_and_fit", "sales"),
        (replace(READY, ended=ended("never_tried", 1)), "sales_ready", "in_backlog", "sales"),
        (replace(lead(0.17, **FIT), before=WAS_READY), "sales_ready", "still_sales_ready", "sales"),
        (LOW, "nurture", "below_bar", "marketing"),
        (SHORT, "needs_data", "too_few_points", "marketing"),
        (lead(None), "needs_data", "no_facts", "marketing"),
        (UNFIT, "nurture", "too_few_points", "marketing"),
    ],
)  # fmt: skip
def test_each_lead_has_its_decision_its_code_and_its_queue(
    one: LeadNow, decision: str, code: str, queue: str | None
) -> None:
    found = decide(one)
    assert (found.decision, found.code, found.queue) == (decision, code, queue)
    assert (found.look_again_at is not None) == (queue is not None)
    assert found.look_again_at is None or found.look_again_at > NOW


# Who asks


def test_an_ask_beats_an_old_unanswered_call_a_lost_deal_and_a_date() -> None:
    """The hole that was: a demo request after one call that nobody answered went to nobody."""
    for history in (repped(30), repped(3), {"lost_us": us(20)}, {"opportunity": DEAD}, {"outcome_us": us(90)}):
        assert decide(with_history(lead(0.01, ASK), **history)).hands_over == "inbound"
    for end in ("no_answer", "no_outcome", "rejected_too_early", "not_now", "lost", "rejected_no_contact_wanted"):
        assert decide(replace(lead(0.01, ASK), ended=ended(end, 5, back_in=90))).hands_over == "inbound"


def test_an_ask_that_sales_answered_is_no_ask_any_more() -> None:
    answered = lead(0.01, {"demo_request": 5.0})
    assert decide(with_history(answered, **repped(2))).code == "rep_working"
    assert decide(replace(answered, ended=ended("rejected_too_early", 2, back_in=60))).code == "rejected_too_early"
    assert decide(with_history(answered, outcome_us=us(1))).decision == "converted"
    assert decide(with_history(answered, opportunity=Opportunity(us(2), None, us(1)))).code == "opportunity_open"


def test_with_a_handover_open_an_ask_makes_no_second_one_but_a_new_clock() -> None:
    for state in ("offered", "working"):
        asked = decide(replace(lead(0.01, ASK), handover=handover(state)))
        assert (asked.hands_over, asked.asks_again, asked.owner) == (None, True, "ann@us.example")
    known = decide(replace(lead(0.01, ASK), handover=handover("working", asked_us=us(1))))
    assert (known.asks_again, known.code) == (False, "handover_open")


def test_who_asked_is_never_held_whatever_many_leads_do() -> None:
    full = replace(UNDER, line=WaitingLine(has_room=False, least=0.9))
    for kind in ("event", "promotion", "import", "live", "agreement", "bar", "night"):
        assert decide(lead(0.01, ASK), Cause(kind), full).hands_over == "inbound"  # type: ignore[arg-type]


def test_an_objection_ends_a_handover_unless_the_lead_asked() -> None:
    quiet = lead(None, profiling_opt_out=True)
    assert decide(replace(quiet, handover=handover("working"))).withdraws == "objected_to_profiling"
    asked = lead(None, {"demo_request": 5.0}, profiling_opt_out=True)
    assert decide(replace(asked, handover=handover("working"))).withdraws is None


def test_what_ends_a_handover_says_why() -> None:
    for fact, code in (
        ({"email_domain": "rival.example"}, "disqualified_by_rule"),
        ({"email_domain": "ourcompany.example"}, "own_people"),
        ({"customer": True}, "existing_customer"),
    ):
        assert decide(replace(lead(0.9, **FIT, **fact), handover=handover("working"))).withdraws == code
    account = handover("working", queue="account_owner", kind="inbound")
    assert decide(replace(lead(0.9, customer=True), handover=account)).withdraws is None


def test_an_open_handover_goes_on_below_the_bar_and_keeps_the_code_that_it_began_with() -> None:
    was = before("sales_ready", "still_sales_ready", "sales")
    assert decide(replace(LOW, handover=handover(), before=was)).code == "still_sales_ready"
    inbound = decide(replace(LOW, handover=handover(kind="inbound")))
    assert (inbound.decision, inbound.code) == ("sales_ready", "asked_for_sales")


# Not a lead


def test_an_inquiry_is_one_only_while_nothing_else_counted_in_thirty_days() -> None:
    support = decide(lead(0.9, {"support_form": 2.0}))
    assert support.goes_to == "support@ourcompany.example"
    assert decide(lead(0.3, {"support_form": 2.0, "pricing_page": 9.0}, **FIT)).decision == "sales_ready"
    assert decide(lead(0.9, {"support_form": 2.0, "pricing_page": 40.0})).decision == "not_a_lead"


# A rep who works a lead on his own, and opportunities


def test_a_rep_keeps_his_own_lead_so_long_after_his_last_touch() -> None:
    working = decide(with_history(LOW, **repped(3)))
    assert (working.owner, working.look_again_at) == ("ann@us.example", NOW + 11 * DAY)
    assert decide(with_history(READY, **repped(15, is_contacted=True))).decision == "sales_ready"


def test_a_rep_who_used_up_his_tries_gives_the_lead_back() -> None:
    for history in (repped(2, tries=6, first=10), repped(2, tries=3, first=22)):
        gone = decide(with_history(READY, **history))
        assert (gone.decision, gone.code) == ("nurture", "no_answer")


def test_an_opportunity_has_its_owner_and_the_date_on_which_it_is_stale() -> None:
    fresh, stale = (decide(with_history(LOW, opportunity=one)) for one in (OPENED, SILENT))
    assert (fresh.owner, fresh.look_again_at) == ("opp@us.example", NOW + 80 * DAY)
    assert stale.look_again_at == NOW + 80 * DAY  # silent for 100 days: given up after 180
    again = with_history(lead(0.3, {"pricing_page": 3.0}, **FIT), opportunity=DEAD)
    assert decide(again).hands_over == "returned"


def test_who_objects_keeps_the_handover_of_an_ask_however_old_it_is_by_now() -> None:
    objecting = lead(None, profiling_opt_out=True)
    found = decide(replace(objecting, handover=handover("working", kind="inbound")))
    assert (found.code, found.withdraws) == ("handover_open", None)
    assert decide(replace(objecting, handover=handover("working"))).withdraws == "objected_to_profiling"


# Coming back


@pytest.mark.parametrize("code", ["no_answer", "no_outcome", "rejected_too_early"])
def test_a_lead_that_came_back_needs_its_date_and_new_behaviour(code: str) -> None:
    seen, quiet = lead(0.3, {"pricing_page": 3.0}, **FIT), READY
    assert decide(replace(quiet, ended=ended(code, 20))).code == code  # its date is past, and it did nothing
    assert decide(replace(seen, ended=ended(code, 20, back_in=5))).code == code  # it did, and its date is not past
    assert decide(replace(seen, ended=ended(code, 2))).code == code  # what it did came before
    both = decide(replace(seen, ended=ended(code, 20)))
    assert (both.decision, both.hands_over) == ("sales_ready", "returned")
    opened_mail = lead(0.3, {"email_open": 3.0}, **FIT)
    assert decide(replace(opened_mail, ended=ended(code, 20))).code == code  # mail programs open mails by themselves


@pytest.mark.parametrize("code", ["not_now", "rejected_no_budget"])
def test_a_named_date_alone_brings_a_lead_back(code: str) -> None:
    assert decide(replace(READY, ended=ended(code, 20))).hands_over == "returned"


def test_who_was_never_tried_goes_to_the_front_of_the_backlog_without_new_behaviour() -> None:
    waiting = decide(replace(READY, ended=ended("never_tried", 1)))
    assert (waiting.code, waiting.goes_first, waiting.hands_over) == ("in_backlog", True, None)
    its_turn = decide(replace(READY, ended=ended("never_tried", 1)), Cause("due", BACKLOG_TURN))
    assert its_turn.hands_over == "returned"


def test_the_history_tells_how_a_handover_ended_and_which_date_was_named() -> None:
    asked_later = with_history(
        READY,
        handover_events=closed("recycled", "not_now", 4, again_us=us(-50)),
        feedback=(feedback("not_now", 4, handover_id="ho_0", revisit_us=us(-60)),),
    )
    later = decide(asked_later)  # a contract end or a call back may have named it, which only the handover knows
    assert (later.code, later.look_again_at) == ("not_now", NOW + 50 * DAY)
    gone = decide(with_history(READY, handover_events=closed("recycled", "no_answer", 4)))
    assert (gone.code, gone.look_again_at) == ("no_answer", NOW + 26 * DAY)
    ours = decide(with_history(READY, handover_events=closed("withdrawn", "existing_customer", 4)))
    assert ours.hands_over == "crossing"  # nobody worked it


def test_a_lead_that_waits_for_answers_goes_back_when_tries_or_time_are_used_up() -> None:
    asking = before("needs_data", "too_few_points", days_ago=10.0)
    assert decide(replace(SHORT, before=asking)).code == "too_few_points"
    calls = tuple(call(9 - day, side="inside_sales") for day in range(6))
    assert decide(replace(with_history(SHORT, touches=calls), before=asking)).code == "no_answer"
    late = before("needs_data", "too_few_points", days_ago=22.0)
    assert decide(replace(SHORT, before=late)).code == "no_answer"
    given_up = before("nurture", "no_answer", days_ago=1.0, look_again_us=us(-20))
    assert decide(replace(SHORT, before=given_up)).code == "no_answer"  # and does not begin anew the next day


def test_a_reply_that_nobody_answers_waits_no_longer_than_tries_do() -> None:
    assert decide(with_history(LOW, replies=(Reply(4, us(20), us(20)),))).code == "replied"
    assert decide(with_history(LOW, replies=(Reply(4, us(22), us(22)),))).code == "below_bar"


def test_a_reply_is_answered_by_a_touch_or_by_feedback() -> None:
    replied = {"replies": (Reply(4, us(2), us(2)),)}
    assert decide(with_history(LOW, **replied, touches=(call(1, side="inside_sales"),))).code != "replied"
    assert decide(with_history(LOW, **replied, feedback=(feedback("contacted", 1),))).code != "replied"
    inside = DEFAULT.read_text().replace("inside_sales     = {}", 'inside_sales = { "ben@us.example" = 9 }')
    agreed = Agreement.parse(inside)
    assert decide(with_history(LOW, **replied), agreement=agreed).queue == "inside_sales"
    assert decide(SHORT, agreement=agreed).queue == "inside_sales"


# Hysteresis


def test_a_lead_is_ready_from_the_bar_on_and_until_it_falls_under_the_lower_one() -> None:
    was = before("sales_ready", "probability_and_fit", "sales")
    assert decide(lead(0.17, **FIT)).code == "below_bar"
    assert decide(replace(lead(0.17, **FIT), before=was)).code == "still_sales_ready"
    assert decide(replace(lead(0.159, **FIT), before=was)).code == "below_bar"
    assert decide(replace(SHORT, before=was)).code == "still_sales_ready"


# Never a flood


@pytest.mark.parametrize("kind", ["promotion", "recalibration", "agreement", "bar", "live", "import"])
def test_what_moves_many_leads_hands_nobody_over_at_once(kind: Any) -> None:
    was = before("nurture", "below_bar")
    held = decide(replace(READY, before=was), Cause(kind))
    assert (held.code, held.in_backlog, held.hands_over) == ("in_backlog", True, None)
    assert decide(READY, Cause(kind)).in_backlog


@pytest.mark.parametrize(
    "changed", [{"model_digest": "sha256:old"}, {"policy_digest": "sha256:old"}, {"bar_id": 0}, {"in_backlog": True}]
)
def test_while_a_lead_was_decided_under_something_else_its_crossing_waits_even_if_an_event_brings_it(
    changed: dict[str, Any],
) -> None:
    assert decide(replace(READY, before=before("nurture", "below_bar", **changed)), EVENT).in_backlog
    assert decide(replace(READY, before=before("nurture", "below_bar")), EVENT).hands_over == "crossing"


def test_the_first_decision_on_a_lead_that_was_there_before_is_no_crossing_of_its_own() -> None:
    old = replace(READY, row=replace(READY.row, traits={**READY.row.traits, "opened_us": us(9)}))
    assert decide(old).in_backlog
    assert decide(READY).hands_over == "crossing"


def test_the_reps_capacity_binds_and_a_full_line_takes_only_better_leads() -> None:
    was = before("nurture", "below_bar")
    busy = replace(UNDER, line=WaitingLine(has_room=False, last_at=NOW + 3 * DAY))
    held = decide(replace(READY, before=was), under=busy)
    assert (held.code, held.look_again_at) == ("in_backlog", NOW + 3 * DAY)
    full = replace(UNDER, line=WaitingLine(has_room=False, least=0.3))
    left = decide(replace(READY, before=was), under=full)
    assert (left.decision, left.code, left.queue) == ("nurture", "waits_for_capacity", "marketing")
    assert decide(replace(lead(0.31, **FIT), before=was), under=full).code == "in_backlog"
    stays = before("sales_ready", "in_backlog", "sales", in_backlog=True)
    kept = decide(replace(READY, before=stays), under=full)
    assert (kept.code, kept.look_again_at) == ("in_backlog", from_microseconds(us(-3)))


def test_a_lead_goes_over_when_its_turn_comes_and_not_by_an_event() -> None:
    waiting = replace(READY, before=before("sales_ready", "in_backlog", "sales", in_backlog=True))
    assert decide(waiting).in_backlog
    assert decide(waiting, Cause("due", BACKLOG_TURN)).hands_over == "crossing"
    fallen = replace(LOW, before=waiting.before)
    assert decide(fallen, Cause("due", BACKLOG_TURN)).code == "below_bar"


# What it stood on


def test_a_decision_says_which_rule_it_stood_on() -> None:
    assert decide(lead(0.01, ASK)).facts == {"rule": "sales_ready", "behaviours": {"demo_request": 1}, "traits": {}}
    rival = decide(lead(0.01, email_domain="rival.example"))
    assert rival.facts == {"rule": "disqualified", "behaviours": {}, "traits": {"email_domain": "rival.example"}}
    assert decide(READY).facts["rule"] == "bar"
