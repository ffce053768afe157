"""Where a history has too many snapshots, whole leads are drawn, whatever became of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.labels.drawn_leads import drawn_leads


def looks(leads: int, seed: int = 0) -> pd.DataFrame:
    """One to forty looks at each lead; one in ten converts, most of those that are looked at often."""
    draws = np.random.default_rng(seed)
    ids = [f"lead-{n}" for n in range(leads) for _ in range(1 + n % 40)]
    rows = pd.DataFrame({"lead_id": ids, "snapshot_us": range(len(ids))})
    return rows.assign(outcome=draws.random(len(ids)) < 0.1).sample(frac=1, random_state=seed, ignore_index=True)


def test_few_enough_are_all_kept_as_they_are() -> None:
    rows = looks(20)
    assert drawn_leads(rows, len(rows)) is rows


def test_leads_are_drawn_whole_up_to_the_limit() -> None:
    rows = looks(400)
    drawn = drawn_leads(rows, 2_000)
    assert 1_900 <= len(drawn) <= 2_000
    assert drawn["lead_id"].value_counts().equals(rows["lead_id"].value_counts()[drawn["lead_id"].value_counts().index])


def test_neither_the_outcome_nor_the_order_of_rows_nor_the_other_leads_have_a_say() -> None:
    rows = looks(400)
    drawn = set(drawn_leads(rows, 2_000)["lead_id"])
    others = rows.assign(outcome=~rows["outcome"]).sort_values("snapshot_us", ignore_index=True)
    assert set(drawn_leads(others, 2_000)["lead_id"]) == drawn
    assert set(drawn_leads(rows, 1_000)["lead_id"]) < drawn  # fewer are the first of the same


def test_the_rate_of_the_drawn_is_that_of_all() -> None:
    rows = looks(4_000)
    assert drawn_leads(rows, 20_000)["outcome"].mean() == pytest.approx(rows["outcome"].mean(), abs=0.01)
