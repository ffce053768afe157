"""Labels mature: an outcome is unknown until its horizon closes, and silence is not a no."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from handmade_events import SMALL, Told, World, identify, page, track, us
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.agreement import Agreement
from training.labels.outcomes import contacts_are_recorded, outcomes

ANN = identify("ann", 0)
TRIED = track("ann", "Call Attempted", 3)
SOMEONE_TRIED = [identify("bob", 0), track("bob", "Call Attempted", 2)]  # contacts reach the ledger at all
HORIZON = SMALL.outcome.within_days or 0
UNDATED = Agreement.parse(SMALL.text.replace("within_days = 30", "undated = true"))
NO_IF_SILENT = Agreement.parse(SMALL.text.replace("within_days = 30", 'within_days = 30\nnever_contacted = "no"'))


def outcome(*told: Told, looked_at: float = 1, until: float = 100, agreement: Agreement = SMALL) -> Any:
    """What became of ann after a look at her: True, False or None for unknown."""
    return outcome_of(World.of([ANN, *told], agreement).leads, looked_at, until, agreement)


def outcome_of(leads: pd.DataFrame, looked_at: float, until: float, agreement: Agreement = SMALL) -> Any:
    asked = pd.DataFrame({"lead_id": ["ann"], "snapshot_us": [us(looked_at)]})
    (found,) = outcomes(asked, leads, agreement, us(until))
    return None if pd.isna(found) else bool(found)


def won(day: float, known: float | None = None) -> Told:
    return track("ann", "Lead Converted", day, known=known)


def rejected(day: float, reason: str) -> Told:
    return track("ann", "Lead Disqualified", day, reason=reason)


@pytest.mark.parametrize(("day", "expected"), [(0.9, False), (1, False), (1.001, True), (31, True), (31.001, False)])
def test_the_outcome_counts_within_the_horizon_after_the_look(day: float, expected: bool) -> None:
    assert outcome(TRIED, won(day)) is expected


@pytest.mark.parametrize("told", [[TRIED], [TRIED, won(10)]], ids=["nothing yet", "won already"])
def test_an_open_horizon_has_no_outcome_even_when_already_won(told: list[Told]) -> None:
    assert outcome(*told, until=1 + HORIZON - 0.001) is None
    assert outcome(*told, until=1 + HORIZON) is (len(told) == 2)


def test_a_lead_that_sales_never_tried_is_unknown_where_contacts_are_recorded() -> None:
    assert outcome(*SOMEONE_TRIED) is None
    assert outcome(*SOMEONE_TRIED, TRIED) is False


def test_a_touch_after_the_horizon_came_too_late_to_say_no() -> None:
    assert outcome(*SOMEONE_TRIED, track("ann", "Call Attempted", 40)) is None


def test_whoever_converts_untried_has_converted() -> None:
    assert outcome(*SOMEONE_TRIED, won(10)) is True


def test_where_no_contact_is_ever_recorded_never_tried_cannot_be_told_from_no() -> None:
    assert outcome() is False
    assert not contacts_are_recorded(World.of([ANN]).leads)


@pytest.mark.parametrize(("bought", "is_record"), [(19, True), (20, False)])
def test_a_few_contacts_are_no_record_where_most_bought_without_one(bought: int, is_record: bool) -> None:
    """Else the first call on record would leave those who bought, and hardly a no."""
    told = [ANN, identify("bob", 0), track("bob", "Call Attempted", 3)]
    for n in range(bought):
        told += [identify(f"buyer {n}", 0), track(f"buyer {n}", "Lead Converted", 3)]
    assert contacts_are_recorded(World.of(told).leads) is is_record


def test_the_agreement_may_count_silence_as_a_no() -> None:
    assert outcome(*SOMEONE_TRIED, agreement=NO_IF_SILENT) is False


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("not_a_fit", False),
        ("no_budget", False),
        ("too_early", False),  # stays open, and its label matures
        ("no_contact_wanted", None),
        ("duplicate", None),
        ("wrong_person", None),
        ("bad_data", None),
        ("already_customer", None),
    ],
)
def test_a_reject_says_what_its_reason_says(reason: str, expected: bool | None) -> None:
    assert outcome(TRIED, rejected(5, reason)) is expected


def test_a_reject_is_unknown_for_the_same_reasons_only_while_it_lies_within_the_horizon() -> None:
    assert outcome(TRIED, rejected(50, "no_contact_wanted")) is False


def test_a_reject_for_no_fit_is_a_no_even_where_its_call_was_not_recorded() -> None:
    """Sales looked at it: that is no lead nobody tried."""
    assert outcome(*SOMEONE_TRIED, rejected(5, "not_a_fit")) is False


@pytest.mark.parametrize("reason", ["too_early", "not_a_fit"])
def test_after_a_lead_was_given_back_or_returned_silence_is_again_no_no(reason: str) -> None:
    before = [*SOMEONE_TRIED, TRIED, rejected(5, reason), page("ann", 8)]
    assert outcome(*before, looked_at=10) is None
    assert outcome(*before, track("ann", "Call Attempted", 20), looked_at=10) is False
    assert outcome(*before, track("ann", "Call Attempted", 60), looked_at=10) is None
    assert outcome(*before, track("ann", "Call Attempted", 20), won(25), looked_at=10) is True
    assert outcome(*before) is False


def test_who_returned_and_converts_untried_has_converted_who_was_given_back_may_have_been_won_before() -> None:
    """Those given back that buy by themselves are all known, those that do not are not: that is no sample."""
    assert outcome(*SOMEONE_TRIED, TRIED, rejected(5, "not_a_fit"), page("ann", 8), won(20), looked_at=10) is True
    given_back = [TRIED, rejected(5, "too_early"), won(20)]
    assert outcome(*SOMEONE_TRIED, *given_back, looked_at=10) is None
    assert outcome(*given_back) is True
    assert outcome(*given_back, looked_at=10, agreement=NO_IF_SILENT) is True


def test_a_reject_that_ended_the_watching_does_not_end_that_of_a_later_time() -> None:
    before = [TRIED, rejected(5, "no_contact_wanted"), page("ann", 8), track("ann", "Call Attempted", 20)]
    assert outcome(*before) is None
    assert outcome(*before, looked_at=10) is False
    assert outcome(*before, rejected(22, "no_contact_wanted"), looked_at=10) is None


@pytest.mark.parametrize("reason", ["not_a_fit", "too_early", "bad_data"])
def test_a_lead_that_was_rejected_and_converts_all_the_same_has_converted(reason: str) -> None:
    assert outcome(TRIED, rejected(5, reason), won(20)) is True


def test_a_label_matures_only_from_what_happened_and_not_from_when_we_heard() -> None:
    assert outcome(TRIED, won(30, known=80)) is True


def test_without_dates_the_outcome_is_as_exported() -> None:
    assert outcome(won(0.5), agreement=UNDATED, until=0) is True
    assert outcome(*SOMEONE_TRIED, agreement=UNDATED, until=0) is False


def test_each_look_has_its_own_outcome() -> None:
    leads = World.of([ANN, TRIED, won(40), *SOMEONE_TRIED]).leads
    asked = pd.DataFrame({"lead_id": ["ann", "bob", "ann", "ann"], "snapshot_us": [us(day) for day in (1, 1, 15, 80)]})
    found = outcomes(asked, leads, SMALL, us(100))
    assert found.tolist() == [False, False, True, pd.NA]
    assert found.dtype == "boolean"


WON_LATE = World.of([ANN, TRIED, track("ann", "Lead Converted", 45)]).leads


@given(st.floats(0, 60), st.floats(0, 200), st.floats(0, 200))
def test_an_outcome_once_known_never_changes(look: float, sooner: float, later: float) -> None:
    first, second = (outcome_of(WON_LATE, look, until) for until in sorted((sooner, later)))
    assert first is None or first is second


def test_an_opportunity_that_was_lost_was_tried_whether_or_not_its_calls_were_recorded() -> None:
    lost = track("ann", "Opportunity Lost", 5)
    assert outcome(*SOMEONE_TRIED, lost) is False
    assert outcome(*SOMEONE_TRIED, track("ann", "Opportunity Created", 5)) is None
    assert outcome(*SOMEONE_TRIED, track("ann", "Opportunity Lost", 40)) is None
    # What was lost before a lead returned says nothing of the time after.
    assert outcome(*SOMEONE_TRIED, lost, page("ann", 8), looked_at=10) is None


@pytest.mark.parametrize(("reason", "expected"), [("not_a_fit", None), ("no_budget", False), ("too_early", False)])
def test_a_reject_that_is_agreed_to_be_no_no_leaves_the_outcome_unknown_unless_the_lead_stays_open(
    reason: str, expected: bool | None
) -> None:
    none = Agreement.parse(SMALL.text.replace("within_days = 30", "within_days = 30\nno_if_rejected = []"))
    assert outcome(TRIED, rejected(5, reason), agreement=none) is expected
