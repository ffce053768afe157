"""What one `train` costs beside its final fit, and beside an earlier commit, on a table of one row per lead.

    python benchmarks/training.py --out training.json [--before CHECKOUT] [--rows 30000] [--runs 3] [--short]

The table goes through the product's own door: drafted by `init`, ingested, trained through Feast. Each run is a process
of its own, one thread, and the two sides take turns: what else the machine does then falls on both. Counted are CPU
seconds of all that `train` does, the trees that it grew, and the CPU seconds of growing those that are served once more
on the same rows. The first training of a process is not counted: it compiles and imports.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, os.environ.get("LEADLIGHT_BENCHMARK_ROOT", str(Path(__file__).resolve().parents[1])))

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parents[1]
WARM_ROWS = 1_500
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


def main() -> None:
    asked = _arguments()
    if asked.one:
        print(json.dumps(one_run(asked.rows, asked.seed)))
        return
    sides = {"now": HERE} | ({"before": asked.before.resolve()} if asked.before else {})
    told: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for run in range(asked.runs):
        for name, root in sides.items():
            told[name].append(_in_process(root, asked.rows, asked.seed + run))
            print(f"{run + 1} of {asked.runs}, {name}: {told[name][-1]['cpu_seconds']:.1f} s", file=sys.stderr)
    figures = {"rows": asked.rows, "runs": told} | compared(told)
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--before", type=Path, help="a checkout of another commit to run beside this one")
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="2,000 rows, one run")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.short:
        asked.rows, asked.runs = 2_000, 1
    return asked


def _in_process(root: Path, rows: int, seed: int) -> dict[str, float]:
    """One run of the code in `root`."""
    command = [sys.executable, __file__, "--one", "--rows", str(rows), "--seed", str(seed)]
    around = {name: value for name, value in os.environ.items() if not name.startswith(("LEADLIGHT_", "MLFLOW_"))}
    around |= ONE_THREAD | {"LEADLIGHT_BENCHMARK_ROOT": str(root), "PYTHONPATH": str(root)}
    ended = subprocess.run(command, env=around, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"training {root} failed:\n{ended.stderr}")
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def one_run(rows: int, seed: int) -> dict[str, float]:
    """The CPU seconds of one `train`, its trees, and what growing the served ones alone takes."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where MLflow keeps its files
        trained(Path(folder) / "warm", WARM_ROWS, seed)
        with grown_trees() as grown:
            started, candidate = trained(Path(folder) / "measured", rows, seed)
        found = {"cpu_seconds": time.process_time() - started, "trees_grown": float(len(grown))}
        return found | final_fit(candidate, seed) | {"log_loss": candidate.metrics["log_loss"]}


def trained(folder: Path, rows: int, seed: int) -> tuple[float, Any]:
    """When `train` began, by the process's CPU clock, and its candidate from a table of so many leads."""
    from features.agreement.agreement import Agreement
    from features.agreement.versions import save_version
    from features.home.settings import Home
    from features.ledger.ledger import Ledger
    from serving.intake.file_import import ingest
    from training.draft.from_export import export_draft
    from training.pipeline import train

    folder.mkdir()
    flat_table(rows, seed).to_csv(folder / "leads.csv", index=False)
    home, now = Home.open(folder / "home"), datetime.now(UTC)
    kept = save_version(home, Agreement.parse(export_draft(folder / "leads.csv", "won", id="lead").text), now)
    ingest(home, [folder / "leads.csv"], kept, now)
    until = Ledger.open(home).known_until(otherwise=now)
    started = time.process_time()
    return started, train(home, kept, until, seed)


@contextmanager
def grown_trees() -> Iterator[list[None]]:
    """One entry for each tree that LightGBM grows meanwhile."""
    import lightgbm

    update, grown = lightgbm.Booster.update, []

    def counted(booster: Any, *args: Any, **kwargs: Any) -> Any:
        grown.append(None)
        return update(booster, *args, **kwargs)

    lightgbm.Booster.update = counted  # type: ignore[method-assign]
    try:
        yield grown
    finally:
        lightgbm.Booster.update = update  # type: ignore[method-assign]


def final_fit(candidate: Any, seed: int) -> dict[str, float]:
    """The CPU seconds of fitting the chosen model once, all choices known, on the rows that it was fitted on."""
    from training.fit.fit import refitted_model

    rows, agreement = candidate.labelled[candidate.split.train], candidate.agreement_version.agreement
    started = time.process_time()
    refitted_model(rows, agreement, seed, candidate.model)
    seconds = time.process_time() - started
    return {"final_fit_seconds": seconds, "trees_served": float(candidate.model.facts.get("rounds", 0))}


def flat_table(rows: int, seed: int) -> pd.DataFrame:
    """One row per lead: ten numbers and eight categories, of which half say something, a tenth of them missing."""
    draws = np.random.default_rng(seed)
    numbers = {f"amount_{i}": np.round(draws.lognormal(3, 1, rows), 1) for i in range(10)}
    levels = {f"kind_{i}": draws.integers(0, most, rows) for i, most in enumerate((3, 4, 6, 8, 12, 20, 40, 80))}
    worth = {name: draws.normal(0, 0.5, int(of.max()) + 1) for name, of in levels.items()}
    margin = sum(worth[name][levels[name]] for name in list(levels)[::2]) - 2.4
    margin = margin + sum(0.4 * (np.log(numbers[f"amount_{i}"]) - 3) for i in range(0, 6, 2))
    margin = margin + 0.6 * ((numbers["amount_1"] > 25) & (levels["kind_1"] == 2)) - 0.5 * (numbers["amount_3"] > 60)
    won = draws.random(rows) < 1 / (1 + np.exp(-margin))
    texts = {name: [f"{name[-1]}-{level}" for level in of] for name, of in levels.items()}
    table = pd.DataFrame(numbers | texts)
    table = table.mask(draws.random(table.shape) < 0.1)
    return table.assign(lead=[f"lead-{i:06}" for i in range(rows)], won=np.where(won, "yes", "no"))


def compared(told: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """The middle of each side's figures, and this side's CPU as a ratio."""
    middle = {
        side: {name: statistics.median(run[name] for run in runs) for name in runs[0]} for side, runs in told.items()
    }
    now = middle["now"]
    ratios = {"x_of_final_fit": now["cpu_seconds"] / now["final_fit_seconds"]}
    if "before" in middle:
        ratios["x_of_before"] = now["cpu_seconds"] / middle["before"]["cpu_seconds"]
    return {"sides": middle} | ratios


def _print(figures: dict[str, Any]) -> None:
    from benchmarks.parts.table import table

    head = ["side", "CPU s", "final fit s", "trees grown", "trees served", "log loss"]
    names = ("cpu_seconds", "final_fit_seconds", "trees_grown", "trees_served", "log_loss")
    rows = [[side, *(f"{row[name]:,.4g}" for name in names)] for side, row in figures["sides"].items()]
    print(table(head, rows))
    print(", ".join(f"{name}: {figures[name]:.3f}" for name in ("x_of_final_fit", "x_of_before") if name in figures))


if __name__ == "__main__":
    main()
