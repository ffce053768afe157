"""The law of the simulated market: how interest rises and fades, when a lead is active, when it buys; and the truth.

Interest has a fast part (halves in 7 days) and a slow part (in 30 days), both in log-hazard. Time runs in the lead's
own days, counted from the moment it was known. On each day a lead is active at most once; what that adds counts from
the next day on. The chances to be active and to buy follow from interest and fit, and interest from records alone:
nothing about a lead is hidden. So P(buys within n days | fit, fast, slow) is found by backward induction on a lattice
of tenths, exact in fit and increments; only the fading falls between nodes, where cubic interpolation stands in.

Everything compiled is in this one file: numba's cache does not notice a change in a file that it imports from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from features.arrays import DAY_US, Floats, Ints

NEVER = np.iinfo(np.int64).max  # a moment that does not come


class Law(NamedTuple):
    """Of each kind of active day: the tenths it adds, and its share while browsing and while buying.

    raised: log-hazard that a purchase gains on every day that begins at `raised_from_us` or later.
    """

    fast_adds: Ints
    slow_adds: Ints
    browsing: Floats
    buying: Floats
    raised: float = 0.0
    raised_from_us: int = NEVER


class ActiveDays(NamedTuple):
    """One row per active day as recorded, sorted by lead and time; lead i has rows `starts[i]` to `starts[i + 1]`.

    day: the lead's own, 0 when it was known; -1 is the visit that made it known. at_us: its first step was recorded.
    """

    starts: Ints
    day: Ints
    kind: Ints
    at_us: Ints


class Walkers(NamedTuple):
    """One row per lead: what decides how it goes on.

    fit: tenths. opened_us: when it was known. visits: the chance to look around on each day before that. arrival: the
    kind of the visit that made it known. days: how long it is followed. is_buyer: False where a purchase cannot happen.
    """

    fit: Ints
    opened_us: Ints
    visits: Floats
    arrival: Ints
    days: Ints
    is_buyer: npt.NDArray[np.bool_]


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
def purchase(fit: float, fast: float, slow: float) -> float:
    """The chance that a lead whom sales tries buys on one day."""
    return float(1.0 - np.exp(-np.exp(min(-9.83 + fit + fast + slow, -2.5))))


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
def _day_before(later: Floats, fit: float, law: Law) -> Floats:
    """P(buys within n + 1 days) from `later`, P(buys within n days)."""
    idle = _faded(later)
    browsed = _faded(_moved(later, law, law.browsing))
    bought = _faded(_moved(later, law, law.buying))
    for i in range(FAST_NODES):
        for j in range(SLOW_NODES):
            fast, slow = (FAST_LOW + i) * TENTH, (SLOW_LOW + j) * TENTH
            a, b = browsing(fast, slow), buying(fast, slow)
            h = purchase(fit, fast, slow)
            idle[i, j] = h + (1.0 - h) * ((1.0 - a - b) * idle[i, j] + a * browsed[i, j] + b * bought[i, j])
    return idle


@compiled
def chances(law: Law, days: int) -> Floats:
    """P(buys within n days): (fit, after, n, fast, slow), each axis by tenths, n of days - 1 and days.

    after: 0 from the state itself, 1 and 2 the mean over what a day of browsing or of buying adds to it. What `law`
    raises is raised throughout.
    """
    found = np.empty((FIT_NODES, 3, 2, FAST_NODES, SLOW_NODES))
    for level in range(FIT_NODES):
        now = np.zeros((FAST_NODES, SLOW_NODES))
        fit = (FIT_LOW + level) * TENTH + law.raised
        for _ in range(days - 1):
            now = _day_before(now, fit, law)
        for n in range(2):
            browsed, bought = _moved(now, law, law.browsing), _moved(now, law, law.buying)
            for i in range(FAST_NODES):
                for j in range(SLOW_NODES):
                    found[level, 0, n, i, j] = now[i, j]
                    found[level, 1, n, i, j] = browsed[i, j]
                    found[level, 2, n, i, j] = bought[i, j]
            now = _day_before(now, fit, law)
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
def chance_now(table: Floats, fit: float, fast: float, slow: float, elapsed: float) -> float:
    """P(buys within the horizon) when `elapsed` of the day has passed without purchase or activity.

    Both fall evenly over their part of the day, so what is left of their chance follows from what is left of it. The
    horizon ends `elapsed` into its last day, of which that part counts: between n and n + 1 days the chance is linear.
    """
    h = purchase(fit, fast, slow)
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
    table: Floats, law: Law, records: ActiveDays, fit: Ints, opened_us: Ints, row: Ints, moment_us: Ints
) -> Floats:
    """P(buys within the horizon, if sales tries) of lead `row` at each moment, from what was recorded before it.

    table: of `law`. fit: tenths, per lead. row, moment_us: sorted by lead, then time. A visit that is under way counts
    from its first step, since that is when the day's kind was drawn; the rest of it follows within the hour.
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
            fast = next_fast(fast * FAST_KEPT**gap, law.fast_adds[kind])
            slow = next_slow(slow * SLOW_KEPT**gap, law.slow_adds[kind])
            day = records.day[place] + 1
            place += 1
        f, s = fast * FAST_KEPT ** (today - day), slow * SLOW_KEPT ** (today - day)
        level, inclined = fit[lead] - FIT_LOW, fit[lead] * TENTH + law.raised
        found[at] = chance_now(table[level], inclined, f, s, elapsed)
        if place < records.starts[lead + 1] and records.day[place] == today and records.at_us[place] < moment_us[at]:
            kind = records.kind[place]
            h = purchase(inclined, f, s)
            h = h * (1.0 - elapsed) / (1.0 - h * elapsed)
            f, s = next_fast(f, law.fast_adds[kind]), next_slow(s, law.slow_adds[kind])
            found[at] = h + (1.0 - h) * _chance(table[level, 0], f, s, elapsed)
    return found


@compiled
def _kind(share: Floats, drawn: float) -> int:
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
def walk(who: Walkers, law: Law, looking: Floats, draws: np.random.Generator) -> tuple[Ints, Ints]:
    """What each lead does: rows of (lead, day, kind, at_us), and when it buys (NEVER where it does not).

    looking: the shares of the kinds before a lead is known. A purchase ends the walk.
    """
    rows = np.empty((16 * who.fit.size + 1_000, 4), dtype=np.int64)
    bought_us = np.full(who.fit.size, NEVER)
    count = 0
    for lead in range(who.fit.size):
        if count + VISIT_DAYS + who.days[lead] > len(rows):
            rows = _longer(rows)
        fast = slow = 0.0
        for day in range(-VISIT_DAYS, who.days[lead]):
            start_us = who.opened_us[lead] + day * DAY_US
            kind = _activity(lead, day, who, law, looking, fast, slow, draws)
            inclined = who.fit[lead] * TENTH + (law.raised if start_us >= law.raised_from_us else 0.0)
            if day >= 0 and who.is_buyer[lead] and draws.random() < purchase(inclined, fast, slow):
                bought_us[lead] = start_us + np.int64(draws.random() * DAY_US)
            if kind >= 0:
                at_us = start_us + (np.int64(draws.random() * ACTIVE_PART * DAY_US) if day != -1 else DAY_US - 1)
                if at_us < bought_us[lead]:
                    rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = lead, day, kind, at_us
                    count += 1
            if bought_us[lead] < NEVER:
                break
            fast = next_fast(fast, law.fast_adds[kind] if kind >= 0 else 0)
            slow = next_slow(slow, law.slow_adds[kind] if kind >= 0 else 0)
    return rows[:count], bought_us


@compiled
def _activity(
    lead: int, day: int, who: Walkers, law: Law, looking: Floats, fast: float, slow: float, draws: np.random.Generator
) -> int:
    """The kind of a lead's day, -1 where it does nothing. Before it is known, too, looking around brings more of it."""
    if day == -1:
        return int(who.arrival[lead])
    drawn = draws.random()
    if day < 0:
        return _kind(looking, draws.random()) if drawn < who.visits[lead] * (0.5 + max(slow, 0.0)) else -1
    if drawn >= MOST_ACTIVE:  # for most idle days that is all there is to find out
        return -1
    browsed = browsing(fast, slow)
    if drawn < browsed:
        return _kind(law.browsing, draws.random())
    return _kind(law.buying, draws.random()) if drawn < browsed + buying(fast, slow) else -1
