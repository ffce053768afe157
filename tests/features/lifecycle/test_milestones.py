"""A lead's way, each step at the moment we knew of it, and what is looked at in between."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL, Told, World, at, identify, page, track, us
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.lifecycle.milestones import known_by
from features.snapshots.schedule import WEEK_US, snapshot_schedule, snapshot_times


def way(*told: Told, lead: str = "ann") -> pd.Series:
    leads = World.of(told).leads.set_index("lead_id")
    return leads.loc[lead]


def looked_at(*told: Told, until: float, agreement: Agreement = SMALL) -> pd.DataFrame:
    leads = World.of(told, agreement).leads
    return snapshot_schedule(leads.assign(newest_us=us(50), is_left_out=False), agreement, us(until))


ANN = identify("ann", 2, known=3)


def test_a_lead_opens_when_we_first_know_of_it() -> None:
    found = way(page("visitor", 1), ANN, identify("ann", 5, visitor="visitor"))
    assert found["opened_us"] == us(3)
    assert found["with_sales_us"] == found["converted_us"] == found["closed_us"] == NOT_YET


@pytest.mark.parametrize("touch", ["Call Attempted", "Voicemail Left", "Letter Sent", "Email Sent", "Meeting Booked"])
def test_a_touch_puts_it_with_sales_once_we_know(touch: str) -> None:
    found = way(ANN, track("ann", touch, 6, known=7, by="rep"))
    assert (found["with_sales_us"], found["tried_us"]) == (us(7), us(6))
    assert found["closed_us"] == NOT_YET


def test_an_opportunity_puts_it_with_sales_without_a_touch() -> None:
    found = way(ANN, track("ann", "Opportunity Created", 6))
    assert (found["with_sales_us"], found["tried_us"]) == (us(6), NOT_YET)


def test_it_closes_when_we_hear_of_the_outcome_and_counts_from_when_it_happened() -> None:
    found = way(ANN, track("ann", "Lead Converted", 6, known=9))
    assert (found["converted_us"], found["converted_known_us"], found["closed_us"]) == (us(6), us(9), us(9))


@pytest.mark.parametrize("reason", ["not_a_fit", "duplicate", "wrong_person", "bad_data", "already_customer"])
def test_a_reject_closes_it(reason: str) -> None:
    found = way(ANN, track("ann", "Lead Disqualified", 6, reason=reason))
    assert (found["reject_reason"], found["closed_us"]) == (reason, us(6))


@pytest.mark.parametrize("reason", ["too_early", "no_budget"])
def test_not_now_keeps_it_open(reason: str) -> None:
    found = way(ANN, track("ann", "Lead Disqualified", 6, reason=reason))
    assert (found["reject_reason"], found["closed_us"]) == (reason, NOT_YET)


def test_the_last_word_on_a_reject_is_the_last_in_time_not_in_the_ledger() -> None:
    told = [ANN, track("ann", "Lead Disqualified", 6, reason="duplicate")]
    told += [track("ann", "Lead Disqualified", 9, reason="too_early")]
    assert way(*told)["reject_reason"] == way(*reversed(told))["reject_reason"] == "too_early"


def test_a_lead_is_looked_at_on_arrival_and_every_seven_days() -> None:
    found = looked_at(ANN, until=31)
    steps = found["snapshot_us"].diff().dropna().tolist()
    assert found["snapshot_us"].iloc[0] == us(3) + 1  # just after its first event: what that says is known
    assert found["is_arrival"].tolist() == [True] + [False] * (len(found) - 1)
    assert set(steps[1:]) == {7 * DAY_US}
    assert 0 < steps[0] <= 7 * DAY_US
    assert len(found) in (4, 5)


def test_only_while_it_is_open_and_not_yet_with_sales() -> None:
    for end in (
        track("ann", "Opportunity Created", 12, known=14),
        track("ann", "Lead Converted", 12, known=14),
        track("ann", "Lead Disqualified", 12, known=14, reason="not_a_fit"),
    ):
        found = looked_at(ANN, end, until=90)
        assert 1 <= len(found) <= 3
        assert (found["snapshot_us"] < us(14)).all()
        # Whether a look is drawn depends only on what was known by then.
        assert found.equals(looked_at(ANN, until=14))


@pytest.mark.parametrize("reason", ["duplicate", "wrong_person", "bad_data", "already_customer"])
def test_what_was_never_a_lead_is_never_looked_at(reason: str) -> None:
    assert looked_at(ANN, track("ann", "Lead Disqualified", 40, reason=reason), until=90).empty


def test_not_now_goes_on_being_looked_at() -> None:
    found = looked_at(ANN, track("ann", "Lead Disqualified", 6, reason="too_early"), until=90)
    assert found["snapshot_us"].max() > us(80)


OFFERED = track("ann", "Handover Offered", 11, handover_id="ho_1") | {"source": "leadlight"}
WORKED = [OFFERED, track("ann", "Call Attempted", 12, known=14, handover_id="ho_1")]


def looks(*told: Told, until: float = 90) -> list[float]:
    """The days of the looks, the arrival's left out."""
    return [(moment - us(0)) / DAY_US for moment in looked_at(*told, until=until)["snapshot_us"].tolist()][1:]


@pytest.mark.parametrize("reason", ["too_early", "no_budget"])
def test_whom_sales_gives_back_is_looked_at_again_on_its_own_day_until_sales_tries_again(reason: str) -> None:
    told = [ANN, *WORKED, track("ann", "Lead Disqualified", 30, reason=reason, known=33)]
    again = track("ann", "Opportunity Created", 60, known=61)
    assert looks(*told, again) == [day for day in looks(ANN) if day < 14 or 33 < day < 61]
    assert looks(*told) == [day for day in looks(ANN) if day < 14 or day > 33]


def test_a_reps_own_touch_keeps_it_for_so_long_and_no_longer() -> None:
    """An attempt is no relation: two weeks after the last one, ann is looked at again."""
    called = [track("ann", "Call Attempted", day, by="rep") for day in (12, 20)]
    assert looks(ANN, called[0]) == [day for day in looks(ANN) if day < 12 or day > 26]
    assert looks(ANN, *called) == [day for day in looks(ANN) if day < 12 or day > 33]  # three weeks after the first


@pytest.mark.parametrize(
    "touch",
    [
        track("ann", "Email Sent", 12, campaign_id="spring"),
        track("ann", "Letter Sent", 12, side="marketing", by="mia"),
        track("ann", "Call Attempted", 12, side="inside_sales", by="ida"),
        track("ann", "Call Answered", 12, minutes=5),
        track("ann", "Email Sent", 12, by="rep", actor="sequence"),
        track("ann", "Email Replied", 12),
        OFFERED,
    ],
    ids=["mail", "letter", "qualifying", "answered", "sequence", "reply", "offered"],
)
def test_what_is_no_relation_of_sales_does_not_end_its_looks(touch: Told) -> None:
    assert looks(ANN, touch) == looks(ANN)
    assert way(ANN, touch)["with_sales_us"] == NOT_YET


def test_a_touch_heard_of_after_it_was_given_back_does_not_take_it_away() -> None:
    told = [ANN, *WORKED, track("ann", "Lead Disqualified", 30, reason="too_early")]
    late = track("ann", "Call Attempted", 20, known=50)
    assert looks(*told, late) == looks(*told)


CLOSED = track("ann", "Lead Disqualified", 30, reason="not_a_fit", known=31)


@pytest.mark.parametrize("end", [CLOSED, track("ann", "Opportunity Lost", 30, known=31)], ids=["rejected", "lost"])
def test_a_closed_lead_that_returns_is_looked_at_anew_from_its_return(end: Told) -> None:
    found = looked_at(ANN, *WORKED, end, page("ann", 40, known=41), page("ann", 60), until=90)
    assert found["is_arrival"].tolist() == [True] + [False] * (len(found) - 1)
    later = found["snapshot_us"][found["snapshot_us"] > us(14)].tolist()
    assert later == snapshot_times(["ann"], np.array([us(41)]), np.array([us(90)]))[1].tolist()
    assert later[0] == us(41) + 1
    assert looks(ANN, *WORKED, end) == looks(ANN, *WORKED)


@pytest.mark.parametrize(
    "told",
    [
        page("ann", 29, known=50),  # before it was closed
        page("ann", 40, "/"),  # does not count
        track("ann", "Email Opened", 40),
        track("ann", "Email Unsubscribed", 40),
        track("ann", "Call Attempted", 40),
        identify("ann", 40, industry="retail"),
    ],
    ids=["late", "no behaviour", "an open", "unsubscribed", "touch", "trait"],
)
def test_nothing_but_new_behaviour_is_a_return(told: Told) -> None:
    lines = """
email_open = { event = "Email Opened", label = "opens" }
[traits]"""
    agreement = Agreement.parse(SMALL.text.replace("\n[traits]", lines))
    found, without = (looked_at(ANN, CLOSED, *more, until=90, agreement=agreement) for more in ([told], []))
    assert found.equals(without)


def test_what_a_machine_did_is_no_return_once_that_is_known() -> None:
    told = [ANN, CLOSED, track("ann", "Email Link Clicked", 40, email_id="e1")]
    delivered = track("ann", "Email Delivered", 40, email_id="e1", known=60)
    assert looks(*told, delivered) == [day for day in looks(*told) if day < 60]


def test_a_customer_does_not_return() -> None:
    told = [ANN, track("ann", "Lead Converted", 30), CLOSED, page("ann", 40)]
    assert looks(*told) == looks(*told[:2])


def test_a_lead_that_is_part_of_another_was_a_duplicate() -> None:
    told = [ANN, identify("bob", 2), track("bob", "Lead Merged", 20, previous_lead_id="ann")]
    assert set(looked_at(*told, until=90)["lead_id"]) == {"bob"}
    assert way(*told)["merged_us"] == way(*told)["closed_us"] == us(20)


def test_a_merge_that_is_taken_back_leaves_a_time_without_looks() -> None:
    merge = track("bob", "Lead Merged", 20, previous_lead_id="ann")
    undo = track("bob", "Lead Merge Undone", 50, merge_id=merge["messageId"])
    told = [ANN, identify("bob", 2), merge, undo]
    found = looked_at(*told, until=90)
    days = [(moment - us(0)) / DAY_US for moment in found.loc[found["lead_id"] == "ann", "snapshot_us"].tolist()]
    assert [day for day in days if day < 50] == [day for day in [3 + 1 / DAY_US, *looks(ANN)] if day < 20]
    assert min(day for day in days if day > 20) == 50 + 1 / DAY_US
    assert way(*told)["merged_us"] == NOT_YET


def test_who_objected_or_is_our_own_is_never_looked_at() -> None:
    leads = World.of([ANN, identify("bob", 2)]).leads
    found = snapshot_schedule(leads.assign(newest_us=0, is_left_out=[True, False]), SMALL, us(30))
    assert set(found["lead_id"]) == {"bob"}


def test_without_dates_each_lead_is_looked_at_once_after_all_it_says() -> None:
    undated = Agreement.parse(SMALL.text.replace("within_days = 30", "undated = true"))
    found = looked_at(ANN, identify("bob", 9), until=20, agreement=undated)
    assert found["snapshot_us"].tolist() == [us(50) + 1] * 2
    assert found["is_arrival"].all()


@given(
    st.lists(st.tuples(st.integers(0, 10**15), st.integers(-(10**13), 4 * 10**13)), max_size=6),
    st.integers(0, 10**9),
)
def test_many_leads_moments_are_each_leads_own(spans: list[tuple[int, int]], salt: int) -> None:
    names = [f"lead {salt} {i}" for i in range(len(spans))]
    opened = np.array([opens for opens, _ in spans], dtype=np.int64)
    until = opened + np.array([lasts for _, lasts in spans], dtype=np.int64)
    rows, found = snapshot_times(names, opened, until)
    for i, name in enumerate(names):
        mine = found[rows == i]
        alone = snapshot_times([name], opened[i : i + 1], until[i : i + 1])[1]
        assert mine.tolist() == alone.tolist() == sorted(set(mine.tolist()))
        assert ((mine > opened[i]) & (mine < until[i])).all()
        assert (until[i] > opened[i] + 1) == (len(mine) > 0)
        assert (np.diff(mine[1:]) == WEEK_US).all()
        assert len(mine) < 2 or until[i] - mine[-1] <= WEEK_US


@pytest.mark.parametrize("seed", range(3))
def test_a_leads_way_does_not_depend_on_the_order_of_the_ledger(seed: int) -> None:
    told = [
        ANN, page("visitor", 1), identify("ann", 4, visitor="visitor"), track("ann", "Call Attempted", 8, known=9),
        track("ann", "Lead Disqualified", 9, reason="too_early"), track("ann", "Lead Converted", 20),
        track("ann", "Lead Disqualified", 9, reason="bad_data"), identify("bob", 4),
    ]  # fmt: skip
    shuffled = random.Random(seed).sample(told, len(told))
    ways = [World.of(t).leads.sort_values("lead_id", ignore_index=True) for t in (told, shuffled)]
    pd.testing.assert_frame_equal(*ways)


def test_moments_are_in_utc_and_exact() -> None:
    assert us(0) % DAY_US == 0
    assert at(1).isoformat() == "2026-01-02T00:00:00+00:00"


def test_what_was_recorded_after_a_moment_was_not_known_at_it() -> None:
    leads = pd.DataFrame(
        {
            "lead_id": ["ann", "bob"],
            "opened_us": [1, 2],
            "with_sales_us": [10, 40],
            "tried_us": [9, 30],
            "rejected_us": [NOT_YET, 50],
            "converted_us": [20, NOT_YET],
            "converted_known_us": [60, NOT_YET],
            "disqualified_us": [NOT_YET, 55],
            "reject_reason": [None, "not_a_fit"],
            "closed_us": [60, 55],
            "merged_us": [NOT_YET, 58],
            "again": [None, [2, 56, 70, NOT_YET, NOT_YET, NOT_YET]],
        }
    )
    then = known_by(leads, 45)
    assert then[["converted_us", "closed_us"]].iloc[0].tolist() == [NOT_YET, NOT_YET]
    assert then["tried_us"].tolist() == [9, 30]
    assert then["disqualified_us"].tolist() == [NOT_YET, NOT_YET]
    assert then["reject_reason"].isna().all()
    assert (then["merged_us"] == NOT_YET).all()
    assert then["again"].isna().all()
    assert known_by(leads, 65)["again"].tolist() == [None, [2, 56, *[NOT_YET] * 4]]
    leads = known_by(leads, 75)
    assert known_by(leads, 75)["again"].tolist() == [None, [2, 56, 70, *[NOT_YET] * 3]]
    leads["again"] = None
    pd.testing.assert_frame_equal(known_by(leads, 75), leads, check_dtype=False)
