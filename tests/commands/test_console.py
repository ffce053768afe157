"""What people read in a terminal: points that add up, and what the ends of the scale take from them."""

from __future__ import annotations

from typing import Any

import pytest

from commands.console import hottest_lead_lines, score_arithmetic


def score(whole: int, *reasons: float) -> dict[str, Any]:
    """A score whose reasons and base add up to `whole` before it is held to 1-99."""
    named = [{"points": points, "text": f"reason {place}"} for place, points in enumerate(reasons)]
    parts = {"base_points": 44.2, "fit_points": 3.1, "engagement_points": whole - 47.3}
    return {"score": min(max(whole, 1), 99), "reasons": named, **parts}


@pytest.mark.parametrize("whole", [-12, 0, 1, 2, 37, 50, 98, 99, 100, 114])
def test_points_add_up_from_50_to_the_score(whole: int) -> None:
    found = score(whole, 17.4, -3.2)
    assert 50 + sum(points for points, _ in score_arithmetic(found)) == found["score"]


@pytest.mark.parametrize(("whole", "taken"), [(114, (-15, "the scale ends at 99")), (-12, (13, "the scale ends at 1"))])
def test_what_the_end_of_the_scale_takes_is_no_reason(whole: int, taken: tuple[int, str]) -> None:
    *_, rest, last = score_arithmetic(score(whole, 20.0))
    assert last == taken
    assert rest == (whole - 70, "everything else")


def test_within_the_scale_nothing_is_taken() -> None:
    assert [text for _, text in score_arithmetic(score(84, 20.0))] == ["reason 0", "everything else"]


@pytest.mark.parametrize(
    ("code", "said"),
    [("below_bar", 'ask next: "What for?"'), ("lost", "lost: it stays with marketing until it shows new interest")],
)
def test_a_lost_lead_is_called_lost_and_asked_nothing(code: str, said: str) -> None:
    facts = {"lead_id": "L-1", "grade": "A", "probability": 0.4, "source": None, "campaign": None, "status": "scored"}
    decided = {"decision": "nurture", "decision_code": code, "criteria": {"ask_next": "need"}}
    *_, last = hottest_lead_lines([score(70, 20.0) | facts | decided], {"need": "What for?"})
    assert last.strip() == said
