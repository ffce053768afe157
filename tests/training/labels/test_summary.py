"""What the labels leave out and rest on is said in every output, in figures."""

from __future__ import annotations

import pandas as pd
import pytest
from handmade_events import SMALL, Told, World, identify, track, us

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from training.labels.summary import LabelSummary, label_summary

WON = Agreement.parse(SMALL.text.replace('"Lead Converted"', '"Opportunity Won"'))
TRIED = [identify("ann", 0), track("ann", "Call Attempted", 3)]
UNTRIED = [identify("bob", 0)]
BOUGHT = [identify("cid", 0), track("cid", "Lead Converted", 3)]


def of(*told: Told, agreement: Agreement = SMALL, until: float = 31) -> LabelSummary:
    """The labels of the arrivals alone: whatever is looked at later has not matured."""
    leads = World.of(told, agreement).leads.assign(newest_us=us(50), is_left_out=False)
    return label_summary(leads, agreement, us(until))


def said(found: LabelSummary) -> str:
    return " ".join(found.sentences)


def test_the_share_of_conversions_with_a_contact_before_is_told() -> None:
    tried_and_bought = [identify("dan", 0), track("dan", "Call Attempted", 2), track("dan", "Lead Converted", 3)]
    called_after = [identify("eve", 0), track("eve", "Lead Converted", 3), track("eve", "Call Attempted", 4)]
    found = of(*TRIED, *UNTRIED, *BOUGHT, *tried_and_bought, *called_after)
    assert found.tried_before == found.as_json()["tried_before"] == pytest.approx(1 / 3)
    assert "33% of conversions had a contact before." in said(found)


@pytest.mark.parametrize("told", [[*UNTRIED, *BOUGHT], TRIED], ids=["nobody is tried", "nobody converts"])
def test_where_no_try_or_no_conversion_is_on_record_no_share_is_told(told: list[Told]) -> None:
    assert of(*told).tried_before is None
    assert "had a contact before" not in said(of(*told))


@pytest.mark.parametrize("told", [TRIED, UNTRIED], ids=["contacts recorded", "not recorded"])
def test_it_is_always_said_which_question_a_probability_answers(told: list[Told]) -> None:
    found = of(*told, *BOUGHT).sentences
    assert found[-1].startswith("Chance to convert within 30 days as sales works its leads now.")
    assert found[-1].endswith("If whom sales calls changes, retrain.")


def test_the_outcome_is_stated_and_what_a_press_of_convert_means() -> None:
    assert of(*TRIED).sentences[0] == (
        "The outcome is Lead Converted within 30 days; where reps convert a lead as they accept it, that tells whom "
        "they accept: Opportunity Won tells who buys."
    )
    assert of(*TRIED, agreement=WON).sentences[0] == "The outcome is Opportunity Won within 30 days."


def test_the_share_that_never_were_leads_is_told_by_reason() -> None:
    duplicate = [identify("dan", 0), track("dan", "Lead Disqualified", 2, reason="duplicate")]
    wrong = [identify("eve", 0), track("eve", "Lead Disqualified", 2, reason="bad_data")]
    early = [identify("fay", 0), track("fay", "Lead Disqualified", 2, reason="too_early")]
    found = of(*TRIED, *duplicate, *wrong, *early)
    assert found.never_leads == {"duplicate": 0.25, "bad_data": 0.25}
    assert "50% of 4 leads never were leads and are left out (duplicate 25%, bad data 25%)." in found.sentences
    assert not [line for line in of(*TRIED, *early).sentences if "never were leads" in line]


def test_a_lead_that_is_part_of_another_is_a_duplicate() -> None:
    leads = World.of([*TRIED, *UNTRIED]).leads.assign(newest_us=us(50), is_left_out=False)
    leads["merged_us"] = pd.Series([us(5), NOT_YET])
    assert label_summary(leads, SMALL, us(31)).never_leads == {"duplicate": 0.5}


def test_without_dates_nothing_is_asked_of_contacts_or_records() -> None:
    undated = Agreement.parse(SMALL.text.replace("within_days = 30", "undated = true"))
    found = of(*TRIED, *UNTRIED, agreement=undated)
    assert (found.horizon_days, found.truncation.since_us) == (None, 0)
    assert found.sentences[0].startswith("The outcome is Lead Converted as exported; ")


def test_how_late_conversions_are_recorded_and_how_many_snapshots_were_drawn_is_said_where_it_matters() -> None:
    late = LabelSummary("Lead Converted", 90, 10, 10, 10, lag_days=25.2, leads_known=9, drawn=4)
    assert "Conversions are on record up to 25 days after they happened: an outcome counts as known only then." in said(
        late
    )
    drawn = "It learned from 4 of 10 snapshots with a known outcome, drawn by chance, whatever became of them."
    assert drawn in said(late)
    found = of(*TRIED, *BOUGHT)
    assert (found.leads_known, found.drawn, found.lag_days) == (2, found.known, 0.0)
    assert "It learned from" not in said(found)
    assert "on record up to" not in said(found)
