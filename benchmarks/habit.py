"""A simulated market whose sales calls by habit: does the score rank leads by their chance, or by who gets called?

    python benchmarks/habit.py --out habit.json [--leads 50000] [--seed 7] [--short]

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

from benchmarks.parts.learning import learned
from benchmarks.parts.nearness import against, rank_correlation
from benchmarks.parts.simulated import Clock, Simulated, simulated
from benchmarks.parts.surroundings import forget_settings
from features.agreement import Agreement
from features.recurrence import NOT_YET
from training.model import Model
from training.pipeline import labelled_snapshots

SIDES = ("unknown", "no")
MOST_ROWS = 60_000  # where every untried lead is a no there are a hundred thousands of rows; whole leads, drawn


def main() -> None:
    asked = _asked()
    forget_settings()
    with tempfile.TemporaryDirectory() as folder:
        sim = simulated(Path(folder), asked.leads, asked.seed, datetime.now(UTC))
        figures = {"market": sim.market.summary} | compared(sim, asked.seed)
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1, default=str))


def _asked() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="2,500 leads")
    asked = parser.parse_args()
    asked.leads = 2_500 if asked.short else asked.leads
    return asked


def compared(sim: Simulated, seed: int) -> dict[str, Any]:
    """Each side on the open leads, and how its scores follow the habit."""
    end, clock, found = sim.at_end(), Clock(), {}
    habit = _habit(sim, end)
    for side in SIDES:
        agreement = _agreement(side)
        rows = _thinned(labelled_snapshots(sim.derived, agreement, sim.ends_at), seed)
        model = learned(rows, agreement, seed)
        clock.lap(f'learned from {len(rows):,} snapshots, never_contacted = "{side}"')
        found[f"never_contacted_{side}"] = _figures(model, rows, end, habit)
    return found


def _agreement(side: str) -> Agreement:
    text, changed = re.subn(r'(?m)^never_contacted = "\w+"', f'never_contacted = "{side}"', Agreement.default().text)
    assert changed == 1, "the default agreement says otherwise what a lead is that sales never tried"
    return Agreement.parse(text)


def _thinned(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    leads = np.sort(rows["lead_id"].unique())
    share = min(1.0, MOST_ROWS / len(rows))
    chosen = np.random.default_rng(seed).permutation(leads)[: round(share * len(leads))]
    return rows[rows["lead_id"].isin(chosen)].reset_index(drop=True)


def _habit(sim: Simulated, end: pd.DataFrame) -> pd.Series[float]:
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
        "open_leads": against(said, true, rate),
        "open_leads_not_with_sales": against(said[in_hand], true[in_hand], rate),
        "rank_correlation_with_habit": rank_correlation(said, habit.to_numpy(float)),
    }


def _print(figures: dict[str, Any]) -> None:
    market = figures["market"]
    print(f"{market['leads']:,} leads, {market['share_contacted']:.0%} of them tried by sales")
    print(f"{'never_contacted =':<20}{'rows':>9}{'rank of open leads':>20}{'not with sales':>16}{'ECE to truth':>14}{'rank with habit':>17}")
    for side in SIDES:
        row = figures[f"never_contacted_{side}"]
        ranks = [row[where]["rank_correlation"] for where in ("open_leads", "open_leads_not_with_sales")]
        line = f"{side:<20}{row['rows']:>9,}{ranks[0]:>20.3f}{ranks[1]:>16.3f}{row['open_leads']['ece_to_truth']:>14.4f}"
        print(f"{line}{row['rank_correlation_with_habit']:>17.3f}")


if __name__ == "__main__":
    main()
