"""Notebook 03, which trains and calibrates: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_runs import conclusion, executed, has_outputs, pictures

pytestmark = pytest.mark.slow

NOTEBOOK = "03_train_and_calibrate.ipynb"
PROMISES = """
assert counted["known"].sum() == became.notna().sum() and counted.sum() == len(looks)
assert candidate.metrics["ece"] <= max(0.02, candidate.metrics["ece_null95"])
assert abs(np.quantile(alone, 0.95) - candidate.metrics["ece_null95"]) < 0.02  # two ways to the same chance
assert to_truth < candidate.metrics["ece"]  # most of the gap that is seen is chance
off = calibration["ECE to the truth"]
assert off["spoilt, then calibrated"] < off["spoilt"] / 2
assert len(candidate.compared) == 5 and roc_auc_score(known["outcome"], known["said"]) > 0.75
"""
PICTURES = 4


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return executed(NOTEBOOK, PROMISES, tmp_path_factory.mktemp("notebook"))


def test_the_notebook_runs_to_its_conclusion_and_keeps_its_promises(notebook: Any) -> None:
    assert conclusion(notebook).startswith("Conclusion: ")
    assert conclusion(notebook).count("\n") == 1


def test_its_pictures_are_drawn_without_a_browser(notebook: Any) -> None:
    assert pictures(notebook) == PICTURES


def test_it_is_kept_without_outputs() -> None:
    """They would hold the figures of another machine, and a picture in each difference between two versions."""
    assert not has_outputs(NOTEBOOK)
