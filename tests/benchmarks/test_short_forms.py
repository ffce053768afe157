"""Each benchmark runs and says what it claims to; how fast anything was is for people to read, not for tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmark_scripts import script
from repository import ROOT

pytestmark = pytest.mark.slow

BENCHMARKS = ROOT / "benchmarks"


def run(folder: Path, name: str, *words: str) -> dict[str, Any]:
    """The figures of a run in another folder than the repo's, as they were written."""
    out = folder / "figures.json"
    command = [sys.executable, BENCHMARKS / f"{name}.py", "--out", out, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    return dict(json.loads(out.read_text()))


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_every_benchmark_has_a_short_form_and_an_out(name, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        script(name).main()
    shown = capsys.readouterr().out
    assert {"--short", "--out"} <= set(shown.replace("]", " ").replace("[", " ").split())


def test_features_counts_the_same_on_both_sides(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="polars is in the dependency group bench")
    figures = run(tmp_path, "features", "--sizes", "1500", "3000")
    assert [row["events"] for row in figures["sizes"]] == [1_500, 3_000]
    for row in figures["sizes"]:
        assert row["ours"]["occurrences"] == row["polars"]["occurrences"] > 0
        assert row["events_per_second_x_of_polars"] > 0 < row["peak_memory_x_of_polars"]
    assert figures["growth_exponent"].keys() == {"ours", "polars"}


def test_intake_loses_nothing_on_any_of_its_ways_in(tmp_path: Path) -> None:
    """The benchmark itself counts the ledger, and waits until the online store shows all of it."""
    figures = run(tmp_path, "intake", "--events", "400", "--only", "sqlite")["databases"]["sqlite"]
    sides = ["bare_inserts", "ledger", "ledger_and_states", "http_1", "http_8"]
    assert list(figures["events_per_second"]) == sides
    assert figures["bare_inserts_x_of_bare_inserts"] == 1
    assert all(figures[f"{side}_x_of_bare_inserts"] > 0 for side in sides)


def test_serving_answers_every_request_on_every_side(tmp_path: Path) -> None:
    """The benchmark itself refuses any answer but 200."""
    figures = run(tmp_path, "serving", "--leads", "3000", "--seconds", "0.3", "--connections", "2")
    sides = ["leadlight", "mlflow", "mlflow_without_signature", "mlflow_bare_matrix"]
    assert list(figures["sides"]) == sides
    assert all(measured["2"]["requests"] > 0 for measured in figures["sides"].values())
    assert all(figures[f"requests_per_second_x_of_{peer}"]["2"] > 0 for peer in sides[1:])
    assert figures["trees"] > 0
