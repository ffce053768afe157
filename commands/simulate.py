"""`leadlight simulate`: writes a simulated market whose true probabilities are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import console
from commands.options import Json, Seed, moment_at, now, print_answer


def simulate(
    leads: Annotated[int, typer.Option(min=1, help="How many leads.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.", show_default=False)],
    seed: Seed = 7,
    ends_at: Annotated[str | None, typer.Option("--end", help="When the market ends; default now.")] = None,
    market: Annotated[str, typer.Option(help="needs_call, call_helps or call_is_nothing.")] = "call_helps",
    calls: Annotated[
        str, typer.Option(help="random, habit, best_first, hot_event, queue or hidden_reason: whom sales calls.")
    ] = "habit",
    times: Annotated[float, typer.Option(help="How many times as high the daily chance to buy is.", min=0.01)] = 1.0,
    lag_days: Annotated[float, typer.Option(help="After how many days a purchase is recorded.", min=0.0)] = 0.0,
    as_json: Json = False,
) -> None:
    """Write a market with known truth: events.parquet, events.jsonl, truth.parquet; its CRM's export as crm_*.csv."""
    from training.simulation.crm_files import write_crm_files
    from training.simulation.simulation import simulate as market_of
    from training.simulation.world import World

    options: dict[str, Any] = {"market": market, "calls": calls, "times": times, "lag_days": lag_days}
    with console.progress_line("simulating a market"):
        made = market_of(leads, seed, moment_at(ends_at, now()), None, World(**options))
        made.write(out)
        write_crm_files(made.events, out)
    print_answer(made.summary | {"out": str(out)}, market_lines(made.summary, out), as_json)


def market_lines(summary: Mapping[str, Any], out: Path) -> Iterator[str]:
    """Lines with the figures of a market."""
    yield f"{'market':<28} {summary['market']}, calls {summary['calls']}".replace("_", " ")
    figures = {name: value for name, value in summary.items() if isinstance(value, (int, float))}
    yield from (f"{name.replace('_', ' '):<28} {value:,.4g}" for name, value in figures.items())
    yield f"written to {out}; next: leadlight ingest {out / 'events.parquet'}"
