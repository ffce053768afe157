"""A join of one's own that harms the snapshots is refused in one sentence with the way to do it."""

from __future__ import annotations

import pandas as pd
import pytest

from features.agreement.agreement import Agreement
from training.labels.own_columns import OwnColumnError, with_own_columns

SNAPSHOTS = pd.DataFrame({"lead_id": ["a", "b"], "snapshot_us": [1, 2], "is_arrival": True, "outcome": [True, False]})
MINE = pd.DataFrame({"lead_id": ["a", "b"], "x": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("joined", "wrong"),
    [
        (SNAPSHOTS.merge(MINE.assign(outcome=1), on="lead_id"), r"no column outcome \(there is outcome_x, outcome_y"),
        (SNAPSHOTS.merge(pd.concat([MINE, MINE]), on="lead_id"), "2 rows of the frame of a snapshot that came before"),
        (SNAPSHOTS.merge(MINE.replace("b", "c"), on="lead_id", how="outer"), "1 row of the frame without an outcome"),
    ],
)  # fmt: skip
def test_labels_renamed_rows_repeated_or_added_are_said(joined: pd.DataFrame, wrong: str) -> None:
    with pytest.raises(OwnColumnError, match=wrong) as refused:
        with_own_columns(joined, Agreement.default(), {"x": "number"})
    assert 'how="left"' in str(refused.value)


def test_a_join_that_keeps_the_snapshots_is_read() -> None:
    joined, agreement = with_own_columns(SNAPSHOTS.merge(MINE, how="left"), Agreement.default(), {"x": "number"})
    assert joined["x"].tolist() == [1.0, 2.0]
    assert agreement.own_columns == {"x": "number"}
