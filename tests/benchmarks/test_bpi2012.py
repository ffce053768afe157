"""A real event log from intake to trained scores, by the very benchmark that a person runs, in its short form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

pytestmark = pytest.mark.slow

BENCHMARK = ROOT / "benchmarks" / "bpi2012.py"


@pytest.fixture(scope="module")
def figures(public_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("bpi2012") / "figures.json"
    command = [sys.executable, BENCHMARK, "--short", "--data", public_data, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ours less" in done.stdout
    return dict(json.loads(out.read_text()))


def test_every_event_of_the_log_is_in_the_ledger_once(figures: dict[str, Any]) -> None:
    assert figures["scores"]["accepted"] == figures["events"] > 50_000
    assert figures["scores"]["duplicates"] == figures["scores"]["refused"] == 0


def test_every_case_has_a_score(figures: dict[str, Any]) -> None:
    assert figures["scores"]["leads"] == figures["scores"]["scored"] == figures["cases"]


def test_features_from_ledger_and_feast_are_those_made_by_hand_from_the_raw_events(figures: dict[str, Any]) -> None:
    assert figures["decayed_counts_largest_difference"] < 1e-9


def test_what_was_learned_says_more_than_the_average_rate(figures: dict[str, Any]) -> None:
    for model in figures["models"].values():
        assert model["log_loss"] < figures["constant"]["log_loss"]
        assert model["roc_auc"] > 0.5


def test_ours_is_not_below_lightgbm_on_features_made_by_hand(figures: dict[str, Any]) -> None:
    assert figures["not_below"] == {"lightgbm_by_hand": True, "lightgbm_by_hand_more_rows": True}
