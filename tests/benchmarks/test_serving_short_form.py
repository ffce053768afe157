"""The benchmark of serving runs against each of its peers; a file of its own, since it takes the longest."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmark_scripts import figures_of_run

pytestmark = pytest.mark.slow


def test_serving_answers_every_request_on_every_side(tmp_path: Path) -> None:
    """The benchmark itself refuses any answer but 200."""
    figures = figures_of_run(tmp_path, "serving", "--leads", "1500", "--seconds", "0.3", "--connections", "2")
    sides = ["leadlight", "mlflow", "mlflow_without_signature", "mlflow_bare_matrix"]
    assert list(figures["sides"]) == sides
    assert all(measured["2"]["requests"] > 0 for measured in figures["sides"].values())
    assert all(figures[f"requests_per_second_x_of_{peer}"]["2"] > 0 for peer in sides[1:])
    assert figures["trees"] > 0
