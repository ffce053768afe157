"""A score of 50 is the average open lead: where it is not, a sentence says so and what to write."""

from __future__ import annotations

import pytest

from features.agreement.agreement import Agreement
from features.agreement.scale import average_score, is_unsigned_draft, rescaled, scale_problem, with_score_50

DRAFT = """# Drafted by `leadlight init` from leads.csv: 300 leads, 33.0% converted.
name = "scale"
agreed_by = []
[outcome]
event = "Lead Converted"
[policy]
bar      = { share = 0.10 }
score_50 = 0.330                 # a score of 50 is this likely
"""


def test_an_average_lead_of_a_tenth_of_the_odds_is_named_with_the_line_to_write() -> None:
    agreed = Agreement.parse(DRAFT)
    assert average_score(agreed, 0.330) == pytest.approx(50)
    assert average_score(agreed, 0.0568) == pytest.approx(19.7, abs=0.1)
    assert scale_problem(agreed, 0.30) is None
    assert scale_problem(agreed, 0.0568) == (
        "the average open lead (5.68%) scores 20 on the scale of the agreement, and 50 should be the average; "
        "write score_50 = 0.0568 in [policy]"
    )


def test_another_scale_changes_that_line_alone() -> None:
    changed = rescaled(Agreement.parse(DRAFT), 0.0568123)
    assert changed.policy.score_50 == 0.0568
    assert changed.text == DRAFT.replace("0.330 ", "0.0568")
    assert average_score(changed, 0.0568) == pytest.approx(50)


@pytest.mark.parametrize(("average", "written"), [(0.000412, "0.000412"), (0.0, "0.00000100"), (1.0, "0.999")])
def test_a_scale_is_never_at_an_end(average: float, written: str) -> None:
    assert f"score_50 = {written}" in with_score_50(DRAFT, average)


@pytest.mark.parametrize(
    ("text", "is_draft"),
    [(DRAFT, True), (DRAFT.replace("[]", '["Ann, 2026-11-01"]'), False), (DRAFT.split("\n", 1)[1], False)],
)
def test_a_draft_is_one_until_somebody_signs_it(text: str, is_draft: bool) -> None:
    assert is_unsigned_draft(Agreement.parse(text)) is is_draft
