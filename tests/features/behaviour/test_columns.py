"""What a state says at a moment: finite, falling with time, exact about the recent past."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_events import MINUTE, SMALL, World, identify, page, track, us
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import DAY_US, Ragged
from features.behaviour.columns import NEVER, NOTHING, BehaviourState, behaviour_columns

VISITS = [identify("ann", 0), page("ann", 1), page("ann", 5), track("ann", "Webinar Attended", 6, minutes_attended=30)]


def test_what_never_happened_is_9999_days_ago_and_zero_otherwise() -> None:
    found = World.of(VISITS).features("ann", us(8))
    assert found["days_since_email_click"] == found["days_since_first_email_click"] == NEVER == 9_999
    assert all(found[name] == 0 for name in found if name.startswith("email_click_count"))
    assert np.isfinite([value for name, value in found.items() if name.startswith("days_since")]).all()


def test_an_event_only_ever_brings_days_since_down() -> None:
    before = World.of(VISITS).features("ann", us(8))
    after = World.of([*VISITS, track("ann", "Email Link Clicked", 7)]).features("ann", us(8))
    assert after["days_since_email_click"] == 1 < before["days_since_email_click"]


def test_counts_halve_every_half_life_and_totals_stay() -> None:
    world = World.of(VISITS)
    now, later = world.features("ann", us(6.5)), world.features("ann", us(13.5))
    assert later["pricing_page_count_hl7d"] == pytest.approx(now["pricing_page_count_hl7d"] / 2, rel=1e-12)
    assert later["pricing_page_count_total"] == now["pricing_page_count_total"] == 2
    assert later["days_since_pricing_page"] == now["days_since_pricing_page"] + 7


@given(st.floats(0.001, 2_000))
def test_a_sum_that_has_faded_reads_as_zero_and_never_as_a_residue(days: float) -> None:
    state = World.of(VISITS).states_at("ann", us(8))["pricing_page"]
    moment = np.array([us(8) + round(days * DAY_US)])
    columns = behaviour_columns({"pricing_page": Ragged.of([state])}, moment, SMALL.half_lives, ["pricing_page"])
    faded = np.array([values for name, values in columns.items() if "_hl" in name])
    assert ((faded == 0) | (faded >= NOTHING)).all()


def test_total_minutes_that_cancel_are_zero() -> None:
    # 0.1 + 0.2 - 0.3 is 5.5e-17, which would move a tree from one leaf to another.
    half_lives = SMALL.half_lives
    state = [2.0, 0.1 + 0.2 - 0.3, 0.0, 0.0, *[1.0] * (2 * len(half_lives)), 0.0, 0.0]
    columns = behaviour_columns({"call": Ragged.of([state])}, np.array([DAY_US]), half_lives, ["call"])
    assert columns["call_minutes_total"][0] == 0


def test_minutes_are_columns_only_where_a_behaviour_has_them() -> None:
    found = World.of(VISITS).features("ann", us(8))
    assert found["webinar_minutes_total"] == 30
    assert "pricing_page_minutes_total" in found
    assert not [name for name in found if name.startswith("email_click_minutes")]


def test_how_many_in_the_last_days_is_exact_to_the_microsecond() -> None:
    state = World.of(VISITS).behaviour("ann", "pricing_page", 8)
    assert [len(state.within(days, us(8))) for days in (2, 3, 6.9, 7, 30)] == [0, 1, 1, 2, 2]
    assert len(state.within(30, us(5))) == 1  # what happens at the moment itself is not before it
    assert (state.count, state.last_us()) == (2, us(5))


def test_an_empty_state_has_no_last_time() -> None:
    nothing = BehaviourState(np.empty(0), 3)
    assert (nothing.count, nothing.minutes, nothing.last_us()) == (0, 0.0, None)


def test_a_behaviour_seen_twice_in_one_moment_counts_twice() -> None:
    world = World.of([identify("ann", 0), page("ann", 1, "/pricing"), page("ann", 1, "/pricing/eu")])
    assert world.behaviour("ann", "pricing_page", 1 + MINUTE).count == 2
