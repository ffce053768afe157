"""Small data, many times over: is the model worse than the average said of every lead, and does it know its doubt?

    python benchmarks/small_data.py --out small.json [--leads 50000] [--runs 200] [--sizes 0 20 50 100 400]
                                    [--processes 2] [--seed 7] [--short]

One simulated market, read through the real path. Each run draws leads from it, exactly so many of them converted and
as many others as come with them, learns from all their snapshots by the product's own function, and is judged on leads
that no run learns from, against their true probabilities. The constant is the rate of the drawn snapshots. At 0 the
criteria's prior answers, with the agreement's stated rate (score_50) true.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.parts.learning import probability_interval
from benchmarks.parts.nearness import log_loss
from benchmarks.parts.simulated import Clock, SimulatedHome, simulated_home
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.table import table
from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.store.offline import states_at
from features.traits.history import trait_columns
from serving.scoring.lead_row import LeadRow
from serving.scoring.score import Scoring
from training.fit.fit import fitted_model
from training.pipeline import labelled_snapshots

Floats = npt.NDArray[np.float64]
HELD_OUT, BINS, NEAR = 0.25, 10, 1.02
SIZES = (0, 20, 50, 100, 400)


class Run(NamedTuple):
    """One simulation: how many converted leads, which draw of them."""

    size: int
    seed: int


def main() -> None:
    asked = _arguments()
    forget_settings()
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes are what runs side by side
    with tempfile.TemporaryDirectory() as folder:
        sim = simulated_home(Path(folder), asked.leads, asked.seed, datetime.now(UTC))
        clock = Clock()
        figures: dict[str, Any] = {"market": sim.market.summary, "runs": asked.runs}
        figures |= prepared(sim, Path(folder), asked.seed)
        clock.lap("parted the leads")
        sizes = [size for size in asked.sizes if size]
        runs = [Run(size, seed) for size in sizes for seed in range(asked.runs)]
        found = list(reported(simulations(runs, Path(folder), asked.processes), len(runs), asked.out))
        clock.lap(f"{len(runs):,} simulations")
        figures["sizes"] = {str(size): summary([one for one in found if one["size"] == size]) for size in sizes}
        if 0 in asked.sizes:
            figures["sizes"] = {"0": without_outcomes(sim, Path(folder))} | figures["sizes"]
            clock.lap("the criteria's prior")
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1, default=str))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="converted leads to learn from")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="1,500 leads, 6 runs of 20, one process")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.runs, asked.sizes, asked.processes = 1_500, 6, (0, 20), 1
    return asked


def prepared(sim: SimulatedHome, folder: Path, seed: int) -> dict[str, Any]:
    """Write `pool.parquet`, which the runs draw from, and `judged.parquet`, on whose truth (`true`) they are judged."""
    rows = labelled_snapshots(sim.derived, sim.kept.agreement, sim.ends_at)
    rows["true"] = sim.true(rows)
    leads = np.sort(rows["lead_id"].unique())
    aside = np.random.default_rng(seed).permutation(leads)[: round(len(leads) * HELD_OUT)]
    is_aside = rows["lead_id"].isin(aside)
    judged, pool = rows[is_aside & rows["true"].notna()], rows[~is_aside].drop(columns="true")
    judged.drop(columns="outcome").to_parquet(folder / "judged.parquet")
    pool.to_parquet(folder / "pool.parquet")
    converted = pool.loc[pool["outcome"], "lead_id"].nunique()
    return {
        "judged": {"rows": len(judged), "leads": judged["lead_id"].nunique(), "rate": float(judged["true"].mean())},
        "pool": {"leads": pool["lead_id"].nunique(), "converted": int(converted)},
    }


def simulations(runs: list[Run], folder: Path, processes: int) -> Iterator[dict[str, float]]:
    """What each run showed, in their order."""
    if processes == 1:
        _read(folder)
        yield from map(simulation, runs)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _read, (folder,)) as pool:
        yield from pool.map(simulation, runs)


def reported(found: Iterator[dict[str, float]], runs: int, out: Path | None) -> Iterator[dict[str, float]]:
    """Each run as it ends, said on stderr and written beside `out`: hundreds take hours, and none should be lost."""
    lines = out.with_suffix(".runs.jsonl") if out else Path(os.devnull)
    with lines.open("w") as kept:
        for place, one in enumerate(found, start=1):
            ratio = one["log_loss"] / one["constant"]
            print(f"{place:,} of {runs:,}: {one['size']} outcomes, {ratio:.3f} of the constant's loss", file=sys.stderr)
            print(json.dumps(one), file=kept, flush=True)
            yield one


TABLES: dict[str, pd.DataFrame] = {}  # of this process, read once


def _read(folder: Path) -> None:
    TABLES.update({name: pd.read_parquet(folder / f"{name}.parquet") for name in ("pool", "judged")})


def simulation(run: Run) -> dict[str, float]:
    """One draw, one model, and how it stands against the truth."""
    rows, judged = drawn_training_rows(TABLES["pool"], run), TABLES["judged"]
    true, rate = judged["true"].to_numpy(float), float(rows["outcome"].mean())
    started = time.monotonic()
    model = fitted_model(rows, Agreement.default(), run.seed)
    seconds = time.monotonic() - started
    said, constant = model.probability(judged), log_loss(np.full(len(true), rate), true)
    found = {
        "size": run.size,
        "rows": len(rows),
        "seconds": seconds,
        "trees_share": model.blend if model.trees else 0.0,
    }
    found |= {"log_loss": log_loss(said, true), "constant": constant}
    return found | {
        "covered": coverage(said, probability_interval(model, judged), true),
        "gain": _gain(said, true, constant),
    }


def drawn_training_rows(pool: pd.DataFrame, run: Run) -> pd.DataFrame:
    """All snapshots of leads drawn without replacement: `size` converted ones, and as many others as come with them.

    Raises ValueError where the pool has not that many.
    """
    converted = pool.groupby("lead_id")["outcome"].any()
    won, lost = (np.sort(converted.index[converted == is_won].to_numpy(object)) for is_won in (True, False))
    if run.size > len(won):
        raise ValueError(f"{len(won)} converted leads to draw {run.size} from; simulate more --leads")
    draws = np.random.default_rng([run.size, run.seed])
    others = draws.choice(lost, round(run.size * len(lost) / len(won)), replace=False)
    chosen = {*draws.choice(won, run.size, replace=False), *others}
    return pool[pool["lead_id"].isin(chosen)].reset_index(drop=True)


def coverage(said: Floats, bounds: tuple[Floats, Floats], true: Floats) -> float:
    """The share of rows whose interval holds the mean truth of their own tenth of the scores."""
    tenth = np.empty(len(said), dtype=np.int64)
    tenth[np.argsort(said, kind="stable")] = np.arange(len(said)) * BINS // len(said)
    mean = (np.bincount(tenth, true, BINS) / np.bincount(tenth, minlength=BINS))[tenth]
    return float(((bounds[0] <= mean) & (mean <= bounds[1])).mean())


def _gain(said: Floats, true: Floats, constant: float) -> float:
    return (constant - log_loss(said, true)) / (constant - log_loss(true, true))


def summary(found: list[dict[str, float]]) -> dict[str, Any]:
    """All runs of one size together."""
    runs = pd.DataFrame(found)
    ratio = runs["log_loss"] / runs["constant"]
    means = runs[["rows", "log_loss", "constant", "covered", "gain", "seconds", "trees_share"]].mean()
    return means.to_dict() | {
        "runs": len(runs),
        "ratio": float(runs["log_loss"].mean() / runs["constant"].mean()),
        "better_than_constant": float((ratio < 1).mean()),
        "within_2_percent_or_better": float((ratio <= NEAR).mean()),
        "worst_ratio": float(ratio.max()),
    }


def without_outcomes(sim: SimulatedHome, folder: Path) -> dict[str, Any]:
    """The criteria's prior on the judged snapshots, its stated rate being the true one."""
    judged = pd.read_parquet(folder / "judged.parquet")
    true = judged["true"].to_numpy(float)
    rate = float(true.mean())
    text, changed = re.subn(r"(?m)^score_50\s*= [\d.]+", f"score_50 = {rate:.6f}", sim.kept.agreement.text)
    assert changed == 1, "the default agreement states its rate otherwise"
    scoring = Scoring(replace(sim.kept, agreement=Agreement.parse(text)))
    said = np.array([_by_prior(scoring, row) for row in _rows(sim, judged)])
    loss, constant = log_loss(said, true), log_loss(np.full(len(true), rate), true)
    return {"log_loss": loss, "constant": constant, "ratio": loss / constant, "gain": _gain(said, true, constant)}


def _by_prior(scoring: Scoring, row: LeadRow) -> float:
    assert row.known_at is not None
    return float(scoring.scores([row], row.known_at, 0)[0]["probability"])


def _rows(sim: SimulatedHome, judged: pd.DataFrame) -> Iterator[LeadRow]:
    """Each snapshot as the scorer takes it; `known_at` is its moment."""
    agreement = sim.kept.agreement
    table = states_at(sim.derived.repository, judged[["lead_id", "snapshot_us"]].reset_index(drop=True))
    behaviours = {name: table[name].to_pylist() for name in agreement.behaviours}
    traits = {name: table[name].to_pylist() for name in trait_columns(agreement)}
    for i, (lead, us) in enumerate(zip(judged["lead_id"], judged["snapshot_us"], strict=True)):
        states = ({name: column[i] for name, column in columns.items()} for columns in (behaviours, traits))
        yield LeadRow(str(lead), *states, from_microseconds(us))


def _print(figures: dict[str, Any]) -> None:
    pool, judged = figures["pool"], figures["judged"]
    print(
        f"drawn from {pool['leads']:,} leads, {pool['converted']:,} converted; judged on {judged['rows']:,} snapshots"
    )
    head = ["outcomes", "rows", "log loss", "constant", "ratio", "better", "within 2 %", "worst", "covered", "of gain"]
    print(table([*head, "s a fit"], [_line(size, row) for size, row in figures["sizes"].items()]))


def _line(size: str, row: dict[str, Any]) -> list[str]:
    losses = [f"{row[name]:.4f}" for name in ("log_loss", "constant", "ratio")]
    if size == "0":
        return [size, "", *losses, "", "", "", "", f"{row['gain']:.3f}", ""]
    shares = [f"{row[name]:.1%}" for name in ("better_than_constant", "within_2_percent_or_better")]
    rest = [f"{row['worst_ratio']:.3f}", f"{row['covered']:.1%}", f"{row['gain']:.3f}", f"{row['seconds']:.1f}"]
    return [size, f"{row['rows']:,.0f}", *losses, *shares, *rest]


if __name__ == "__main__":
    main()
