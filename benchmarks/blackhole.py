"""A quarter of a simulated market lived through: is every lead somebody's, and what do the calls of sales bring?

    python benchmarks/blackhole.py --out blackhole.json [--leads 20000] [--seeds 1 2 3 4 5] [--days 91] [--short]

The demo's market, its parameters unchanged, up to the quarter: ingested, learned, promoted, the agreement signed and
live. Then hour by hour by one injected clock: events come in by the API, rounds decide, the sweep and the night run,
twelve reps work through the API in office hours (one holiday; they reject; one campaign is junk; two never call anybody
and one leaves). What they call changes who buys. Counted from outside, by the API: the queues each hour, every open
lead with its queue and date each day, and what is overdue. Beside it, in the same market with as many contacts on each
day: first come first served, the usual points, and an oracle who knows the true chances.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from sqlalchemy import func, select

from benchmarks.parts import dispatchers
from benchmarks.parts.learned_home import learned_home
from benchmarks.parts.live_market import LiveMarket, live_market
from benchmarks.parts.over_seeds import over_seeds, print_over_seeds
from benchmarks.parts.quarter import Quarter
from benchmarks.parts.sales_floor import LEAVES, LEAVES_AFTER, NEVER_CALL, PER_DAY, REPS
from benchmarks.parts.simulated import Clock
from benchmarks.parts.surroundings import forget_settings
from features.agreement.lengths import Span
from features.agreement.versions import current_version
from features.agreement.working_time import WorkingTime
from features.arrays import DAY_US
from features.home import tables
from features.home.clock import microseconds
from features.home.database import reading
from training.simulation.dynamics import NEVER


def main() -> None:
    asked = _arguments()
    forget_settings()
    runs: list[dict[str, Any]] = []
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            runs.append({"seed": seed} | lived_through(Path(folder), asked.leads, seed, asked.days))
        figures = {"leads": asked.leads, "days": asked.days} | over_seeds(runs)
        if asked.out:  # after each seed: all of them take hours
            asked.out.write_text(json.dumps(figures, indent=1))
    print_over_seeds(figures)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=91)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--short", action="store_true", help="1,500 leads, 10 days, one seed")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.days, asked.seeds = 1_500, 10, [1]
    return asked


def lived_through(folder: Path, leads: int, seed: int, days: int) -> dict[str, Any]:
    """The figures of one quarter."""
    clock, today = Clock(), datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    market = live_market(leads, seed, today, days)
    holiday = _a_working_day(market.begins_at + timedelta(days=days // 2))
    home = learned_home(folder, market, holiday, seed)
    clock.lap(f"seed {seed}: a market of {leads:,} leads, ingested, learned and promoted")
    quarter = Quarter(home, market, holiday, seed)
    quarter.live(lambda done: clock.lap(f"seed {seed}: {done}"))
    clock.lap(f"seed {seed}: {days} days")
    return figures(quarter, holiday)


def _a_working_day(at: datetime) -> date:
    return (at + timedelta(days=max(0, 7 - at.weekday()) if at.weekday() > 4 else 0)).date()


def figures(quarter: Quarter, holiday: date) -> dict[str, Any]:
    """What came of a quarter, and beside it of other ways to say whom to call, with as many contacts on each day."""
    market, floor, counted = quarter.market, quarter.floor, quarter.counted
    called = np.full(len(market.leads), NEVER)
    called[list(floor.called_us)] = list(floor.called_us.values())
    is_first = called < NEVER
    is_first &= market.leads["touched_us"].to_numpy() == NEVER
    called = np.where(is_first, called, NEVER)
    begins_us = microseconds(market.begins_at) - microseconds(market.ends_at)
    contacts = Counter(((called[is_first] - begins_us) // DAY_US).tolist())
    ours = dispatchers.figures(market, called, quarter.buyers.bought_us)
    peers = {
        name: dispatchers.conversions_per_contact(market, order, contacts)
        for name, order in (
            ("first_come", dispatchers.first_come),
            ("points", dispatchers.Points(market)),
            ("oracle", dispatchers.oracle),
        )
    }
    handovers = pd.DataFrame(handed_over(quarter))
    offered = (handovers["offered_us"] - microseconds(market.ends_at)).tolist() if len(handovers) else []
    calls = partial(_calls, market, holiday)
    callers = lambda day_us: sum(calls(rep, day_us) for rep in range(len(REPS)))  # noqa: E731
    perfect = dispatchers.never_tried_by_a_perfect_dispatcher(offered, callers, 0, PER_DAY)
    in_turn = dispatchers.never_tried_in_turn(offered, calls, 0, len(REPS), PER_DAY)
    ratios = {
        name: ours["conversions_per_contact"] / (one["conversions_per_contact"] or np.nan)
        for name, one in peers.items()
    }
    return {
        "lost": len(counted.lost),
        "double_handovers": len(counted.doubled),
        "sums_wrong": counted.sums_wrong,
        "hours_counted": counted.hours,
        "overdue_not_listed": len(counted.missing),
        "handovers": len(handovers),
        "tries": floor.tries,
        "rejects": floor.rejects,
        "tried_within_30_minutes": _share(handovers, "in_30_minutes", handovers["kind"] == "inbound"),
        "tried_within_1_working_day": _share(handovers, "in_1_working_day"),
        "never_tried": _share(handovers, "never_tried"),
        "never_tried_perfect_dispatcher": perfect,
        "never_tried_first_come": in_turn,
        "buyers_ever_tried": ours["buyers_tried"],
        "messages_per_rep_and_day": messages_per_rep_and_day(quarter),
        "conversions_per_contact": {"ours": ours, **peers},
        "conversions_per_contact_ratio": ratios,
    }


def _share(handovers: pd.DataFrame, column: str, which: Any = slice(None)) -> float | None:
    some = handovers.loc[which, column]
    return float(some.mean()) if len(some) else None


def _calls(market: LiveMarket, holiday: date, rep: int, day_us: int) -> bool:
    """Whether a rep calls on a day that begins at a moment relative to the end."""
    day = market.ends_at + timedelta(microseconds=day_us)
    is_off = day.weekday() > 4 or day.date() == holiday
    has_left = REPS[rep] == LEAVES and day >= market.begins_at + LEAVES_AFTER
    return not is_off and not has_left and REPS[rep] not in NEVER_CALL


def handed_over(quarter: Quarter) -> Iterator[dict[str, Any]]:
    """One row per handover of the quarter: how soon it was first tried, in the office's hours."""
    office = WorkingTime.of(current_version(quarter.home).agreement.people, None, "UTC")
    for handover in quarter.rows("/v1/handovers?trial=false"):
        offered = datetime.fromisoformat(handover["offered_at"])
        tried_us = quarter.floor.tried_of.get(handover["handover_id"])
        tried = None if tried_us is None else _market_moment(quarter.market, tried_us)
        yield {
            "kind": handover["kind"],
            "offered_us": microseconds(offered),
            "in_30_minutes": tried is not None and tried <= office.after(offered, Span.parse("30 minutes")),
            "in_1_working_day": tried is not None and tried <= office.after(offered, Span.parse("1 working day")),
            "never_tried": tried is None,
        }


def _market_moment(market: LiveMarket, us: int) -> datetime:
    """The moment of so many microseconds relative to the market's end."""
    return market.ends_at + timedelta(microseconds=us)


def messages_per_rep_and_day(quarter: Quarter) -> float:
    """Messages to reps, by rep and working day."""
    with reading(quarter.home) as connection:
        to_reps = select(func.count()).select_from(tables.notices).where(tables.notices.c.recipient.in_(REPS))
        sent = int(connection.scalar(to_reps) or 0)
    days = pd.bdate_range(quarter.market.begins_at.date(), quarter.market.ends_at.date())
    return sent / len(REPS) / max(len(days), 1)


if __name__ == "__main__":
    main()
