"""A second head that holds its gates comes with its version; one that does not leaves the champion's in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_tries import drawn_tries
from handmade_events import SMALL, at

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.deployments import deploy, deployments
from features.home.settings import Home, Settings
from serving.scoring.scorer import Scorer, call_order
from training.fit.fit import fitted_model
from training.if_tried.likeness import overlap_of
from training.model.calibrator import Calibrator
from training.model.if_tried import IF_TRIED_GATES, IfTried
from training.registry.if_tried_head import if_tried_digest

DRAWN = drawn_tries(300, "habit", seed=5)
MODEL = fitted_model(DRAWN.labelled, SMALL, 7)
LIKENESS = overlap_of(DRAWN.looks.rows, DRAWN.labelled, DRAWN.open_now, SMALL, 7).likeness
OWN = IfTried("own_model", LIKENESS, fitted_model(DRAWN.looks.rows, SMALL, 7))
MOVED = IfTried("moved", LIKENESS, moved=Calibrator(0.8, 0.7))
REFUSED = {IF_TRIED_GATES: "{}"}  # it was asked, and a gate did not hold
OTHER_HORIZON = Agreement.parse(SMALL.text.replace("within_days = 30", "within_days = 60"))


def served(home: Home, files: Path, version: str, texts: dict[str, str], agreement: Agreement = SMALL) -> str:
    """The digest of a version of these files, once it is deployed as `promote` would."""
    digest = replace(MODEL, agreement_text=agreement.text).write(files / version, texts)
    deploy(
        home, files / version, name="small", version=version, digest=digest, view_suffix="_s", why="a test", now=at(1),
        if_tried_digest=if_tried_digest(home, "small", files / version, digest),
    )  # fmt: skip
    return digest


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", Settings()).created()
    save_version(made, SMALL, at(0))
    return made


def test_a_head_comes_with_its_version_and_answers(home: Home, tmp_path: Path) -> None:
    digest = served(home, tmp_path, "4", OWN.texts())
    assert deployments(home)[0].if_tried_digest == digest
    assert Scorer(home).scoring.head == OWN
    assert call_order(home) == "if_tried_now"


def test_a_head_that_failed_leaves_the_one_of_the_champion_in_place(home: Home, tmp_path: Path) -> None:
    before = served(home, tmp_path, "4", OWN.texts())
    assert served(home, tmp_path, "5", REFUSED) != before
    assert deployments(home)[0].if_tried_digest == before
    scoring = Scorer(home).scoring
    assert (scoring.version, scoring.head) == ("5", OWN)


@pytest.mark.parametrize("head", [None, MOVED], ids=["none", "moved, which moves the model that goes"])
def test_where_the_champion_has_none_that_can_stay_none_answers(
    home: Home, tmp_path: Path, head: IfTried | None
) -> None:
    served(home, tmp_path, "4", head.texts() if head else {})
    served(home, tmp_path, "5", REFUSED)
    assert deployments(home)[0].if_tried_digest is None
    assert Scorer(home).scoring.head is None


def test_where_the_question_does_not_arise_the_old_answer_goes(home: Home, tmp_path: Path) -> None:
    served(home, tmp_path, "4", OWN.texts())
    served(home, tmp_path, "5", {})
    assert Scorer(home).scoring.head is None


def test_an_answer_to_another_outcome_does_not_stay(home: Home, tmp_path: Path) -> None:
    served(home, tmp_path, "4", OWN.texts())
    served(home, tmp_path, "5", REFUSED, OTHER_HORIZON)
    assert deployments(home)[0].if_tried_digest is None
