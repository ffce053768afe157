"""The service is killed in the middle of intake, again and again, and no acknowledged event is lost or doubled.

CRASH_ROUNDS=100 is the full form; with `pytest -s` it prints what the rounds were made of.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, count, islice
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import httpx
import pytest
from handmade_events import SMALL, at
from online_store_checks import shows_the_ledger
from recording_proxy import Wire, acknowledged, listening_in
from service_process import Served, serve, served, surroundings
from sqlalchemy import func, select
from throwaway_servers import free_port
from vendor_clients import CLIENTS, SEGMENT_PYTHON, Call, facts

from features.agreement.versions import save_version
from features.home import tables
from features.home.database import engine, reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.http.keys import Keys

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
KILLED_AFTER_S = (0.05, 0.8)  # of intake, which is some dozens of requests
PATIENCE_S = 120
FEEDS = "abc"  # three at once, so that events of several requests are in one transaction
EACH = 40  # events of one lead
# Small batches, so that a kill has many moments to hit; a short queue, so that little is left to send at the end; and
# no end of retries, for here the service is down most of the time.
BUSY = {"upload_size": 10, "upload_interval": 0.05, "max_queue_size": 100, "max_retries": 1_000}


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = Home(tmp_path / "home", Settings(database_url=url)).created()
    save_version(made, SMALL, at(0))
    yield made
    engine(made.database_url).dispose()


def write_key(home: Home) -> str:
    return Keys(home).create(["events:write"], at(0)).key


def ledger_ids(home: Home) -> Counter[str]:
    """How often each messageId is in the ledger, from whatever source."""
    with reading(home) as connection:
        return Counter(connection.scalars(select(tables.events.c.message_id)))


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, f"not so within {PATIENCE_S} s"
        time.sleep(0.02)


def is_published(home: Home) -> bool:
    with reading(home) as connection:
        return connection.scalar(select(func.count()).select_from(tables.online_pending)) == 0


# kill -9


@dataclass
class Fed:
    """A client that is fed with calls, and the calls it took; what it says once the block has ended."""

    calls: list[Call] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)


@contextmanager
def feeding(url: str, key: str, told: Iterator[Call]) -> Iterator[Fed]:
    """A client that gets calls as fast as it takes them, and at the end of the block delivers what it still has."""
    is_over = Event()

    def feed(stdin: IO[str], calls: list[Call]) -> None:
        with suppress(OSError, ValueError):  # the client was killed, because something else failed
            while not is_over.is_set():
                calls.append(next(told))
                stdin.write(json.dumps(calls[-1]) + "\n")

    with SEGMENT_PYTHON.delivering(url, key, **BUSY) as (stdin, said):
        fed = Fed(said=said)
        thread = Thread(target=feed, args=(stdin, fed.calls), daemon=True)
        thread.start()
        yield fed
        is_over.set()
        thread.join()


def visits(name: str, drawn: random.Random) -> Iterator[Call]:
    """Calls without end: page views of leads and of visitors who are identified later, most of them of new leads."""
    for n in count():
        lead = n // EACH if n % 10 else drawn.randrange(n // EACH + 1)
        user, visitor, visit = f"{name}-{lead}", {"anonymousId": f"visitor-{name}-{lead}"}, {"visit": f"{name} {n}"}
        if n % 10 in (1, 2):
            yield {"call": "page", **visitor, "properties": {"path": "/pricing"} | visit}
        elif n % 10 == 3:
            yield {"call": "identify", "userId": user, **visitor, "traits": {"industry": "software"} | visit}
        elif n % 20 == 4:
            yield {"call": "group", "userId": user, "groupId": f"account-{name}-{lead // 3}", "traits": visit}
        else:
            yield {"call": "page", "userId": user, "properties": {"path": "/pricing"} | visit}


def test_a_kill_loses_and_doubles_nothing_that_was_acknowledged(home: Home) -> None:
    port, key, drawn = free_port(), write_key(home), random.Random(7)
    with listening_in(port) as wire:
        service = serve(home, port)
        try:
            with ExitStack() as clients:
                fed = [clients.enter_context(feeding(wire.url, key, visits(name, drawn))) for name in FEEDS]
                since = 0
                for _ in range(ROUNDS):
                    since = kill_in_the_middle(service, wire, since, drawn)
                    assert_acknowledged_is_there_once(home, wire)
                    service = serve(home, port)
            until(lambda: is_published(home))
        finally:
            service.kill()
        assert_everything_is_there_once(home, wire, fed)
        print(summary(wire))
    assert shows_the_ledger(home)


def test_what_a_dead_process_accepted_is_shown_by_the_next(home: Home) -> None:
    """Without any new event that would remind it."""
    left = [
        {"type": "page", "userId": "ann", "properties": {"path": "/pricing"}, "messageId": f"m{n}"} for n in range(3)
    ]
    Ledger.open(home).record(left, source="web", received_at=datetime.now(UTC))
    assert not is_published(home)
    with served(home):
        until(lambda: is_published(home))
    assert shows_the_ledger(home)


def kill_in_the_middle(service: Served, wire: Wire, since: int, drawn: random.Random) -> int:
    """kill -9 at a random moment after something was acknowledged; since and returned: connections before a kill."""
    until(lambda: bool(acknowledged(wire.exchanges(since))))
    time.sleep(drawn.uniform(*KILLED_AFTER_S))
    before = len(wire.connections)
    service.kill()
    return before


def assert_acknowledged_is_there_once(home: Home, wire: Wire) -> None:
    there = ledger_ids(home)
    assert {there[message_id] for message_id in acknowledged(wire.exchanges())} == {1}
    assert max(there.values()) == 1  # so nothing unacknowledged is there twice either


def assert_everything_is_there_once(home: Home, wire: Wire, fed: list[Fed]) -> None:
    told = [call for one in fed for call in one.calls]
    assert [one.said for one in fed] == [{"sent": len(one.calls), "failed": 0} for one in fed]
    assert len(acknowledged(wire.exchanges())) == len(told)  # a client ends when all is acknowledged, each event once
    assert_acknowledged_is_there_once(home, wire)
    assert ledger_ids(home).total() == len(told)
    assert kept_visits(home) == said_visits(told)


def said_visits(told: Iterable[Call]) -> Counter[str]:
    return Counter(facts(call)["visit"] for call in told)


def kept_visits(home: Home) -> Counter[str]:
    with reading(home) as connection:
        return said_visits(json.loads(body) for body in connection.scalars(select(tables.events.c.body)))


def summary(wire: Wire) -> str:
    """What the rounds were made of, to see that the kills hit something."""
    exchanges = wire.exchanges()
    lost = [exchange for exchange in exchanges if exchange.status is None]
    resent = [int(exchange.headers["x-retry-count"]) for exchange in exchanges if "x-retry-count" in exchange.headers]
    # Committed, but killed before the answer: the resend found them there.
    doubles = sum(json.loads(exchange.answer)["duplicates"] for exchange in exchanges if exchange.status == 200)
    events = len(acknowledged(exchanges))
    return (
        f"{ROUNDS} kills, {len(exchanges):,} requests, {events:,} events acknowledged, {len(lost)} requests unanswered,"
        f" {len(resent)} resends (up to {max(resent, default=0)} of a batch),"
        f" {doubles} events committed before an answer that never came"
    )


# A ledger that cannot be written


def test_a_ledger_that_cannot_be_written_costs_time_and_no_events(tmp_path: Path) -> None:
    """For longer than a request may wait: every client hears 503 and comes again with what it has."""
    home = Home(tmp_path / "home", Settings()).created()
    save_version(home, SMALL, at(0))
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


# Many writers


def test_a_hundred_copies_at_once_are_one_event_and_a_hundred_answers(home: Home) -> None:
    event = {"messageId": "copied", "userId": "ann", "event": "Webinar Attended", "properties": {"minutes": 30}}
    with served(home, workers=2) as service:
        answers = asyncio.run(posted(f"{service.url}/v1/track", write_key(home), [event] * 100))
    assert [answered.status_code for answered in answers] == [200] * 100
    assert ledger_ids(home)["copied"] == 1
    counts = Counter((answered.json()["accepted"], answered.json()["duplicates"]) for answered in answers)
    assert counts == {(1, 0): 1, (0, 1): 99}


def test_workers_and_a_command_write_beside_each_other_and_lose_nothing(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text("".join(json.dumps(view) + "\n" for view in views("file", 3_000, "2026-11-01T00:00:00Z")))
    batches = [{"batch": views(f"batch-{n}", 20, None)} for n in range(60)]
    env = surroundings(tmp_path, home.path) | {"LEADLIGHT_DATABASE_URL": home.database_url}
    with served(home, workers=2) as service:
        beside = subprocess.Popen(["leadlight", "ingest", str(file)], env=env, cwd=tmp_path)
        answers = asyncio.run(posted(f"{service.url}/v1/batch", write_key(home), batches))
        assert beside.wait(PATIENCE_S) == 0
        until(lambda: is_published(home))
    assert {answered.status_code for answered in answers} == {200}
    there = ledger_ids(home)
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
