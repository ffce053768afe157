"""Notebook 05, backtest and drift: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_runs import conclusion, executed, has_outputs, pictures

pytestmark = pytest.mark.slow

NOTEBOOK = "05_backtest_and_drift.ipynb"
PROMISES = """
assert warned < 90  # before the first horizon closes
what_leads_do = watched[watched["name"].isin(["scores", "inputs"])]
assert "alert" not in set(what_leads_do["status"])  # it stayed as it was
assert off["recalibrated"] < off["as trained"]
assert challenger.findings.months and len(challenger.gates) == 7
assert (status == 0) == (now.model_version == anew)
"""
PICTURES = 3


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
