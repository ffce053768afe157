"""Sales calls by habit: does the score say what is true of leads, or who gets called? In a market, and in its opposite.

    python benchmarks/habit.py --out habit.json [--leads 20000] [--seed 7] [--rows 50000] [--short]

Sales tries some of the leads, by source, country and size of company, which do not matter for buying. In the market
`needs_call` nobody buys before the first call; in its opposite, `call_is_nothing`, a call changes nothing. In each, two
models learn from the same ledger by the product's own functions: one by the labels as they are, where tried or not
plays no part; the other by the rule that we had, where a lead that sales never tried was unknown unless it bought. Both
are held against the truth as things are of every lead that is open at the end; and how they rank those that sales never
tried is held against their truth if it tries them now.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from benchmarks.parts.nearness import rank_correlation, truth_figures
from benchmarks.parts.simulated import Clock, SimulatedHome, ingested_home
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.table import table
from features.arrays import DAY_US, NOT_YET
from features.home.clock import microseconds
from features.lifecycle.open_periods import state_at
from features.snapshots.point_in_time import snapshot_features
from features.snapshots.schedule import snapshot_schedule
from training.fit.fit import fitted_model
from training.labels.drawn_snapshots import drawn_snapshots
from training.labels.outcomes import with_known_outcome
from training.model.model import Model
from training.simulation.simulation import simulate
from training.simulation.world import World

MARKETS = ("needs_call", "call_is_nothing")
RULES = ("as_things_are", "untried_left_out")  # how lost leads count that sales never tried: as lost, or not at all
MOST_ROWS = 50_000


def main() -> None:
    asked = _arguments()
    forget_settings()
    figures = {}
    for market in MARKETS:
        with tempfile.TemporaryDirectory() as folder:
            ends_at = datetime.now(UTC)
            simulated = simulate(asked.leads, asked.seed, ends_at, world=World(market, "habit"))
            sim = ingested_home(Path(folder), simulated, ends_at)
            figures[market] = {"market": sim.market.summary} | compared(sim, asked.seed, asked.rows)
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1, default=str))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="snapshots to learn from at most")
    parser.add_argument("--short", action="store_true", help="1,000 leads, 2,000 snapshots")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.rows = 1_000, 2_000
    return asked


def compared(sim: SimulatedHome, seed: int, most_rows: int) -> dict[str, Any]:
    """Each rule on the open leads, and how its scores follow the habit."""
    end, clock, found = sim.at_end(), Clock(), {}
    habit = _habit(sim, end)
    for rule in RULES:
        rows = _labelled(sim, rule, most_rows)
        model = fitted_model(rows, sim.kept.agreement, seed)
        clock.lap(f"learned from {len(rows):,} snapshots, {rule}")
        found[rule] = _figures(model, rows, end, habit)
    return found


def _labelled(sim: SimulatedHome, rule: str, most_rows: int) -> pd.DataFrame:
    """The labelled snapshots as training takes them; by the rule that we had, without the lost that nobody tried."""
    leads, agreement, end_us = sim.derived.leads, sim.kept.agreement, microseconds(sim.ends_at)
    known = with_known_outcome(snapshot_schedule(leads, agreement, end_us), leads, agreement, end_us)
    if rule == "untried_left_out":
        closes = known["snapshot_us"] + round((agreement.outcome.within_days or 0) * DAY_US)
        state = state_at(known, leads)
        is_tried = state[["tried_us", "rejected_us"]].min(axis=1) <= closes
        known = known[known["outcome"] | is_tried].reset_index(drop=True)
    return snapshot_features(sim.derived.repository, agreement, drawn_snapshots(known, most_rows))


def _habit(sim: SimulatedHome, end: pd.DataFrame) -> pd.Series[float]:
    """The share of the leads like this one, by source and country, that sales tried."""
    leads = sim.derived.leads
    tried = end["lead_id"].isin(leads.loc[leads["tried_us"] != NOT_YET, "lead_id"])
    return tried.astype(float).groupby([end["source"].astype(str), end["country"].astype(str)]).transform("mean")


def _figures(model: Model, rows: pd.DataFrame, end: pd.DataFrame, habit: pd.Series[float]) -> dict[str, Any]:
    said, true = model.probability(end), end["true"].to_numpy(float)
    in_hand = ~end["with_sales"].to_numpy(bool)
    if_tried = end["if_tried_now"].to_numpy(float)
    untried = ~np.isnan(if_tried)
    rate = float(rows["outcome"].mean())
    return {
        "rows": len(rows),
        "leads": int(rows["lead_id"].nunique()),
        "base_rate": rate,
        "open_leads": truth_figures(said, true, rate),
        "open_leads_not_with_sales": truth_figures(said[in_hand], true[in_hand], rate),
        "said_over_true": float(said.mean() / true.mean()),
        "rank_correlation_if_tried_now": rank_correlation(said[untried], if_tried[untried]),
        "rank_correlation_with_habit": rank_correlation(said, habit.to_numpy(float)),
    }


def _print(figures: dict[str, Any]) -> None:
    head = ["rule", "rows", "said over true", "ECE to truth", "rank", "rank if tried now", "rank with habit"]
    for market, found in figures.items():
        tried = found["market"]["share_contacted"]
        print(f"{market}: {found['market']['leads']:,} leads, {tried:.0%} of them tried by sales, by habit")
        print(table(head, [_line(rule, found[rule]) for rule in RULES]))


def _line(rule: str, row: dict[str, Any]) -> list[str]:
    everyone = row["open_leads"]
    numbers = [row["said_over_true"], everyone["ece_to_truth"], everyone["rank_correlation"]]
    numbers += [row["rank_correlation_if_tried_now"], row["rank_correlation_with_habit"]]
    return [rule, f"{row['rows']:,}", *(f"{number:.3f}" for number in numbers)]


if __name__ == "__main__":
    main()
