"""Fields under suspicion: only overwhelming evidence puts one in quarantine, and only a person takes it out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL, us

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from training.leakage.filled_when import FillTime, fill_times, fill_times_of_events
from training.leakage.ids import id_auc, id_sentence
from training.leakage.signals import LeakSignals
from training.leakage.suspects import FieldEvidence, Suspect, suspect

HONEST = LeakSignals(alone=0.65, error=0.01, emptiness=0.5, filled_won=0.9, filled_lost=0.9)
ANSWER = LeakSignals(alone=0.95, error=0.01, emptiness=0.5, filled_won=0.9, filled_lost=0.9)
ONLY_WON = LeakSignals(alone=0.75, error=0.01, emptiness=0.75, filled_won=0.5, filled_lost=0.001)
FOLLOWS = LeakSignals(alone=0.85, error=0.01, emptiness=0.85, filled_won=0.9, filled_lost=0.2)
HALF_FOLLOWS = LeakSignals(alone=0.7, error=0.01, emptiness=0.65, filled_won=0.7, filled_lost=0.4)
LATE = FillTime(leads=100, after_contact=0.93, after_end=0.93)
AFTER_CONTACT = FillTime(leads=100, after_contact=0.93, after_end=0.2)
PARTLY_LATE = FillTime(leads=100, after_contact=0.6, after_end=0.1)
EARLY = FillTime(leads=100, after_contact=0.1, after_end=0.02)
SIGNED = Agreement.parse(
    SMALL.text.replace('industry = "category"', 'industry = { kind = "category", signed_by = "Ann, 2026-11-01" }')
)


def of(signals: LeakSignals, filling: FillTime | None = EARLY, kind: str = "trait", **more: object) -> Suspect | None:
    return suspect(FieldEvidence("industry", kind, signals, filling, **more), SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("signals", "filling", "reason"),
    [
        (HONEST, LATE, "first known after the outcome for 93% of the 100 leads that have it"),
        (HONEST, AFTER_CONTACT, "first known after sales' first contact for 93% of the 100 leads that have it"),
        (ANSWER, EARLY, "telling the outcome too well to be known before it"),
        (ONLY_WON, EARLY, "filled for 50% of the converted and for hardly any other"),
        (FOLLOWS, EARLY, "filled for 90% of the converted and 20% of the others"),
    ],
)
def test_overwhelming_evidence_puts_a_trait_in_quarantine(signals: LeakSignals, filling: FillTime, reason: str) -> None:
    found = of(signals, filling)
    assert found
    assert (found.use, found.reason) == ("quarantined", reason)
    assert 'sign its line in [traits]: industry = { ..., signed_by = "NAME, DATE" }.' in found.sentence


@pytest.mark.parametrize(("signals", "filling"), [(HALF_FOLLOWS, EARLY), (HONEST, PARTLY_LATE)])
def test_weak_evidence_is_worth_a_look(signals: LeakSignals, filling: FillTime) -> None:
    found = of(signals, filling)
    assert found
    assert found.use == "look"
    assert found.sentence.startswith("industry is worth a look: ")


def test_an_honest_field_is_no_suspect() -> None:
    assert of(HONEST) is None
    assert of(HONEST, None) is None
    assert of(LeakSignals(), EARLY) is None


def test_few_late_values_are_no_evidence() -> None:
    assert of(HONEST, FillTime(leads=15, after_contact=1.0, after_end=1.0)) is None


def test_an_import_of_many_at_once_follows_nobodys_outcome() -> None:
    assert of(HONEST, FillTime(leads=100, after_contact=1.0, after_end=1.0, is_bulk=True)) is None


def test_a_behaviour_is_never_quarantined_but_looked_at() -> None:
    found = of(ANSWER, None, kind="behaviour")
    assert found
    assert found.use == "look"


def test_one_field_that_carries_everything_is_named() -> None:
    found = of(HONEST, EARLY, carries=True, drop=0.2)
    assert found
    assert found.sentence == (
        "industry is worth a look: it alone carries the model; ask when and by whom it is filled in; alone 65; without "
        "it the rest loses 20."
    )


@pytest.mark.parametrize(("signals", "carries"), [(HONEST, True), (ANSWER, False)])
def test_how_long_a_lead_is_known_was_filled_in_by_nobody(signals: LeakSignals, carries: bool) -> None:
    found = suspect(FieldEvidence("days_open", "trait", signals, carries=carries, drop=0.2), SMALL)
    assert found
    assert found.sentence.startswith("days_open is worth a look: how long a lead is known tells most; either leads")
    assert "filled in" not in found.sentence


def test_a_signature_lifts_the_quarantine_and_is_said() -> None:
    found = suspect(FieldEvidence("industry", "trait", ANSWER, LATE), SIGNED)
    assert found
    assert found.use == "signed"
    assert found.sentence.startswith("industry is used because a person signed it, though it is first known after")


def test_a_signature_changes_no_feature() -> None:
    assert SIGNED.feature_digest == SMALL.feature_digest
    assert SIGNED.digest != SMALL.digest


def test_what_follows_from_a_field_is_signed_with_it() -> None:
    by_title = FieldEvidence("seniority", "trait", ANSWER)
    signed = SMALL.text.replace('job_title = "text"', 'job_title = { kind = "text", signed_by = "Ann, 2026-11-01" }')
    assert [one.use for text in (SMALL.text, signed) if (one := suspect(by_title, Agreement.parse(text)))] == [
        "quarantined",
        "signed",
    ]


def test_a_name_that_sales_sets_is_worth_a_look() -> None:
    named = Agreement.parse(SMALL.text.replace("is_partner", "lead_status"))
    found = suspect(FieldEvidence("lead_status", "trait", HONEST, EARLY), named)
    assert found
    assert (found.use, found.reason) == ("look", "by its name it is known only after contact: sales sets it")


def test_a_filling_tells_values_before_contact_from_values_after_it() -> None:
    ids = ["ann", "bob", "cid", "dan"]
    leads = pd.DataFrame(
        {"lead_id": ids, "with_sales_us": [us(5), us(5), NOT_YET, us(5)], "closed_us": [us(9), NOT_YET, us(9), NOT_YET]}
    )
    known = pd.DataFrame(
        {
            "lead_id": ["ann", "ann", "bob", "cid", "dan"],
            "known_us": [us(1), us(9), us(5), us(9.5), us(2)],
            "plan": [None, "pro", "pro", "basic", "pro"],
            "empty": [None] * 5,
        }
    )
    found = fill_times(known, leads, ["plan", "empty"], us(30))
    assert found == {"plan": FillTime(4, 0.75, 0.5)}
    assert fill_times(known, leads, ["plan"], us(9))["plan"] == FillTime(2, 0.5, 0.0)


def test_the_same_is_told_of_events_that_are_only_counted() -> None:
    said = {"plan": {"ann": 9.0, "bob": 1.0}, "imported": {"ann": 9.0} | {f"lead-{n}": 9.0 for n in range(30)}}
    found = fill_times_of_events(said, {"ann": 5.0})
    assert found["plan"] == FillTime(2, 0.5, 0.5, is_counted=True)
    assert found["imported"].late_share == 0


DRAWS = np.random.default_rng(3)
WON = DRAWS.random(600) < 0.3


@pytest.mark.parametrize(
    "ids",
    [
        [f"{'C' if won else 'L'}-{n:05}" for n, won in enumerate(WON)],
        [str(n + (90_000 if won else 10_000)) for n, won in enumerate(WON)],
        [f"{n:0{9 if won else 5}}" for n, won in enumerate(WON)],
    ],
    ids=["another prefix", "another range", "another length"],
)
def test_ids_that_encode_the_outcome_are_found(ids: list[str]) -> None:
    tells = id_auc(ids, WON)
    assert tells is not None
    assert "lead_id: these ids follow the outcome (alone 100): " in id_sentence("lead_id", round(tells, 2))


@pytest.mark.parametrize(
    "ids",
    [
        [str(n) for n in range(600)],
        [f"lead-{n}" for n in DRAWS.permutation(600)],
        [f"{n:032x}" for n in DRAWS.integers(0, 2**62, 600)],
        [None] * 600,
    ],
    ids=["running", "drawn", "hashes", "none"],
)
def test_ids_that_only_name_leads_are_not(ids: list[str | None]) -> None:
    assert id_auc(ids, WON) is None


def test_a_running_number_tells_when_a_lead_came_and_that_is_no_leak() -> None:
    """The rate rises over time, and so the number of a lead follows the outcome as its date does."""
    risen = np.random.default_rng(4).random(600) < np.linspace(0.02, 0.9, 600)
    assert id_auc([str(10_000 + n) for n in range(600)], risen, list(map(float, range(600)))) is None
