"""Decision moments: just before the first try of a lead that was open, not won and never with sales."""

from __future__ import annotations

import pytest
from handmade_events import SMALL, Told, World, identify, page, track, us

from features.agreement.agreement import Agreement
from features.snapshots.decision_moments import decision_moments

ANN = identify("ann", 0)
CALLED = track("ann", "Call Attempted", 5)
UNDATED = Agreement.parse(SMALL.text.replace("within_days = 30", "undated = true"))


def moments(*told: Told, until: float = 100, agreement: Agreement = SMALL) -> list[int]:
    """When ann is looked at since sales tries her first, in microseconds."""
    leads = World.of([ANN, *told], agreement).leads.assign(is_left_out=False)
    found = decision_moments(leads, agreement, us(until))
    assert list(found) == ["lead_id", "snapshot_us", "is_arrival"]
    return found["snapshot_us"].tolist()


def test_a_lead_is_looked_at_one_microsecond_before_its_first_try() -> None:
    assert moments(CALLED, track("ann", "Email Sent", 8)) == [us(5) - 1]


def test_a_lead_that_nobody_tried_has_no_decision_moment() -> None:
    assert moments(page("ann", 3)) == []


def test_a_try_that_was_recorded_late_is_looked_at_when_it_happened() -> None:
    assert moments(track("ann", "Call Attempted", 5, known=9)) == [us(5) - 1]


@pytest.mark.parametrize(
    "before",
    [
        track("ann", "Lead Converted", 4),
        track("ann", "Lead Converted", 4, known=6),
        track("ann", "Opportunity Created", 4),
        track("ann", "Lead Disqualified", 4, reason="not_a_fit"),
        track("ann", "Lead Disqualified", 9, reason="duplicate"),
    ],
    ids=["won", "won, as we learned later", "with sales", "closed", "never a lead"],
)
def test_who_was_won_closed_or_with_sales_before_the_try_has_none(before: Told) -> None:
    assert moments(CALLED, before) == []


def test_who_was_known_only_by_the_try_has_none() -> None:
    assert moments(track("ann", "Call Attempted", 0)) == []


def test_a_closed_lead_that_came_back_by_itself_is_tried_as_a_new_one() -> None:
    closed = track("ann", "Lead Disqualified", 4, reason="not_a_fit")
    assert moments(closed, page("ann", 40), track("ann", "Call Attempted", 50)) == [us(50) - 1]


def test_who_was_given_back_by_sales_is_no_first_try() -> None:
    handled = [track("ann", "Opportunity Created", 4), track("ann", "Opportunity Lost", 10)]
    assert moments(*handled, track("ann", "Call Attempted", 12)) == []


def test_a_history_without_dates_has_none() -> None:
    assert moments(CALLED, agreement=UNDATED) == []
