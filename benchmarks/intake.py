"""Events per second that are in the ledger for good, in batches of 100, beside bare inserts of the same rows.

    python benchmarks/intake.py --out intake.json [--events 50000] [--short]

    bare_inserts       the rows as they will lie there, by the driver's executemany and a commit for each batch
    ledger             `Ledger.record`: events checked and read, recorded, and what they tie noted; a commit a batch
    ledger_and_states  the same, and after each batch the new states of its leads in Feast's online store
    http_1, http_8     POST /v1/batch to `leadlight serve` over 1 and over 8 connections, until all states are fresh

Then what deciding adds, by batches of 1 and of 100, over 1 and over 8 connections to one process: each batch is in the
ledger, its leads' states are in the online store, and with decisions their decisions can be read when the clock stops.
A model of at least 300 trees answers. Both sides take the same batches in turn, each in a home of its own.

Each has an empty database with the same tables, indices and pragmas; commits are synced to disk. On SQLite, and on
PostgreSQL where one is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, make_url, text

from benchmarks.parts.many_trees import answer_by_many_trees
from benchmarks.parts.servers import free_port, leadlight, load, request, served
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.visitors import VisitorEvent, sent_event, visitors
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.events.validation import Source, validate
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.decision_marks import count_due
from features.ledger.ledger import Ledger
from features.ledger.outbox import is_anything_pending
from features.store.materialize import materialized
from features.store.publisher import Publisher
from serving.intake.group_commit import EventQueue
from serving.rounds.decider import HomeDecider
from serving.scoring.scorer import Scorer
from tests import throwaway_servers

BATCH, CONNECTIONS, PATIENCE_S = 100, (1, 8), 60

Batches = Sequence[Sequence[VisitorEvent]]
Side = Callable[[Home, Batches], float]  # the seconds that it took


def main() -> None:
    asked = _arguments()
    forget_settings()
    told = list(visitors(asked.events))
    batches = [told[start : start + BATCH] for start in range(0, len(told), BATCH)]
    with tempfile.TemporaryDirectory() as folder, _databases(asked.only) as databases:
        measured = {name: _measured(Path(folder) / name, url, batches) for name, url in databases.items()}
        decided = {name: decisions(Path(folder) / f"{name} decisions", url, asked) for name, url in databases.items()}
    figures = {"events": asked.events, "batch": BATCH, "databases": measured, "decisions": decided}
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one database; default: each that there is")
    parser.add_argument("--short", action="store_true", help="5,000 events, 24 batches decided")
    parser.add_argument("--decided", type=int, default=1_000, help="batches, for what deciding adds")
    asked = parser.parse_args()
    asked.events = 5_000 if asked.short else asked.events
    asked.decided = 24 if asked.short else asked.decided
    return asked


def _measured(folder: Path, url: str | None, batches: Batches) -> dict[str, Any]:
    rates: dict[str, float] = {}
    for side, run in SIDES.items():
        home, events = _home(folder / side, url and _empty_database(url, side)), sum(map(len, batches))
        try:
            rates[side] = events / run(home, batches)
            assert Ledger(home).count() == events, f"{side} lost or doubled some of {events:,} events"
            assert side not in FRESH or not is_anything_pending(home), f"{side} left leads without their newest state"
        finally:
            engine(home.database_url).dispose()  # a server with open connections does not end
    compared = {f"{side}_x_of_bare_inserts": rate / rates["bare_inserts"] for side, rate in rates.items()}
    return {"events_per_second": rates, **compared}


def _home(folder: Path, url: str | None) -> Home:
    """An empty home with the default agreement, ready to publish states."""
    home = Home(folder, Settings(database_url=url)).created()
    Ledger.open(home)
    materialized(home, save_version(home, Agreement.default(), datetime.now(UTC)).agreement)
    return home


@dataclass(frozen=True)
class Intake:
    """The way in of one home: its event queue, as one serving process has it, with decisions or without."""

    home: Home
    queue: EventQueue

    @classmethod
    def of(cls, home: Home, decides: bool) -> Intake:
        """The queue of a home that a model answers in."""
        scorer = Scorer(home)
        scorer.refresh()
        decider = HomeDecider(home, lambda: scorer.scoring, _now) if decides else None
        return cls(home, EventQueue(home, Publisher(home, decider)))

    async def milliseconds(self, batch: Sequence[VisitorEvent]) -> float:
        """How long one batch takes until its sender hears of it."""
        read = validate([sent_event(told) for told in batch], Source("live", clock="sender"), _now())
        began = perf_counter()
        await self.queue.append(read, _now)
        return (perf_counter() - began) * 1_000


def _now() -> datetime:
    return datetime.now(UTC)


def decisions(folder: Path, url: str | None, asked: Any) -> dict[str, Any]:
    """What deciding adds, by size of batch and number of connections."""
    found: dict[str, Any] = {}
    for size in (1, BATCH):
        told = list(visitors(asked.decided * size))
        batches = [told[start : start + size] for start in range(0, len(told), size)]
        for connections in CONNECTIONS:
            name = f"batch_{size}_connections_{connections}"
            sides = {}
            for side in ("without", "with"):
                home = _home(folder / name / side, url and _empty_database(url, f"{name}_{side}"))
                answer_by_many_trees(home)
                sides[side] = Intake.of(home, side == "with")
            found[name] = asyncio.run(_in_turn(sides, batches, connections))
            with reading(sides["with"].home) as connection:
                # A sender waits a second at most: on a machine that is busy with other things some marks can be left.
                found[name]["not_decided_when_heard"] = count_due(connection)
            for intake in sides.values():
                engine(intake.home.database_url).dispose()
    return found


async def _in_turn(sides: Mapping[str, Intake], batches: Batches, connections: int) -> dict[str, float]:
    """Both sides, some batches at a time: whatever else the machine does is the same for both."""
    took: dict[str, list[float]] = {side: [] for side in sides}
    spent = dict.fromkeys(sides, 0.0)
    for start in range(0, len(batches), 4 * connections):
        for side, intake in sides.items():
            some, began = batches[start : start + 4 * connections], perf_counter()
            for place in range(0, len(some), connections):
                took[side] += await asyncio.gather(*map(intake.milliseconds, some[place : place + connections]))
            spent[side] += perf_counter() - began
    warm = {side: sorted(times[len(times) // 5 :]) for side, times in took.items()}
    figures = {f"{side}_{name}_ms": quantile(warm[side], share) for side in sides for name, share in QUANTILES.items()}
    ratios = {f"{name}_x": figures[f"with_{name}_ms"] / figures[f"without_{name}_ms"] for name in QUANTILES}
    return figures | ratios | {"events_per_second_x": spent["with"] / spent["without"]}


QUANTILES = {"median": 0.5, "p99": 0.99}


def quantile(ascending: Sequence[float], share: float) -> float:
    """The value that this share of the values do not exceed."""
    return ascending[round(share * (len(ascending) - 1))]


def bare_inserts(home: Home, batches: Batches) -> float:
    columns = ("source", "flags", *VisitorEvent._fields)
    rows = [[("live", "", *told) for told in batch] for batch in batches]
    pool = engine(home.database_url)
    mark = "?" if pool.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO events ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"
    with pool.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor, began = driver.cursor(), perf_counter()
        for batch in rows:
            cursor.execute("BEGIN" if mark == "%s" else "BEGIN IMMEDIATE")
            cursor.executemany(statement, batch)
            cursor.execute("COMMIT")
        return perf_counter() - began


def ledger(home: Home, batches: Batches, publish: bool = False) -> float:
    sent = [[sent_event(told) for told in batch] for batch in batches]
    into, publisher = Ledger(home), Publisher(home)
    began = perf_counter()
    for batch in sent:
        into.record(batch, received_at=datetime.now(UTC))
        if publish:
            publisher.publish()
    return perf_counter() - began


def over_http(connections: int, home: Home, batches: Batches) -> float:
    bodies = [orjson.dumps({"batch": [sent_event(told) for told in batch]}) for batch in batches]
    requests = [request("POST", "/v1/batch", body, Content_Type="application/json") for body in bodies]
    environment = {"LEADLIGHT_HOME": str(home.path)}
    environment |= {"LEADLIGHT_DATABASE_URL": home.settings.database_url} if home.settings.database_url else {}
    port = free_port()
    log = home.path.with_suffix(".log")
    with served(leadlight(port), "/readyz", port, environment, log) as address:
        found = load(address, requests, connections, seconds=0)
        waited = _until_shown(home)
    assert set(found["statuses"]) == {"200"}, f"{found}: {log.read_text(errors='replace')[-2_000:]}"
    return float(found["requests"] / found["requests_per_second"]) + waited


def _until_shown(home: Home) -> float:
    """The seconds until the online store shows all that is in the ledger."""
    began = perf_counter()
    while is_anything_pending(home) and perf_counter() - began < PATIENCE_S:
        time.sleep(0.01)
    return perf_counter() - began


HTTP = {f"http_{connections}": partial(over_http, connections) for connections in CONNECTIONS}
SIDES: Mapping[str, Side] = {
    "bare_inserts": bare_inserts, "ledger": ledger, "ledger_and_states": partial(ledger, publish=True), **HTTP,
}  # fmt: skip
FRESH = {"ledger_and_states", *HTTP}


@contextmanager
def _databases(only: str | None) -> Iterator[dict[str, str | None]]:
    """Names and URLs: SQLite needs none; a throw-away PostgreSQL that syncs its commits, where one is installed."""
    found: dict[str, str | None] = {} if only == "postgresql" else {"sqlite": None}
    binaries = None if only == "sqlite" else throwaway_servers.postgres_binaries()
    with throwaway_servers.postgres(binaries, is_durable=True) if binaries else nullcontext() as url:
        yield found | ({"postgresql": url} if url else {})


def _empty_database(url: str, name: str) -> str:
    made = create_engine(url, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    made.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _print(figures: dict[str, Any]) -> None:
    table = Table("database", "side", "events/s", "x of bare inserts")
    for database, measured in figures["databases"].items():
        for side, rate in measured["events_per_second"].items():
            table.add_row(
                database, side.replace("_", " "), f"{rate:,.0f}", f"{measured[f'{side}_x_of_bare_inserts']:.2f}"
            )
    added = Table("database", "intake", "median ms", "with decisions", "x", "p99 x", "events/s x")
    for database, found in figures["decisions"].items():
        for name, one in found.items():
            times = (f"{one[f'{side}_median_ms']:.1f}" for side in ("without", "with"))
            ratios = (f"{one[key]:.2f}" for key in ("median_x", "p99_x", "events_per_second_x"))
            added.add_row(database, name.replace("_", " "), *times, *ratios)
    Console().print(added)
    Console().print(f"{figures['events']:,} events, {figures['batch']} a batch", table, sep="\n")


if __name__ == "__main__":
    main()
