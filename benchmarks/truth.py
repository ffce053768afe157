"""A simulated market, whose truth is known: how near the served probabilities come, beside the peers in the same run.

    python benchmarks/truth.py --out truth.json [--leads 50000] [--seed 7] [--shift 2.0] [--short]

Everything is the real path: simulate, ingest, train, promote, score. The oracle is the true probability of each
lead given its recorded history, as things are; a model's gain is its mean log loss below the constant's, as a part of
the oracle's. Where the second question is answered, its figures are against the truth if sales first called now.
With --shift the market changes after the model was trained: the base rate becomes that many times what it was. Then
the figures are of the model as it was, and of the same one recalibrated on what became of recent leads.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.parts.learning import recalibrated_model
from benchmarks.parts.nearness import truth_figures
from benchmarks.parts.simulated import Clock, SimulatedHome, simulated_home
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.table import table
from features.home.clock import microseconds
from features.snapshots.point_in_time import snapshot_features
from serving.scoring.bulk import home_scores
from training.candidate import Candidate
from training.evaluate.baselines import baseline_probabilities
from training.fit.fit import fitted_model
from training.pipeline import features_only, labelled_snapshots, train
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote
from training.simulation.dynamics import HORIZON_DAYS
from training.simulation.interest import MarketShift

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# Who buys on any day three times as likely buys within a horizon twice as likely: many would have bought anyway.
DAILY = 1.6
CHANGED_DAYS = 210  # before the end: over a horizon of matured outcomes by the new law, and a horizon to judge on


def main() -> None:
    asked = _arguments()
    forget_settings()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        ends_at = datetime.now(UTC)
        shift = MarketShift(asked.shift**DAILY, CHANGED_DAYS) if asked.shift != 1 else None
        sim = simulated_home(Path(folder), asked.leads, asked.seed, ends_at, shift)
        figures = {"market": sim.market.summary}
        figures |= after_a_shift(sim, shift, asked.seed) if shift else steady(sim, asked.seed)
    text = json.dumps(figures, indent=1, default=str)
    _print(figures)
    if asked.out:
        asked.out.write_text(text)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--shift", type=float, default=1.0, help="times the base rate, once trained")
    parser.add_argument("--short", action="store_true", help="1,500 leads")
    asked = parser.parse_args()
    asked.leads = 1_500 if asked.short else asked.leads
    return asked


def steady(sim: SimulatedHome, seed: int) -> dict[str, Any]:
    """A market that stays as it is: its test span, arrivals, months, and every lead that is open at the end."""
    clock = Clock()
    candidate = train(sim.home, sim.kept, sim.ends_at, seed)
    clock.lap("trained and tested")
    promote(sim.home, ModelRegistry(sim.kept.agreement.name), candidate.register()[1], "benchmark", datetime.now(UTC))
    scored = [score for chunk in home_scores(sim.home, sim.ends_at, None) for score in chunk]
    clock.lap("promoted and scored")
    figures = {"split": candidate.split.how, "seconds_to_train": candidate.seconds, "metrics": candidate.metrics}
    figures |= _on_test(candidate, sim) | {"open_leads": _on_open_leads(scored, sim, candidate)}
    return figures | {"arithmetic": arithmetic(scored)}


def _on_test(candidate: Candidate, sim: SimulatedHome) -> dict[str, Any]:
    """Ours and the peers on the test snapshots whose true probability is known, against it."""
    labelled, parted = candidate.labelled, candidate.split
    tested = labelled[parted.test]
    true = sim.true(tested)
    # The truth is known of a sample of the snapshots, and of none of a lead that sales gave back.
    told = ~np.isnan(true)
    assert told.any(), "the market knows other snapshots than training takes"
    rate = float(labelled.loc[parted.train, "outcome"].mean())
    said = {"leadlight": candidate.model.probability(tested)} | _peers(candidate)
    months = pd.to_datetime(tested["snapshot_us"], unit="us").dt.strftime("%Y-%m").to_numpy()
    ours = {month: truth_figures(said["leadlight"][m], true[m], rate) for month, m in _parts(months, told)}
    return {
        "test": _sides(said, true, told, rate),
        "test_at_arrival": _sides(said, true, told & tested["is_arrival"].to_numpy(bool), rate),
        "months": ours,
    }


def _sides(said: dict[str, Floats], true: Floats, where: Mask, rate: float) -> dict[str, dict[str, float]]:
    return {name: truth_figures(one[where], true[where], rate) for name, one in said.items()}


def _parts(months: npt.NDArray[Any], told: Mask) -> list[tuple[str, Mask]]:
    return [(str(month), mask) for month in np.unique(months) if (mask := told & (months == month)).any()]


def _peers(candidate: Candidate) -> dict[str, Floats]:
    """What the peers say of the test snapshots, from the plain columns that ours reads."""
    labelled, parted = candidate.labelled, candidate.split
    used = [column for column in candidate.model.columns if column.name in labelled]
    rows = features_only(labelled)[[column.name for column in used]]
    rows = rows.astype({column.name: "category" for column in used if column.levels})
    outcome = labelled["outcome"].to_numpy(float)[parted.train]
    return baseline_probabilities(rows[parted.train], outcome, rows[parted.test])


def _on_open_leads(scored: list[dict[str, Any]], sim: SimulatedHome, candidate: Candidate) -> dict[str, Any]:
    """Ours on the leads that are open at the end, and on those of them that are not with sales."""
    end = sim.market.truth[sim.market.truth["is_end"]].dropna(subset="as_things_are").set_index("lead_id")
    said = pd.Series({score["lead_id"]: score["probability"] for score in scored}, dtype=float).reindex(end.index)
    rate = candidate.labelled.loc[candidate.split.train, "outcome"].mean()
    in_hand = sim.is_in_hand(end.index.astype(str).to_series())
    places = {"leadlight": np.ones(len(end), dtype=bool), "leadlight, not with sales": in_hand}
    true = end["as_things_are"].to_numpy(float)
    found = {name: truth_figures(said.to_numpy()[here], true[here], rate) for name, here in places.items()}
    tried = pd.Series({score["lead_id"]: score.get("if_tried_now") for score in scored}, dtype=float).reindex(end.index)
    told = (tried.notna() & end["if_tried_now"].notna()).to_numpy()
    if told.sum() > 1:
        true = end["if_tried_now"].to_numpy(float)[told]
        found["leadlight, if tried now"] = truth_figures(tried.to_numpy()[told], true, float(true.mean()))
    return found


def after_a_shift(sim: SimulatedHome, shift: MarketShift, seed: int) -> dict[str, Any]:
    """The model trained just before the change, as it was and recalibrated, on leads of the last horizon.

    Recalibration sees what a person has by then: the snapshots since the change whose horizon has closed.
    """
    clock, agreement = Clock(), sim.kept.agreement
    changed_at = sim.ends_at - timedelta(days=shift.days)
    model = fitted_model(labelled_snapshots(sim.derived, agreement, changed_at), agreement, seed)
    clock.lap("learned from what was known before the change")
    recent = labelled_snapshots(sim.derived, agreement, sim.ends_at)
    recent = recent[recent["snapshot_us"] >= microseconds(changed_at)].reset_index(drop=True)
    models = {"as trained": model, "recalibrated": recalibrated_model(model, recent, agreement, seed)}
    clock.lap(f"recalibrated on {len(recent):,} snapshots")
    rate, found = float(model.facts["base_rate"]), {}
    for where, rows in (("open_leads", sim.at_end()), ("arrivals", _arrivals(sim))):
        true = rows["true"].to_numpy(float)
        found[where] = {name: truth_figures(one.probability(rows), true, rate) for name, one in models.items()}
    maps = {name: [one.calibrator.slope, one.calibrator.intercept] for name, one in models.items()}
    rates = {"trained": rate, "recent": float(recent["outcome"].mean())}
    return {"shift": {"factor": shift.factor, "rows": len(recent), "rates": rates, "maps": maps}} | found


def _arrivals(sim: SimulatedHome) -> pd.DataFrame:
    """Each lead that arrived within the last horizon, just then: nobody can know yet what becomes of it."""
    truth = sim.market.truth
    since = sim.ends_at - timedelta(days=HORIZON_DAYS)
    fresh = truth[truth["is_arrival"] & (truth["as_of"] > since)].dropna(subset="as_things_are")
    moments = fresh["as_of"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    asked = pd.DataFrame({"lead_id": fresh["lead_id"].astype(str).to_numpy(), "snapshot_us": moments})
    asked["true"] = fresh["as_things_are"].to_numpy()
    return snapshot_features(sim.derived.repository, sim.kept.agreement, asked)


def arithmetic(scored: list[dict[str, Any]]) -> dict[str, float]:
    """The largest gap, over all scored leads, between the reasons' sum and what they explain."""
    logits, points = [], []
    for score in (one for one in scored if one["probability"] is not None):
        total = score["baseline"] + sum(reason["contribution"] for reason in score["reasons"])
        logits.append(abs(total - math.log(score["probability"] / (1 - score["probability"]))))
        exact = score["base_points"] + sum(reason["points"] for reason in score["reasons"])
        points.append(abs(min(max(exact, 1), 99) - score["score"]))
    return {"leads": len(logits), "largest_logit_gap": max(logits), "largest_gap_to_whole_score": max(points)}


def _print(figures: dict[str, Any]) -> None:
    market = figures["market"]
    print(f"{market['leads']:,} leads; base rate {market['base_rate']:.4f}, oracle AUC {market['oracle_auc']:.4f}")
    if "shift" in figures:
        shift = figures["shift"]
        print(f"the daily chance to buy becomes {shift['factor']:.2f} times as high; rates {shift['rates']}")
    else:
        print(f"split: {figures['split']}")
    head = ["", "rows", "true", "said", "ECE to truth", "MAE", "of oracle gain", "rank"]
    print(table(head, [[title, f"{row['rows']:,}", *_numbers(row)] for title, row in _lines(figures)]))
    print(", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in figures.get("arithmetic", {}).items()))


def _numbers(row: dict[str, float]) -> list[str]:
    near = [row[name] for name in ("mean_true", "mean_said", "ece_to_truth", "mean_absolute_error")]
    return [
        *(f"{number:.4f}" for number in near),
        *(f"{row[name]:.3f}" for name in ("share_of_oracle_gain", "rank_correlation")),
    ]


def _lines(figures: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    places = ("test", "test_at_arrival", "open_leads", "arrivals")
    lines = [
        (f"{where.replace('_', ' ')}: {name}", row) for where in places for name, row in figures.get(where, {}).items()
    ]
    return lines + [(f"test in {month}", row) for month, row in figures.get("months", {}).items()]


if __name__ == "__main__":
    main()
