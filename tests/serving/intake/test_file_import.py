"""Files into the ledger: features are brought up to date for the agreement, and for the model that is served."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_snapshots import looks
from handmade_events import SMALL
from home_of_two_leads import NOW, small_home
from sqlalchemy import func, select

from features.agreement.agreement import Agreement
from features.agreement.versions import current_version, save_version
from features.home import tables
from features.home.database import reading
from features.home.deployments import deploy, deployments
from features.home.settings import Home, Settings
from features.store.builds import build_of
from serving.intake.file_import import ingest, refresh_features, served_agreement
from serving.scoring.scorer import Scorer
from training.fit.fit import fitted_model
from training.model.manifest import ModelDamaged
from training.model.model import TREES, Model

AGREED = Agreement.default()


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted_model(looks(300, 1), SMALL, seed=7)


@pytest.fixture
def home(tmp_path: Path, model: Model) -> Home:
    """A home whose served model learned from another agreement than the one in force."""
    made, files = small_home(tmp_path), tmp_path / "files"
    files.mkdir()
    digest = model.write(files)
    deploy(made, files, name=AGREED.name, version="1", digest=digest, view_suffix="_old", why="a test", now=NOW)
    return made


def test_without_a_model_the_agreement_itself_is_served(tmp_path: Path) -> None:
    assert served_agreement(small_home(tmp_path), AGREED) is AGREED


def test_the_served_agreement_is_the_one_that_the_scorer_answers_by(home: Home) -> None:
    served = served_agreement(home, AGREED)
    assert served.feature_digest == SMALL.feature_digest != AGREED.feature_digest
    assert served.feature_digest == Scorer(home).scoring.features_by.feature_digest


def test_features_are_built_for_the_agreement_and_for_the_served_model(home: Home) -> None:
    assert build_of(home, SMALL) is None
    refresh_features(home, current_version(home), lambda _: None)
    assert build_of(home, SMALL) is not None
    assert build_of(home, AGREED) is not None


def test_a_damaged_model_is_named(home: Home) -> None:
    (deployments(home)[0].folder(home) / TREES).write_text("something else")
    with pytest.raises(ModelDamaged, match=TREES):
        served_agreement(home, AGREED)


UNDATED = Agreement.parse(
    """
name = "undated"
[outcome]
event = "Lead Converted"
undated = true
[export]
id = "Lead ID"
outcome = "Converted"
positive = "Yes"
[traits]
employees = { kind = "number", column = "Employees" }
"""
)


def test_an_export_full_of_placeholders_has_a_lead_for_each_row_and_names_them(tmp_path: Path) -> None:
    home, file = Home(tmp_path / "home", Settings()).created(), tmp_path / "leads.csv"
    emails = ["noreply@example.org", "na@na.example", "ann@firm.example"] * 3 + ["bob@firm.example"] * 2
    rows = [f"Q{number},{email},{100 + number},No" for number, email in enumerate(emails)]
    file.write_text("\n".join(["Lead ID,Email,Employees,Converted", *rows]))
    (done,) = ingest(home, [file], save_version(home, UNDATED, NOW), NOW)
    names = "na@na.example (3 leads), noreply@example.org (3 leads): placeholders, or shared by more leads"
    assert names in done.sentences[-1]
    with reading(home) as connection:
        leads = connection.scalar(select(func.count(tables.identities.c.lead_id.distinct())))
    assert leads == 11 - 3  # ann has three records, and bob has two
    assert len(ingest(home, [file], save_version(home, UNDATED, NOW), NOW)[0].sentences) == len(done.sentences) - 1
