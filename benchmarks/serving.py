"""One lead's score over HTTP, features and reasons included, beside `mlflow models serve` with the same trees.

    python benchmarks/serving.py --out serving.json [--leads 20000] [--seconds 10] [--short]

Ours: GET /v1/leads/{id}/score of `leadlight serve`: the lead's states through Feast's online store, features as of
now, probability, the decision, the three strongest reasons. MLflow's: bare predict of the same LightGBM trees on a row
of features that the caller brings, logged and asked in three ways:

    mlflow                    with a signature, one row as dataframe_split: how MLflow's guides log and ask
    mlflow_without_signature  the same request, nothing checked
    mlflow_bare_matrix        a nested list without column names, nothing checked

Each server has one core to itself and one process that serves; the client has the other core. One side at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lightgbm
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.parts.servers import free_port, leadlight, load, request, served
from benchmarks.parts.surroundings import forget_settings
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home
from serving.intake.file_import import ingest
from training.candidate import Candidate
from training.pipeline import train
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote
from training.simulation.interest import MarketShift
from training.simulation.simulation import simulate

ROWS = 500  # different leads and rows, asked in turn
BRISK = MarketShift(5.0, 600)  # a market of many conversions: with fewer there are no trees to compare
PEERS = ("mlflow", "mlflow_without_signature", "mlflow_bare_matrix")


def main() -> None:
    asked = _arguments()
    forget_settings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        candidate, lead_ids = market(folder, asked.leads)
        measured = {"leadlight": ours(folder, lead_ids, asked)}
        measured |= {peer: mlflow(folder, peer, candidate, asked) for peer in PEERS}
    figures = {
        "leads": asked.leads,
        "trees": candidate.served.trees.count("\nTree="),
        "share_of_trees": candidate.served.blend,
        "columns": len(candidate.served.columns),
        "seconds": asked.seconds,
        "sides": measured,
    }
    figures |= {f"requests_per_second_x_of_{peer}": _ratios(measured, peer) for peer in PEERS}
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each side and number of connections")
    parser.add_argument("--connections", type=int, nargs="+", default=(1, 8, 32))
    parser.add_argument("--short", action="store_true", help="3,000 leads, 2 seconds, 1 and 8 connections")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.seconds, asked.connections = 3_000, 2.0, (1, 8)
    return asked


def market(folder: Path, leads: int) -> tuple[Candidate, list[str]]:
    """A simulated home with a promoted model, in `folder`/home; and the ids of some leads that are open."""
    now = datetime.now(UTC)
    made = simulate(leads, 7, now, BRISK)
    made.write(folder / "market")
    home = Home.open(folder / "home")
    kept = save_version(home, Agreement.default(), now)
    ingest(home, [folder / "market" / "events.parquet"], kept, now)
    candidate = train(home, kept, now)
    promote(home, ModelRegistry(kept.agreement.name), candidate.register()[1], "benchmark", now)
    open_now = made.truth[made.truth["is_end"]]["lead_id"].drop_duplicates()
    return candidate, list(open_now.sample(min(ROWS, len(open_now)), random_state=7))


def ours(folder: Path, lead_ids: Sequence[str], asked: Any) -> dict[str, Any]:
    """Scores of different leads by id."""
    port = free_port()
    environment = {"LEADLIGHT_HOME": str(folder / "home")}
    requests = [request("GET", f"/v1/leads/{lead_id}/score") for lead_id in lead_ids]
    with served(leadlight(port), "/readyz", port, environment, folder / "leadlight.log") as address:
        return _loaded(address, requests, asked)


def mlflow(folder: Path, peer: str, candidate: Candidate, asked: Any) -> dict[str, Any]:
    """Bare predictions of different rows."""
    port, model = free_port(), folder / peer
    rows = candidate.served.matrix(candidate.labelled[candidate.split.test][:ROWS])
    named = pd.DataFrame(np.nan_to_num(rows), columns=[column.name for column in candidate.served.columns])
    _log(model, candidate.served.trees, named if peer == "mlflow" else None)
    bodies = [_body(named.iloc[[place]], peer) for place in range(len(named))]
    requests = [request("POST", "/invocations", body, Content_Type="application/json") for body in bodies]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
    command += ["--port", str(port), "--workers", "1"]
    with served(command, "/ping", port, {"MLFLOW_DISABLE_TELEMETRY": "true"}, folder / f"{peer}.log") as address:
        return _loaded(address, requests, asked)


def _log(model: Path, trees: str, signed: pd.DataFrame | None) -> None:
    import mlflow.lightgbm
    from mlflow.models import infer_signature

    booster = lightgbm.Booster(model_str=trees)
    signature = None if signed is None else infer_signature(signed, booster.predict(signed.to_numpy()))
    mlflow.lightgbm.save_model(booster, str(model), signature=signature, pip_requirements=["lightgbm"])


def _body(row: pd.DataFrame, peer: str) -> bytes:
    values = row.to_numpy().tolist()
    said: dict[str, Any] = {"inputs": values}
    if peer != "mlflow_bare_matrix":
        said = {"dataframe_split": {"columns": list(row.columns), "data": values}}
    return json.dumps(said).encode()


def _loaded(address: str, requests: Sequence[bytes], asked: Any) -> dict[str, Any]:
    measured = {str(many): load(address, requests, many, asked.seconds) for many in asked.connections}
    assert all(set(one["statuses"]) == {"200"} for one in measured.values()), measured
    return measured


def _ratios(measured: dict[str, Any], peer: str) -> dict[str, float]:
    name = "requests_per_second"
    return {many: ours[name] / measured[peer][many][name] for many, ours in measured["leadlight"].items()}


def _print(figures: dict[str, Any]) -> None:
    table = Table("connections", "side", "requests/s", "p50 ms", "p99 ms", "ours is x of it")
    for many in figures["sides"]["leadlight"]:
        for side, measured in figures["sides"].items():
            one = measured[many]
            ratio = figures.get(f"requests_per_second_x_of_{side}", {}).get(many)
            cells = [f"{one['requests_per_second']:,.0f}", f"{one['p50_ms']:.2f}", f"{one['p99_ms']:.2f}"]
            table.add_row(many, side.replace("_", " "), *cells, f"{ratio:.1f}" if ratio else "")
    model = (
        f"{figures['trees']} trees (their share in ours: {figures['share_of_trees']:g}), {figures['columns']} columns"
    )
    Console().print(f"{figures['leads']:,} leads; {model}", table, sep="\n")


if __name__ == "__main__":
    main()
