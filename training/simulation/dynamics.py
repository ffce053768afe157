"""The law of the simulated market: how interest rises and fades, when a lead is active, when it buys; and the truth.

Interest has a fast part (halves in 7 days) and a slow part (in 30 days), both in log-hazard. Time runs in the lead's
own days, counted from the moment it was known. On each day a lead is active at most once; what that adds counts from
the next day on. The chances to be active and to buy follow from interest and fit, and interest from records alone:
nothing about a lead is hidden. So P(buys within n days | fit, fast, slow) is found by backward induction on a lattice
of tenths, exact in fit and increments; only the fading falls between nodes, where cubic interpolation stands in.

A call makes the hazard of some days higher; what it does is a `calling.Effect`, and counts from the next day on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit

from features.arrays import DAY_US, Floats, Ints

NEVER = np.iinfo(np.int64).max  # a moment that does not come
YEAR_US = 365 * DAY_US
NOTHING_TURNED: Ints = np.zeros(0, dtype=np.int64)


class Law(NamedTuple):
    """Of each kind of active day: the tenths it adds, and its share while browsing and while buying.

    raised: log-hazard that a purchase gains on every day that begins at `raised_from_us` or later. base: what it gains
    on every day. season: by how much log-hazard it swings over a year. turned_fast, turned_slow: what the kinds add on
    days that begin at `turned_from_us` or later.
    """

    fast_adds: Ints
    slow_adds: Ints
    browsing: Floats
    buying: Floats
    raised: float = 0.0
    raised_from_us: int = NEVER
    base: float = 0.0
    season: float = 0.0
    turned_fast: Ints = NOTHING_TURNED
    turned_slow: Ints = NOTHING_TURNED
    turned_from_us: int = NEVER


class ActiveDays(NamedTuple):
    """One row per active day as recorded, sorted by lead and time; lead i has rows `starts[i]` to `starts[i + 1]`.

    day: the lead's own, 0 when it was known; -1 is the visit that made it known. at_us: its first step was recorded.
    """

    starts: Ints
    day: Ints
    kind: Ints
    at_us: Ints


Compiled = TypeVar("Compiled", bound=Callable[..., Any])

HORIZON_DAYS = 90
FAST_KEPT = 2.0 ** (-1 / 7)  # what is left of fast interest a day later
SLOW_KEPT = 2.0 ** (-1 / 30)
TENTH = 0.1
FAST_LOW, FAST_NODES = -15, 51  # tenths; interest saturates at the ends, in the market as in the table
SLOW_LOW, SLOW_NODES = -20, 106
FIT_LOW, FIT_NODES = -45, 81
MOST_ACTIVE = 0.7  # no lead is active on more of its days
MOST_ADDED = 80  # tenths that one day adds at most, either way
ACTIVE_PART = 0.96  # a day's activity begins in this part of it, evenly, so that it ends within the lead's day
VISIT_DAYS = 30  # how long before it is known a lead may have looked around


def compiled(function: Compiled) -> Compiled:
    """`function`, compiled at its first call and kept for the next process."""
    return cast(Compiled, njit(cache=True)(function))


@compiled
def hazard(fit: float, fast: float, slow: float) -> float:
    """What makes a lead buy on one day, where calls are nothing: the cumulative hazard of that day."""
    return float(np.exp(min(-9.83 + fit + fast + slow, -2.5)))


@compiled
def purchase(fit: float, fast: float, slow: float, times: float) -> float:
    """The chance that a lead buys on one day; times: of its hazard, by what calls do."""
    return float(1.0 - np.exp(-times * hazard(fit, fast, slow)))


@compiled
def inclination(law: Law, fit: float, start_us: int) -> float:
    """The log-hazard of a lead of `fit` tenths on a day that begins at `start_us`, without its interest."""
    found = fit * TENTH + law.base + (law.raised if start_us >= law.raised_from_us else 0.0)
    return float(found + law.season * np.sin(2.0 * np.pi * start_us / YEAR_US) if law.season != 0.0 else found)


@compiled
def fast_added(law: Law, kind: int, start_us: int) -> int:
    """Tenths that a day of `kind` adds to fast interest; -1 is a day without activity."""
    if kind < 0:
        return 0
    return int(law.turned_fast[kind] if start_us >= law.turned_from_us else law.fast_adds[kind])


@compiled
def slow_added(law: Law, kind: int, start_us: int) -> int:
    """Tenths that a day of `kind` adds to slow interest."""
    if kind < 0:
        return 0
    return int(law.turned_slow[kind] if start_us >= law.turned_from_us else law.slow_adds[kind])


@compiled
def browsing(fast: float, slow: float) -> float:
    """The chance of a day of looking around."""
    return float(MOST_ACTIVE / 2 / (1.0 + np.exp(2.7 - 0.1 * fast - 0.1 * slow)))


@compiled
def buying(fast: float, slow: float) -> float:
    """The chance of a day of serious interest: more activity brings more, and of another kind."""
    return float(MOST_ACTIVE / 2 / (1.0 + np.exp(4.7 - 0.2 * fast - 0.2 * slow)))


@compiled
def next_fast(fast: float, adds: int) -> float:
    """Fast interest a day later."""
    return min(max(fast * FAST_KEPT + adds * TENTH, FAST_LOW * TENTH), (FAST_LOW + FAST_NODES - 1) * TENTH)


@compiled
def next_slow(slow: float, adds: int) -> float:
    """Slow interest a day later."""
    return min(max(slow * SLOW_KEPT + adds * TENTH, SLOW_LOW * TENTH), (SLOW_LOW + SLOW_NODES - 1) * TENTH)


@compiled
def _parts(value: float, low: int, nodes: int, parts: Floats) -> int:
    """The first of the four nodes around `value`, and in `parts` the weight of each (cubic, by Lagrange)."""
    place = value / TENTH - low
    first = min(max(int(np.floor(place)) - 1, 0), nodes - 4)
    t = place - first
    parts[0] = -(t - 1.0) * (t - 2.0) * (t - 3.0) / 6.0
    parts[1] = t * (t - 2.0) * (t - 3.0) / 2.0
    parts[2] = -t * (t - 1.0) * (t - 3.0) / 2.0
    parts[3] = t * (t - 1.0) * (t - 2.0) / 6.0
    return first


@compiled
def _moved(now: Floats, law: Law, share: Floats) -> Floats:
    """The mean of `now` over what a day's activity adds."""
    # Widened by its edges, where interest saturates: the inner loop then has no bound to check.
    wide = np.empty((FAST_NODES + 2 * MOST_ADDED, SLOW_NODES + 2 * MOST_ADDED))
    for i in range(wide.shape[0]):
        for j in range(wide.shape[1]):
            to = min(max(i - MOST_ADDED, 0), FAST_NODES - 1)
            wide[i, j] = now[to, min(max(j - MOST_ADDED, 0), SLOW_NODES - 1)]
    moved = np.zeros_like(now)
    for kind in range(share.size):
        column = MOST_ADDED + law.slow_adds[kind]
        for i in range(FAST_NODES):
            row = wide[i + MOST_ADDED + law.fast_adds[kind], column : column + SLOW_NODES]
            for j in range(SLOW_NODES):
                moved[i, j] += share[kind] * row[j]
    return moved


@compiled
def _faded(now: Floats) -> Floats:
    """`now` at each node as it is after one day's fading."""
    # Loops, here and below: compiling sums of slices takes numba several times as long.
    parts = np.empty(4)
    half, faded = np.zeros_like(now), np.zeros_like(now)
    for i in range(FAST_NODES):
        first = _parts((FAST_LOW + i) * TENTH * FAST_KEPT, FAST_LOW, FAST_NODES, parts)
        for k in range(4):
            for j in range(SLOW_NODES):
                half[i, j] += parts[k] * now[first + k, j]
    for j in range(SLOW_NODES):
        first = _parts((SLOW_LOW + j) * TENTH * SLOW_KEPT, SLOW_LOW, SLOW_NODES, parts)
        for i in range(FAST_NODES):
            for k in range(4):
                faded[i, j] += parts[k] * half[i, first + k]
    return faded


@compiled
def _day_before(later: Floats, fit: float, times: float, law: Law) -> Floats:
    """P(buys within n + 1 days) from `later`, P(buys within n days)."""
    idle = _faded(later)
    browsed = _faded(_moved(later, law, law.browsing))
    bought = _faded(_moved(later, law, law.buying))
    for i in range(FAST_NODES):
        for j in range(SLOW_NODES):
            fast, slow = (FAST_LOW + i) * TENTH, (SLOW_LOW + j) * TENTH
            a, b = browsing(fast, slow), buying(fast, slow)
            h = purchase(fit, fast, slow, times)
            idle[i, j] = h + (1.0 - h) * ((1.0 - a - b) * idle[i, j] + a * browsed[i, j] + b * bought[i, j])
    return idle


@compiled
def chances(law: Law, days: int, raised_days: int, during: float, after: float) -> Floats:
    """P(buys within n days): (fit, after, n, fast, slow), each axis by tenths, n of days - 1 and days.

    after: 0 from the state itself, 1 and 2 the mean over what a day of browsing or of buying adds to it. What `law`
    raises is raised throughout. during: times of the hazard for the first `raised_days` days; after: of the rest.
    """
    found = np.empty((FIT_NODES, 3, 2, FAST_NODES, SLOW_NODES))
    first = min(raised_days, days - 1)
    for level in range(FIT_NODES):
        now = np.zeros((FAST_NODES, SLOW_NODES))
        fit = (FIT_LOW + level) * TENTH + law.base + law.raised
        for _ in range(days - 1 - first):
            now = _day_before(now, fit, after, law)
        longer = now
        if raised_days < days:
            longer = _day_before(now, fit, after, law)
        for _ in range(first):
            now = _day_before(now, fit, during, law)
        if raised_days >= days:
            longer = _day_before(now, fit, during, law)
        elif during == after:
            longer = _day_before(now, fit, after, law)
        else:
            for _ in range(first):
                longer = _day_before(longer, fit, during, law)
        for n in range(2):
            reached = now if n == 0 else longer
            browsed, bought = _moved(reached, law, law.browsing), _moved(reached, law, law.buying)
            for i in range(FAST_NODES):
                for j in range(SLOW_NODES):
                    found[level, 0, n, i, j] = reached[i, j]
                    found[level, 1, n, i, j] = browsed[i, j]
                    found[level, 2, n, i, j] = bought[i, j]
    return found


@compiled
def _chance(table: Floats, fast: float, slow: float, remainder: float) -> float:
    """`table` (n, fast, slow) at a state, `remainder` of the way from the first n to the second."""
    fast_parts, slow_parts = np.empty(4), np.empty(4)
    i = _parts(fast, FAST_LOW, FAST_NODES, fast_parts)
    j = _parts(slow, SLOW_LOW, SLOW_NODES, slow_parts)
    found = 0.0
    for k in range(4):
        for m in range(4):
            both = (1.0 - remainder) * table[0, i + k, j + m] + remainder * table[1, i + k, j + m]
            found += fast_parts[k] * slow_parts[m] * both
    return found


@compiled
def chance_now(table: Floats, fit: float, fast: float, slow: float, elapsed: float, times: float) -> float:
    """P(buys within the horizon) when `elapsed` of the day has passed without purchase or activity.

    Both fall evenly over their part of the day, so what is left of their chance follows from what is left of it. The
    horizon ends `elapsed` into its last day, of which that part counts: between n and n + 1 days the chance is linear.
    times: of today's hazard.
    """
    h = purchase(fit, fast, slow, times)
    today = h * (1.0 - elapsed) / (1.0 - h * elapsed)
    a, b = browsing(fast, slow), buying(fast, slow)
    passed = min(elapsed / ACTIVE_PART, 1.0)
    left = (1.0 - passed) / (1.0 - (a + b) * passed)
    f, s = next_fast(fast, 0), next_slow(slow, 0)
    later = (1.0 - (a + b) * left) * _chance(table[0], f, s, elapsed)
    later += a * left * _chance(table[1], f, s, elapsed) + b * left * _chance(table[2], f, s, elapsed)
    return today + (1.0 - today) * later


@compiled
def true_chances(
    table: Floats, times: float, law: Law, records: ActiveDays, fit: Ints, opened_us: Ints, row: Ints, moment_us: Ints
) -> Floats:
    """P(buys within the horizon) of lead `row` at each moment, from what was recorded before it.

    table: of `law`, from the next day on. times: of today's hazard. fit: tenths, per lead. row, moment_us: sorted by
    lead, then time. A visit that is under way counts from its first step, since that is when the day's kind was drawn;
    the rest of it follows within the hour.
    """
    found = np.empty(row.size)
    for at in range(row.size):
        lead = row[at]
        if at == 0 or row[at - 1] != lead:
            fast, slow, day, place = 0.0, 0.0, -VISIT_DAYS - 1, records.starts[lead]
        since = moment_us[at] - opened_us[lead]
        today = since // DAY_US
        elapsed = (since - today * DAY_US) / DAY_US
        while place < records.starts[lead + 1] and records.day[place] < today:
            kind, gap = records.kind[place], records.day[place] - day
            start_us = opened_us[lead] + records.day[place] * DAY_US
            fast = next_fast(fast * FAST_KEPT**gap, fast_added(law, kind, start_us))
            slow = next_slow(slow * SLOW_KEPT**gap, slow_added(law, kind, start_us))
            day = records.day[place] + 1
            place += 1
        f, s = fast * FAST_KEPT ** (today - day), slow * SLOW_KEPT ** (today - day)
        level, inclined = fit[lead] - FIT_LOW, fit[lead] * TENTH + law.base + law.raised
        found[at] = chance_now(table[level], inclined, f, s, elapsed, times)
        if place < records.starts[lead + 1] and records.day[place] == today and records.at_us[place] < moment_us[at]:
            kind, start_us = records.kind[place], opened_us[lead] + today * DAY_US
            h = purchase(inclined, f, s, times)
            h = h * (1.0 - elapsed) / (1.0 - h * elapsed)
            f = next_fast(f, fast_added(law, kind, start_us))
            s = next_slow(s, slow_added(law, kind, start_us))
            found[at] = h + (1.0 - h) * _chance(table[level, 0], f, s, elapsed)
    return found
