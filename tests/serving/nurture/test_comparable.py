"""What comparable leads had done: counted from labelled snapshots, and told of what this lead has not done."""

from __future__ import annotations

from datetime import timedelta

import decided_leads as hand
import pandas as pd
import pytest

from features.agreement.agreement import Agreement
from serving.nurture.comparable import comparable
from training.fit.done_by_then import done_by_then


def test_of_leads_of_one_age_the_converted_are_held_against_the_others() -> None:
    agreement = Agreement.default()
    rows = pd.DataFrame([
        {"lead_id": f"L-{n}", "snapshot_us": n + 1000 * again, "outcome": n < 20, "days_open": 10.0 + again,
         "webinar_count_total": float(n % 2 == 0 if n < 20 else n % 4 == 0), "email_click_count_total": 1.0}
        for n in range(60) for again in (0, 1)
    ])  # fmt: skip
    (band,) = done_by_then(rows, agreement)
    assert (band["from_days"], band["converted"], band["others"]) == (7, 20, 40)
    assert band["behaviours"] == {"webinar": [10, 10], "email_click": [20, 40]}
    assert done_by_then(rows.drop(columns="days_open"), agreement) == []
    lead = hand.lead(0.05)
    (told,) = comparable([band], agreement, lead, hand.NOW + timedelta(days=10))
    assert (told["behaviour"], told["converted"], told["others"]) == ("webinar", 0.5, 0.25)
    assert (told["difference"], told["of_converted"], told["of_others"]) == (pytest.approx(0.25), 20, 40)
    assert comparable([band], agreement, hand.lead(0.05, {"webinar": 1.0}), hand.NOW + timedelta(days=10)) == []
    assert comparable([band], agreement, lead, hand.NOW) == []
