"""What a model may read: nothing that an agreement keeps from it, whatever stands in a frame."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.snapshots.point_in_time import model_traits, without_unlearned
from training.fit.candidate_columns import candidate_columns

AGREED = Agreement.parse("""
name = "dates"
[outcome]
event = "Lead Converted"
[traits]
employees = "number"
asked_for = "date"
signed = { kind = "date", learned = false }
plan = { kind = "category", learned = false }
job_title = { kind = "text", learned = false }
[criteria]
timing.1 = { plan = "known" }
profile.1 = { employees = "known" }
[nurture]
come_back = { asked_for = "0 days before" }
""")
LABEL = {"lead_id": ["a", "b"], "snapshot_us": [1, 2], "is_arrival": [True, True], "outcome": [True, False]}
FRAME = pd.DataFrame(
    LABEL
    | {name: [1.0, 2.0] for name in ("employees", "asked_for", "signed", "criterion_timing", "criterion_profile")}
    | {"plan": ["x", "y"]}
)


def test_dates_to_come_back_on_and_what_says_learned_false_is_read_by_no_model() -> None:
    assert {column.name for column in candidate_columns(FRAME, AGREED)} == {"employees", "criterion_profile"}
    assert set(without_unlearned(FRAME, AGREED).columns) == {*LABEL, "employees", "criterion_profile"}


def test_a_trait_that_is_not_learned_gives_no_feature_and_neither_does_what_follows_from_it() -> None:
    """A model of an older release may have learned from a date to come back on: it still gets that column."""
    assert set(model_traits(AGREED)) == {"employees", "asked_for", "mail_kind"}
