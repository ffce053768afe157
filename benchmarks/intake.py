"""Events per second that are in the ledger for good, in batches of 100, beside bare inserts of the same rows.

    python benchmarks/intake.py --out intake.json [--events 50000] [--short]

    bare_inserts       the rows as they will lie there, by the driver's executemany and a commit for each batch
    ledger             `Ledger.record`: events checked and read, recorded, and what they tie noted; a commit a batch
    ledger_and_states  the same, and after each batch the new states of its leads in Feast's online store
    http_1, http_8     POST /v1/batch to `leadlight serve` over 1 and over 8 connections, until all states are fresh

Each has an empty database with the same tables, indices and pragmas; commits are synced to disk. On SQLite, and on
PostgreSQL where one is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
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

from benchmarks.parts.servers import free_port, leadlight, load, request, served
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.visitors import VisitorEvent, sent_event, visitors
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.database import engine
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.ledger.outbox import is_anything_pending
from features.store.materialize import materialized
from features.store.publisher import Publisher
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
    figures = {"events": asked.events, "batch": BATCH, "databases": measured}
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="one database; default: each that there is")
    parser.add_argument("--short", action="store_true", help="5,000 events")
    asked = parser.parse_args()
    asked.events = 5_000 if asked.short else asked.events
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
    Console().print(f"{figures['events']:,} events, {figures['batch']} a batch", table, sep="\n")


if __name__ == "__main__":
    main()
