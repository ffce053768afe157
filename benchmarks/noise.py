"""Noise: trainings on tables in which nothing tells the outcome; how many would be served?

    python benchmarks/noise.py --out noise.json [--runs 60] [--leads 1500] [--rate 0.1] [--seed 7] [--short]

Each run draws leads with ten numbers and three categories, and outcomes that ask none of them. The product's own fit
learns from 80 % of the leads, its own gates `better_than_average` and `calibrated` judge it on the rest. Beside it: how
many are better than the average by the figure alone, which was the rule before.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from benchmarks.parts.table import table
from features.agreement.agreement import Agreement
from training.evaluate.baselines import constant_baseline
from training.evaluate.comparison import comparison
from training.evaluate.evaluate import evaluate
from training.fit.fit import fitted_model
from training.gates.better_than_average import better_than_average
from training.gates.calibrated import calibrated, calibration_seen
from training.labels.split import split_by_lead

NUMBERS = tuple(f"number_{place}" for place in range(10))
CATEGORIES = ("source", "industry", "country")
TRAITS = "\n".join([*(f'{name} = "number"' for name in NUMBERS), *(f'{name} = "category"' for name in CATEGORIES)])
AGREEMENT = Agreement.parse(
    f'name = "noise"\n[outcome]\nevent = "Lead Converted"\nundated = true\n[traits]\n{TRAITS}\n'
)


def noise(leads: int, rate: float, seed: int) -> pd.DataFrame:
    """One snapshot a lead, and an outcome that asks nothing of it."""
    draws = np.random.default_rng(seed)
    rows: dict[str, Any] = {
        "lead_id": [f"lead-{number}" for number in range(leads)],
        "snapshot_us": np.zeros(leads, dtype=np.int64),
        "is_arrival": np.ones(leads, dtype=bool),
        "outcome": draws.random(leads) < rate,
    }
    rows |= {name: draws.normal(size=leads) for name in NUMBERS}
    rows |= {name: draws.choice([f"level {level}" for level in range(8)], leads).astype(object) for name in CATEGORIES}
    return pd.DataFrame(rows)


def training(leads: int, rate: float, seed: int) -> dict[str, bool]:
    """Whether one training would be served, and whether its figure alone is better than the average's."""
    rows = noise(leads, rate, seed)
    parted = split_by_lead(rows, seed, "a benchmark")
    tested = rows[parted.test]
    said = fitted_model(rows[parted.train], AGREEMENT, seed).probability(tested)
    outcome, lead = tested["outcome"], tested["lead_id"].to_numpy()
    constant = constant_baseline(rows["outcome"].to_numpy(np.float64)[parted.train], len(tested))
    ours, average = comparison({"leadlight": said} | constant, outcome, lead, seed=seed)
    gates = (
        better_than_average(ours.log_loss, average.log_loss, average.excess_interval),
        calibrated(calibration_seen(said, tested, evaluate(said, outcome, lead, seed=seed))),
    )
    lucky = ours.log_loss is not None and average.log_loss is not None and ours.log_loss < average.log_loss
    return {"served": all(gate.passed for gate in gates), "better_by_figure": lucky}


def main() -> None:
    asked = _arguments()
    found = [training(asked.leads, asked.rate, asked.seed + run) for run in range(asked.runs)]
    counts = {name: sum(one[name] for one in found) for name in ("served", "better_by_figure")}
    figures = {"runs": asked.runs, "leads": asked.leads, "rate": asked.rate, **counts}
    print(table(list(figures), [[f"{value:g}" for value in figures.values()]]))
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--leads", type=int, default=1_500)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="5 runs of 500 leads")
    asked = parser.parse_args()
    if asked.short:
        asked.runs, asked.leads = 5, 500
    return asked


if __name__ == "__main__":
    main()
