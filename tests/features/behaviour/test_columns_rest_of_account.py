"""The rest of an account: what colleagues did, as if the lead itself had never been of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from handmade_events import MINUTE, SMALL, World, identify, page, track, us
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import Ragged
from features.behaviour.columns import NEVER, account_rest_columns, behaviour_columns
from features.behaviour.decayed_counters import Observations, behaviour_states
from features.behaviour.observations import account_observations
from features.identity.accounts import account_periods

BEHAVIOURS = tuple(SMALL.behaviours)
visits = st.lists(st.integers(0, 300).map(lambda tenth: tenth / 10), max_size=40)


def world_of(own: list[float], others: list[float]) -> World:
    """Two leads of one company, and when each was on a pricing page; each page is read for some minutes."""
    told = [identify(who, 0, email=f"{who}@firm.example") for who in ("ann", "bob")]
    for who, days in (("ann", own), ("bob", others)):
        for place, day in enumerate(days):
            told.append(page(who, day, page_view_id=f"{who}{place}"))
            left = {"page_view_id": f"{who}{place}", "engaged_ms": 60_000 * (place % 4)}
            told.append(track(who, "Page Left", day + 3 * MINUTE, **left))
    return World.of(told)


def newest(observed: Observations, position: int, as_of_us: int) -> dict[str, Ragged]:
    known = observed.taken((observed.lead == position) & (observed.known_us < as_of_us))
    folded = behaviour_states(known, len(BEHAVIOURS), SMALL.half_lives, known.is_newest())
    return {name: state if len(state) else Ragged.of([None]) for name, state in zip(BEHAVIOURS, folded, strict=True)}


def rest(world: World, day: float) -> dict[str, float]:
    accounts = account_observations(world.observed, account_periods(world.log, world.found, SMALL))
    own, account = newest(world.observed, world.found.lead_ids.index("ann"), us(day)), newest(accounts, 0, us(day))
    return one(account_rest_columns(own, account, np.array([us(day)]), SMALL.half_lives, ["pricing_page"]))


def one(columns: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: float(values[0]) for name, values in columns.items() if "pricing_page" in name}


@given(visits, visits, st.sampled_from([5.0, 20.0, 31.0, 90.0]))
def test_the_rest_is_what_the_others_did(own: list[float], others: list[float], day: float) -> None:
    world = world_of(own, others)
    found = rest(world, day)
    bob = newest(world.observed, world.found.lead_ids.index("bob"), us(day))
    of_bob = one(behaviour_columns(bob, np.array([us(day)]), SMALL.half_lives, ["pricing_page"]))
    for name, value in found.items():
        same = name.replace("account_", "")
        # Sums that cancel leave a residue of some 1e-13, and what is below a millionth reads as nothing.
        assert value == pytest.approx(of_bob[same], rel=1e-9, abs=2e-6 if "_hl" in name else 0), name


def test_nobody_else_is_nothing_at_all() -> None:
    found = rest(world_of([1, 1.5, 9, 9.2], []), 10)
    assert {value for name, value in found.items() if "days_since" not in name} == {0.0}
    assert found["days_since_account_pricing_page"] == NEVER


def test_without_an_account_there_is_no_rest() -> None:
    nothing = {name: Ragged.of([None]) for name in BEHAVIOURS}
    own = newest(world_of([1], []).observed, 0, us(9))
    found = one(account_rest_columns(own, nothing, np.array([us(9)]), SMALL.half_lives))
    assert set(found.values()) == {0.0, NEVER}
    assert not [name for name in found if "minutes" in name]


def test_two_at_the_same_moment_are_told_apart_by_their_number() -> None:
    assert rest(world_of([5], [3, 5]), 10)["days_since_account_pricing_page"] == 5
    assert rest(world_of([5, 5], [3, 5]), 10)["days_since_account_pricing_page"] == 5
    assert rest(world_of([5, 5], [3]), 10)["days_since_account_pricing_page"] == 7


def test_where_the_lead_did_all_of_the_latest_the_others_last_is_taken_for_the_oldest_of_these() -> None:
    own = [10 + place / 10 for place in range(40)]
    assert rest(world_of(own, [3]), 20)["days_since_account_pricing_page"] == pytest.approx(20 - own[8])


def test_many_leads_are_read_as_each_alone() -> None:
    world = world_of([1, 2], [2, 4])
    accounts = account_observations(world.observed, account_periods(world.log, world.found, SMALL))
    moments = np.array([us(3), us(30), us(30)])
    own = [newest(world.observed, position, moment) for position, moment in zip((0, 0, 1), moments, strict=True)]
    account = [newest(accounts, 0, moment) for moment in moments]
    together = account_rest_columns(*(side(rows) for rows in (own, account)), moments, SMALL.half_lives)
    for row, moment in enumerate(moments):
        alone = account_rest_columns(own[row], account[row], np.array([moment]), SMALL.half_lives)
        assert {name: values[row] for name, values in together.items()} == {n: v[0] for n, v in alone.items()}


def side(rows: list[dict[str, Ragged]]) -> dict[str, Ragged]:
    return {name: Ragged.of([row[name].row(0).tolist() for row in rows]) for name in BEHAVIOURS}
