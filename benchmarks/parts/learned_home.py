"""A home that learned from a live market's past: ingested, trained, promoted, signed by both sides and live."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import tomlkit

from benchmarks.parts.live_market import LiveMarket
from benchmarks.parts.sales_floor import PER_DAY, REPS
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from serving.intake.file_import import ingest
from training.admission import PromotionRequest, promote_if_gates_hold
from training.pipeline import train
from training.registry.mlflow_registry import ModelRegistry
from training.simulation.envelope import SCHEMA


def learned_home(folder: Path, market: LiveMarket, holiday: date, seed: int) -> Home:
    """The home as it stands at the beginning of the quarter. Raises GateDoesNotHold where the model is not served."""
    began = market.begins_at
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    home = Home(folder / "home", Settings()).created()
    kept = save_version(home, Agreement.parse(_agreed(holiday)), began)
    table = pa.Table.from_pandas(market.before, schema=SCHEMA, preserve_index=False)
    pq.write_table(table, folder / "before.parquet", coerce_timestamps="us")
    ingest(home, [folder / "before.parquet"], kept, began)
    _, version = train(home, kept, began, seed).register()
    promote_if_gates_hold(
        home, ModelRegistry(kept.agreement.name), PromotionRequest(version, "the quarter begins"), began
    )
    save_version(home, Agreement.parse(_signed(home, began)), began)
    return home


def _agreed(holiday: date) -> str:
    """The default agreement with twelve reps, office hours and a holiday."""
    text = tomlkit.parse(Agreement.default().text)
    text["handover"]["live"] = True
    people = text["people"]
    people["owner"], people["escalate_to"] = "round_robin", ["lead@ourcompany.example"]
    people["office_hours"] = {"days": "Mon-Fri", "from": "09:00", "to": "18:00", "holidays": [holiday.isoformat()]}
    people["reps"] = dict.fromkeys(REPS, PER_DAY)
    return tomlkit.dumps(text)


def _signed(home: Home, at: datetime) -> str:
    """The agreement in force with the signatures of both sides."""
    from features.agreement.versions import current_version

    agreement = current_version(home).agreement
    text = tomlkit.parse(agreement.text)
    text["agreed_by"] = [
        {"by": by, "side": side, "at": at, "digest": agreement.signed_digest}
        for by, side in (("Mia", "marketing"), ("Sam", "sales"))
    ]
    return tomlkit.dumps(text)
