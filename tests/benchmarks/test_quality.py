"""benchmarks/quality.py compares fairly: the same rows, whole leads drawn, ours through the product's own door."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from handmade_events import SMALL
from repository import ROOT

from benchmarks.parts.judged import CONSTANT, OURS, HeldOutSplit, compared_figures
from benchmarks.parts.public_sets import LabelledSet
from benchmarks.parts.rivals import PEERS, task
from features.arrays import DAY_US

pytestmark = pytest.mark.slow

BENCHMARK = ROOT / "benchmarks" / "quality.py"
Floats = npt.NDArray[np.float64]


def drawn(rows: int, seed: int = 1) -> tuple[Floats, Floats, npt.NDArray[np.object_]]:
    """True probabilities, outcomes drawn from them, and a lead for every two rows."""
    draws = np.random.default_rng(seed)
    true = draws.uniform(0.05, 0.6, rows)
    leads = np.array([f"lead-{place // 2}" for place in range(rows)], dtype=object)
    return true, (draws.random(rows) < true).astype(float), leads


def test_a_model_less_itself_is_nothing_in_every_resample() -> None:
    true, outcome, leads = drawn(600)
    found = compared_figures([HeldOutSplit(outcome, leads, {OURS: true, "twin": true})], resamples=50)
    for difference in found["ours_less_peer"]["twin"].values():
        assert difference == {"difference": 0.0, "interval": [0.0, 0.0]}
    assert found["holds_against_best"]


def test_figures_are_means_over_the_splits() -> None:
    true, outcome, leads = drawn(800)
    halves = [HeldOutSplit(outcome[part], leads[part], {OURS: true[part], CONSTANT: true[part] * 0 + 0.3})
              for part in (slice(0, 400), slice(400, 800))]  # fmt: skip
    apart = [compared_figures([half], 10)["models"][OURS] for half in halves]
    for name, value in compared_figures(halves, 10)["models"][OURS].items():
        assert value == pytest.approx(np.mean([one[name] for one in apart]))


def test_who_knows_the_truth_is_found_to_be_better_and_who_shifts_it_to_be_worse_calibrated() -> None:
    true, outcome, leads = drawn(4_000)
    shifted = true * 0.6
    found = compared_figures(
        [HeldOutSplit(outcome, leads, {OURS: shifted, "truth": true, CONSTANT: true * 0 + outcome.mean()})], 200
    )
    assert found["best_peer"] == "truth"
    assert not found["holds_against_best"]
    assert found["clearly_better_log_loss"] == found["clearly_better_ece"] == ["truth"]
    other = compared_figures([HeldOutSplit(outcome, leads, {OURS: true, "shifted": shifted})], 200)
    assert other["holds_against_best"]
    assert other["clearly_better_ece"] == []


def test_the_average_rate_is_no_rival_in_calibration() -> None:
    true, outcome, leads = drawn(4_000)
    said = {OURS: true * 0.7, CONSTANT: np.full(4_000, outcome.mean())}
    assert (
        compared_figures([HeldOutSplit(outcome, leads, {**said, "logistic": true * 0.7})], 100)["clearly_better_ece"]
        == []
    )


def test_two_rows_of_a_lead_widen_the_interval_over_two_leads_of_a_row() -> None:
    true, outcome, _ = drawn(500)
    said = {OURS: np.tile(true, 2), "flat": np.full(1_000, outcome.mean())}
    both = np.tile(outcome, 2)
    alone = np.array([f"lead-{place}" for place in range(1_000)], dtype=object)
    paired = np.array([f"lead-{place % 500}" for place in range(1_000)], dtype=object)
    spans = []
    for leads in (alone, paired):
        low, high = compared_figures([HeldOutSplit(both, leads, said)], 400)["ours_less_peer"]["flat"]["log_loss"][
            "interval"
        ]
        spans.append(high - low)
    assert spans[1] > 1.2 * spans[0]


def small(rows: int = 240) -> LabelledSet:
    """Rows in time order, one a lead: a number that tells, one that is often missing, and a category."""
    draws = np.random.default_rng(3)
    tells = draws.normal(size=rows)
    kind = draws.choice(["a", "b", "c"], rows).astype(object)
    kind[:5] = None
    raw = pd.DataFrame({"tells": tells, "holes": np.where(draws.random(rows) < 0.4, np.nan, tells), "kind": kind})
    labelled = pd.DataFrame({
        "lead_id": [f"lead-{place:03}" for place in range(rows)],
        "snapshot_us": np.arange(rows, dtype=np.int64) * DAY_US,
        "outcome": draws.random(rows) < 1 / (1 + np.exp(-2 * tells)),
    })  # fmt: skip
    return LabelledSet("small", labelled, raw.astype({"kind": "category"}), SMALL, in_time=True, gap_us=10 * DAY_US)


@pytest.mark.parametrize("name", [name for name in PEERS if name not in ("flaml", "ebm", "lightgbm_tuned")])
def test_each_peer_that_is_here_tells_more_than_the_rate_and_meets_a_level_that_it_never_saw(name: str) -> None:
    rival = PEERS[name]
    if not rival.is_here:
        pytest.skip(f"{rival.label} is in the dependency group peers")
    found = small()
    found.raw["kind"] = found.raw["kind"].cat.add_categories("new")
    found.raw.loc[200:, "kind"] = "new"
    given = task(found, np.arange(180), np.arange(180, 240), 7, 1.0)
    said = rival.probability(given)
    assert len(said) == 60
    assert ((said >= 0) & (said <= 1)).all()
    assert (said == rival.probability(given)).all()  # the seed is fixed
    assert name == CONSTANT or np.corrcoef(said, found.outcome[180:])[0, 1] > 0.2


@pytest.fixture(scope="module")
def figures(public_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("quality") / "figures.json"
    command = [sys.executable, BENCHMARK, "--short", "--sets", "olist_funnel", "--data", public_data, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the best peer" in done.stdout
    return dict(json.loads(out.read_text())["sets"]["olist_funnel"])


def test_the_short_form_has_ours_and_each_peer_on_the_same_rows(figures: dict[str, Any]) -> None:
    assert {OURS, CONSTANT, "naive_bayes", "logistic", "random_forest", "lightgbm"} <= figures["models"].keys()
    assert figures["models"].keys() - {OURS} == figures["ours_less_peer"].keys()
    assert figures["test"]["rows"] == 300


def test_ours_tells_more_than_the_average_rate_of_a_table_that_came_in_by_the_door(figures: dict[str, Any]) -> None:
    assert figures["models"][OURS]["roc_auc"] > 0.55
