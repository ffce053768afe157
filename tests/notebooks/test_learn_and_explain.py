"""The notebooks that learn and explain, 02 to 04: each runs to its conclusion and keeps what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_runs import conclusion, executed, has_outputs, pictures

pytestmark = pytest.mark.slow

PROMISES = {
    "02_events_to_features": "assert arithmetic < 1e-6 and gap < 1e-9 and len(served) == 200 and came_unknown >= 1",
    "03_train_and_calibrate": """
assert counted["known"].sum() == became.notna().sum() and counted.sum() == len(looks)
assert candidate.metrics["ece"] <= max(0.02, candidate.metrics["ece_null95"])
assert abs(np.quantile(alone, 0.95) - candidate.metrics["ece_null95"]) < 0.02  # two ways to the same chance
assert to_truth < candidate.metrics["ece"]  # most of the gap that is seen is chance
off = calibration["ECE to the truth"]
assert off["spoilt, then calibrated"] < off["spoilt"] / 2
assert len(candidate.compared) == 5 and roc_auc_score(known["outcome"], known["said"]) > 0.75
""",
    "04_explain": """
assert 0 < model.blend <= 1 and len(terms) > 10  # trees to explain, and a line beside them
assert apart.max() <= 1e-9 and "trees, by definition" in apart, apart
assert np.allclose(by_group.values.sum(axis=1), by_column.values.sum(axis=1), rtol=0, atol=1e-9)
assert gap < 1e-6 and len(spoken) >= 5
assert np.isclose(spoken["contribution"].abs().max(), np.abs(by_group.values[hottest]).max(), atol=1e-9)
""",
}
PICTURES = {"02_events_to_features": 4, "03_train_and_calibrate": 4, "04_explain": 3}


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
