"""What kind of market is simulated: whether buying needs a call, whom sales calls, and what else makes it hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from features.home.errors import LeadlightError
from training.simulation.calling import CALLS, Effect

MarketKind = Literal["needs_call", "call_helps", "call_is_nothing"]
Calls = Literal["random", "habit", "best_first", "hot_event", "queue", "hidden_reason"]
Xor = Literal["numbers", "categories"]

# What a call does to the daily chance to buy, in times of what it is where calls are nothing.
EFFECTS: dict[str, Effect] = {
    "needs_call": Effect(before=0.0, during=6.7, days=90, after=0.0),
    "call_helps": Effect(before=0.74, during=2.22, days=30, after=0.74),
    "call_is_nothing": Effect(before=1.0, during=1.0, days=90, after=1.0),
}


@dataclass(frozen=True)
class World:
    """What kind of market is simulated.

    market: `needs_call` (nobody buys before the first call, nor from 90 days after it on), `call_helps` (for 30 days
    after the first call every daily chance is three times as high), `call_is_nothing`.
    calls: whom sales calls first: `random`; by `habit`, which does not matter for buying, with an idle week in four;
    `best_first` by an old score; a `hot_event` on its day, and nobody else; a `queue`, first in, first out; for a
    `hidden_reason` that is not recorded and matters.
    call_times: how many times as high every daily chance of a call is, but a queue's. times: about how many times as
    high every daily chance to buy is. seasons: log-hazard by which it swings over a year. late_channel_days: a source
    that begins that many days before the end. turned_days: from so many days before the end on white papers mean the
    opposite. xor: two traits of which neither tells anything alone. lag_days: after how many days on average a purchase
    is recorded. idle_week: of four weeks from the end on, the one in which sales calls nobody by habit: at 0, the
    coming one, less comes of the leads that are open at the end than came of others before; at 2 about as much.
    Raises LeadlightError for a market or calls that do not exist.
    """

    market: MarketKind = "call_helps"
    calls: Calls = "habit"
    call_times: float = 1.0
    times: float = 1.0
    seasons: float = 0.0
    late_channel_days: int = 0
    turned_days: int = 0
    xor: Xor | None = None
    lag_days: float = 0.0
    idle_week: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("market", self.market, EFFECTS), ("calls", self.calls, get_args(Calls))):
            if value not in known:
                raise LeadlightError(f'{name} = "{value}" is none of {", ".join(known)}', code="no_such_world")

    @property
    def effect(self) -> Effect:
        return EFFECTS[self.market]

    @property
    def policy(self) -> int:
        """The number of `calls`, as compiled code takes it."""
        return CALLS.index(self.calls)
