"""Simulated markets of many kinds, whose truth is known: is what is served true of every lead, whomever sales calls?

    python benchmarks/markets.py --out markets.json [--leads 6000] [--seeds 7 8] [--cells NAME ...] [--processes 1]
                                 [--short]

Each cell is a market of its own, taken through the product's own functions: simulate, ingest, train, promote, score.
Figures are over the leads that are open at the end and not with sales (open), and over those that arrived within the
last horizon, just then (arrival). said_over_true: the ratio of means. ece: to the truth. gain: the share of the
oracle's gain in log loss over the mean truth. rank: Spearman's. covered: how many 90 % intervals hold the truth. The
second question has the same (if_tried_now), over the leads for which it is answered. Beside ours: logistic regression
and LightGBM on columns made by hand, which learn from the same labels, and ours by the rule that we had, by which a
lead that sales never tried is unknown unless it bought. clearly_worse: ours loses to the better of the two peers by
more than two standard errors, paired by lead.

Each cell is printed with its limits as it ends and kept in --out: run again, it goes on where it stopped.
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
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.parts.hand_made import Learned, hand_made_columns, peers
from benchmarks.parts.market_cells import EAGER_CELL, HABIT_CELL, IF_TRIED, Cell, cells
from benchmarks.parts.nearness import losses, truth_figures
from benchmarks.parts.simulated import SimulatedHome, ingested_home
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.table import table
from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.home.clock import microseconds
from features.snapshots.point_in_time import snapshot_features
from serving.scoring.bulk import home_scores
from training.candidate import Candidate
from training.fit.fit import fitted_model
from training.model.model import Model
from training.pipeline import train
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote
from training.simulation.dynamics import HORIZON_DAYS
from training.simulation.simulation import simulate

Floats = npt.NDArray[np.float64]
ENDS_AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
XOR_TRAITS = {"numbers": ("seats", "tools"), "categories": ("region", "product_line")}


def main() -> None:
    asked = _arguments()
    kept: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out and asked.out.exists() else {}
    wanted = [cell for cell in cells() if not asked.cells or cell.name in asked.cells]
    runs = [(cell, asked.leads, seed) for cell in wanted for seed in asked.seeds]
    runs = [run for run in runs if _key(*run) not in kept]
    for place, (key, figures) in enumerate(_ran(runs, asked.processes), start=1):
        kept[key] = figures
        print(f"{place} of {len(runs)}: {key}, {figures['cpu_seconds']:.0f} s of CPU", file=sys.stderr)
        print("\n".join(_lines(key, figures)), flush=True)
        if asked.out:
            asked.out.write_text(json.dumps(kept, indent=1, default=str))
    print(_summary(kept))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=6_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=(7, 8))
    parser.add_argument("--cells", nargs="+", choices=[cell.name for cell in cells()], metavar="NAME")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--short", action="store_true", help="two cells, one seed, 1,000 leads")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.seeds, asked.cells = 1_000, (7,), [EAGER_CELL.name, HABIT_CELL.name]
    return asked


def _key(cell: Cell, leads: int, seed: int) -> str:
    return f"{cell.name}, {leads} leads, seed {seed}"


def _ran(runs: list[tuple[Cell, int, int]], processes: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each cell in a process of its own, which leaves nothing behind."""
    with ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=1) as pool:
        for run, figures in zip(runs, pool.map(cell_figures, *zip(*runs, strict=True)) if runs else (), strict=True):
            yield _key(*run), figures


def cell_figures(cell: Cell, leads: int, seed: int, with_peers: bool = True) -> dict[str, Any]:
    """One cell from nothing to its figures."""
    forget_settings()
    began = time.process_time()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where MLflow keeps its runs
        try:
            market = simulate(leads, seed, ENDS_AT, None, cell.world)
            sim = ingested_home(Path(folder), market, ENDS_AT, agreement_of(cell))
            figures = {"market": market.summary} | trained_figures(sim, seed, with_peers)
        finally:
            os.chdir(before)
    figures["limits"] = {name: _held(figures, name, *limit) for name, limit in cell.limits.items()}
    return figures | {"cpu_seconds": time.process_time() - began}


def agreement_of(cell: Cell) -> Agreement:
    """The default agreement, with the question of the cell and the traits of its xor."""
    text = Agreement.default().text
    if cell.asks_second:
        text = text.replace('"as things are"', '"if sales tries now"', 1)
    kind = "number" if cell.world.xor == "numbers" else "category"
    lines = [f'{name} = "{kind}"\n' for name in XOR_TRAITS.get(cell.world.xor or "", ())]
    return Agreement.parse(re.sub(r"(?m)^\[traits\].*\n", lambda head: head.group() + "".join(lines), text))


def trained_figures(sim: SimulatedHome, seed: int, with_peers: bool) -> dict[str, Any]:
    """What a training serves, against the truth, and what others make of the same labels."""
    candidate = train(sim.home, sim.kept, sim.ends_at, seed)
    promote(sim.home, ModelRegistry(sim.kept.agreement.name), candidate.register()[1], "benchmark", datetime.now(UTC))
    rows = {"open": _open_leads(sim), "arrival": arrivals(sim, candidate.served)}
    found: dict[str, Any] = {"gates": {gate.name: gate.passed for gate in candidate.gates}}
    said = {"leadlight": {place: frame["said"].to_numpy(float) for place, frame in rows.items()}}
    if with_peers:
        said |= _peers_say(sim, candidate, rows) | {"rule A": _by_rule_a(sim, candidate, rows, seed)}
    for place, frame in rows.items():
        true = frame["true"].to_numpy(float)
        found[place] = {name: figures(values[place], true) for name, values in said.items()}
        if with_peers:
            found[place]["clearly_worse"] = clearly_worse({name: one[place] for name, one in said.items()}, true)
    found["open"]["leadlight"]["covered"] = _covered(rows["open"])
    return found | {"second": _second(candidate), IF_TRIED: _if_tried(rows["open"])}


def figures(said: Floats, true: Floats) -> dict[str, float]:
    """The figures of some leads."""
    shown = truth_figures(said, true, float(true.mean()))
    return {
        "leads": shown["rows"],
        "said": shown["mean_said"],
        "true": shown["mean_true"],
        "said_over_true": shown["mean_said"] / shown["mean_true"],
        "ece": shown["ece_to_truth"],
        "gain": shown["share_of_oracle_gain"],
        "rank": shown["rank_correlation"],
    }


def _open_leads(sim: SimulatedHome) -> pd.DataFrame:
    """One row per lead that is open at the end and not with sales: what its score says, and both truths."""
    truth = sim.market.truth
    end = truth[truth["is_end"] & sim.is_in_hand(truth["lead_id"].astype(str))].dropna(subset="as_things_are")
    frame = end[["lead_id"]].astype(str).assign(true=end["as_things_are"], if_tried_true=end["if_tried_now"])
    frame["was_called"] = end["was_called"]
    scores = [one for chunk in home_scores(sim.home, sim.ends_at, None, list(frame["lead_id"])) for one in chunk]
    by_lead = {one["lead_id"]: one for one in scores if one.get("probability") is not None}
    frame = frame[frame["lead_id"].isin(list(by_lead))].reset_index(drop=True)
    of = [by_lead[lead] for lead in frame["lead_id"]]
    frame["said"] = [one["probability"] for one in of]
    frame["low"], frame["high"] = zip(*(one["interval"] for one in of), strict=True)
    frame[IF_TRIED] = pd.Series([one[IF_TRIED] for one in of], dtype="float64")
    return frame.assign(snapshot_us=microseconds(sim.ends_at))


def arrivals(sim: SimulatedHome, model: Model) -> pd.DataFrame:
    """One row per lead that arrived within the last horizon: what the model says of it, just then, and the truth."""
    truth = sim.market.truth
    fresh = truth[truth["is_arrival"] & (truth["as_of"] > sim.ends_at - timedelta(days=HORIZON_DAYS))]
    fresh = fresh.dropna(subset="as_things_are")
    moments = fresh["as_of"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    asked = pd.DataFrame({"lead_id": fresh["lead_id"].astype(str).to_numpy(), "snapshot_us": moments})
    rows = snapshot_features(sim.derived.repository, sim.kept.agreement, asked)
    true = pd.Series(fresh["as_things_are"].to_numpy(), index=asked["lead_id"]).reindex(rows["lead_id"]).to_numpy()
    return rows.assign(said=model.probability(rows), true=true)


def _peers_say(sim: SimulatedHome, candidate: Candidate, rows: dict[str, pd.DataFrame]) -> dict[str, Any]:
    events, labelled = sim.market.events, candidate.labelled
    asked = {place: hand_made_columns(events, frame) for place, frame in rows.items()}
    learned = hand_made_columns(events, labelled), labelled["outcome"].to_numpy(np.float64), list(labelled["lead_id"])
    return peers(Learned(*learned), asked)


def _by_rule_a(sim: SimulatedHome, candidate: Candidate, rows: dict[str, pd.DataFrame], seed: int) -> dict[str, Floats]:
    """Ours by the rule that we had: who was not tried by the end of the horizon is unknown, unless it converted."""
    labelled = candidate.labelled
    tried = sim.derived.leads.set_index("lead_id")["tried_us"].reindex(labelled["lead_id"]).to_numpy()
    untried = (tried == NOT_YET) | (tried > labelled["snapshot_us"].to_numpy() + HORIZON_DAYS * DAY_US)
    learned = labelled[labelled["outcome"].to_numpy(bool) | ~untried].reset_index(drop=True)
    model = fitted_model(learned, sim.kept.agreement, seed)
    end = snapshot_features(sim.derived.repository, sim.kept.agreement, rows["open"][["lead_id", "snapshot_us"]])
    said = pd.Series(model.probability(end), index=end["lead_id"]).reindex(rows["open"]["lead_id"]).to_numpy()
    return {"open": said, "arrival": model.probability(rows["arrival"])}


def clearly_worse(said: dict[str, Floats], true: Floats) -> dict[str, Any]:
    """Ours less the better of the two peers in expected log loss, paired by lead, with two standard errors."""
    loss = {name: losses(values, true) for name, values in said.items()}
    best = min(("logistic regression", "LightGBM"), key=lambda name: loss[name].mean())
    gap = loss["leadlight"] - loss[best]
    error = 2 * float(gap.std(ddof=1) / np.sqrt(len(gap)))
    return {"than": best, "by": float(gap.mean()), "error": error, "is": bool(gap.mean() > error)}


def _covered(frame: pd.DataFrame) -> float:
    return float(((frame["low"] <= frame["true"]) & (frame["true"] <= frame["high"])).mean())


def _second(candidate: Candidate) -> dict[str, Any]:
    second = candidate.second
    return {
        "shift": second.shift.value if second.shift else None,
        "tried_before": second.tried_before,
        "first_tries": second.tried,
        "method": second.method,
        "earned": int(second.head is not None),
        "failed": [gate.name for gate in second.gates if not gate.passed],
    }


def _if_tried(frame: pd.DataFrame) -> dict[str, float] | None:
    told = frame.dropna(subset=[IF_TRIED, "if_tried_true"])
    if len(told) < 20:
        return None
    return figures(told[IF_TRIED].to_numpy(float), told["if_tried_true"].to_numpy(float)) | {
        "told": len(told) / len(frame)
    }


def _held(figures: dict[str, Any], name: str, low: float, high: float) -> dict[str, Any]:
    place, figure = name.split(".")
    found = figures.get(place) or {}
    value = found.get("leadlight", found).get(figure)
    return {"value": value, "from": low, "to": high, "ok": value is not None and low <= value <= high}


def _lines(key: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"\n{key}"
    head = ["", "leads", "true", "said", "said/true", "ECE", "gain", "rank"]
    rows = [
        [f"{place}: {name}", *_numbers(one)]
        for place in ("open", "arrival")
        for name, one in figures[place].items()
        if name != "clearly_worse"
    ]
    if figures[IF_TRIED]:
        rows.append(["open: if tried now", *_numbers(figures[IF_TRIED])])
    yield table(head, rows)
    yield f"covered {figures['open']['leadlight']['covered']:.2f}; the second question: {figures['second']}"
    for place in ("open", "arrival"):
        worse = figures[place].get("clearly_worse")
        if worse and worse["is"]:
            yield f"CLEARLY WORSE {place}: than {worse['than']} by {worse['by']:.5f} (two errors: {worse['error']:.5f})"
    for name, limit in figures["limits"].items():
        yield f"{'ok ' if limit['ok'] else 'NOT'} {name} = {limit['value']}, {limit['from']} to {limit['to']}"


def _numbers(one: dict[str, float]) -> list[str]:
    values = [f"{one[name]:.4f}" for name in ("true", "said")] + [f"{one['said_over_true']:.2f}", f"{one['ece']:.4f}"]
    return [f"{one['leads']:,}", *values, *(f"{one[name]:.3f}" for name in ("gain", "rank"))]


def _summary(kept: dict[str, Any]) -> str:
    limits = [limit["ok"] for figures in kept.values() for limit in figures["limits"].values()]
    worse = [key for key, one in kept.items() if any(_is_worse(one, place) for place in ("open", "arrival"))]
    return f"\n{sum(limits)} of {len(limits)} limits hold in {len(kept)} cells; clearly worse in: {worse or 'none'}"


def _is_worse(figures: dict[str, Any], place: str) -> bool:
    return bool(figures[place].get("clearly_worse", {}).get("is"))


if __name__ == "__main__":
    main()
