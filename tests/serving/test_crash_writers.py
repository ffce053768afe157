"""Many write at once, and none can write for a while: each event is kept once, and all are answered in the end."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import throwaway_servers
from intake_checks import (
    PATIENCE_S,
    agreed,
    assert_acknowledged_is_there_once,
    is_published,
    kept_visits,
    ledger_ids,
    said_visits,
    until,
    visits,
    write_key,
)
from online_store_checks import shows_the_ledger
from recording_proxy import listening_in
from service_process import Served, served, surroundings
from vendor_clients import CLIENTS

from features.home.database import engine, writing
from features.home.settings import Home, Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for all tests of many writers; each counts events with ids of its own."""
    with ExitStack() as databases:
        url = None
        if request.param == "postgresql":
            url = databases.enter_context(throwaway_servers.database(request.getfixturevalue("postgres_server")))
        made = agreed(Home(tmp_path_factory.mktemp("writers") / "home", Settings(database_url=url)))
        yield made
        engine(made.database_url).dispose()


@pytest.fixture(scope="module")
def key(home: Home) -> str:
    """One for all of them: a service that has just looked for keys does not look again at once."""
    return write_key(home)


@pytest.fixture(scope="module")
def service(home: Home, key: str) -> Iterator[Served]:
    with served(home, workers=2) as service:
        yield service


def test_a_hundred_copies_at_once_are_one_event_and_a_hundred_answers(home: Home, service: Served, key: str) -> None:
    event = {"messageId": "copied", "userId": "ann", "event": "Webinar Attended", "properties": {"minutes": 30}}
    answers = asyncio.run(posted(f"{service.url}/v1/track", key, [event] * 100))
    assert [answered.status_code for answered in answers] == [200] * 100
    assert ledger_ids(home)["copied"] == 1
    counts = Counter((answered.json()["accepted"], answered.json()["duplicates"]) for answered in answers)
    assert counts == {(1, 0): 1, (0, 1): 99}


def test_workers_and_a_command_write_beside_each_other_and_lose_nothing(
    home: Home, service: Served, key: str, tmp_path: Path
) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text("".join(json.dumps(view) + "\n" for view in views("file", 3_000, "2026-11-01T00:00:00Z")))
    batches = [{"batch": views(f"batch-{n}", 20, None)} for n in range(60)]
    env = surroundings(tmp_path, home.path) | {"LEADLIGHT_DATABASE_URL": home.database_url}
    beside = subprocess.Popen(["leadlight", "ingest", str(file)], env=env, cwd=tmp_path)
    answers = asyncio.run(posted(f"{service.url}/v1/batch", key, batches))
    assert beside.wait(PATIENCE_S) == 0
    until(lambda: is_published(home))
    assert {answered.status_code for answered in answers} == {200}
    there = Counter({name: n for name, n in ledger_ids(home).items() if name.startswith(("file-", "batch-"))})
    assert there.total() == 3_000 + 60 * 20
    assert max(there.values()) == 1
    assert shows_the_ledger(home)


def views(name: str, n: int, timestamp: str | None) -> list[dict[str, Any]]:
    """So many page views of some leads whom others tell of too."""
    said = {"type": "page", "properties": {"path": "/pricing"}, "timestamp": timestamp}
    return [said | {"messageId": f"{name}-{place}", "userId": f"shared-{place % 25}"} for place in range(n)]


async def posted(url: str, key: str, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """All of them at once, each on a connection of its own."""
    limits = httpx.Limits(max_connections=len(bodies))
    async with httpx.AsyncClient(auth=(key, ""), limits=limits, timeout=PATIENCE_S) as client:
        return await asyncio.gather(*(client.post(url, json=body) for body in bodies))


def test_a_ledger_that_cannot_be_written_costs_time_and_no_events(tmp_path: Path) -> None:
    """For longer than a request may wait: every client hears 503 and comes again with what it has."""
    home = agreed(Home(tmp_path / "home", Settings()))
    key, told = write_key(home), {client: list(islice(visits(client.name, random.Random(7)), 30)) for client in CLIENTS}
    with served(home) as service, ThreadPoolExecutor() as beside, listening_in(service.port) as wire:
        with writing(home):  # SQLite has one writer at a time, and this is it
            said = [beside.submit(client.deliver, wire.url, key, calls) for client, calls in told.items()]
            until(lambda: len({sent.headers["user-agent"] for sent in wire.exchanges() if sent.status == 503}) == 4)
        assert [one.result() for one in said] == [{"sent": 30, "failed": 0}] * 4
        assert_acknowledged_is_there_once(home, wire)
        until(lambda: is_published(home))
    assert kept_visits(home) == said_visits(chain.from_iterable(told.values()))
    assert shows_the_ledger(home)
