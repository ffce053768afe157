"""What the labels leave out and rest on is said in every output, in figures."""

from __future__ import annotations

import pandas as pd
import pytest
from handmade_events import SMALL, Told, World, identify, track, us

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from training.labels.summary import LabelSummary, label_summary

NO_IF_SILENT = Agreement.parse(SMALL.text.replace("within_days = 30", 'within_days = 30\nnever_contacted = "no"'))
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


def test_the_share_of_the_negatives_that_nobody_tried_is_told() -> None:
    found = of(*TRIED, *UNTRIED, *BOUGHT)
    assert (found.negatives_never_tried, found.won_never_tried) == (0.5, 1.0)
    assert "50% of the looks without a conversion were at leads that nobody tried: unknown, not a no." in said(found)
    assert "100% of the conversions have no contact on record before: where calls go unrecorded" in said(found)


def test_where_silence_counts_as_a_no_the_share_is_a_warning() -> None:
    found = of(*TRIED, *UNTRIED, agreement=NO_IF_SILENT)
    assert found.negatives_never_tried == 0.5
    assert "50% of the noes are leads that nobody tried: it learns whom sales has the habit of calling" in said(found)


def test_where_contacts_are_not_recorded_a_no_is_used_and_said() -> None:
    found = of(*UNTRIED, *BOUGHT)
    assert (found.negatives_never_tried, found.as_json()["never_contacted"]) == (None, "no")
    assert (
        "Contacts are not recorded, or before few conversions, so a lead that nobody tried counts as a no."
        in found.sentences
    )


@pytest.mark.parametrize("told", [TRIED, UNTRIED], ids=["contacts recorded", "not recorded"])
def test_it_is_always_said_that_it_holds_under_the_present_way_of_working(told: list[Told]) -> None:
    assert "Under the present way of working: " in said(of(*told, *BOUGHT))


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
    assert (found.horizon_days, found.negatives_never_tried, found.truncation.since_us) == (None, None, 0)
    assert found.sentences[0].startswith("The outcome is Lead Converted as exported; ")
