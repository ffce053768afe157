"""A simulated market whose sales calls by habit: does the score rank leads by their chance, or by who gets called?

    python benchmarks/habit.py --out habit.json [--leads 50000] [--seed 7] [--rows 50000] [--short]

Sales tries about 27 % of the leads, by source, country and size of company. Both sides learn from the same ledger by
the product's own functions. In one a lead that sales never tried is unknown, as the default agreement has it; in the
other, `never_contacted = "no"`, it counts as lost. Both are held against the true P(converts if contacted) of every
lead that is open at the end, most of whom nobody ever called.
"""

from __future__ import annotations

import argparse
import json
import re
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
from benchmarks.parts.simulated import Clock, SimulatedHome, simulated_home
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.table import table
from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.home.clock import microseconds
from features.snapshots.point_in_time import snapshot_features
from features.snapshots.schedule import snapshot_schedule
from training.fit.fit import fitted_model
from training.labels.outcomes import outcomes
from training.model.model import Model

SIDES = ("unknown", "no")
MOST_ROWS = 50_000  # where every untried lead is a no, there are over a million


def main() -> None:
    asked = _arguments()
    forget_settings()
    with tempfile.TemporaryDirectory() as folder:
        sim = simulated_home(Path(folder), asked.leads, asked.seed, datetime.now(UTC))
        figures = {"market": sim.market.summary} | compared(sim, asked.seed, asked.rows)
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1, default=str))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="snapshots to learn from at most")
    parser.add_argument("--short", action="store_true", help="1,000 leads, 2,000 snapshots")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.rows = 1_000, 2_000
    return asked


def compared(sim: SimulatedHome, seed: int, most_rows: int) -> dict[str, Any]:
    """Each side on the open leads, and how its scores follow the habit."""
    end, clock, found = sim.at_end(), Clock(), {}
    habit = _habit(sim, end)
    for side in SIDES:
        agreement = _agreement(side)
        rows = _labelled(sim, agreement, seed, most_rows)
        model = fitted_model(rows, agreement, seed)
        clock.lap(f'learned from {len(rows):,} snapshots, never_contacted = "{side}"')
        found[f"never_contacted_{side}"] = _figures(model, rows, end, habit)
    return found


def _agreement(side: str) -> Agreement:
    text, changed = re.subn(r'(?m)^never_contacted = "\w+"', f'never_contacted = "{side}"', Agreement.default().text)
    assert changed == 1, "the default agreement says otherwise what a lead is that sales never tried"
    return Agreement.parse(text)


def _labelled(sim: SimulatedHome, agreement: Agreement, seed: int, most_rows: int) -> pd.DataFrame:
    """The labelled snapshots as training takes them, evenly thinned before their features are read."""
    leads, end_us = sim.derived.leads, microseconds(sim.ends_at)
    looked_at = snapshot_schedule(leads, agreement, end_us)
    became = outcomes(looked_at, leads, agreement, end_us)
    looked_at = looked_at.assign(outcome=became.to_numpy()).dropna(subset="outcome").astype({"outcome": bool})
    kept = np.random.default_rng(seed).permutation(len(looked_at))[:most_rows]
    return snapshot_features(sim.derived.repository, agreement, looked_at.iloc[np.sort(kept)].reset_index(drop=True))


def _habit(sim: SimulatedHome, end: pd.DataFrame) -> pd.Series[float]:
    """The share of the leads like this one, by source and country, that sales tried."""
    leads = sim.derived.leads
    tried = end["lead_id"].isin(leads.loc[leads["tried_us"] != NOT_YET, "lead_id"])
    return tried.astype(float).groupby([end["source"].astype(str), end["country"].astype(str)]).transform("mean")


def _figures(model: Model, rows: pd.DataFrame, end: pd.DataFrame, habit: pd.Series[float]) -> dict[str, Any]:
    said, true = model.probability(end), end["true"].to_numpy(float)
    in_hand = ~end["with_sales"].to_numpy(bool)
    rate = float(rows["outcome"].mean())
    return {
        "rows": len(rows),
        "leads": int(rows["lead_id"].nunique()),
        "base_rate": rate,
        "open_leads": truth_figures(said, true, rate),
        "open_leads_not_with_sales": truth_figures(said[in_hand], true[in_hand], rate),
        "rank_correlation_with_habit": rank_correlation(said, habit.to_numpy(float)),
    }


def _print(figures: dict[str, Any]) -> None:
    market = figures["market"]
    print(f"{market['leads']:,} leads, {market['share_contacted']:.0%} of them tried by sales")
    head = ["never_contacted", "rows", "rank of open leads", "not with sales", "ECE to truth", "rank with habit"]
    print(table(head, [_line(side, figures[f"never_contacted_{side}"]) for side in SIDES]))


def _line(side: str, row: dict[str, Any]) -> list[str]:
    everyone, in_hand = row["open_leads"], row["open_leads_not_with_sales"]
    ranks = [everyone["rank_correlation"], in_hand["rank_correlation"]]
    numbers = [*ranks, everyone["ece_to_truth"], row["rank_correlation_with_habit"]]
    return [side, f"{row['rows']:,}", *(f"{number:.3f}" for number in numbers)]


if __name__ == "__main__":
    main()
