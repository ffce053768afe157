"""A simulated market, whose truth is known: how near the served probabilities come, beside the peers in the same run.

    python benchmarks/truth.py --out truth.json [--leads 20000] [--seed 7] [--short]

Everything is the real path: simulate, ingest, train, promote, score. The oracle is the true probability of each
lead given its recorded history; a model's gain is its mean log loss below the constant's, as a part of the oracle's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.parts.surroundings import forget_settings
from features.agreement import Agreement
from features.agreement_versions import Kept, keep
from features.clocks import microseconds
from features.settings import Home
from serving.bulk import home_scores
from serving.intake import ingest
from training.candidate import Candidate
from training.evaluate import ece
from training.peers import peers
from training.pipeline import known, train
from training.promotion import promote
from training.registry import Registry
from training.simulation import Market, simulate

Floats = npt.NDArray[np.float64]


def main() -> None:
    asked = _asked()
    forget_settings()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        ends_at = datetime.now(UTC)
        market = simulate(asked.leads, asked.seed, ends_at)
        home, kept = _filled(Path(folder), market, ends_at)
        candidate = train(home, kept, ends_at, asked.seed)
        registry = Registry(kept.agreement.name)
        promote(home, registry, candidate.register()[1], "benchmark", datetime.now(UTC))
        scored = [score for chunk in home_scores(home, ends_at, None) for score in chunk]
        figures = {"market": market.summary, "split": candidate.split.how, "metrics": candidate.metrics}
        figures |= {"test": _on_test(candidate, market), "open_leads": _on_open_leads(scored, market, candidate)}
        figures |= {"arithmetic": arithmetic(scored)}
    text = json.dumps(figures, indent=1, default=str)
    _print(figures)
    if asked.out:
        asked.out.write_text(text)


def _asked() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="4,000 leads")
    asked = parser.parse_args()
    asked.leads = 4_000 if asked.short else asked.leads
    return asked


def _filled(folder: Path, market: Market, now: datetime) -> tuple[Home, Kept]:
    market.write(folder / "market")
    home = Home.open(folder / "home")
    kept = keep(home, Agreement.default(), now)
    ingest(home, [folder / "market" / "events.parquet"], kept, datetime.now(UTC))
    return home, kept


def _on_test(candidate: Candidate, market: Market) -> dict[str, Any]:
    """Ours and the peers on the test snapshots whose true probability is known, against it."""
    labelled, parted = candidate.labelled, candidate.split
    truth = market.truth.assign(snapshot_us=[microseconds(moment) for moment in market.truth["as_of"]])
    told = truth[["lead_id", "snapshot_us", "probability"]]
    tested = labelled[parted.test].merge(told, on=["lead_id", "snapshot_us"], how="left")
    # After a reject the market goes on by who was rejected, which no formula of what leads did can know.
    is_told = tested["probability"].notna().to_numpy()
    assert is_told.mean() > 0.95, "the market knows other snapshots than training takes"
    used = [column.name for column in candidate.model.columns]
    rows = known(labelled)[used].astype({c.name: "category" for c in candidate.model.columns if c.levels})
    outcome = labelled["outcome"].to_numpy(float)[parted.train]
    said = {"leadlight": candidate.model.probability(tested)} | peers(rows[parted.train], outcome, rows[parted.test])
    true = tested["probability"][is_told]
    return {name: against(probability[is_told], true, outcome.mean()) for name, probability in said.items()}


def _on_open_leads(scored: list[dict[str, Any]], market: Market, candidate: Candidate) -> dict[str, Any]:
    """Ours on every lead that is open at the end, most of whom sales never tried."""
    end = market.truth[market.truth["is_end"]].set_index("lead_id")["probability"]
    said = pd.Series({score["lead_id"]: score["probability"] for score in scored}, dtype=float).reindex(end.index)
    rate = candidate.labelled.loc[candidate.split.train, "outcome"].mean()
    return {"leadlight": against(said.to_numpy(), end, rate)}


def against(said: Floats, true: pd.Series[float], rate: float) -> dict[str, float]:
    """How near probabilities come to the true ones; `rate`: what the constant says of every lead."""
    truth = true.to_numpy(float)
    constant, oracle = log_loss(np.full(len(truth), rate), truth), log_loss(truth, truth)
    return {
        "rows": len(truth),
        "mean_true": float(truth.mean()),
        "mean_said": float(said.mean()),
        "ece_to_truth": float(ece(said, truth) or 0.0),
        "mean_absolute_error": float(np.abs(said - truth).mean()),
        "share_of_oracle_gain": float((constant - log_loss(said, truth)) / (constant - oracle)),
        "rank_correlation": float(pd.Series(said).corr(pd.Series(truth), method="spearman")),
    }


def log_loss(said: Floats, truth: Floats) -> float:
    """The log loss to expect of `said` where `truth` holds: no luck of single outcomes in it."""
    held = np.clip(said, 1e-9, 1 - 1e-9)
    return float(-(truth * np.log(held) + (1 - truth) * np.log(1 - held)).mean())


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
    print(f"split: {figures['split']}")
    print(f"{'':<32}{'rows':>8}{'ECE to truth':>14}{'MAE':>9}{'of oracle gain':>16}{'rank':>8}")
    for where in ("test", "open_leads"):
        for name, row in figures[where].items():
            line = f"{where + ': ' + name:<32}{row['rows']:>8,}{row['ece_to_truth']:>14.4f}"
            print(
                f"{line}{row['mean_absolute_error']:>9.4f}{row['share_of_oracle_gain']:>16.3f}{row['rank_correlation']:>8.3f}"
            )
    print(", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in figures["arithmetic"].items()))


if __name__ == "__main__":
    main()
