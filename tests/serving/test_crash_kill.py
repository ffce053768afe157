"""The service is killed in the middle of intake, again and again, and no acknowledged event is lost or doubled.

CRASH_ROUNDS=100 is the full form; with `pytest -s` it prints what the rounds were made of.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO

import pytest
from decided_homes import DAY, FIT, MONDAY, DecidedHome, lead, live_agreement
from intake_checks import (
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
from recording_proxy import Wire, acknowledged, listening_in
from repository import ROOT
from service_process import Served, serve, served
from sqlalchemy import select
from throwaway_servers import free_port
from vendor_clients import SEGMENT_PYTHON, Call

from features.home import tables
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.decision_marks import count_due
from features.ledger.ledger import Ledger
from serving.rounds.sweep import sweep

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
KILLED_AFTER_S = (0.05, 0.8)  # of intake, which is some dozens of requests
SWEPT_S = (0.1, 1.5)  # of a sweep, which is some transactions
LEADS, CATCH_UP = 2_000, 3
SWEEP = "from datetime import datetime; from features.home.settings import Home; from serving.rounds.sweep import sweep"
FEEDS = "abc"  # three at once, so that events of several requests are in one transaction
# Small batches, so that a kill has many moments to hit; a short queue, so that little is left to send at the end; and
# no end of retries, for here the service is down most of the time.
BUSY = {"upload_size": 10, "upload_interval": 0.05, "max_queue_size": 100, "max_retries": 1_000}


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = agreed(Home(tmp_path / "home", Settings(database_url=url)))
    yield made
    engine(made.database_url).dispose()


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
            until(lambda: is_published(home) and is_decided(home))
        finally:
            service.kill()
        assert_everything_is_there_once(home, wire, fed)
        assert_each_lead_is_decided_once(home)
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


def test_a_kill_of_the_sweep_leaves_no_lead_undecided_and_hands_none_over_twice(tmp_path: Path) -> None:
    made = DecidedHome.of(tmp_path / "home", live_agreement())
    made.read([lead(f"u{n}", **FIT) for n in range(LEADS)], MONDAY - 30 * DAY)
    drawn = random.Random(7)
    for _ in range(ROUNDS):
        kill_a_sweep(made.home, drawn.uniform(*SWEPT_S))
        assert_each_lead_is_decided_once(made.home)
    sweep(made.home, made.now)
    assert is_decided(made.home)
    assert len(made.decisions()) == LEADS
    assert_each_lead_is_decided_once(made.home)
    assert len(made.handovers()) <= CATCH_UP
    engine(made.home.database_url).dispose()


def kill_a_sweep(home: Home, after_s: float) -> None:
    """kill -9 at a random moment after a sweep began its work."""
    call = f"sweep(Home.open({str(home.path)!r}), datetime.fromisoformat({MONDAY.isoformat()!r}))"
    code = f"{SWEEP}; print('begun', flush=True); {call}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as sweeping:
        assert sweeping.stdout is not None
        sweeping.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            sweeping.wait(after_s)
        sweeping.kill()


def is_decided(home: Home) -> bool:
    with reading(home) as connection:
        return count_due(connection) == 0


def assert_each_lead_is_decided_once(home: Home) -> None:
    """Each decision has its cause, each lead its newest decision, and none has two handovers that are open."""
    with reading(home) as connection:
        events = {str(event) for event in connection.scalars(select(tables.events.c.event_id))}
        decided = connection.execute(select(tables.decisions)).all()
        newest = connection.execute(select(tables.lead_decisions)).all()
        open_ones = connection.scalars(select(tables.handovers.c.lead_id).where(tables.IS_OPEN)).all()
        decision_ids = set(connection.scalars(select(tables.handovers.c.decision_id)))
    assert all(row.cause_ref in events for row in decided if row.cause_kind in ("event", "import", "feedback"))
    assert {row.decision_id for row in newest} | decision_ids <= {row.decision_id for row in decided}
    assert len(open_ones) == len(set(open_ones))


def kill_in_the_middle(service: Served, wire: Wire, since: int, drawn: random.Random) -> int:
    """kill -9 at a random moment after something was acknowledged; since and returned: connections before a kill."""
    until(lambda: bool(acknowledged(wire.exchanges(since))))
    time.sleep(drawn.uniform(*KILLED_AFTER_S))
    before = len(wire.connections)
    service.kill()
    return before


def assert_everything_is_there_once(home: Home, wire: Wire, fed: list[Fed]) -> None:
    told = [call for one in fed for call in one.calls]
    assert [one.said for one in fed] == [{"sent": len(one.calls), "failed": 0} for one in fed]
    assert len(acknowledged(wire.exchanges())) == len(told)  # a client ends when all is acknowledged, each event once
    assert_acknowledged_is_there_once(home, wire)
    assert ledger_ids(home).total() == len(told)
    assert kept_visits(home) == said_visits(told)


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
