"""The plan of a lead that is not ready: weekly, then slowly; what it has not seen; no question twice; never over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import decided_leads as hand
import pytest

from features.agreement.agreement import Agreement
from features.touches.history import Reply, SalesHistory
from features.touches.lead_reading import NOTHING_READ, LeadReading
from features.touches.touch import Touch
from serving.nurture.plan import lead_plan
from serving.scoring.lead_now import LeadNow

CONTENT = """
[content]
tour = { topic = "product" }
pricing-guide = { topic = "Pricing" }
price-list = { topic = "pricing" }
"""
AGREED = Agreement.parse(Agreement.default().text + CONTENT)


def mail(days_ago: float, **more: Any) -> Touch:
    us = hand.us(days_ago)
    touch = Touch(int(1000 - days_ago), "Email Sent", us, us, "marketing", "sequence", None, None, "email")
    return replace(touch, **more)


def plan(one: LeadNow, agreement: Agreement = AGREED, **history: Any) -> Any:
    one = replace(one, history=SalesHistory("ann", **history))
    return lead_plan(agreement, one, hand.decide(one, agreement=agreement), one.read or NOTHING_READ, hand.NOW)


def day(days_ahead: float) -> str:
    return (hand.NOW + hand.timedelta(days=days_ahead)).isoformat().replace("+00:00", "Z")[:16]


def below(**traits: Any) -> LeadNow:
    return hand.lead(0.05, **traits)


def test_a_lead_that_was_never_touched_is_due_now() -> None:
    found = plan(below())
    assert (found["due_at"][:16], found["phase"], found["unanswered"]) == (day(0), "regular", 0)


@pytest.mark.parametrize(
    ("ago", "due_in", "phase"),
    [
        ((6,), 1, "regular"),
        ((20, 13, 6), 1, "regular"),
        ((27, 20, 13, 6), 24, "review"),
        ((40, 27, 20, 13, 6), 24, "slow"),
    ],
)
def test_after_so_many_touches_without_a_response_it_is_reviewed_and_then_slow(
    ago: tuple[float, ...], due_in: float, phase: str
) -> None:
    found = plan(below(), touches=tuple(map(mail, ago)))
    assert (found["due_at"][:16], found["phase"], found["unanswered"]) == (day(due_in), phase, len(ago))


def test_a_response_begins_the_rhythm_anew() -> None:
    touches = tuple(map(mail, (27, 20, 13, 6)))
    us = hand.us(10)
    assert plan(below(), touches=touches, replies=(Reply(1, us, us),))["unanswered"] == 1
    assert plan(hand.lead(0.05, {"webinar": 10.0}), touches=touches)["unanswered"] == 1
    assert plan(hand.lead(0.05, {"email_open": 10.0}), touches=touches)["unanswered"] == 4


def test_over_the_cap_it_waits_and_says_why() -> None:
    text = AGREED.text.replace('at_most = "2 in 7 days"', 'at_most = "2 in 30 days"')
    found = plan(below(), Agreement.parse(text), touches=(mail(10), mail(8)))
    assert (found["due_at"][:16], found["waits"]["code"]) == (day(20), "touch_cap")
    assert "as often as agreed (2 in 30 days)" in found["waits"]["text"]


def test_a_touch_of_this_afternoon_a_week_ago_allows_none_this_morning() -> None:
    found = plan(below(), touches=(mail(6.9, by="mo"), mail(6.8, by="bo")))
    assert (found["allowed_at"][:16], found["due_at"][:16], found["waits"]) == (day(0.1), day(0.2), None)


def test_what_it_reads_about_and_has_not_seen_comes_next() -> None:
    read = LeadReading(("pricing",), frozenset({"pricing-guide"}))
    assert plan(replace(below(), read=read))["next"] == {
        "kind": "content", "topic": "pricing", "content_id": "price-list",
    }  # fmt: skip
    read = replace(read, sent=frozenset({"price-list"}))
    assert plan(replace(below(), read=read))["next"]["kind"] == "question"


def test_no_question_is_asked_twice_and_none_that_is_answered() -> None:
    assert plan(below())["ask"]["criterion"] == "need"
    read = LeadReading(asked=frozenset({"what would you like to solve"}))
    found = plan(replace(below(), read=read))["ask"]
    assert found == {"criterion": "timeframe", "question": "When do you plan to choose?", "trait": "timeframe"}
    found = plan(replace(below(timeframe="now"), read=read))["ask"]
    assert (found["criterion"], found["trait"]) == ("authority", "job_title")
    read = LeadReading(asked=frozenset({"need", "timeframe", "job_title", "profile"}))
    assert plan(replace(below(), read=read))["ask"] is None


def test_who_takes_no_mail_or_wants_no_contact_gets_nothing() -> None:
    found = plan(below(unsubscribed=True))
    assert (found["next"]["kind"], found["due_at"], found["waits"]["code"]) == ("none", None, "no_email")


def test_who_named_a_date_waits_for_it() -> None:
    found = plan(below(revisit_on=20_800.0))
    assert found["waits"]["code"] == "not_now"
    assert found["due_at"] == found["come_back_at"] == found["waits"]["until"]
    assert found["due_at"].startswith("2026-12-13")


def test_a_lead_that_is_ready_is_nobodys_to_nurture() -> None:
    ready = hand.lead(0.3, {"demo_request": 0.1}, **hand.FIT)
    assert hand.decide(ready, agreement=AGREED).decision == "sales_ready"
    assert plan(ready) is None
