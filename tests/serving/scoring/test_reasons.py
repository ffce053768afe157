"""Reasons are in the language of sales: what the lead is and did, and what that says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from features.agreement.agreement import Agreement
from features.what_if import what_if_states
from serving.scoring.reasons import LeadEvidence, reasons

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEFAULT = Agreement.default()


def lead(traits: dict[str, Any], days_ago: tuple[int, ...] = ()) -> LeadEvidence:
    """A lead with these traits that looked at the pricing pages so many days ago."""
    visits = [
        {"type": "page", "timestamp": (NOW - timedelta(days=days)).isoformat(), "properties": {"path": "/pricing"}}
        for days in days_ago
    ]
    behaviours, known = what_if_states([{"traits": traits, "events": visits}], DEFAULT, NOW)
    return LeadEvidence(DEFAULT, behaviours[0], known[0], int(NOW.timestamp()) * 1_000_000)


def text(name: str, evidence: LeadEvidence, contribution: float = 1.0) -> str:
    return str(reasons({name: contribution}, {name: "trait"}, evidence, 1)[0]["text"])


@pytest.mark.parametrize(
    ("name", "traits", "said"),
    [
        ("authority", {"job_title": "VP Sales"}, "VP: decides"),
        ("authority", {"job_title": "Office Manager"}, "manager: has a say"),
        ("authority", {}, "role in the decision not known yet"),
        (
            "profile",
            {"employees": 300, "industry": "software"},
            "employees 300, industry software: just our kind of company",
        ),
        ("timeframe", {"timeframe": "now"}, "timeframe now"),
        ("need", {}, "no sign of a need yet"),
        ("seniority", {"job_title": "VP Sales"}, "VP"),
        ("seniority", {"job_title": "CEO"}, "C-level"),
        ("seniority", {}, "seniority unknown"),
    ],
)
def test_a_criterion_says_what_gave_its_points_and_what_that_means(name: str, traits: dict, said: str) -> None:
    assert text(name, lead(traits)) == said


def test_what_was_done_gives_the_points_of_a_need() -> None:
    assert text("need", lead({}, (1, 2, 3))) == "on pricing pages 3 times, last yesterday: strong interest"


@pytest.mark.parametrize(
    ("days_ago", "contribution", "said"),
    [
        ((88,), -0.2, "on pricing pages only once, 88 days ago"),
        ((88, 90), -0.2, "on pricing pages only twice, last 88 days ago"),
        ((88, 90, 91), -0.2, "on pricing pages 3 times, last 88 days ago"),
        ((88,), 0.2, "on pricing pages once, last 88 days ago"),
        ((), -0.2, "no pricing pages yet"),
    ],
)
def test_too_little_of_a_behaviour_is_said_as_too_little(days_ago: tuple, contribution: float, said: str) -> None:
    assert text("pricing_page", lead({}, days_ago), contribution) == said
