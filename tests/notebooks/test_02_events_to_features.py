"""Notebook 02, from events to features: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_runs import conclusion, executed, has_outputs, pictures

pytestmark = pytest.mark.slow

NOTEBOOK = "02_events_to_features.ipynb"
PROMISES = "assert arithmetic < 1e-6 and gap < 1e-9 and len(served) == 200 and came_unknown >= 1"
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
