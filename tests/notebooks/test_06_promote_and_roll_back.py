"""Notebook 06, which promotes and rolls back: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_runs import conclusion, executed, has_outputs, pictures

pytestmark = pytest.mark.slow

NOTEBOOK = "06_promote_and_roll_back.ipynb"
PROMISES = """
assert allowed == 0 and refused == 1 and nameless == 1 and forced == 0 and taken == 0
assert set(told["criteria"]["model_version"]) == {"none"} and set(told["first"]["model_version"]) == {first}
assert set(told["second"]["model_version"]) == {second} and is_back
assert held and ranks["first"] > ranks["second"] and ranks["first"] > ranks["criteria"]
assert [row.model_version for row in deployments(home.home)] == [first, second, first]
"""
PICTURES = 1


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
