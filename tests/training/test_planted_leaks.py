"""Leaks planted in a history are each found, by name and in words, or shown to be impossible.

back-filled field            found: quarantined, "first known after the outcome"
field set by the outcome     found: quarantined, "first known after the outcome"
back-filled, and recorded
as if it had been known      found: quarantined, "filled for ... of the converted and for hardly any other"
id that encodes the outcome  no model sees an id; found all the same, and said
event recorded after the
horizon, of a time before it impossible: no row holds it; the proof finds it where recorded is taken for happened
history linked later         impossible: no row holds it; the proof finds it where recorded is taken for happened
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from handmade_events import LATER, SMALL, Told, at, identify, page, track, us
from random_logs import known_when_it_happened

from commands.app import run
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.database import engine
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.materialize import materialized
from training.candidate import Candidate
from training.leakage.examination import LeakExamination, leak_examination
from training.leakage.point_in_time_proof import point_in_time_proof
from training.leakage.suspects import Suspect
from training.pipeline import labelled_snapshots, train

LEADS, DAYS = 180, 200
PLANTED = Agreement.parse(
    SMALL.text.replace("[traits]", '[traits]\nbudget = "number"\nplan = "category"\nsegment = "category"')
)


def history() -> list[Told]:
    """A market in which a field tells a little, and in which all of the above leaks."""
    draws = np.random.default_rng(5)
    told: list[Told] = []
    for number in range(LEADS):
        came, industry = draws.uniform(0, DAYS - 70), str(draws.choice(["software", "retail"]))
        is_won = bool(draws.random() < (0.5 if industry == "software" else 0.3))
        told += _honest(f"{'C' if is_won else 'L'}-{number:04}", came, industry, draws)
        told += _of_the_won(f"C-{number:04}", came) if is_won else []
    return told


def _honest(who: str, came: float, industry: str, draws: np.random.Generator) -> list[Told]:
    visits = [page(who, came + day) for day in draws.uniform(0, 15, draws.poisson(1.0))]
    return [identify(who, came, industry=industry), *visits, track(who, "Call Attempted", came + 20)]


def _of_the_won(who: str, came: float) -> list[Told]:
    won, visitor = came + 25, f"visitor-{who}"
    return [
        track(who, "Lead Converted", won),
        identify(who, came + 0.5, known=won + 1, budget=100),  # back-filled
        identify(who, won, plan="pro"),  # set by the outcome
        identify(who, came, segment="gold"),  # back-filled, and its true record lost
        track(who, "Webinar Attended", came + 0.2, known=came + 60),  # recorded after the horizon
        page(visitor, came + 0.3),  # linked later
        identify(who, came + 0.4, known=came + 60, visitor=visitor),
    ]


class Trained(NamedTuple):
    home: Home
    labelled: pd.DataFrame
    candidate: Candidate


def home_of(told: list[Told], folder: Path) -> Home:
    home = Home(folder / "home", Settings())
    list(Ledger.open(home).append(told, source="test", received_at=LATER))
    return home


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    home = home_of(history(), tmp_path_factory.mktemp("true"))
    kept = save_version(home, PLANTED, LATER)
    labelled = labelled_snapshots(materialized(home, PLANTED), PLANTED, at(DAYS))
    yield Trained(home, labelled, train(home, kept, at(DAYS)))
    engine(home.database_url).dispose()


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[pd.DataFrame, LeakExamination]]:
    """The same history with recorded set to occurred, as in a pipeline that goes by when things happened."""
    home = home_of(known_when_it_happened(history()), tmp_path_factory.mktemp("leaking"))
    found = materialized(home, PLANTED)
    labelled = labelled_snapshots(found, PLANTED, at(DAYS))
    yield labelled, leak_examination(labelled, found, PLANTED, us(DAYS), 7)
    engine(home.database_url).dispose()


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("budget", "first known after the outcome for 100% of the "),
        ("plan", "first known after the outcome for 100% of the "),
        ("segment", "filled for 100% of the converted and for hardly any other"),
    ],
)
def test_a_field_that_the_outcome_filled_is_quarantined(trained: Trained, field: str, reason: str) -> None:
    [found] = [one for one in trained.candidate.examined.quarantined if one.name == field]
    assert found.reason.startswith(reason)
    assert any(line.startswith(f"{field} is in quarantine: {reason}") for line in trained.candidate.warnings)
    assert field in {line["field"] for line in trained.candidate.summary()["excluded"]}
    assert field in {name for name, *_ in trained.candidate.examined.leaks}
    assert field not in {column.group for column in trained.candidate.model.columns}


def test_an_honest_field_is_not_quarantined(trained: Trained) -> None:
    assert {one.name for one in trained.candidate.examined.quarantined} == {"budget", "plan", "segment"}
    assert "industry" in trained.candidate.labelled


def test_an_id_that_encodes_the_outcome_is_found_and_no_model_sees_it(trained: Trained) -> None:
    assert any(line.startswith("lead_id: these ids follow the outcome") for line in trained.candidate.warnings)
    assert not {"lead_id", "account"} & {column.name for column in trained.candidate.model.columns}


@pytest.mark.parametrize("column", ["webinar_count_total", "budget", "plan"])
def test_what_is_recorded_later_is_in_no_row(trained: Trained, column: str) -> None:
    assert trained.labelled[column].replace(0, np.nan).isna().all()


def test_a_history_that_is_linked_later_is_in_no_row(trained: Trained) -> None:
    won = trained.labelled[trained.labelled["is_arrival"] & trained.labelled["outcome"]]
    assert (won["pricing_page_count_total"] == 0).all()


def test_every_row_derived_again_from_what_was_recorded_before_it_is_the_same(trained: Trained) -> None:
    some = trained.labelled["lead_id"].drop_duplicates().head(40)
    labelled = trained.labelled[trained.labelled["lead_id"].isin(some)]
    proof = point_in_time_proof(trained.home, PLANTED, labelled, rows=None)
    assert (proof.rows, proof.differing) == (len(labelled), 0)
    assert trained.candidate.examined.proof
    assert trained.candidate.examined.proof.holds
    assert "No snapshot saw its future: 50 of the training" in " ".join(trained.candidate.warnings)


def test_the_proof_finds_the_rows_that_saw_what_was_recorded_later(
    trained: Trained, leaking: tuple[pd.DataFrame, LeakExamination]
) -> None:
    labelled, _ = leaking
    proof = point_in_time_proof(trained.home, PLANTED, labelled, rows=60)
    won = labelled["outcome"].mean()
    assert proof.differing / proof.rows == pytest.approx(won, abs=0.2)
    assert not proof.holds
    assert "saw what was recorded later" in proof.sentence
    columns = {one.column for one in replace(proof).examples}
    assert columns & {"budget", "webinar_count_hl1d", "pricing_page_count_hl1d", "days_since_webinar"}


def test_without_the_time_of_recording_the_fields_still_give_themselves_away(
    leaking: tuple[pd.DataFrame, LeakExamination],
) -> None:
    _, found = leaking
    use = {one.name: one.use for one in found.suspects}
    assert use["budget"] == use["plan"] == use["segment"] == "quarantined"


def test_a_signed_field_is_used_and_said_to_be(trained: Trained) -> None:
    line = 'segment = { kind = "category", signed_by = "Ann, 2026-11-01" }'
    signed = Agreement.parse(PLANTED.text.replace('segment = "category"', line))
    found = leak_examination(trained.labelled, materialized(trained.home, signed), signed, us(DAYS), 7)
    assert "segment" in found.without_quarantined(trained.labelled, signed)
    assert "budget" not in found.without_quarantined(trained.labelled, signed)
    assert any(line.startswith("segment is used because a person signed it") for line in found.sentences)


def test_a_criterion_that_asks_for_a_quarantined_fact_among_others_goes_too() -> None:
    """Its points are made of the fact: they would bring it in by another name."""
    default = Agreement.default()
    rows = pd.DataFrame({"lead_id": ["a"], "employees": [9.0], "criterion_profile": [3.0], "criterion_need": [1.0]})
    found = LeakExamination((Suspect("employees", "quarantined", "filled afterwards"),))
    assert list(found.without_quarantined(rows, default)) == ["lead_id", "criterion_need"]


def test_the_doctor_proves_it_when_asked(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADLIGHT_HOME", str(trained.home.path))
    monkeypatch.setattr("commands.doctor.ROWS_PROVED", 20)
    run(["doctor", "--leaks", "--json"])
    [found] = [check for check in json.loads(capsys.readouterr().out) if check["name"] == "leaks"]
    assert found["ok"]
    assert found["data"] == [{"rows": 20, "differing": 0, "examples": []}]
