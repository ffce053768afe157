"""When a lead is with sales: a handover worked, an opportunity open, a rep's own touch fresh; and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from handmade_events import SMALL, Told, World, identify, page, track, us
from hypothesis import given, settings
from hypothesis import strategies as st

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.touches.agreed_terms import Terms
from features.touches.relation import RelationReader
from features.touches.sales_events import sales_events
from features.traits.standing import standing_traits

ANN = identify("ann", 0)


def ours(name: str, day: float, handover_id: str = "ho_1", **properties: Any) -> Told:
    return track("ann", f"Handover {name}", day, handover_id=handover_id, **properties) | {"source": "leadlight"}


def call(day: float, **properties: Any) -> Told:
    return track("ann", "Call Attempted", day, **{"by": "rep", **properties})


def feedback(day: float, kind: str, **properties: Any) -> Told:
    return track("ann", "Feedback Given", day, kind=kind, **{"by": "rep", **properties})


def with_sales(*told: Told, agreement: Agreement = SMALL) -> list[tuple[float, float | None]]:
    """The periods, in days; None: no end."""
    world = World.of([ANN, *told], agreement)
    reader = RelationReader(world.log, Terms.of(agreement), agreement.outcome.event, agreement)
    (events,) = sales_events(world.log, world.found).values()
    found = reader.with_sales(events)
    return [((a - us(0)) / DAY_US, None if b == NOT_YET else (b - us(0)) / DAY_US) for a, b in found]


@pytest.mark.parametrize("worked", [call(5), call(5, handover_id="ho_1"), feedback(5, "accepted", handover_id="ho_1")])
def test_a_handover_holds_from_when_it_is_worked_until_it_is_closed(worked: Told) -> None:
    assert with_sales(ours("Offered", 3), worked) == [(5, None)]
    assert with_sales(ours("Offered", 3), worked, ours("Closed", 60)) == [(5, 60)]


def test_a_handover_that_is_only_offered_is_nobodys() -> None:
    assert with_sales(ours("Offered", 3)) == []
    assert with_sales(ours("Offered", 3), ours("Closed", 13, code="never_tried")) == []


def test_after_a_handover_was_closed_only_a_new_touch_holds() -> None:
    told = [ours("Offered", 3), call(5), call(20), ours("Closed", 24)]
    assert with_sales(*told) == [(5, 24)]
    assert with_sales(*told, call(30)) == [(5, 24), (30, 44)]


@pytest.mark.parametrize("kind", ["rejected", "not_now", "redirected", "lost"])
def test_who_gives_it_back_has_it_no_more(kind: str) -> None:
    told = [ours("Offered", 3), call(5), feedback(8, kind, handover_id="ho_1", reason="too_early")]
    assert with_sales(*told) == [(5, 8)]


def test_an_opportunity_holds_until_it_ends_or_nothing_is_heard_of_it_for_twice_as_long_as_it_may_be_silent() -> None:
    opened = track("ann", "Opportunity Created", 10)
    assert with_sales(opened) == [(10, 190)]
    assert with_sales(opened, track("ann", "Opportunity Won", 40)) == [(10, 40)]
    assert with_sales(opened, track("ann", "Opportunity Lost", 40)) == [(10, 40)]
    assert with_sales(opened, call(100)) == [(10, 280)]
    assert with_sales(opened, track("ann", "Email Replied", 50)) == [(10, 230)]


def test_a_rep_keeps_what_he_works_on_his_own_and_at_most_as_long_as_a_handover() -> None:
    assert with_sales(call(5)) == [(5, 19)]
    assert with_sales(call(5), call(12), call(20)) == [(5, 26)]  # 21 days after the first
    assert with_sales(*map(call, (5, 6, 7, 8, 9, 10))) == [(5, 10)]  # six tries
    assert with_sales(*map(call, (5, 6, 7, 8, 9, 10)), track("ann", "Meeting Held", 11)) == [(5, 10), (11, 25)]
    assert with_sales(call(5), call(5, known=5.0), call(40)) == [(5, 19), (40, 54)]


def test_the_agreement_says_how_long() -> None:
    short = Agreement.parse(SMALL.text + '\n[handover]\nrep_keeps = "3 days"\nstale_after = "10 working days"\n')
    assert with_sales(call(5), agreement=short) == [(5, 8)]
    assert with_sales(track("ann", "Opportunity Created", 5), agreement=short) == [(5, 33)]
    assert short.feature_digest != SMALL.feature_digest


def test_a_touch_that_becomes_known_late_holds_from_then_and_one_known_too_late_does_not() -> None:
    assert with_sales(call(5, known=9)) == [(9, 19)]
    assert with_sales(call(5, known=30)) == []


def test_feedback_that_is_undone_held_until_then() -> None:
    said = feedback(6, "accepted", handover_id="ho_1")
    undo = track("ann", "Feedback Undone", 8, undoes=said["messageId"])
    assert with_sales(ours("Offered", 3), said, undo) == [(6, 8)]


EVENTS = st.one_of(
    st.builds(call, st.integers(1, 60)),
    st.builds(lambda day, lag: call(day, known=day + lag), st.integers(1, 60), st.integers(1, 30)),
    st.builds(lambda day: ours("Offered", day), st.integers(1, 60)),
    st.builds(lambda day: ours("Closed", day), st.integers(1, 60)),
    st.builds(feedback, st.integers(1, 60), st.sampled_from(["accepted", "contacted", "not_now", "lost"])),
    st.builds(lambda day: track("ann", "Opportunity Created", day), st.integers(1, 60)),
    st.builds(lambda day: track("ann", "Email Replied", day), st.integers(1, 60)),
)


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=7), st.integers(2, 60))
def test_what_was_known_by_a_day_follows_from_what_was_recorded_by_then(told: list[Told], day: int) -> None:
    cut = track("ann", "x", day)["receivedAt"]

    def until(*some: Told) -> list[tuple[float, float]]:
        held = with_sales(track("ann", "Email Replied", 0), *some)
        return [(start, min(end or day, day)) for start, end in held if start < day]

    assert until(*told) == until(*(one for one in told if one["receivedAt"] < cut))


def traits(day: float, *told: Told) -> dict[str, Any]:
    return dict(standing_traits(World.of([ANN, *told]).traits_at("ann", us(day)), int(us(day))))


def test_a_trait_says_who_is_with_sales_and_time_alone_ends_it() -> None:
    assert [traits(day, call(5)).get("with_sales") for day in (4, 6, 18, 20)] == [None, True, True, False]
    assert traits(20, track("ann", "Email Sent", 5)).get("with_sales") is None
    handed = [ours("Offered", 3), call(5)]
    assert traits(300, *handed)["with_sales"] is True
    assert traits(300, *handed, ours("Closed", 30))["with_sales"] is False


def test_an_opportunity_of_which_nothing_is_heard_is_open_no_more() -> None:
    opened = track("ann", "Opportunity Created", 5)
    assert [traits(day, opened)["open_opportunity"] for day in (6, 184, 186)] == [True, True, False]
    assert traits(300, identify("ann", 5, open_opportunity=True))["open_opportunity"] is True  # the CRM says it is


def test_a_call_of_sales_does_not_count_as_what_the_lead_did_and_one_of_inside_sales_does() -> None:
    answered = [track("ann", "Call Answered", 5, minutes=4, by="rep"), track("ann", "Call Answered", 30, minutes=7)]
    assert World.of([ANN, *answered]).behaviour("ann", "call", 40).minutes == 7


def test_what_our_side_does_and_says_is_no_feature() -> None:
    """Beside the answered calls of inside sales, which are behaviour, nothing of it reaches the model."""
    told = [ANN, page("ann", 1), page("ann", 30)]
    said = [ours("Offered", 3), call(5), feedback(6, "contacted", note="call me", reason="no_budget")]
    said += [track("ann", "Email Sent", 7), track("ann", "Meeting No Show", 8), feedback(9, "not_now")]
    said += [
        ours("Closed", 10, code="not_now"),
        track("ann", "Opportunity Created", 11),
        track("ann", "Message Sent", 12),
    ]
    assert World.of([*told, *said]).features("ann", us(40)) == pytest.approx(
        World.of(told).features("ann", us(40)), nan_ok=True
    )


@pytest.mark.parametrize("name", ["Feedback Given", "Survey Answered"])
def test_what_was_learned_in_a_talk_is_a_trait_from_when_it_was_known(name: str) -> None:
    said = (
        {"learned": {"industry": "retail"}} if name == "Feedback Given" else {"trait": "industry", "answer": "retail"}
    )
    told = track("ann", name, 5, known=7, kind="contacted", question="Which industry?", **said)
    assert [traits(day, told).get("industry") for day in (6, 8)] == [None, "retail"]
    assert traits(8, told | {"flags": "public"}).get("industry") == (None if "Feedback" in name else "retail")


def test_a_date_to_come_back_on_is_a_trait() -> None:
    dated = Agreement.parse(SMALL.text + 'revisit_on = { kind = "date", learned = false }\n')
    told = World.of([ANN, feedback(5, "not_now", revisit_on="2026-03-01")], dated)
    assert told.traits_at("ann", us(6))["revisit_on"] == pytest.approx(us(59) / DAY_US)
