"""How each lead of the simulated market goes on from day to day: what it does, whether sales calls, when it buys.

Compiled, and inlined from dynamics.py and calling.py: whoever changes one of these deletes `__pycache__` here, since
numba's cache does not notice a change in a file that it imports from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.arrays import DAY_US, Floats, Ints
from training.simulation.calling import (
    HIDDEN_WEIGHT,
    HOT_EVENT,
    QUEUE,
    Calling,
    Effect,
    call_chance,
    factor,
    hot_room_us,
)
from training.simulation.dynamics import (
    ACTIVE_PART,
    MOST_ACTIVE,
    NEVER,
    VISIT_DAYS,
    Law,
    browsing,
    buying,
    compiled,
    fast_added,
    inclination,
    next_fast,
    next_slow,
    purchase,
    slow_added,
)


class Walkers(NamedTuple):
    """One row per lead: what decides how it goes on.

    fit: tenths. opened_us: when it was known. visits: the chance to look around on each day before that. arrival: the
    kind of the visit that made it known. days: how long it is followed. habit: how often sales calls its like. hidden:
    what only sales knows of it. planned_us: when a queue reaches it, NEVER where it does not.
    """

    fit: Ints
    opened_us: Ints
    visits: Floats
    arrival: Ints
    days: Ints
    habit: Floats
    hidden: Floats
    planned_us: Ints


class Rules(NamedTuple):
    """What is the same for all leads: the law, the shares of the kinds before a lead is known, and what sales does."""

    law: Law
    looking: Floats
    calling: Calling
    effect: Effect


@compiled
def kind_drawn(share: Floats, drawn: float) -> int:
    """The place of the kind that a number from 0 to 1 picks."""
    kind = 0
    while drawn >= share[kind] and kind < share.size - 1:
        drawn -= share[kind]
        kind += 1
    return kind


@compiled
def _longer(rows: Ints) -> Ints:
    longer = np.empty((2 * rows.shape[0], rows.shape[1]), dtype=np.int64)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            longer[i, j] = rows[i, j]
    return longer


@compiled
def walk(who: Walkers, rules: Rules, draws: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """What each lead does: rows of (lead, day, kind, at_us), when it buys, when sales first calls (NEVER: it does not).

    A purchase ends the walk. A call counts from the next day on.
    """
    rows = np.empty((16 * who.fit.size + 1_000, 4), dtype=np.int64)
    bought_us, called_us = np.full(who.fit.size, NEVER), np.full(who.fit.size, NEVER)
    law, count = rules.law, 0
    for lead in range(who.fit.size):
        if count + VISIT_DAYS + who.days[lead] > len(rows):
            rows = _longer(rows)
        fast, slow, called = 0.0, 0.0, -1
        chance_times = np.exp(HIDDEN_WEIGHT * who.hidden[lead])
        for day in range(-VISIT_DAYS, who.days[lead]):
            start_us = who.opened_us[lead] + day * DAY_US
            kind = activity(lead, day, who, rules, fast, slow, draws)
            at_us = start_us + (np.int64(draws.random() * ACTIVE_PART * DAY_US) if day != -1 else DAY_US - 1)
            if day >= 0:
                times = chance_times * factor(rules.effect, day, called)
                if draws.random() < purchase(inclination(law, who.fit[lead], start_us), fast, slow, times):
                    bought_us[lead] = start_us + np.int64(draws.random() * DAY_US)
                if called < 0:
                    at = _call(lead, day, kind, at_us, who, rules, fast + slow, draws)
                    if at < bought_us[lead]:
                        called, called_us[lead] = day, at
            if kind >= 0 and at_us < bought_us[lead]:
                rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = lead, day, kind, at_us
                count += 1
            if bought_us[lead] < NEVER:
                break
            fast = next_fast(fast, fast_added(law, kind, start_us))
            slow = next_slow(slow, slow_added(law, kind, start_us))
    return rows[:count], bought_us, called_us


@compiled
def _call(
    lead: int, day: int, kind: int, at_us: int, who: Walkers, rules: Rules, interest: float, draws: np.random.Generator
) -> int:
    """When sales calls a lead on this day, NEVER if it does not. kind, at_us: of the day's activity."""
    start_us = who.opened_us[lead] + day * DAY_US
    calling = rules.calling
    if calling.policy == QUEUE:
        planned = who.planned_us[lead]
        return planned if start_us <= planned < start_us + DAY_US else NEVER
    hot_us = NEVER
    if day == 0 and calling.hot[who.arrival[lead]] == 1:
        hot_us = start_us
    elif kind >= 0 and calling.hot[kind] == 1:
        hot_us = at_us
    is_hot = hot_us != NEVER
    chance = call_chance(calling, day, start_us, who.habit[lead], who.fit[lead], interest, who.hidden[lead], is_hot)
    if draws.random() >= chance:
        return NEVER
    drawn = draws.random()
    if calling.policy == HOT_EVENT and is_hot:
        return int(hot_us + np.int64((0.2 + 0.8 * drawn) * hot_room_us(hot_us, start_us + DAY_US)))
    return int(start_us + np.int64(drawn * DAY_US))


@compiled
def activity(
    lead: int, day: int, who: Walkers, rules: Rules, fast: float, slow: float, draws: np.random.Generator
) -> int:
    """The kind of a lead's day, -1 where it does nothing. Before it is known, too, looking around brings more of it."""
    if day == -1:
        return int(who.arrival[lead])
    drawn = draws.random()
    if day < 0:
        return kind_drawn(rules.looking, draws.random()) if drawn < who.visits[lead] * (0.5 + max(slow, 0.0)) else -1
    if drawn >= MOST_ACTIVE:  # for most idle days that is all there is to find out
        return -1
    browsed = browsing(fast, slow)
    if drawn < browsed:
        return kind_drawn(rules.law.browsing, draws.random())
    return kind_drawn(rules.law.buying, draws.random()) if drawn < browsed + buying(fast, slow) else -1
