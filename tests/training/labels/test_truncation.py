"""Leads from before the record seem never to have converted: that is noticed, said, and counts for unknown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL, us
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import DAY_US, NOT_YET
from training.draft.horizon import conversion_delay
from training.labels.outcomes import outcomes
from training.labels.truncation import RecordStart, record_start, truncation

DAYS, HORIZON = 400.0, 60.0


def drawn(leads: int, rate: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Days on which leads came and converted, NaN where they did not; half of the conversions take two weeks."""
    draws = np.random.default_rng(seed)
    came = np.sort(draws.uniform(0, DAYS, leads))
    won = np.where(draws.random(leads) < rate, came + draws.exponential(20, leads), np.nan)
    return came, np.where(won > DAYS, np.nan, won)


def unrecorded_before(won: np.ndarray, day: float) -> np.ndarray:
    return np.where(won < day, np.nan, won)


def test_a_record_that_began_late_is_noticed_and_dated() -> None:
    came, won = drawn(2_000, 0.1)
    found = record_start(came, unrecorded_before(won, 150), DAYS, HORIZON)
    assert found
    assert 148 <= found.day <= 156
    assert found.leads == (came < found.day).sum()
    assert found.recorded == 0
    assert found.expected == pytest.approx((won < 150).sum(), rel=0.3)


def test_a_few_early_records_do_not_hide_it() -> None:
    came, won = drawn(2_000, 0.1)
    strays = np.argsort(won)[:3]
    recorded = unrecorded_before(won, 150)
    recorded[strays] = won[strays]
    found = record_start(came, recorded, DAYS, HORIZON)
    assert found
    assert (148 <= found.day <= 156, found.recorded) == (True, 3)


@given(st.integers(0, 10_000), st.floats(0.03, 0.3), st.floats(0.5, 1))
def test_a_rate_that_merely_rose_is_no_late_record(seed: int, rate: float, before: float) -> None:
    came, won = drawn(1_000, rate, seed)
    lost = (came < DAYS / 2) & (np.random.default_rng(seed + 1).random(len(came)) > before)
    assert record_start(came, np.where(lost, np.nan, won), DAYS, HORIZON) is None


def test_a_cold_list_that_never_converts_is_no_late_record() -> None:
    came, won = drawn(2_000, 0.1)
    cold = np.full(3_000, 1.0)
    both = np.append(cold, came + 1), np.append(np.full(3_000, np.nan), won + 1)
    assert record_start(*both, DAYS, HORIZON) is None


@pytest.mark.parametrize("leads", [0, 1, 60])
def test_few_outcomes_say_nothing(leads: int) -> None:
    came, won = drawn(leads, 0.2)
    assert record_start(came, unrecorded_before(won, 150), DAYS, HORIZON) is None


def leads_of(came: np.ndarray, won: np.ndarray, tried: np.ndarray) -> pd.DataFrame:
    """Leads as `milestones` gives them, from days."""
    us_of = {name: [us(day) if day == day else NOT_YET for day in days] for name, days in (("c", won), ("t", tried))}
    moments = {"opened_us": [us(day) for day in came], "converted_us": us_of["c"], "tried_us": us_of["t"]}
    moments |= {"converted_known_us": us_of["c"]}
    never = dict.fromkeys(("rejected_us", "disqualified_us", "closed_us", "merged_us"), NOT_YET)
    ids = [f"lead-{place}" for place in range(len(came))]
    return pd.DataFrame({"lead_id": ids, **moments, **never, "reject_reason": None, "again": None})


def test_what_became_of_leads_from_before_the_record_is_unknown_even_where_they_converted_later() -> None:
    came, won = drawn(2_000, 0.1)
    leads = leads_of(came, unrecorded_before(won, 150), came + 1)
    began = truncation(leads, SMALL, us(DAYS)).outcomes
    assert began
    looked_at = leads[["lead_id"]].assign(snapshot_us=leads["opened_us"] + 1)
    became = outcomes(looked_at, leads, SMALL, us(DAYS))
    early = leads["opened_us"].to_numpy() < began.day * DAY_US
    assert became[early].isna().all()
    assert (leads["converted_us"] != NOT_YET)[early].any()
    matured = ~early & (came <= DAYS - 30 - 1)
    assert became[matured].notna().all()
    honest = outcomes(looked_at, leads_of(came, won, came + 1), SMALL, us(DAYS))
    assert became[matured].equals(honest[matured])


def test_contacts_that_began_late_leave_nobody_out() -> None:
    """Tried or not plays no part in an outcome, so since when tries are recorded plays none either."""
    came, won = drawn(2_000, 0.1)
    leads = leads_of(came, won, unrecorded_before(came + 1, 150))
    looked_at = leads[["lead_id"]].assign(snapshot_us=leads["opened_us"] + 1)
    assert truncation(leads, SMALL, us(DAYS)).sentences == []
    assert outcomes(looked_at, leads, SMALL, us(DAYS))[came < 148].notna().all()


def test_it_is_said_in_one_plain_sentence_each() -> None:
    from training.labels.truncation import Truncation

    [sentence] = Truncation(RecordStart(17_539.0, 2_163, 3, 218.4)).sentences
    assert sentence == (
        "Outcomes seem to be recorded only since 2018-01-08: 3 conversions are known from before, 218 would be "
        "expected. The 2,163 leads that came before are left out, since what became of them is unknown."
    )


def test_olist_is_left_truncated_before_2018(public_data: Path) -> None:
    """Its rate seems to be 0.8 % in July 2017 and is 13.3 % in January 2018."""
    folder = public_data / "olist_funnel"
    leads = pd.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv")
    deals = pd.read_csv(folder / "olist_closed_deals_dataset.csv")
    dates = leads.merge(deals[["mql_id", "won_date"]], how="left", on="mql_id")[["first_contact_date", "won_date"]]
    since_1970 = dates.apply(lambda column: pd.to_datetime(column, dayfirst=True)) - pd.Timestamp(0)
    came, won = (date(1970, 1, 1).toordinal() + (since_1970[name] / pd.Timedelta(days=1)).to_numpy() for name in dates)
    found = conversion_delay(came, won, "first_contact_date")
    assert found.horizon_days == 60
    assert found.notes[-1] == (
        "Conversions seem to be recorded only since 2018-01-08: 3 are known from before, where 210 would be expected. "
        "The 2,218 leads that came before look worse than they were: training leaves them out"
    )
