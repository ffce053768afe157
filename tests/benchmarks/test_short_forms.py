"""Each benchmark runs and says what it claims to; how fast anything was is for people to read, not for tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmark_scripts import BENCHMARKS, figures_of_run, script

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_every_benchmark_has_a_short_form_and_an_out(name, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        script(name).main()
    shown = capsys.readouterr().out
    assert {"--short", "--out"} <= set(shown.replace("]", " ").replace("[", " ").split())


def test_features_counts_the_same_on_both_sides(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="polars is in the dependency group bench")
    figures = figures_of_run(tmp_path, "features", "--sizes", "1500", "3000")
    assert [row["events"] for row in figures["sizes"]] == [1_500, 3_000]
    for row in figures["sizes"]:
        assert row["ours"]["occurrences"] == row["polars"]["occurrences"] > 0
        assert row["events_per_second_x_of_polars"] > 0 < row["peak_memory_x_of_polars"]
    assert figures["growth_exponent"].keys() == {"ours", "polars"}


def test_intake_loses_nothing_on_any_of_its_ways_in(tmp_path: Path) -> None:
    """The benchmark itself counts the ledger, and waits until the online store shows all of it."""
    figures = figures_of_run(tmp_path, "intake", "--events", "400", "--decided", "8", "--only", "sqlite")["databases"][
        "sqlite"
    ]
    sides = ["bare_inserts", "ledger", "ledger_and_states", "http_1", "http_8"]
    assert list(figures["events_per_second"]) == sides
    assert figures["bare_inserts_x_of_bare_inserts"] == 1
    assert all(figures[f"{side}_x_of_bare_inserts"] > 0 for side in sides)
