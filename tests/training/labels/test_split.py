"""Spans in time order, one horizon apart; or other leads; or at random by lead. Every output says which."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import DAY_US
from training.labels.folds import FOLDS, lead_folds
from training.labels.split import split

HORIZON = 30


@pytest.mark.parametrize(("days", "kind"), [(114, "random"), (160, "random"), (170, "time"), (400, "time")])
def test_a_history_of_which_little_lies_before_the_gap_is_split_by_lead(days: int, kind: str) -> None:
    """One more week must not cost nearly all rows that a model learns from."""
    moments = np.linspace(0, days * DAY_US, 2_000).astype(np.int64)
    rows = pd.DataFrame({"lead_id": [f"L{i}" for i in range(2_000)], "snapshot_us": moments})
    assert split(rows.assign(outcome=np.arange(2_000) % 10 == 0), 90, seed=1).kind == kind


def test_without_outcome_dates_the_leads_that_came_last_are_the_test() -> None:
    came = np.arange(100) * round(DAY_US)
    rows = pd.DataFrame(
        {"lead_id": [f"L{i}" for i in range(100)], "snapshot_us": 1, "outcome": np.arange(100) % 2 == 0}
    )
    parted = split(rows.assign(came_us=came), None, seed=1)
    assert (parted.kind, parted.is_dated) == ("time", False)
    assert came[parted.train].max() < came[parted.test].min()
    assert parted.test.sum() == 20
    # Leads that came at once, and an export that does not say when they came, have no order.
    assert split(rows.assign(came_us=7), None, seed=1).kind == "random"
    assert split(rows, None, seed=1).kind == "random"


def looks(leads: int, days: float, rate: float, seed: int = 0, weeks: int = 4) -> pd.DataFrame:
    """Leads that arrive over some days, each looked at every week for some weeks."""
    draws = np.random.default_rng(seed)
    came = draws.uniform(0, days, leads)
    rows = [
        (f"lead-{i:05}", round((came[i] + 7 * week) * DAY_US), bool(draws.random() < rate))
        for i in range(leads)
        for week in range(weeks)
    ]
    return pd.DataFrame(rows, columns=["lead_id", "snapshot_us", "outcome"])


def span(labelled: pd.DataFrame, part: np.ndarray) -> tuple[int, int]:
    moments = labelled["snapshot_us"][part]
    return int(moments.min()), int(moments.max())


PLENTY = looks(2_000, 600, 0.3)
SCARCE = looks(300, 300, 0.05)
SHORT = looks(300, 20, 0.3, weeks=2)


@given(st.integers(0, 50), st.sampled_from([10, 30, 90]))
def test_spans_are_in_time_order_and_one_horizon_apart(seed: int, horizon: int) -> None:
    labelled = looks(800, 600, 0.6, seed)
    parted = split(labelled, horizon, seed)
    (_, train_ends), (test_begins, _) = (span(labelled, part) for part in (parted.train, parted.test))
    assert test_begins - train_ends >= horizon * DAY_US
    assert not (parted.train & parted.test).any()
    assert (parted.kind, f"{horizon} days apart" in parted.how) == ("time", True)


@pytest.mark.parametrize("labelled", [PLENTY, SCARCE], ids=["plenty", "scarce"])
def test_only_the_gap_before_the_test_goes_unused(labelled: pd.DataFrame) -> None:
    parted, moments = split(labelled, HORIZON, 0), labelled["snapshot_us"].to_numpy()
    unused = moments[~parted.train & ~parted.test]
    assert unused.max() - unused.min() <= HORIZON * DAY_US
    assert moments[parted.train].max() < unused.min()


def test_a_history_of_less_than_two_horizons_is_parted_at_random_by_lead_and_says_so() -> None:
    parted = split(SHORT, 60, 0)
    assert parted.kind == "random"
    assert "too short to train one horizon before a test" in parted.how


@pytest.mark.parametrize("labelled", [PLENTY, SCARCE, SHORT], ids=["plenty", "scarce", "short"])
def test_without_dates_leads_are_parted_at_random_and_never_cut(labelled: pd.DataFrame) -> None:
    parted = split(labelled, None, 3)
    held = [set(labelled["lead_id"][part]) for part in (parted.train, parted.test)]
    assert not held[0] & held[1]
    assert [round(len(leads) / labelled["lead_id"].nunique(), 2) for leads in held] == [0.8, 0.2]
    assert (parted.train | parted.test).all()
    assert (parted.kind, "no dates" in parted.how) == ("random", True)


@pytest.mark.parametrize(("labelled", "horizon"), [(PLENTY, HORIZON), (SCARCE, HORIZON), (SCARCE, None)])
def test_the_same_seed_parts_the_same_whatever_the_order_of_the_rows(labelled: pd.DataFrame, horizon: int) -> None:
    shuffled = labelled.sample(frac=1, random_state=5)
    first, second = split(labelled, horizon, 1), split(shuffled.reset_index(drop=True), horizon, 1)
    for name in ("train", "test"):
        assert set(labelled.index[getattr(first, name)]) == set(shuffled.index[getattr(second, name)])
    if horizon is None:
        assert (split(labelled, horizon, 2).train != first.train).any()


@pytest.mark.parametrize("rate", [0.5, 0.01, 0.0])
def test_no_lead_is_on_both_sides_of_a_fold(rate: float) -> None:
    labelled = looks(120, 100, rate, seed=2)
    leads = labelled["lead_id"].to_numpy()
    folds = list(lead_folds(labelled["outcome"].to_numpy(float), list(leads), seed=1))
    assert len(folds) == FOLDS
    for inside, outside in folds:
        assert not set(leads[inside]) & set(leads[outside])
        assert len(inside) + len(outside) == len(leads)
    assert sorted(np.concatenate([outside for _, outside in folds])) == list(range(len(leads)))


def test_converted_leads_are_spread_over_the_folds() -> None:
    labelled = looks(200, 100, 0.1, seed=4, weeks=1)
    outcome = labelled["outcome"].to_numpy(float)
    found = [outcome[outside].sum() for _, outside in lead_folds(outcome, list(labelled["lead_id"]), seed=1)]
    assert max(found) - min(found) <= 1
