"""The market that a quarter is lived through in: the same leads for every way of calling, and calls that help."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.parts import dispatchers
from benchmarks.parts.live_market import HOUR_US, Buyers, LiveMarket, live_market
from benchmarks.parts.over_seeds import over_seeds
from features.arrays import DAY_US

DAYS = 28


@pytest.fixture(scope="module")
def market() -> LiveMarket:
    return live_market(900, 3, datetime(2026, 11, 2, tzinfo=UTC), DAYS)


def test_the_quarter_begins_where_the_past_ends(market) -> None:
    assert (market.before["receivedAt"] < market.begins_at).all()
    assert ((market.events["receivedAt"] >= market.begins_at) & (market.events["receivedAt"] < market.ends_at)).all()
    told = set(market.events["event"].dropna())
    assert "Content Downloaded" in told
    assert "Lead Converted" not in told, "who buys is decided while it is lived"


def test_a_call_brings_more_purchases_and_never_fewer(market) -> None:
    left, called = _bought(market, called=False), _bought(market, called=True)
    assert set(np.flatnonzero(left)) <= set(np.flatnonzero(called))
    assert called.sum() > left.sum() > 0


def _bought(market: LiveMarket, called: bool) -> np.ndarray:
    buyers, begins_us = Buyers(market), -DAYS * DAY_US
    for lead in np.flatnonzero(buyers.opened_us < 0) if called else ():
        buyers.call(lead, max(int(buyers.opened_us[lead]), begins_us))
    bought = np.zeros(len(market.leads), dtype=bool)
    for hour in range(DAYS * 24):
        bought[buyers.hour(begins_us + hour * HOUR_US)] = True
    return bought


def test_junk_is_never_bought_by(market) -> None:
    junk = market.leads["is_junk"].to_numpy()
    assert junk.any()
    assert not _bought(market, called=True)[junk].any()


def test_an_oracle_gets_more_of_each_contact_than_first_come_first_served(market) -> None:
    contacts = dict.fromkeys(range(0, DAYS, 2), 3)
    first, best = (
        dispatchers.conversions_per_contact(market, order, contacts)
        for order in (dispatchers.first_come, dispatchers.oracle)
    )
    assert first["contacts"] <= best["contacts"] == 3 * len(contacts)
    assert best["conversions_per_contact"] > first["conversions_per_contact"]


def test_a_perfect_dispatcher_leaves_only_what_its_reps_cannot_take() -> None:
    offered = [0] * 7
    two_a_day = dispatchers.never_tried_by_a_perfect_dispatcher(offered, lambda _: 2, 3 * DAY_US, 1)
    none = dispatchers.never_tried_by_a_perfect_dispatcher(offered, lambda _: 0, 3 * DAY_US, 1)
    assert (two_a_day, none) == (pytest.approx(1 / 7), 1.0)


def test_in_turn_whoever_never_calls_keeps_what_came_to_them() -> None:
    offered = list(range(8))
    first_calls = dispatchers.never_tried_in_turn(offered, lambda rep, _: rep == 0, 3 * DAY_US, 2, 5)
    assert first_calls == pytest.approx(4 / 8)


def test_over_several_seeds_what_must_be_none_is_added_up_and_the_rest_is_the_middle_one() -> None:
    runs = [
        {"seed": 1, "lost": 1, "double_handovers": 0, "sums_wrong": 0, "overdue_not_listed": 0, "never_tried": 0.02,
         "conversions_per_contact_ratio": {"first_come": 5.0}},
        {"seed": 2, "lost": 2, "double_handovers": 0, "sums_wrong": 0, "overdue_not_listed": 0, "never_tried": 0.01,
         "conversions_per_contact_ratio": {"first_come": 3.0}},
    ]  # fmt: skip
    figures = over_seeds(runs)
    assert (figures["lost"], figures["double_handovers"]) == (3, 0)
    assert figures["conversions_per_contact_ratio"] == {"first_come": 4.0}
    assert figures["worst"]["conversions_per_contact_ratio.first_come"] == 3.0
    assert (figures["never_tried"], figures["worst"]["never_tried"]) == (pytest.approx(0.015), 0.02)
