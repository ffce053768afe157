"""From a ledger's rows to written states: seconds and peak memory as events grow, beside straightforward Polars.

    python benchmarks/features.py --out features.json [--sizes 1000000 3000000 10000000] [--folder F] [--short]

Each side of each size is a process of its own. Both read the same SQLite ledger and end with Parquet files; imports and
compilation are not counted. Ours is the whole derivation: who is who and whose account, bots and scanners, time on page
from gaps, traits as known then, and per behaviour of lead and account an array of decayed counts and minutes with the
latest 32 occurrences. The Polars version is what a data engineer would write for a lead's decayed counts alone: an
event's lead by its user id or the first identify, then decayed counts and minutes, totals and last times at the same
moments. It uses every core, ours one.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# Nothing heavy here: a child's peak memory begins at what its parent holds.
from rich.console import Console
from rich.table import Table

from benchmarks.parts.surroundings import forget_settings

SIZES, SHORT = (1_000_000, 3_000_000, 10_000_000), (100_000, 200_000)
DAY_US = 86_400_000_000
READ, ROWS, STATES = "read the ledger", "who did what", "states, written"
BATCH = 500_000  # rows that Polars reads and decodes at once: all of them would not fit


def main() -> None:
    asked = _arguments()
    if asked.side:
        print(json.dumps(SIDES[asked.side](asked.folder)))
        return
    forget_settings()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        measured = [_measured(size, Path(folder)) for size in asked.sizes]
    growth = {side: _growth([(row["events"], row[side]["seconds"]) for row in measured]) for side in ("ours", "polars")}
    figures = {"sizes": measured, "growth_exponent": growth}
    _print(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--folder", type=Path, help="where the ledgers go: 0.4 GB for each million events")
    parser.add_argument("--short", action="store_true", help="100,000 and 200,000 events")
    parser.add_argument("--side", choices=("ours", "polars"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.sizes = SHORT if asked.short else asked.sizes
    return asked


def _measured(size: int, folder: Path) -> dict[str, Any]:
    home = folder / "home"
    _child(f"from pathlib import Path; from benchmarks.parts.visitors import fill; fill({size}, Path({str(home)!r}))")
    sides = {side: json.loads(_child(__file__, "--side", side, "--folder", str(home))) for side in ("polars", "ours")}
    shutil.rmtree(home)
    for side in sides.values():
        side["events_per_second"] = size / side["seconds"]
    ours, polars = sides["ours"], sides["polars"]
    assert ours["occurrences"] == polars["occurrences"], "the two sides counted different things"
    ratios = {"events_per_second": "events_per_second", "peak_memory": "peak_mb"}
    compared = {f"{name}_x_of_polars": ours[figure] / polars[figure] for name, figure in ratios.items()}
    return {"events": size, **sides, **compared}


def _child(*words: str) -> str:
    command = [sys.executable, *(("-c",) if len(words) == 1 else ()), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    if done.returncode:
        sys.exit(f"features: a child ended with {done.returncode}: {done.stderr[-2_000:]}")
    return done.stdout


def _growth(points: list[tuple[int, float]]) -> float | None:
    """How seconds grow with events: 1 is linear; None for a single size."""
    (few, quick), (many, slow) = points[0], points[-1]
    return math.log(slow / quick) / math.log(many / few) if many > few else None


class Laps:
    """The seconds of each step so far; of processors too, of which Polars uses several at once."""

    def __init__(self) -> None:
        self.began = self.last = perf_counter()
        self.processors_began = process_time()
        self.steps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        now = perf_counter()
        self.steps[step], self.last = now - self.last, now

    def figures(self, states: int, occurrences: float) -> dict[str, Any]:
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
        times = {"seconds": self.last - self.began, "processor_seconds": process_time() - self.processors_began}
        return times | {"peak_mb": peak_mb, "states": states, "occurrences": round(occurrences), "steps": self.steps}


def ours(home: Path) -> dict[str, Any]:
    """The real derivation, without Feast's registry and online store."""
    import pandas as pd

    from features.agreement.agreement import Agreement
    from features.derived import derived_rows, leads_of
    from features.events.event_table import read_events
    from features.home.settings import Home, Settings
    from features.ledger.ledger import Ledger
    from features.store.feast_views import FeastRepository
    from features.store.offline import write_files
    from features.what_if import what_if_states

    agreement, opened = Agreement.default(), Home(home, Settings())
    repository = FeastRepository.of(opened, agreement, "benchmark")
    now = pd.Timestamp.now("UTC").to_pydatetime()
    seen = {"type": "page", "properties": {"path": "/pricing"}, "timestamp": now.isoformat()}
    what_if_states([{"events": [seen]}], agreement, now)  # compiles
    laps = Laps()
    read = read_events(Ledger(opened).chunks(), agreement)
    laps.lap(READ)
    rows = derived_rows(read, agreement)
    leads = leads_of(read, rows, agreement)
    laps.lap(ROWS)
    write_files(repository, rows, leads, read, agreement)
    laps.lap(STATES)
    return laps.figures(int(rows.observed.is_last_known().sum()), float(rows.observed.weight.sum()))


def polars(home: Path) -> dict[str, Any]:
    """Decayed counts, minutes, totals and last times after each moment at which something became known."""
    import sqlite3

    try:
        import polars as pl
    except ImportError:
        sys.exit("polars is not installed; run: uv sync --inexact --group bench")

    laps = Laps()
    texts, numbers = ("path", "content_type", "form_type"), ("engaged_ms", "minutes_attended", "minutes")
    said = pl.Struct({"properties": pl.Struct(dict.fromkeys(texts, pl.String) | dict.fromkeys(numbers, pl.Float64))})
    columns = "type, name, user_id, anonymous_id, message_id, occurred_us, recorded_us, body"
    batches = pl.read_database(
        f"SELECT {columns} FROM events", sqlite3.connect(home / "leadlight.db"), iter_batches=True, batch_size=BATCH
    )
    decoded = [
        batch.with_columns(pl.col("body").str.json_decode(said).struct.field("properties"))
        .drop("body").unnest("properties") for batch in batches
    ]  # fmt: skip
    events = pl.concat(decoded)
    del decoded
    laps.lap(READ)
    identifies = events.filter(pl.col("type") == "identify").sort("occurred_us", "message_id")
    first = identifies.group_by("anonymous_id", maintain_order=True).first()
    links = first.select("anonymous_id", owner="user_id", linked_us="recorded_us")
    is_anonymous = pl.col("user_id").is_null()
    known_us = pl.when(is_anonymous).then(pl.max_horizontal("recorded_us", "linked_us")).otherwise("recorded_us")
    events = events.join(links, on="anonymous_id", how="left")
    events = events.with_columns(lead_id=pl.coalesce("user_id", "owner"), known_us=known_us)
    events = events.filter(pl.col("lead_id").is_not_null())
    behaviours, minutes = _behaviours(pl)
    events = events.select(
        "lead_id", "known_us", "occurred_us",
        *[happened.fill_null(False).cast(pl.Float64).alias(name) for name, happened in behaviours.items()],
        minutes=pl.coalesce(pl.col("engaged_ms") / 60_000, "minutes_attended", "minutes").fill_null(0.0),
    )  # fmt: skip
    events = events.filter(pl.any_horizontal(pl.col(name) > 0 for name in behaviours))
    events = events.sort("lead_id", "known_us", "occurred_us")
    laps.lap(ROWS)
    began_us = pl.col("occurred_us").min().over("lead_id")
    events = events.with_columns(
        born=(pl.col("occurred_us") - began_us) / DAY_US, age=(pl.col("known_us") - began_us) / DAY_US
    )
    moment = pl.struct("lead_id", "known_us")
    decayed = events.select("lead_id", "known_us", *_decayed(pl, list(behaviours), minutes))
    states = decayed.filter(moment.ne_missing(moment.shift(-1)))
    states.write_parquet(home / "polars.parquet")
    laps.lap(STATES)
    return laps.figures(len(states), events.select(pl.sum_horizontal(*behaviours).sum()).item())


def _behaviours(pl: Any) -> tuple[dict[str, Any], set[str]]:
    """The behaviours of the default agreement as expressions, and those that have minutes."""
    is_page, path, name = pl.col("type") == "page", pl.col("path").fill_null(""), pl.col("name")
    form = (name == "Form Submitted", pl.col("form_type"))
    found = {f"{page}_page": is_page & path.str.starts_with(f"/{page}") for page in ("pricing", "product", "careers")}
    found |= {
        "whitepaper": (name == "Content Downloaded") & (pl.col("content_type") == "whitepaper"),
        "webinar_signup": name == "Webinar Registered",
        "webinar": name == "Webinar Attended",
        "email_open": name == "Email Opened",
        "email_click": name == "Email Link Clicked",
        "unsubscribe": name == "Email Unsubscribed",
        "demo_request": form[0] & (form[1] == "demo"),
        "contact_sales": form[0] & (form[1] == "contact"),
        "trade_show": name == "Badge Scanned",
        "call": name == "Call Answered",
    }
    return found, {"pricing_page", "product_page", "careers_page", "webinar", "call"}


def _decayed(pl: Any, behaviours: list[str], with_minutes: set[str]) -> Iterator[Any]:
    for name in behaviours:
        counted = {"count": pl.col(name)} | (
            {"minutes": pl.col(name) * pl.col("minutes")} if name in with_minutes else {}
        )
        for what, weight in counted.items():
            for half_life in (1, 7, 30):
                grown, faded = 2.0 ** (pl.col("born") / half_life), 2.0 ** (-pl.col("age") / half_life)
                summed = (weight * grown).cum_sum().over("lead_id") * faded
                yield summed.alias(f"{name}_{what}_hl{half_life}d")
            yield weight.cum_sum().over("lead_id").alias(f"{name}_{what}_total")
        happened_us = pl.when(pl.col(name) > 0).then("occurred_us")
        yield happened_us.cum_max().forward_fill().over("lead_id").alias(f"{name}_last_us")


SIDES: dict[str, Callable[[Path], dict[str, Any]]] = {"ours": ours, "polars": polars}


def _print(figures: dict[str, Any]) -> None:
    whole = Table("events", "side", "seconds", "of processors", "events/s", "peak MB", "states")
    for row in figures["sizes"]:
        for side in SIDES:
            of = row[side]
            cells = [
                f"{of['seconds']:.2f}",
                f"{of['processor_seconds']:.2f}",
                f"{of['events_per_second']:,.0f}",
                f"{of['peak_mb']:,.0f}",
            ]
            whole.add_row(f"{row['events']:,}", side, *cells, f"{of['states']:,}")
    largest = figures["sizes"][-1]
    said: list[str] = []
    steps = Table(f"seconds at {largest['events']:,}", *SIDES)
    for step in largest["ours"]["steps"]:
        steps.add_row(step, *(f"{largest[side]['steps'].get(step, 0.0):.2f}" for side in SIDES))
    for row in figures["sizes"]:
        faster, larger = row["events_per_second_x_of_polars"], row["peak_memory_x_of_polars"]
        said.append(f"{row['events']:,}: {faster:.2f} times Polars' events/s, {larger:.2f} times its peak memory")
    grows = ", ".join(f"{side} {value:.2f}" for side, value in figures["growth_exponent"].items() if value is not None)
    Console().print(
        whole, steps, *said, f"seconds grow with events to the power of: {grows or 'one size only'}", sep="\n"
    )


if __name__ == "__main__":
    main()
