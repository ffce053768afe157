"""Whatever leaves outcomes unknown must not ask how they ended; the rule that did is put back here, and is caught."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL, Told, World, identify, track, us

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.lifecycle.open_periods import state_at
from features.snapshots.schedule import snapshot_schedule
from training.gates.labels_kept_alike import labels_kept_alike
from training.labels.outcomes import REJECTED, matured_looks
from training.labels.summary import label_summary

UNKNOWN_IF_NO_FIT = Agreement.parse(SMALL.text.replace("within_days = 30", "within_days = 30\nno_if_rejected = []"))
UNTIL = us(300)


def history(leads: int = 300, calls: bool = True) -> list[Told]:
    """One in five converts after two weeks, called or not; every third lead is called, every fourth of no fit."""
    told: list[Told] = []
    for n in range(leads):
        who, came = f"lead-{n}", 1 + n * 0.5
        told.append(identify(who, came))
        if n % 5 == 0:
            told.append(track(who, "Lead Converted", came + 14))
        elif n % 4 == 0:
            told.append(track(who, "Lead Disqualified", came + 10, reason="not_a_fit"))
        if calls and n % 3 == 0:
            told.append(track(who, "Call Attempted", came + 3))
    return told


def leads_of(told: list[Told], agreement: Agreement = SMALL) -> pd.DataFrame:
    return World.of(told, agreement).leads.assign(newest_us=UNTIL, is_left_out=False)


def looks_of(told: list[Told], agreement: Agreement = SMALL) -> pd.DataFrame:
    found = label_summary(leads_of(told, agreement), agreement, UNTIL).matured
    assert found is not None
    return found


def test_as_things_are_every_matured_look_is_kept() -> None:
    gate = labels_kept_alike(looks_of(history()))
    assert (gate.passed, gate.value) == (True, 1.0)


def test_turning_tries_on_and_off_changes_no_label_of_a_look_that_both_have() -> None:
    called, uncalled = leads_of(history()), leads_of(history(calls=False))
    looks = snapshot_schedule(called, SMALL, UNTIL)
    assert len(looks) < len(snapshot_schedule(uncalled, SMALL, UNTIL))
    assert (called["tried_us"] != NOT_YET).any()
    both = [matured_looks(looks, leads, SMALL, UNTIL) for leads in (called, uncalled)]
    pd.testing.assert_frame_equal(*both)


def test_the_old_rule_that_an_untried_lead_is_unknown_unless_it_converts_is_caught_and_named() -> None:
    leads = leads_of(history())
    looks = looks_of(history())
    tried = state_at(looks.assign(snapshot_us=0), leads)["tried_us"].to_numpy() != NOT_YET
    gate = labels_kept_alike(looks.assign(**{"never tried": ~tried & ~looks["is_won"].to_numpy()}))
    assert not gate.passed
    assert gate.value is not None
    assert gate.value > 2
    assert "the rule “never tried” makes the difference" in gate.why


def test_rejects_that_are_no_no_are_caught_where_they_drop_the_lost_alone_and_the_line_to_write_is_named() -> None:
    told = [one for one in history() if one.get("event") != "Call Attempted"]
    for n in range(300):
        if n % 5 and n % 4:  # hardly anybody who does not convert is left
            told.append(track(f"lead-{n}", "Lead Disqualified", 1 + n * 0.5 + 12, reason="not_a_fit"))
    gate = labels_kept_alike(looks_of(told, UNKNOWN_IF_NO_FIT))
    assert not gate.passed
    assert REJECTED in gate.why
    assert 'write no_if_rejected = ["not_a_fit", "no_budget"]' in gate.why
    assert labels_kept_alike(looks_of(told)).value == 1.0


def test_a_rule_that_draws_by_chance_passes_and_few_looks_are_not_judged_by_luck() -> None:
    looks, draws = looks_of(history()), np.random.default_rng(1)
    by_lead = {lead: draws.random() < 0.5 for lead in looks["lead_id"].unique()}
    assert labels_kept_alike(looks.assign(chance=looks["lead_id"].map(by_lead))).passed
    few = looks.groupby("is_won").head(4)
    assert labels_kept_alike(few.assign(luck=~few["is_won"] & (few["lead_id"] == few["lead_id"].iloc[-1]))).passed


@pytest.mark.parametrize("outcome", [True, False])
def test_without_a_won_or_a_lost_look_there_is_nothing_to_compare(outcome: bool) -> None:
    looks = looks_of(history())
    gate = labels_kept_alike(looks[looks["is_won"] == outcome])
    assert (gate.passed, gate.value) == (True, None)
