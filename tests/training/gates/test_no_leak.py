"""The leak gate looks at what the model reads, leaves out what a person signed, and says whom to ask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL

from features.agreement.agreement import Agreement
from training.gates.gate import Gate
from training.gates.no_leak import no_leak, signed_fields

DRAWS = np.random.default_rng(4)
OUTCOME = (DRAWS.random(400) < 0.3).astype(float)
NOISE = {name: DRAWS.normal(size=400) * 0.3 for name in ("employees", "industry", "webinar", "source")}
KINDS = {"webinar": "behaviour"} | dict.fromkeys(("employees", "industry", "source", "is_partner"), "trait")
GIVEN_AWAY = 6.0 * OUTCOME + NOISE["employees"]
SIGNED = Agreement.parse(SMALL.text.replace('is_partner = "boolean"', 'is_partner = "asked on the form"'))


def gate(
    more: Mapping[str, object], agreement: Agreement = SMALL, suspects: Mapping[str, str] = MappingProxyType({})
) -> Gate:
    return no_leak(pd.DataFrame(NOISE | dict(more)), OUTCOME, agreement, KINDS, suspects)


def test_what_tells_little_is_believed() -> None:
    assert gate({}).passed


def test_a_field_that_gives_the_outcome_away_is_named_with_what_to_do() -> None:
    held = gate({"is_partner": GIVEN_AWAY})
    assert not held.passed
    assert "too good to be true" in held.why
    assert "“is partner”" in held.why
    assert "[excluded]" in held.why


def test_one_field_that_carries_all_of_a_good_ranking_is_held_back() -> None:
    held = gate({"is_partner": 2.3 * OUTCOME + DRAWS.normal(size=400)})
    assert (held.passed, held.limit) == (False, 0.5)
    assert "of 100 of all that moves the scores is “is partner”" in held.why


def test_how_long_a_lead_is_known_is_filled_in_by_nobody_and_another_leak_does_not_hide_behind_it() -> None:
    assert gate({"days_open": GIVEN_AWAY}).passed
    held = gate({"days_open": 2 * GIVEN_AWAY, "is_partner": GIVEN_AWAY})
    assert not held.passed
    assert "“is partner”" in held.why


@pytest.mark.parametrize("name", ["is_partner", "webinar"])
def test_a_person_can_sign_a_field_or_a_behaviour(name: str) -> None:
    lines = {
        "is_partner": ('is_partner = "boolean"', 'is_partner = { kind = "boolean", why = "asked on the form" }'),
        "webinar": ('label = "webinars"', 'label = "webinars", why = "they sign up before anyone calls"'),
    }
    agreement = Agreement.parse(SMALL.text.replace(*lines[name]))
    held = gate({name: GIVEN_AWAY}, agreement)
    assert held.passed
    assert f"Signed in the agreement, and taken out for this: {name}" in held.why
    assert agreement.feature_digest == SMALL.feature_digest  # a signature needs no retraining
    assert agreement.digest != SMALL.digest


def test_behind_a_signed_field_another_leak_is_still_found() -> None:
    assert not gate({"is_partner": GIVEN_AWAY, "source": GIVEN_AWAY}, SIGNED).passed


def test_a_suspect_of_the_triage_is_held_back_unless_signed() -> None:
    suspects = {"is_partner": "filled after the outcome", "renewal_on": "not used by this model"}
    more = {"is_partner": NOISE["employees"]}
    assert "filled after the outcome" in gate(more, suspects=suspects).why
    assert not gate(more, suspects=suspects).passed
    assert gate(more, SIGNED, suspects).passed


def test_an_auc_over_few_conversions_is_no_sign() -> None:
    few = np.flatnonzero(OUTCOME)[:10]
    rows = np.append(few, np.flatnonzero(OUTCOME == 0))
    held = no_leak(pd.DataFrame({"is_partner": GIVEN_AWAY[rows]}), OUTCOME[rows], SMALL, KINDS)
    assert (held.passed, held.value) == (True, None)


def test_a_signed_job_title_signs_what_is_made_of_it() -> None:
    agreement = Agreement.parse(
        SMALL.text.replace('job_title = "text"', 'job_title = { kind = "text", why = "from the form" }')
    )
    assert signed_fields(agreement) == dict.fromkeys(("job_title", "seniority", "department"), "from the form")
