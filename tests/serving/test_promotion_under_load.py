"""Promotion and rollback while scores are asked for: no answer fails, and each recomputes from the model it names.

PROMOTION_LOAD_S=60 is the long form; with `pytest -s` it prints how many answers there were.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from handmade_events import LATER, SMALL, at, market, us
from service_process import served, surroundings

from features.agreement.versions import save_version
from features.home.clock import microseconds
from features.home.database import engine
from features.home.deployments import deployments, model_folder
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.snapshots.point_in_time import LeadStates, feature_columns, feature_group, snapshot_features
from features.store.materialize import materialized
from features.store.offline import states_at
from training.model.calibrator import Calibrator
from training.model.columns import ModelColumn
from training.model.linear import LinearModel, Term
from training.model.model import Model
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote, rollback

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("PROMOTION_LOAD_S", "5"))
PER_SECOND, CONNECTIONS = 200, 8
TOLD = market(40, days=150)
LEADS = sorted({said["userId"] for said in TOLD})
COLUMNS = ("pricing_page_count_hl7d", "days_since_pricing_page", "employees")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.chdir(tmp_path)  # where mlruns/ will be, and where the service is started
    home = Home(tmp_path / "home", Settings())
    list(Ledger.open(home).append(TOLD, source="web", received_at=at(151)))
    save_version(home, SMALL, at(151))
    yield home
    engine(home.database_url).dispose()


def models(home: Home) -> list[Model]:
    """Three that differ in every part: a line, trees, and both with another calibrator."""
    asked = pd.DataFrame({"lead_id": LEADS, "snapshot_us": us(152)})
    known = snapshot_features(materialized(home, SMALL).repository, SMALL, asked)
    columns = tuple(ModelColumn(name, *feature_group(name, SMALL)) for name in COLUMNS)
    line = LinearModel(-1.5, tuple(Term(i, "log", weight=w, high=1e6) for i, w in enumerate((0.7, -0.1, 0.2))))
    drawn = lightgbm.Dataset(known[list(COLUMNS)].to_numpy(), np.arange(len(LEADS)) % 3 == 0)
    options = {"objective": "binary", "min_data_in_leaf": 3, "num_leaves": 4, "verbose": -1, "num_threads": 1}
    trees = lightgbm.train(options, drawn, 5).model_to_string()
    facts = {"basis": "few", "base_rate": 0.3, "open_probabilities": [], "arrivals_per_week": 1.0, "horizon_days": 30}
    first = Model(columns, "", line, 0.0, Calibrator(1.0, 0.1), facts, SMALL.text)
    return [
        first,
        replace(first, trees=trees, linear=None, blend=1.0),
        replace(first, trees=trees, blend=0.5, calibrator=Calibrator(0.8, -0.7)),
    ]


@dataclass
class Asking:
    """Scores asked for at a pace, and every answer: its status and its body."""

    port: int
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    is_over: bool = False

    def run(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        await asyncio.gather(*(self._one(place) for place in range(CONNECTIONS)))

    async def _one(self, place: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        leads, next_at = cycle(LEADS[place:] + LEADS[:place]), time.monotonic()
        while not self.is_over:
            writer.write(request([next(leads)]))
            self.answers.append(await answer(reader))
            next_at = max(next_at + CONNECTIONS / PER_SECOND, time.monotonic() - 1)
            await asyncio.sleep(max(next_at - time.monotonic(), 0))
        writer.close()


def request(leads: list[str]) -> bytes:
    body = json.dumps({"leads": [{"lead_id": lead} for lead in leads]}).encode()
    head = (
        f"POST /v1/scores HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    )
    return f"{head}\r\n\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    named = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return int(head[9:12]), await reader.readexactly(int(named[b"content-length"]))


def recomputed(home: Home, scores: list[dict[str, Any]]) -> list[float]:
    """What each answer must say: by the files of the model it names, from what is known of its lead offline."""
    repository = materialized(home, SMALL).repository
    table = states_at(repository, pd.DataFrame({"lead_id": LEADS, "snapshot_us": us(152)}))
    table = table.take([LEADS.index(score["lead_id"]) for score in scores])
    as_of_us = np.array([microseconds(datetime.fromisoformat(score["as_of"])) for score in scores])
    known = pd.DataFrame(feature_columns(LeadStates.of(table, SMALL), as_of_us, SMALL))
    named = np.array([score["model"]["digest"] for score in scores])
    found = np.empty(len(scores))
    for digest in {row.digest for row in deployments(home)}:
        rows = named == digest
        found[rows] = Model.read(model_folder(home, digest), digest).probability(known[rows])
    return list(found)


def test_no_answer_fails_while_models_are_promoted_and_taken_back_and_each_is_that_of_the_model_it_names(
    home: Home,
) -> None:
    registry = ModelRegistry(SMALL.name)
    versions = [registry.register(model, {}, {}, {}, {})[1] for model in models(home)]
    promote(home, registry, versions[0], "a test", LATER)
    with served(home) as service, ThreadPoolExecutor() as pool:
        asking = Asking(service.port)
        asked = pool.submit(asking.run)
        try:
            for _ in range(max(int(SECONDS // 5), 1)):
                for version in versions[1:]:
                    promote(home, registry, version, "a test", LATER)
                    until_named(asking, version)
                rollback(home, registry, LATER)
                until_named(asking, versions[1])
                by_command(home)
                until_named(asking, versions[0])
        finally:
            asking.is_over = True
            asked.result()
    assert {status for status, _ in asking.answers} == {200}
    scores = [json.loads(body)["data"][0] for _, body in asking.answers]
    apart = [abs(score["probability"] - right) for score, right in zip(scores, recomputed(home, scores), strict=True)]
    assert max(apart) <= 1e-9
    told = Counter(score["model"]["version"] for score in scores)
    assert set(told) == set(versions)
    print(f"\n{len(scores):,} answers, none failed, by version: {dict(told)}; furthest from its model {max(apart):.1e}")


def until_named(asking: Asking, version: str) -> None:
    """Wait until an answer names a version, and a little longer."""
    ends, seen = time.monotonic() + 60, len(asking.answers)
    while time.monotonic() < ends:
        time.sleep(0.05)
        newest = asking.answers[max(seen, len(asking.answers) - CONNECTIONS) :]
        if any(json.loads(body)["data"][0]["model"]["version"] == version for status, body in newest if status == 200):
            time.sleep(0.2)
            return
    pytest.fail(f"no answer named version {version}: {Counter(status for status, _ in asking.answers)}")


def by_command(home: Home) -> None:
    env = surroundings(home.path.parent, home.path)
    done = subprocess.run(["leadlight", "rollback", "--json"], env=env, cwd=home.path.parent, capture_output=True)
    assert done.returncode == 0, done.stderr
