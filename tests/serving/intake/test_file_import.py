"""Files into the ledger: features are brought up to date for the agreement, and for the model that is served."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_snapshots import looks
from handmade_events import SMALL
from home_of_two_leads import NOW, small_home

from features.agreement.agreement import Agreement
from features.agreement.versions import current_version
from features.home.deployments import deploy, deployments
from features.home.settings import Home
from features.store.builds import build_of
from serving.intake.file_import import refresh_features, served_agreement
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
