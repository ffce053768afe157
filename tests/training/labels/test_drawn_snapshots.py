"""Where a history has too many snapshots, some are drawn, whatever became of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.labels.drawn_snapshots import drawn_snapshots


def snapshots(leads: int, seed: int = 0) -> pd.DataFrame:
    """One to forty snapshots of each lead; one in ten converts."""
    draws = np.random.default_rng(seed)
    ids = [f"lead-{n}" for n in range(leads) for _ in range(1 + n % 40)]
    rows = pd.DataFrame({"lead_id": ids, "snapshot_us": range(len(ids))})
    return rows.assign(outcome=draws.random(len(ids)) < 0.1).sample(frac=1, random_state=seed, ignore_index=True)


def test_few_enough_are_all_kept_as_they_are() -> None:
    rows = snapshots(20)
    assert drawn_snapshots(rows, len(rows)) is rows


def test_as_many_are_drawn_as_are_asked_for_in_the_order_that_they_had() -> None:
    rows = snapshots(400)
    drawn = drawn_snapshots(rows, 2_000)
    assert len(drawn) == 2_000
    pd.testing.assert_frame_equal(drawn, rows.merge(drawn[["snapshot_us"]], on="snapshot_us"))


def test_neither_the_outcome_nor_the_order_of_rows_nor_the_other_leads_have_a_say() -> None:
    rows = snapshots(400)
    drawn = set(drawn_snapshots(rows, 2_000)["snapshot_us"])
    others = rows.assign(outcome=~rows["outcome"]).sort_values("snapshot_us", ignore_index=True)
    assert set(drawn_snapshots(others, 2_000)["snapshot_us"]) == drawn
    assert set(drawn_snapshots(rows, 1_000)["snapshot_us"]) < drawn  # fewer are the first of the same


def test_the_drawn_are_like_all_of_them() -> None:
    rows = snapshots(4_000)
    drawn = drawn_snapshots(rows, 20_000)
    assert drawn["outcome"].mean() == pytest.approx(rows["outcome"].mean(), abs=0.01)
    assert len(drawn) / len(rows) == pytest.approx(0.244, abs=0.001)
    shares = (
        drawn["lead_id"].value_counts().reindex(rows["lead_id"].unique()).fillna(0) / rows["lead_id"].value_counts()
    )
    assert shares[rows["lead_id"].value_counts() == 40].mean() == pytest.approx(0.244, abs=0.02)


def test_a_history_that_is_moved_in_time_has_the_same_snapshots_drawn() -> None:
    rows = snapshots(400)
    moved = rows.assign(snapshot_us=rows["snapshot_us"] + 12_345)
    assert set(drawn_snapshots(moved, 2_000)["snapshot_us"] - 12_345) == set(
        drawn_snapshots(rows, 2_000)["snapshot_us"]
    )
