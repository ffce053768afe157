"""Whom sales calls: the chance of a first call on each day, and what a call does to the chance to buy.

Compiled like dynamics.py, and inlined into walk.py and futures.py: whoever changes one of the first two deletes the
`__pycache__` of this folder, since numba's cache does not notice a change in a file that it imports from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.arrays import DAY_US, Floats, Ints
from training.simulation.dynamics import TENTH, compiled

CALLS = ("random", "habit", "best_first", "hot_event", "queue", "hidden_reason")
RANDOM, HABIT, BEST_FIRST, HOT_EVENT, QUEUE, HIDDEN_REASON = range(len(CALLS))
FRESH_DAYS = 10  # in which sales by chance or habit calls most
QUEUE_DAYS = 21  # after which a lead is out of the queue
HIDDEN_WEIGHT = 0.8  # log-hazard that a lead gains with the hidden reason
HOT_CALLED = 0.9
HOT_HOURS = 3  # within which sales calls after a hot event
HOUR_US = DAY_US // 24
# Of the leads that sales called: how many of those that buy have an opportunity on the way there, and how many of the
# others have one within so many days.
OPPORTUNITY_IF_BOUGHT, OPPORTUNITY_IF_NOT, OPPORTUNITY_DAYS = 0.7, 0.06, 30


class Effect(NamedTuple):
    """Times of the daily hazard before the first call, for `days` days from the day after it on, and afterwards."""

    before: float
    during: float
    days: int
    after: float


class Calling(NamedTuple):
    """How sales calls. policy: its place in CALLS. hot: whether each kind of day is a hot event.

    by_age: of a queue, the chance to be called on each day of a lead's life while it waits. times: of all chances but a
    queue's. idle_week: of four weeks, counted from the market's end, the one in which nobody calls by habit.
    """

    policy: int
    hot: Ints
    by_age: Floats
    times: float
    idle_week: int


@compiled
def factor(effect: Effect, day: int, called: int) -> float:
    """Times of the hazard on `day` of a lead first called on its day `called`, -1 if not yet."""
    if called < 0 or day <= called:
        return float(effect.before)
    return float(effect.during if day <= called + effect.days else effect.after)


@compiled
def unopened(since: float, bought: float) -> float:
    """P(no opportunity within `since` days of the first call) of a lead that buys `bought` days after it, -1 for never.

    One that buys has it at any moment between the two, as likely at one as at another.
    """
    if bought < 0.0:
        return float(1.0 - OPPORTUNITY_IF_NOT * min(since / OPPORTUNITY_DAYS, 1.0))
    return float(1.0 - OPPORTUNITY_IF_BOUGHT * min(since / max(bought, 1.0), 1.0))


@compiled
def _share(odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-odds)))


@compiled
def _chance_once(
    calling: Calling, day: int, start_us: int, habit: float, fit: float, interest: float, hidden: float, is_hot: bool
) -> float:
    policy = calling.policy
    if policy == RANDOM:
        return 0.02 if day < FRESH_DAYS else 0.0007
    if policy == HABIT:
        if (start_us // (7 * DAY_US)) % 4 == calling.idle_week:
            return 0.0
        return float(1.0 - np.exp(-habit * (0.165 if day < FRESH_DAYS else 0.0033)))
    if policy == BEST_FIRST:
        return 0.12 * _share(4.0 * (0.6 * fit * TENTH + 0.35 * interest - 1.75))
    if policy == HOT_EVENT:
        return HOT_CALLED if is_hot else 0.0
    if policy == QUEUE:
        return float(calling.by_age[day]) if day < calling.by_age.size else 0.0
    if day > 30:
        return 0.0005
    return 0.06 * _share(3.0 * (0.5 * (fit + 3.0) / 15.0 + hidden - 1.0))


@compiled
def call_chance(
    calling: Calling, day: int, start_us: int, habit: float, fit: float, interest: float, hidden: float, is_hot: bool
) -> float:
    """The chance that a lead that was not called before is called on its own `day`, which begins at `start_us`.

    habit: how often sales calls its like. fit: tenths. interest: fast and slow, as the day begins.
    """
    chance = _chance_once(calling, day, start_us, habit, fit, interest, hidden, is_hot)
    return float(min(1.0, calling.times * chance))


@compiled
def hot_room_us(at_us: int, ends_us: int) -> int:
    """How long after a hot event at `at_us` sales calls at the latest: three hours, or the lead's day is over."""
    return min(HOT_HOURS * HOUR_US, ends_us - at_us)
