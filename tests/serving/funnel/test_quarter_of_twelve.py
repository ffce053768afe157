"""A quarter of 12 leads by hand: every number of the report's page of the hole, counted again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from features.agreement.agreement import Agreement
from serving.funnel.figures import (
    acceptance,
    by_group,
    by_tries,
    criteria_figures,
    funnel,
    owners,
    segments,
    speed,
    spread,
)
from serving.funnel.handed import Handed, Win, handed, handed_leads
from serving.funnel.marketed import Came, campaigns, inflation, missed, without_source
from serving.funnel.shares import share

BEGINS = datetime(2026, 9, 1, tzinfo=UTC)
ANN, BEN = "ann@ours.example", "ben@ours.example"
AGREED = Agreement.parse(Agreement.default().text + "\n[campaigns.spring]\ncost = 1200\n")


def row(lead: str, hours: float | None, tries: int, said: str = "", **more: Any) -> Handed:
    """said: what holds of it, by first letters: accepted, contacted, kept, won, late."""
    words = {name[0]: name for name in ("accepted", "contacted", "kept", "won", "late")}
    told = {words[letter]: True for letter in said}
    given: dict[str, Any] = {"kind": "crossing", "source": "webinar", "campaign": "spring", "owner": ANN, "grade": "A"}
    given |= {"probability": 0.3, "hours_to_try": hours, "tries": tries} | told | more
    return Handed(handover_id=f"ho_{lead}", lead_id=lead, offered_at=BEGINS, **given)


# Eight of the 12 went over; L-8 was drawn at random.
HANDED = [
    row("L-1", 0.25, 1, "ackw", amount=9000.0, months_to_win=2.0, levels={"need": 3, "timeframe": None}),
    row("L-2", 0.75, 2, "ackw", amount=3000.0, months_to_win=4.0, levels={"need": 2, "timeframe": 3}),
    row("L-3", 20.0, 3, "ack", levels={"need": None, "timeframe": 3}),
    row("L-4", 30.0, 1, "cl", reason="not_a_fit", owner=BEN, grade="B", levels={"need": None, "timeframe": 1}),
    row("L-5", None, 0, "l", owner=BEN, grade="B", campaign=None),
    row("L-6", 200.0, 6, "a", owner=BEN, grade="B", source="fair", campaign="expo"),
    row("L-7", 0.5, 1, "c", reason="too_early", source="fair", campaign="expo"),
    row("L-8", 1.0, 1, "ackw", kind="explored", grade="C", amount=500.0),
]
CAME = [
    Came(f"L-{n}", BEGINS + timedelta(days=40 * (n > 8)), "webinar" if n < 9 else None, "spring" if n < 7 else None,
         0.1 * (n % 4), 0.1 * (n % 4), 0.2, n in (1, 2, 8, 12), "analytics.js" if n < 12 else "crm")
    for n in range(1, 13)
]  # fmt: skip


def counts(said: dict[str, Any]) -> tuple[int, int]:
    return said["count"], said["of"]


def test_the_funnel_counts_leads_step_by_step() -> None:
    steps = funnel(HANDED, 12)["steps"]
    assert [(one["step"], one["leads"]) for one in steps] == [
        ("lead", 12), ("mql", 8), ("sal", 5), ("sql", 4), ("won", 3),
    ]  # fmt: skip
    assert [one["of_step_before"] and counts(one["of_step_before"]) for one in steps[1:]] == [
        (8, 12), (5, 8), (4, 5), (3, 4),
    ]  # fmt: skip
    groups = by_group(HANDED, "campaign", {"spring": 6, None: 6})
    told = {one["name"]: tuple(one[step] for step in ("leads", "mql", "sal", "sql", "won")) for one in groups}
    assert told == {"spring": (6, 5, 4, 4, 3), "(none named)": (6, 1, 0, 0, 0), "expo": (0, 2, 1, 0, 0)}


def test_speed_and_what_was_never_tried() -> None:
    found = speed(HANDED)
    assert found["hours_to_first_try"] == 1.0
    assert {name: counts(one) for name, one in found["tried_within"].items()} == {
        "30 minutes": (2, 8), "1 hour": (4, 8), "24 hours": (5, 8), "1 week": (6, 8),
    }  # fmt: skip
    assert [counts(found[name]) for name in ("never_tried", "late", "contacted")] == [(1, 8), (2, 8), (6, 8)]


def test_acceptance_leaves_explored_handovers_out() -> None:
    found = acceptance(HANDED, 0.6)
    assert counts(found["accepted"]) == (4, 7)
    assert found["is_short"] is True
    assert [(one["name"], counts(one["accepted"])) for one in found["by_grade"]] == [("A", (3, 4)), ("B", (1, 3))]
    assert found["reasons"] == {"not_a_fit": 1, "too_early": 1}
    assert {one["name"]: one["reasons"] for one in found["by_campaign"]} == {
        "spring": {"not_a_fit": 1}, "expo": {"too_early": 1}, "(none named)": {},
    }  # fmt: skip


def test_outcomes_by_how_early_and_how_often() -> None:
    found = by_tries(HANDED)
    assert {one["name"]: counts(one["won"]) for one in found["by_first_try"]} == {
        "30 minutes": (1, 2), "1 hour": (2, 2), "24 hours": (0, 1), "1 week": (0, 1), "later": (0, 1), "never": (0, 1),
    }  # fmt: skip
    assert {one["name"]: counts(one["contacted"]) for one in found["by_tries"]} == {
        "0": (0, 1), "1": (4, 4), "2": (1, 1), "3": (1, 1), "5 or more": (0, 1),
    }  # fmt: skip


def test_whether_each_criterion_earns_its_points() -> None:
    need, timeframe = criteria_figures(HANDED)
    assert (need["name"], counts(need["won_with_points"]), counts(need["won_without"])) == ("need", (2, 2), (0, 2))
    assert need["difference"]["value"] == 1.0
    assert (counts(timeframe["won_with_points"]), counts(timeframe["won_without"])) == ((1, 3), (1, 1))
    assert {points: counts(one) for points, one in timeframe["by_points"].items()} == {
        "0": (1, 1), "1": (0, 1), "3": (1, 2),
    }  # fmt: skip


def test_owners_are_named_only_where_that_is_agreed() -> None:
    ann, ben = owners(HANDED, per_rep=True)
    assert (ann["name"], ann["handovers"], counts(ann["accepted"]), ann["contacts"]) == (ANN, 4, (3, 4), 4)
    assert (ann["amount"], ann["months_to_win"], counts(ann["won"])) == (12000.0, 3.0, (2, 4))
    assert (ben["handovers"], counts(ben["never_tried"]), ben["amount"]) == (3, (1, 3), None)
    (sales,) = owners(HANDED, per_rep=False)
    assert (sales["name"], sales["handovers"], sales["amount"]) == ("sales", 7, 12000.0)
    told = spread(HANDED)
    assert (counts(told["contacts"]["largest"]), counts(told["wins"]["largest"])) == ((4, 5), (2, 2))
    assert (told["contacts"]["owners"], told["wins"]["owners"]) == (2, 1)


def test_what_a_campaign_brought_and_cost() -> None:
    none, spring = campaigns(CAME, AGREED)
    assert (spring["leads"], counts(spring["converted"]), spring["cost"]) == (6, (2, 6), 1200)
    assert spring["mean_probability"] == pytest.approx((0.1 + 0.2 + 0.3 + 0 + 0.1 + 0.2) / 6)
    assert spring["cost_per_conversion"]["value"] == 600
    low, high = (1200 / (6 * end) for end in reversed(spring["converted"]["interval"]))
    assert spring["cost_per_conversion"]["interval"] == [pytest.approx(low), pytest.approx(high)]
    assert (none["cost"], none["cost_per_conversion"]) == (None, None)


def test_inflation_and_leads_from_nowhere() -> None:
    assert [(one["month"], counts(one["over"])) for one in inflation(CAME)] == [
        ("2026-09", (4, 8)),
        ("2026-10", (2, 4)),
    ]
    found = without_source(CAME)
    assert (counts(found["source"]), counts(found["campaign"])) == ((4, 12), (6, 12))
    assert found["by_tool"] == [
        {"tool": "analytics.js", "without_source": 3, "without_campaign": 5},
        {"tool": "crm", "without_source": 1, "without_campaign": 1},
    ]


def test_what_was_missed() -> None:
    wins = [{"was_below": True, "was_rejected": False}, {"was_below": False, "was_rejected": True}] + 2 * [
        {"was_below": False, "was_rejected": False}
    ]
    found = missed(wins)
    assert (counts(found["won_below_the_bar"]), counts(found["won_after_a_reject"])) == ((1, 4), (1, 4))


def test_a_segment_is_proven_only_where_its_interval_lies_above_all() -> None:
    many = [row(f"a{n}", 1.0, 1, "w" if n < 18 else "") for n in range(20)]
    many += [row(f"b{n}", 1.0, 1, "w" if n < 2 else "", source="fair", campaign="expo") for n in range(20)]
    assert [(one["dimension"], one["name"]) for one in segments(many)] == [
        ("source", "webinar"),
        ("campaign", "spring"),
    ]
    assert segments(HANDED) == []


def test_a_share_of_nothing_has_no_value() -> None:
    assert share(0, 0) == {"value": None, "count": 0, "of": 0, "interval": None}


def test_a_conversion_counts_for_the_newest_handover_before_it() -> None:
    import handmade_handovers as hand

    first = hand.handover("crossing", handover_id="ho_1", state="rejected", code="rejected_too_early")
    second = hand.handover("returned", handover_id="ho_2", offered_at=hand.NOW + timedelta(days=30))
    win = Win(hand.NOW + timedelta(days=40), 3.0, 700.0)
    one, other = handed_leads([second, first], {"L-1": win}, hand.NOW + timedelta(days=60))
    assert (one.handover_id, one.reason, one.won, one.accepted) == ("ho_1", "too_early", False, False)
    assert (other.handover_id, other.won, other.amount, other.months_to_win) == ("ho_2", True, 700.0, 3.0)
    assert handed(second, None, hand.NOW + timedelta(days=60)).late
