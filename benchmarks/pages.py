"""The pages that reps read, beside the emptiest page of the same service: the sign-in form, Jinja and one style sheet.

    python benchmarks/pages.py --out pages.json [--leads 20000] [--listed 100000] [--rounds 200] [--short]

A simulated home with a promoted model, and as many more decided leads as make `--listed` on the worklist. Of each page:
the milliseconds from the request to the last byte, the server time by its own CPU seconds, both as a ratio to the
empty page asked for in turn with it; its bytes, and how many requests a browser makes for it. Every lead's page is
asked for once, so that nothing is answered from what was just read. `lead_page_changed` is a page that tells step by
step what moved the score, as it does where a point moved since the last decision: seven scores more.

Beside the pages the lists that programs read, as "lists": a page of `GET /v1/leads`, and `GET /v1/queues`, in turn with
a list that has no rows. The service counts the queues anew when its last count is two seconds old; p95 has such counts.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote

# This folder has a features.py, which would hide the package of this name.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, select

from benchmarks.parts.servers import CLIENT_CORE, free_port, leadlight, served
from benchmarks.parts.surroundings import forget_settings
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home import tables
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.home.database import batched, reading, writing
from features.home.settings import Home
from features.ledger.ledger import Ledger
from serving.intake.file_import import ingest
from serving.notices.card_links import signer
from serving.rounds.sweep import night
from serving.scoring.scorer import Scorer
from training.pipeline import train
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote
from training.simulation.interest import MarketShift
from training.simulation.simulation import simulate

BRISK = MarketShift(5.0, 600)  # a market of many conversions: with fewer there are no trees
REP = "rep@ourcompany.example"
EMPTY = "empty"
LISTS = {"leads": "/v1/leads?queue=sales", "queues": "/v1/queues", EMPTY: "/v1/leads?campaign=nobody"}
MOST_OF_LIST = 3  # times a list without rows
MOST = {"lead_page": 10, "worklist": 20, "card": 10}  # times the empty page
MOST_BYTES, MOST_REQUESTS = 100_000, 6
LOADS = re.compile(r"<(?:script|img|iframe|object|embed|source|video|audio)\b|<link\b[^>]*stylesheet|url\(")


def main() -> None:
    asked = _arguments()
    forget_settings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        home = market(folder, asked.leads)
        pad(home, asked.listed)
        addresses = pages(home, asked.rounds)
        measured = measure(folder, addresses, asked.rounds)
        lists = measure(folder, {name: [address] * asked.rounds for name, address in LISTS.items()}, asked.rounds)
    figures = {"leads": asked.leads, "listed": asked.listed, "rounds": asked.rounds, **measured, "lists": lists}
    _print(figures)
    _print_lists(lists)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=20_000, help="of the simulated market")
    parser.add_argument("--listed", type=int, default=100_000, help="decided leads, those of the market among them")
    parser.add_argument("--rounds", type=int, default=200, help="requests for each page")
    parser.add_argument("--short", action="store_true", help="3,000 leads, 20,000 listed, 60 rounds")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.listed, asked.rounds = 3_000, 20_000, 60
    return asked


def market(folder: Path, leads: int) -> Home:
    """A simulated home with a promoted model, whose leads are decided and, in the trial, handed over to one rep."""
    now = datetime.now(UTC)
    simulate(leads, 7, now, BRISK).write(folder / "market")
    home = Home.open(folder / "home")
    kept = save_version(home, _with_a_rep(Agreement.default().text), now)
    ingest(home, [folder / "market" / "events.parquet"], kept, now)
    candidate = train(home, kept, now)
    promote(home, ModelRegistry(kept.agreement.name), candidate.register()[1], "benchmark", now)
    night(home, now, Scorer(home).scoring, lambda _: None)
    return home


def _with_a_rep(text: str) -> Agreement:
    begun = next(line for line in text.splitlines() if line.split("=")[0].strip() == "reps")
    return Agreement.parse(text.replace(begun, f'reps = {{ "{REP}" = 1000000 }}'))


def pad(home: Home, listed: int) -> None:
    """As many more leads as make `listed`, each like one that is decided, with a name and a due time of its own."""
    with reading(home) as connection:
        ready = tables.lead_decisions.c.queue == "marketing"
        one = dict(connection.execute(select(tables.lead_decisions).where(ready).limit(1)).mappings().one())
        there = len(connection.execute(select(tables.lead_decisions.c.lead_id)).all())
    now = datetime.now(UTC)
    for numbers in batched(range(max(listed - there, 0)), 5_000):
        told = [_named(f"more-{n}", n, now) for n in numbers]
        list(Ledger(home).append(told, source="file", received_at=now))
        due = [microseconds(now + timedelta(days=2, seconds=n)) for n in numbers]
        own = [{"lead_id": f"more-{n}", "decision_id": f"de_more_{n}"} for n in numbers]
        rows = [one | mine | {"queue": "sales", "owner": None, "handover_id": None, "account": None} for mine in own]
        with writing(home) as connection:
            pairs = zip(rows, due, strict=True)
            connection.execute(insert(tables.lead_decisions), [row | {"next_due_us": us} for row, us in pairs])
            connection.execute(tables.decisions_due.delete())


def _named(lead_id: str, n: int, now: datetime) -> dict[str, Any]:
    traits = {"name": f"Lead Number {n}", "company": f"Company {n % 5_000}", "job_title": "VP Sales"}
    said = {"type": "identify", "userId": lead_id, "messageId": f"m_{lead_id}", "traits": traits}
    return said | {"timestamp": rfc3339(now), "receivedAt": rfc3339(now)}


def pages(home: Home, rounds: int) -> dict[str, list[str]]:
    """As many addresses of each page as there are rounds; of leads and cards different ones, while there are any."""
    with writing(home) as connection:
        signed_by = signer(connection)
    decided, handed = tables.lead_decisions.c, tables.handovers.c
    with reading(home) as connection:
        is_scored = decided.probability.is_not(None) & decided.lead_id.not_like("more-%")
        scored = select(decided.lead_id, decided.decided_us).where(is_scored)
        leads = connection.execute(scored.order_by(decided.arrived_us.desc()).limit(rounds)).all()
        cards = connection.execute(select(handed.handover_id, handed.owner).where(tables.IS_OPEN).limit(rounds)).all()
    assert leads, "the market has no lead with a score"
    assert cards, "the market has no handover"
    found = {
        EMPTY: ["/sign-in"],
        "lead_page": [f"/leads/{lead.lead_id}?me={REP}" for lead in leads],
        "lead_page_changed": [f"/leads/{lead.lead_id}?me={REP}&since={_time(lead.decided_us)}" for lead in leads],
        "worklist": [f"/worklist?me={REP}&queue=sales"],
        "card": [f"/h/{signed_by.token(card.handover_id, card.owner)}" for card in cards],
    }
    return {name: (addresses * rounds)[:rounds] for name, addresses in found.items()}


def _time(us: int) -> str:
    return quote(rfc3339(from_microseconds(us)))


def measure(folder: Path, addresses: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Any]:
    """What each page takes, asked for in turn with the others by one client on the other core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {CLIENT_CORE})
    port, environment = free_port(), {"LEADLIGHT_HOME": str(folder / "home")}
    took: dict[str, list[float]] = {name: [] for name in addresses}
    cpu: dict[str, list[float]] = {name: [] for name in addresses}
    seen: dict[str, bytes] = {}
    with served(leadlight(port), "/readyz", port, environment, folder / "leadlight.log") as address:
        client, serving = HTTPConnection(address, timeout=60), _Serving(port)
        for name in addresses:  # the first of each loads and compiles
            _asked(client, addresses[name][-1])
        for place in range(rounds):
            for name in addresses:
                before, begun = serving.cpu_s(), perf_counter()
                seen[name] = _asked(client, addresses[name][place])
                took[name].append(1_000 * (perf_counter() - begun))
                cpu[name].append(1_000 * (serving.cpu_s() - before))
    return {name: _figures(name, took, cpu, seen[name]) for name in addresses}


def _asked(client: HTTPConnection, address: str) -> bytes:
    client.request("GET", address)
    answer = client.getresponse()
    body = answer.read()
    assert answer.status == 200, (address, answer.status, body[-400:])
    return body


class _Serving:
    """The CPU seconds of the process that answers at a port, its threads included."""

    def __init__(self, port: int) -> None:
        self.stats = [Path(f"/proc/{pid}/stat") for pid in _listening(port)]

    def cpu_s(self) -> float:
        return sum(_schedstat(stat) for stat in self.stats)


def _listening(port: int) -> list[int]:
    """The process ids of leadlight's servers of this port and their children."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        found.append((int(folder.name), parent, str(port).encode() in words))
    ours = {pid for pid, _, is_it in found if is_it}
    while more := {pid for pid, parent, _ in found if parent in ours} - ours:
        ours |= more
    return sorted(ours)


def _schedstat(stat: Path) -> float:
    """Nanoseconds on a core of each thread of a process, as seconds."""
    total = 0
    for task in (stat.parent / "task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def _figures(name: str, took: Mapping[str, list[float]], cpu: Mapping[str, list[float]], page: bytes) -> dict[str, Any]:
    p95, empty = (float(np.percentile(took[one], 95)) for one in (name, EMPTY))
    used, by_empty = (float(np.median(cpu[one])) for one in (name, EMPTY))
    figures = {"p95_ms": p95, "p50_ms": float(np.median(took[name])), "cpu_ms": used, "bytes": len(page)}
    figures |= {"requests": 1 + len(LOADS.findall(page.decode()))}
    if name != EMPTY:
        of_median = figures["p50_ms"] / float(np.median(took[EMPTY]))
        figures |= {"x_of_empty": p95 / empty, "p50_x_of_empty": of_median, "cpu_x_of_empty": used / by_empty}
    return figures


def _print(figures: Mapping[str, Any]) -> None:
    table = Table("page", "p95 ms", "p50 ms", "CPU ms", "p95 is x of empty", "CPU is x", "at most", "kB", "requests")
    for name in (each for each in figures if isinstance(figures[each], dict) and each != "lists"):
        one = figures[name]
        ratios = [f"{one[each]:.1f}" if each in one else "" for each in ("x_of_empty", "cpu_x_of_empty")]
        times = [f"{one[each]:.1f}" for each in ("p95_ms", "p50_ms", "cpu_ms")]
        size = f"{one['bytes'] / 1_000:.0f}"
        table.add_row(name, *times, *ratios, str(MOST.get(name, "")), size, str(one["requests"]))
    Console(width=120).print(f"{figures['leads']:,} leads of a market; {figures['listed']:,} listed", table, sep="\n")
    for name, most in MOST.items():
        one = figures[name]
        if one["x_of_empty"] > most or one["bytes"] > MOST_BYTES or one["requests"] > MOST_REQUESTS:
            held = f"{most} x, {MOST_BYTES:,} bytes, {MOST_REQUESTS} requests"
            Console().print(f"{name} misses what it should hold: {held}")


def _print_lists(lists: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("list", "p95 ms", "p50 ms", "CPU ms", "p50 is x of empty", "CPU is x")
    for name, one in lists.items():
        ratios = [f"{one[each]:.1f}" if each in one else "" for each in ("p50_x_of_empty", "cpu_x_of_empty")]
        table.add_row(name, *(f"{one[each]:.1f}" for each in ("p95_ms", "p50_ms", "cpu_ms")), *ratios)
    Console(width=120).print(table)
    for name, one in lists.items():
        if one.get("p50_x_of_empty", 0) > MOST_OF_LIST:
            Console().print(f"{name} misses what it should hold: {MOST_OF_LIST} x")


if __name__ == "__main__":
    main()
