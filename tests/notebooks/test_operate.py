"""The notebooks that operate a model, 05 and 06: each runs to its conclusion and keeps what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_runs import conclusion, executed, has_outputs, pictures

pytestmark = pytest.mark.slow

PROMISES = {
    "05_backtest_and_drift": """
assert warned < 90  # before the first horizon closes
what_leads_do = watched[watched["name"].isin(["scores", "inputs"])]
assert "alert" not in set(what_leads_do["status"])  # it stayed as it was
assert off["recalibrated"] < off["as trained"]
assert challenger.findings.months and len(challenger.gates) == 7
assert (status == 0) == (now.model_version == anew)
""",
    "06_promote_and_roll_back": """
assert allowed == 0 and refused == 1 and nameless == 1 and forced == 0 and taken == 0
assert set(told["criteria"]["model_version"]) == {"none"} and set(told["first"]["model_version"]) == {first}
assert set(told["second"]["model_version"]) == {second} and is_back
assert held and ranks["first"] > ranks["second"] and ranks["first"] > ranks["criteria"]
assert [row.model_version for row in deployments(home.home)] == [first, second, first]
""",
}
PICTURES = {"05_backtest_and_drift": 3, "06_promote_and_roll_back": 1}


@pytest.fixture(scope="module", params=sorted(PROMISES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def notebook(name: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return executed(f"{name}.ipynb", PROMISES[name], tmp_path_factory.mktemp("notebook"))


def test_the_notebook_runs_to_its_conclusion_and_keeps_its_promises(notebook: Any) -> None:
    assert conclusion(notebook).startswith("Conclusion: ")
    assert conclusion(notebook).count("\n") == 1


def test_its_pictures_are_drawn_without_a_browser(notebook: Any, name: str) -> None:
    assert pictures(notebook) == PICTURES[name]


def test_it_is_kept_without_outputs(name: str) -> None:
    """They would hold the figures of another machine, and a picture in each difference between two versions."""
    assert not has_outputs(f"{name}.ipynb")
