"""An outcome is unknown until its horizon closes, and nothing that makes it unknown asks how it ended."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from handmade_events import SMALL, Told, World, identify, page, track, us
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.agreement import Agreement
from training.labels.outcomes import outcomes

ANN = identify("ann", 0)
TRIED = track("ann", "Call Attempted", 3)
SOMEONE_TRIED = [identify("bob", 0), track("bob", "Call Attempted", 2)]  # contacts reach the ledger at all
HORIZON = SMALL.outcome.within_days or 0
UNDATED = Agreement.parse(SMALL.text.replace("within_days = 30", "undated = true"))


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


def in_status(status: str, day: float = 5) -> Told:
    return track("ann", "Lead Status Changed", day, status=status)


NAMED = Agreement.parse(
    f'{UNDATED.text}[export]\nid = "Id"\noutcome = "Stage"\npositive = "Won"\nlost = ["Lost"]\nopen = ["New"]\n'
)
MOVED = Agreement.parse(NAMED.text.replace('lost = ["Lost"]\nopen = ["New"]', 'lost = ["Lost", "New"]'))


@pytest.mark.parametrize(
    ("told", "agreement", "expected"),
    [
        ([in_status("New")], NAMED, None),
        ([in_status("On hold")], NAMED, None),  # nobody named it
        ([], NAMED, None),
        ([in_status("lost")], NAMED, False),
        ([in_status("Lost"), won(7)], NAMED, True),
        ([rejected(5, "not_a_fit")], NAMED, False),
        ([in_status("New")], MOVED, False),  # a person moves a status: nothing is imported again
        ([in_status("New")], UNDATED, False),  # nobody named any: whatever did not convert is a no
    ],
)
def test_an_open_status_of_an_undated_export_is_no_no(
    told: list[Told], agreement: Agreement, expected: bool | None
) -> None:
    assert outcome(*told, agreement=agreement, looked_at=9) is expected


BESIDE = Agreement.parse(NAMED.text.replace('positive = "Won"', 'positive = "yes"\nstatus = "Lead Status"'))
ALL_BUT_NEW = Agreement.parse(BESIDE.text.replace('lost = ["Lost"]\n', ""))


@pytest.mark.parametrize(
    ("field", "status", "agreement", "expected"),
    [
        ("Lead Status", "Lost", BESIDE, False),
        ("Lead Status", "On hold", BESIDE, None),
        ("Lead Status", "On hold", ALL_BUT_NEW, False),
        ("Stage", "On hold", ALL_BUT_NEW, None),  # what another field says is not agreed
    ],
)
def test_statuses_count_in_the_agreed_column(
    field: str, status: str, agreement: Agreement, expected: bool | None
) -> None:
    told = track("ann", "Lead Status Changed", 3, status=status, field=field)
    assert outcome(told, agreement=agreement, looked_at=9) is expected


def test_which_statuses_are_lost_and_open_is_part_of_what_is_learned_from() -> None:
    assert len({agreement.feature_digest for agreement in (UNDATED, NAMED, MOVED, BESIDE)}) == 4


@pytest.mark.parametrize(("day", "expected"), [(0.9, None), (1, None), (1.001, True), (31, True), (31.001, False)])
def test_the_outcome_counts_within_the_horizon_after_the_look(day: float, expected: bool | None) -> None:
    """A lead that had converted before the look, though nobody knew, was no open lead: it is neither won nor lost."""
    assert outcome(TRIED, won(day)) is expected


@pytest.mark.parametrize("told", [[TRIED], [TRIED, won(10)]], ids=["nothing yet", "won already"])
def test_an_open_horizon_has_no_outcome_even_when_already_won(told: list[Told]) -> None:
    assert outcome(*told, until=1 + HORIZON - 0.001) is None
    assert outcome(*told, until=1 + HORIZON) is (len(told) == 2)


@pytest.mark.parametrize("tries", [[], [TRIED], [track("ann", "Call Attempted", 40)]], ids=["never", "soon", "late"])
@pytest.mark.parametrize("others", [[], SOMEONE_TRIED], ids=["nobody else tried", "others tried"])
@pytest.mark.parametrize("bought", [[], [won(10)]], ids=["lost", "won"])
def test_tried_or_not_plays_no_part(tries: list[Told], others: list[Told], bought: list[Told]) -> None:
    """An untried lead that converts shows it; to wait for a try of the others would keep the wins and drop the rest."""
    assert outcome(*tries, *others, *bought) is bool(bought)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("not_a_fit", False),
        ("no_budget", False),
        ("too_early", False),  # stays open, and its label matures
        ("no_contact_wanted", False),  # is watched no more, but whether it buys is seen
        ("duplicate", None),
        ("wrong_person", None),
        ("bad_data", None),
        ("already_customer", None),
    ],
)
def test_a_reject_says_what_its_reason_says(reason: str, expected: bool | None) -> None:
    assert outcome(TRIED, rejected(5, reason)) is expected


UNKNOWN_IF_NO_FIT = Agreement.parse(SMALL.text.replace("within_days = 30", "within_days = 30\nno_if_rejected = []"))


def test_a_reject_is_unknown_only_while_it_lies_within_the_horizon() -> None:
    assert outcome(rejected(50, "not_a_fit"), agreement=UNKNOWN_IF_NO_FIT) is False


@pytest.mark.parametrize("bought", [[], [won(20)]], ids=["lost", "won"])
def test_a_reason_that_leaves_the_outcome_unknown_does_so_for_won_and_lost_alike(bought: list[Told]) -> None:
    """To keep the conversions of the rejected and drop the rest of them would inflate the rate."""
    assert outcome(rejected(5, "not_a_fit"), *bought, agreement=UNKNOWN_IF_NO_FIT) is None
    assert outcome(rejected(5, "not_a_fit"), *bought) is bool(bought)


@pytest.mark.parametrize("reason", ["too_early", "not_a_fit"])
def test_after_a_lead_was_given_back_or_returned_tried_or_not_plays_no_part_either(reason: str) -> None:
    before = [TRIED, rejected(5, reason), page("ann", 8)]
    assert outcome(*before, looked_at=10) is outcome(*before, track("ann", "Call Attempted", 20), looked_at=10) is False
    assert outcome(*before, won(20), looked_at=10) is True


def test_a_reject_that_ended_the_watching_does_not_end_that_of_a_later_time() -> None:
    before = [TRIED, rejected(5, "not_a_fit"), page("ann", 8), track("ann", "Call Attempted", 20)]
    assert outcome(*before, agreement=UNKNOWN_IF_NO_FIT) is None
    assert outcome(*before, looked_at=10, agreement=UNKNOWN_IF_NO_FIT) is False
    assert outcome(*before, rejected(22, "not_a_fit"), looked_at=10, agreement=UNKNOWN_IF_NO_FIT) is None


@pytest.mark.parametrize("reason", ["not_a_fit", "too_early", "no_contact_wanted"])
def test_a_lead_that_was_rejected_and_converts_all_the_same_has_converted(reason: str) -> None:
    assert outcome(TRIED, rejected(5, reason), won(20)) is True


def test_an_outcome_counts_from_when_it_happened_and_not_from_when_we_heard() -> None:
    assert outcome(TRIED, won(30, known=80)) is True


def others_won(late: float) -> list[Told]:
    """Ten leads that converted on day 5, which is on record so many days later."""
    names = [f"buyer {n}" for n in range(10)]
    return [one for who in names for one in (identify(who, 0), track(who, "Lead Converted", 5, known=5 + late))]


@pytest.mark.parametrize("bought", [[], [won(10)]], ids=["lost", "won"])
def test_an_outcome_waits_until_what_happened_in_its_horizon_has_been_recorded(bought: list[Told]) -> None:
    """Won and lost alike: were the won looks of an open waiting time kept, they alone would inflate the rate."""
    told = [*others_won(25), *bought]
    assert outcome(*told, until=1 + HORIZON + 25 - 0.001 + 20) is bool(bought)
    assert outcome(*told, looked_at=30, until=30 + HORIZON + 24.9) is None
    assert outcome(*others_won(0), *bought, looked_at=1, until=1 + HORIZON + 40) is bool(bought)


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


@pytest.mark.parametrize(("reason", "expected"), [("not_a_fit", None), ("no_budget", False), ("too_early", False)])
def test_a_reject_that_is_agreed_to_be_no_no_leaves_the_outcome_unknown_unless_the_lead_stays_open(
    reason: str, expected: bool | None
) -> None:
    assert outcome(TRIED, rejected(5, reason), agreement=UNKNOWN_IF_NO_FIT) is expected
