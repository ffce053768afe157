"""One touch: whose it is, who or what did it, how it went; and how often all of us together reach out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from handmade_events import MINUTE, SMALL, Told, World, identify, track, us

from features.agreement.agreement import Agreement
from features.events.touch_values import bad_touch_values
from features.touches.history import SalesHistory, sales_histories, sales_history
from features.touches.touch import Touch, touch_side
from features.touches.tries import next_allowed_us, over_cap, tries

ANN = identify("ann", 0)
REPS = Agreement.parse(
    SMALL.text
    + """
[touches]
at_most = "2 in 7 days"
[people]
reps = { "rep@ours.example" = 5 }
inside_sales = { "sdr@ours.example" = 20 }
"""
)


def history(*told: Told, lead: str = "ann") -> SalesHistory:
    world = World.of([ANN, *told])
    rows = SimpleNamespace(table=world.log, identities=world.found, observed=world.observed)
    return sales_history(rows, SMALL, lead)


def one(name: str = "Call Attempted", **properties: Any) -> Touch:
    (touch,) = history(track("ann", name, 5, **properties)).touches
    return touch


@pytest.mark.parametrize(
    ("name", "properties", "side", "actor"),
    [
        ("Call Attempted", {}, "sales", "person"),
        ("Call Attempted", {"side": "Inside Sales"}, "inside_sales", "person"),
        ("Email Sent", {}, "marketing", "sequence"),
        ("Email Sent", {"by": "rep@ours.example"}, "sales", "person"),
        ("Email Sent", {"crm": "salesforce", "crm_lead_id": "00Q1"}, "sales", "person"),
        ("Email Sent", {"sent_by": "sales"}, "sales", "person"),
        ("Email Sent", {"by": "rep@ours.example", "sequence": "outbound-3"}, "sales", "sequence"),
        ("Letter Sent", {"side": "marketing", "by": "ann"}, "marketing", "person"),
        ("Call Attempted", {"actor": "agent", "by": "bot"}, "sales", "agent"),
        ("Call Answered", {}, "inside_sales", "person"),
        ("Call Answered", {"by": "rep@ours.example"}, "sales", "person"),
        ("Meeting Held", {"side": "the north"}, "sales", "person"),
    ],
)
def test_a_touch_has_a_side_and_an_actor(name: str, properties: dict[str, Any], side: str, actor: str) -> None:
    found = one(name, **properties)
    assert (found.side, found.actor) == (side, actor)


def test_the_agreements_lists_say_whose_a_person_is_and_the_keys_side_goes_before_them() -> None:
    said = {"by": "sdr@ours.example"}
    assert touch_side("Call Attempted", said, "", REPS) == "inside_sales"
    assert touch_side("Call Attempted", said, "made_id,side_marketing", REPS) == "marketing"
    assert touch_side("Call Attempted", said | {"side": "sales"}, "side_marketing", REPS) == "sales"


@pytest.mark.parametrize(
    ("name", "properties", "result"),
    [
        ("Call Attempted", {}, "no_answer"),
        ("Voicemail Left", {}, "voicemail"),
        ("Call Answered", {}, "talked"),
        ("Meeting Held", {}, "talked"),
        ("Meeting No Show", {}, "no_answer"),
        ("Meeting Booked", {}, None),
        ("Email Sent", {}, None),
        ("Email Sent", {"result": "bounced"}, "bounced"),
        ("Call Attempted", {"result": "Gatekeeper"}, "gatekeeper"),
        ("Call Attempted", {"call_back_at": "2026-02-01T10:00:00Z"}, "call_back"),
        ("Call Attempted", {"result": "great"}, "no_answer"),
    ],
)
def test_how_a_touch_went_is_said_or_follows_from_its_name(
    name: str, properties: dict[str, Any], result: str | None
) -> None:
    assert one(name, **properties).result == result


def test_values_that_mean_nothing_are_named() -> None:
    said = {"side": "north", "actor": "person", "result": "great", "call_back_at": "soon"}
    assert list(bad_touch_values("Call Attempted", said)) == ["bad_side", "bad_result", "bad_call_back_at"]
    assert not list(bad_touch_values("Webinar Attended", said))


def test_only_a_person_of_sales_or_inside_sales_stops_a_clock() -> None:
    assert all(one(**said).is_of_person for said in ({"by": "rep"}, {"side": "inside_sales"}))
    others = ({"side": "marketing"}, {"actor": "sequence"}, {"actor": "agent"})
    assert not any(one(**said).is_of_person for said in others)


def test_what_one_person_does_within_an_hour_is_one_try() -> None:
    calls = [
        track("ann", "Call Attempted", 5, by="rep"),
        track("ann", "Voicemail Left", 5 + 5 * MINUTE, by="rep"),
        track("ann", "Email Sent", 5 + 50 * MINUTE, by="rep"),
        track("ann", "Call Attempted", 5 + 20 * MINUTE, by="other"),
        track("ann", "Email Sent", 5 + 21 * MINUTE, side="marketing"),
        track("ann", "Call Answered", 5 + 61 * MINUTE, by="rep"),
    ]
    found = history(*calls)
    assert [(one.by, one.media, one.result) for one in tries(found.touches)] == [
        ("rep", ("call", "email"), "voicemail"),
        ("other", ("call",), "no_answer"),
        ("rep", ("call",), "talked"),
    ]
    assert [one.by for one in found.tries_since(us(5 + 30 * MINUTE))] == [
        "rep"
    ]  # the mail and the call are within an hour of one another


def test_one_cap_holds_over_all_sides() -> None:
    found = history(
        track("ann", "Email Sent", 1, side="marketing"),
        track("ann", "Call Attempted", 3, by="rep"),
        track("ann", "Voicemail Left", 3 + MINUTE, by="rep"),
    ).touches
    assert not over_cap(found, us(2), REPS)
    assert over_cap(found, us(4), REPS)
    assert next_allowed_us(found, us(4), REPS) == us(8)
    assert not over_cap(found, us(8), REPS)
    assert not over_cap(found, us(4), SMALL)  # nobody agreed on a cap


def test_a_reply_is_the_leads_own_act() -> None:
    found = history(track("ann", "Email Replied", 5))
    assert [reply.occurred_us for reply in found.replies] == [us(5)]
    assert not found.touches


def test_the_history_tells_what_the_ledger_knows_now() -> None:
    found = history(
        track("ann", "Opportunity Created", 2, owner="rep@ours.example"),
        track("ann", "Call Attempted", 4, by="rep@ours.example"),
        track("ann", "Lead Disqualified", 6, reason="too_early"),
        track("ann", "Opportunity Created", 8, owner="Bob"),
        track("ann", "Email Replied", 9),
        track("ann", "Lead Converted", 12),
        track("ann", "Lead Status Changed", 13, status="Customer", owner="Bob"),
    )
    assert found.opportunity is not None
    assert (found.opportunity.opened_us, found.opportunity.owner, found.opportunity.last_us) == (us(8), "Bob", us(9))
    assert [found.opportunity.is_stale(us(day), SMALL) for day in (98, 100)] == [False, True]
    assert [reject.reason for reject in found.rejects] == ["too_early"]
    assert found.outcome_us == us(12)
    assert [status.status for status in found.statuses] == ["Customer"]
    assert found.newest_event_id == 8
    assert history(lead="nobody") == SalesHistory("nobody")


def test_all_leads_have_a_history_and_only_their_own() -> None:
    world = World.of([ANN, identify("bob", 1), track("bob", "Call Attempted", 2)])
    rows = SimpleNamespace(table=world.log, identities=world.found, observed=world.observed)
    found = sales_histories(rows, SMALL)
    assert (len(found["ann"].touches), len(found["bob"].touches)) == (0, 1)
    assert sales_histories(rows, SMALL, {"ann"}).keys() == {"ann"}
