"""The simulated markets that every method is held against, and what has to hold in each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

from training.simulation.world import MarketKind, World

POLICIES = ("random", "habit", "best_first", "hot_event", "queue")
IF_TRIED = "if_tried_now"
# By figure: from, to. What a figure means: `benchmarks/markets.py`.
WIDE = {"open.said_over_true": (0.67, 1.5), "open.gain": (0.5, 1.01)}
NEEDED = {"arrival.said_over_true": (0.67, 1.5), "open.said_over_true": (0.5, 1.5)}
EAGER = {
    "open.said_over_true": (0.75, 1.33), "arrival.said_over_true": (0.75, 1.33), "open.rank": (0.75, 1.0),
}  # fmt: skip
EARNED = {f"{IF_TRIED}.rank": (0.9, 1.0), f"{IF_TRIED}.said_over_true": (0.6, 1.5)}
COVERED = {"open.covered": (0.85, 0.97)}
REFUSED = {"second.earned": (0, 0)}
BETWEEN = (
    2  # the market ends between two idle weeks of its callers: what no input can say of the coming one is no fault
)
SHIFTS = {"needs_call": (1.5, 9.0), "call_helps": (-1.0, 1.0), "call_is_nothing": (-1.0, 0.5)}


@dataclass(frozen=True)
class Cell:
    """One market. asks_second: whether the agreement asks "if sales tries now". limits: by figure, from and to."""

    name: str
    world: World
    asks_second: bool = False
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)


def cells() -> list[Cell]:
    """All of them: three markets by five policies, and what else makes a market hard."""
    policies = [_of_policy(market, calls) for market in get_args(MarketKind) for calls in POLICIES]
    return [*policies, EAGER_CELL, HOT_CELL, *_further()]


def _of_policy(market: Any, calls: Any) -> Cell:
    limits: dict[str, tuple[float, float]] = dict(NEEDED if market == "needs_call" else WIDE)
    if calls != "queue" and not (market == "needs_call" and calls == "hot_event"):
        limits["second.shift"] = SHIFTS[market]
    if market == "needs_call" and calls == "habit":
        limits |= EARNED
    if calls in ("random", "habit", "best_first"):
        limits |= COVERED
    return Cell(f"{market}.{calls}", World(market, calls, idle_week=BETWEEN), limits=limits)


EAGER_CELL = Cell("call_is_nothing.best_first_x6", World("call_is_nothing", "best_first", call_times=6.0), limits=EAGER)
HABIT_CELL = _of_policy("needs_call", "habit")
HOT_CELL = Cell(
    "call_is_nothing.hot_event_asked", World("call_is_nothing", "hot_event"), asks_second=True, limits=REFUSED
)


def _further() -> list[Cell]:
    """Markets without limits but those named: drift and hidden reasons are no fit's fault."""
    worlds: dict[str, World] = {
        f"{market}.hidden_reason": World(market, "hidden_reason") for market in get_args(MarketKind)
    }
    worlds |= {
        "seasons": World("call_helps", "habit", idle_week=BETWEEN, seasons=0.7),
        "late_channel": World("call_helps", "habit", idle_week=BETWEEN, late_channel_days=150),
        "turned_meaning": World("call_helps", "habit", idle_week=BETWEEN, turned_days=200),
        "half_a_percent": World("call_is_nothing", "random", times=0.05),
        "forty_percent": World("call_is_nothing", "random", times=9.0),
        "xor_of_numbers": World("call_is_nothing", "random", xor="numbers"),
        "xor_of_categories": World("call_is_nothing", "random", xor="categories"),
        "recorded_weeks_later": World("call_helps", "habit", idle_week=BETWEEN, lag_days=25.0),
    }
    limits = {
        "forty_percent": COVERED,
        "recorded_weeks_later": {"open.said_over_true": (0.9, 1.1)},
    }
    return [Cell(name, world, limits=limits.get(name, {})) for name, world in worlds.items()]
