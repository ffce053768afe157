"""A real event log through the whole product, beside LightGBM on features that a data scientist would build by hand.

    python benchmarks/bpi2012.py --out bpi2012.json [--data FOLDER] [--short]

BPI Challenge 2012: 164,506 events of 13,087 loan applications (data/README.md says where it is). Each application is
a lead, each activity an event of our contract: written as jsonl, ingested, trained, promoted, scored. Will the offer
be accepted within 7 days? The peer has the same snapshots and spans, and half-lives, counts and recency made directly
from the raw events; the differences are drawn on the same cases.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.parts.by_hand import by_hand, lightgbm
from benchmarks.parts.surroundings import forget_settings
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.behaviour.columns import NOTHING
from features.home.settings import Home
from serving.intake.file_import import ingest
from serving.scoring.bulk import home_scores
from training.candidate import Candidate
from training.evaluate.evaluate import expected_calibration_error
from training.metrics.bootstrap import lead_weights
from training.pipeline import train
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote

Floats = npt.NDArray[np.float64]

OUTCOME = "O_ACCEPTED"
# They end a case, so in our contract they are how a lead is disqualified: the lender's no, and the applicant's.
ENDS = {"A_DECLINED": "not_a_fit", "A_CANCELLED": "no_contact_wanted"}
BEHAVIOURS = {
    "A_SUBMITTED": "applications",
    "A_PARTLYSUBMITTED": "parts handed in",
    "A_PREACCEPTED": "preliminary yeses",
    "A_ACCEPTED": "accepted applications",
    "A_FINALIZED": "completed applications",
    "O_SELECTED": "selections for an offer",
    "O_CREATED": "offers made",
    "O_SENT": "offers sent",
    "O_SENT_BACK": "offers sent back",
    "O_CANCELLED": "offers replaced or withdrawn",
    "W_Afhandelen leads": "first follow-ups",
    "W_Completeren aanvraag": "calls to complete the application",
    "W_Nabellen offertes": "calls about the offer",
    "W_Nabellen incomplete dossiers": "calls about missing papers",
    "W_Valideren aanvraag": "checks of the papers",
    "W_Beoordelen fraude": "fraud checks",
}
HALF_LIVES, HORIZON_DAYS = (1, 7, 30), 7


def main() -> None:
    asked = _arguments()
    events = read(asked.data, asked.short)
    forget_settings()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where MLflow keeps its files
        candidate, scored = leadlight(events, Path(folder))
        figures: dict[str, Any] = {"events": len(events), "cases": int(events["case_id"].nunique())}
        figures |= {"rows": candidate.summary()["rows"], "split": candidate.split.how, "scores": scored}
        figures |= compared(candidate, events, 200 if asked.short else 2_000)
    Console().print(*tables(figures), sep="\n")
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    named = os.environ.get("LEADLIGHT_PUBLIC_DATA")
    parser.add_argument("--data", type=Path, default=named, help="the folder that LEADLIGHT_PUBLIC_DATA names")
    parser.add_argument("--short", action="store_true", help="every third case, fewer resamples")
    asked = parser.parse_args()
    if asked.data is None:
        print("bpi2012: set LEADLIGHT_PUBLIC_DATA or give --data, as data/README.md says; nothing was measured")
        sys.exit(0)
    return asked


def read(data: Path, short: bool) -> pd.DataFrame:
    """One row per activity: case_id, event, ts (UTC), `lead_id` and `us`; of every third case where `short`."""
    events = pd.read_parquet(data / "bpi2012" / "bpi2012_events.parquet")
    events = events[events["case_id"] % 3 == 0].reset_index(drop=True) if short else events
    happened_us = events["ts"].astype("datetime64[us, UTC]").astype(np.int64)
    return events.assign(lead_id=events["case_id"].map("case-{:05}".format), us=happened_us)


def as_events(log: pd.DataFrame) -> list[dict[str, Any]]:
    """The log in our event contract, one event per activity. A system's log knows an activity when it happens.

    What the lender still writes down after a case has ended is paperwork: as a behaviour it would reopen the case.
    """
    moments = log["ts"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    ended_us = log["us"].where(log["event"].isin([OUTCOME, *ENDS])).groupby(log["lead_id"]).transform("min")
    stages = (log["us"] > ended_us).map({True: "ended", False: "open"})
    return [
        {
            "type": "track",
            "messageId": f"bpi2012-{place}",
            "userId": lead,
            "event": "Lead Disqualified" if name in ENDS else name,
            "properties": {"stage": stage} | ({"reason": ENDS[name], "activity": name} if name in ENDS else {}),
            "timestamp": moment,
            "receivedAt": moment,
        }
        for place, lead, name, stage, moment in zip(
            log.index, log["lead_id"], log["event"], stages, moments, strict=True
        )
    ]


def agreement() -> Agreement:
    """What counts: every activity but the outcome, the ends and what only follows from them."""
    counted = 'where = { stage = "open" }'
    said = (f'{_name(n)} = {{ event = "{n}", {counted}, label = "{label}" }}' for n, label in BEHAVIOURS.items())
    lines = "\n".join(said)
    return Agreement.parse(f"""
name = "bpi2012"
[outcome]
event = "{OUTCOME}"
within_days = {HORIZON_DAYS}
no_if_rejected = {list(ENDS.values())}
[interest]
half_life_days = {list(HALF_LIVES)}
[behaviours]
{lines}""")


def _name(kind: str) -> str:
    return kind.lower().replace(" ", "_")


def leadlight(events: pd.DataFrame, folder: Path) -> tuple[Candidate, dict[str, Any]]:
    """The product from file to scores, learning from what was known when the log ends."""
    file, now = folder / "events.jsonl", events["ts"].max().to_pydatetime()
    file.write_bytes(b"\n".join(map(orjson.dumps, as_events(events))))
    home = Home.open(folder / "home")
    kept = save_version(home, agreement(), now)
    (done,) = ingest(home, [file], kept, datetime.now(UTC))
    candidate = train(home, kept, now)
    registry = ModelRegistry(kept.agreement.name)
    promote(home, registry, candidate.register()[1], "benchmark", datetime.now(UTC))
    said = [score["status"] for chunk in home_scores(home, now, None) for score in chunk]
    return candidate, done.as_json() | {"leads": len(said), "scored": said.count("scored")}


def largest_difference(labelled: pd.DataFrame, rows: pd.DataFrame) -> float:
    """Between our decayed counts, by way of the ledger and Feast, and those by hand; relative, at least to 1."""
    gaps = []
    for kind in BEHAVIOURS:
        for half_life in HALF_LIVES:
            ours = labelled[f"{_name(kind)}_count_hl{half_life}d"].to_numpy(float)
            by_hand = rows[f"count_hl{half_life}d {kind}"].to_numpy(float)
            by_hand = np.where(by_hand < NOTHING, 0.0, by_hand)
            gaps.append(np.abs(ours - by_hand).max() / max(by_hand.max(), 1.0))
    return float(max(gaps))


def compared(candidate: Candidate, events: pd.DataFrame, resamples: int) -> dict[str, Any]:
    """Each side's figures on the test snapshots, and ours less each peer's with the 95 % interval over cases."""
    labelled, parts = candidate.labelled, candidate.split
    # No activity that ends a case or follows from its end.
    counted = events.loc[events["event"].isin(list(BEHAVIOURS)), ["lead_id", "event", "us"]]
    rows, outcome = by_hand(counted, labelled, HALF_LIVES), labelled["outcome"].to_numpy(float)
    lead = labelled["lead_id"].to_numpy()
    before = parts.train | parts.calibration
    said = {
        "leadlight": candidate.model.probability(labelled[parts.test]),
        "lightgbm_by_hand": lightgbm(rows[parts.train], outcome[parts.train], lead[parts.train], rows[parts.test]),
        # It has no calibrator to hold rows back for, so it may learn from them.
        "lightgbm_by_hand_more_rows": lightgbm(rows[before], outcome[before], lead[before], rows[parts.test]),
    }
    tested = outcome[parts.test]
    weights = list(lead_weights(np.unique(lead[parts.test], return_inverse=True)[1], resamples, seed=7))
    constant = np.full(len(tested), outcome[parts.train].mean())
    figures = {name: _figures(probability, tested) for name, probability in said.items()}
    ours = said.pop("leadlight")
    same = largest_difference(labelled, rows)
    differences = {name: _differences(ours, probability, tested, weights) for name, probability in said.items()}
    return {
        "test": {"rows": len(tested), "cases": len(np.unique(lead[parts.test])), "base_rate": float(tested.mean())},
        "constant": {"log_loss": float(log_loss(tested, constant))},
        "decayed_counts_largest_difference": same,
        "models": figures,
        "ours_less_peer": differences,
        "not_below": {name: not_below(of_peer) for name, of_peer in differences.items()},
    }


def _figures(probability: Floats, outcome: Floats) -> dict[str, float | None]:
    return {
        "log_loss": float(log_loss(outcome, probability)),
        "roc_auc": float(roc_auc_score(outcome, probability)),
        "ece": expected_calibration_error(probability, outcome),
    }


def _differences(ours: Floats, theirs: Floats, outcome: Floats, weights: list[Floats]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, measure in (("log_loss", log_loss), ("roc_auc", roc_auc_score)):
        drawn = [measure(outcome, ours, sample_weight=w) - measure(outcome, theirs, sample_weight=w) for w in weights]
        value = measure(outcome, ours) - measure(outcome, theirs)
        found[name] = {"difference": float(value), "interval": np.quantile(drawn, [0.025, 0.975]).tolist()}
    return found


def not_below(difference: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether neither measure is worse than the peer's beyond chance: a lower log loss is better, a higher AUC."""
    return bool(difference["log_loss"]["interval"][0] <= 0 <= difference["roc_auc"]["interval"][1])


def tables(figures: Mapping[str, Any]) -> list[Table | str]:
    """The figures for people."""
    test, rows = figures["test"], figures["rows"]
    head = (
        f"{figures['events']:,} events of {figures['cases']:,} cases; {figures['split']}\n"
        f"snapshots: {rows['train']:,} train, {rows['calibration']:,} calibration, {rows['test']:,} test; the test's "
        f"{test['cases']:,} cases: {100 * test['base_rate']:.2f} % accept within {HORIZON_DAYS} days\n"
        f"decayed counts by hand and by the ledger differ by at most {figures['decayed_counts_largest_difference']:.1g}"
    )
    models = Table("model", "log loss", "AUC", "ECE")
    models.add_row("average rate", f"{figures['constant']['log_loss']:.4f}", "0.5", "")
    for name, row in figures["models"].items():
        models.add_row(name.replace("_", " "), f"{row['log_loss']:.4f}", f"{row['roc_auc']:.4f}", f"{row['ece']:.4f}")
    against = Table("ours less ...", "log loss", "AUC", "not below")
    for name, row in figures["ours_less_peer"].items():
        not_below = "yes" if figures["not_below"][name] else "no"
        against.add_row(
            name.replace("_", " "), _interval_text(row["log_loss"]), _interval_text(row["roc_auc"]), not_below
        )
    return [head, models, against]


def _interval_text(difference: Mapping[str, Any]) -> str:
    low, high = difference["interval"]
    return f"{difference['difference']:+.4f} [{low:+.4f}, {high:+.4f}]"


if __name__ == "__main__":
    main()
