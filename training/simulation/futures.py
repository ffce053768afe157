"""The truth where no table has it: forward paths from what was recorded, with the chance to convert along each.

What leads do does not follow from calls. So a path is what a lead does; along it the chance of a call on each day and
of a purchase for a call on each day are numbers, and nothing but the path is drawn.

Compiled, and inlined from dynamics.py, calling.py and walk.py: whoever changes one of these deletes `__pycache__`
here, since numba's cache does not notice a change in a file that it imports from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.arrays import DAY_US, Floats, Ints
from training.simulation.calling import (
    HIDDEN_REASON,
    HIDDEN_WEIGHT,
    HOT_CALLED,
    HOT_EVENT,
    Calling,
    Effect,
    call_chance,
    factor,
    hot_room_us,
    unopened,
)
from training.simulation.dynamics import (
    ACTIVE_PART,
    FAST_KEPT,
    HORIZON_DAYS,
    SLOW_KEPT,
    VISIT_DAYS,
    ActiveDays,
    Law,
    browsing,
    buying,
    compiled,
    fast_added,
    hazard,
    inclination,
    next_fast,
    next_slow,
    slow_added,
)
from training.simulation.walk import Rules, kind_drawn

SPOTS = 7  # of the hidden reason, by Gauss and Hermite
# A lead's chance may lie in the few of its courses in which it comes to life. So of each three one is drawn by the law,
# and two with its chance to be active times this; each weighs by how much rarer the law draws it than all three do.
LIFTS = np.array([1.0, 2.0, 4.0])
MOST_LIFTED = 0.9
SURE, MOST_TIMES = 0.2, 20  # of a chance, its standard error that is small enough; times as many paths, at most


class Looks(NamedTuple):
    """What is asked: lead and moment_us, one per row, sorted by both; and one row per lead of what decides its future.

    fit: tenths. arrival: kind. habit: how often sales calls its like. called_us: its first call, NEVER if none came.
    paths: how many are walked from each look at least; more where that leaves it unsure.
    """

    row: Ints
    moment_us: Ints
    opened_us: Ints
    fit: Ints
    arrival: Ints
    habit: Floats
    called_us: Ints
    paths: int


class Beliefs(NamedTuple):
    """Values of the hidden reason, and the chance of each before anything is known of a lead."""

    hidden: Floats
    share: Floats


class Course(NamedTuple):
    """Per day of the horizon: the hazard where calls are nothing, whether it is hot, and the interest as it begins.

    weight: how much rarer the law draws it than it is drawn here.
    """

    rates: Floats
    hot: Ints
    interest: Floats
    weight: float


class State(NamedTuple):
    """Where a lead stands as a look finds it.

    day, elapsed: its own day, and how much of that has passed. fast, slow: interest as the day began. kind, at_us: what
    it did today before the look, -1 if nothing. called: the day of its first call, -1 if none came before the look.
    """

    day: int
    elapsed: float
    fast: float
    slow: float
    kind: int
    at_us: int
    called: int


@compiled
def futures(looks: Looks, records: ActiveDays, rules: Rules, beliefs: Beliefs, draws: np.random.Generator) -> Floats:
    """Means over paths, one row per look: P(buys within the horizon as things are), and the same if first called now.

    A lead that sales called before is one that has no opportunity: where it had one, sales would still have it.
    The call that "now" means counts from the next day on, as every call does.
    """
    found = np.zeros((looks.row.size, 2))
    for at in range(looks.row.size):
        lead, moment_us = looks.row[at], looks.moment_us[at]
        state = _state(looks, lead, moment_us, records, rules.law)
        weight = _weights(looks, lead, state, records, rules, beliefs)
        path, squares, drawn, as_found = 0, 0.0, 0.0, 0.0
        while path < looks.paths or (path < MOST_TIMES * looks.paths and not _is_sure(found[at, 0], squares, path)):
            course = _course(looks, lead, state, rules, path % LIFTS.size, draws)
            now, tried, found_so = _over_beliefs(looks, lead, state, rules, course, weight, beliefs.hidden)
            found[at, 0] += course.weight * now
            as_found += course.weight * found_so
            found[at, 1] += course.weight * tried
            squares += (course.weight * now) ** 2
            drawn += course.weight
            path += 1
        found[at, 0] /= as_found
        found[at, 1] /= drawn
    return found


@compiled
def _is_sure(summed: float, squares: float, paths: int) -> bool:
    """Whether the mean over paths has a standard error of at most SURE of itself. squares: sum of the squares."""
    return squares - summed**2 / paths <= (SURE * summed) ** 2


@compiled
def _over_beliefs(
    looks: Looks, lead: int, state: State, rules: Rules, course: Course, weight: Floats, hidden: Floats
) -> tuple[float, float, float]:
    """What `_along` says of one course, over what the hidden reason may be."""
    found, found_tried, as_found = 0.0, 0.0, 0.0
    for spot in range(weight.size):
        if weight[spot] > 1e-6:
            now, tried, found_so = _along(looks, lead, state, rules, course, hidden[spot])
            found += weight[spot] * now
            found_tried += weight[spot] * tried
            as_found += weight[spot] * found_so
    return found, found_tried, as_found


@compiled
def _state(looks: Looks, lead: int, moment_us: int, records: ActiveDays, law: Law) -> State:
    since = moment_us - looks.opened_us[lead]
    today = since // DAY_US
    fast, slow, day, place = 0.0, 0.0, -VISIT_DAYS - 1, records.starts[lead]
    last = records.starts[lead + 1]
    while place < last and records.day[place] < today:
        kind, gap = records.kind[place], records.day[place] - day
        start_us = looks.opened_us[lead] + records.day[place] * DAY_US
        fast = next_fast(fast * FAST_KEPT**gap, fast_added(law, kind, start_us))
        slow = next_slow(slow * SLOW_KEPT**gap, slow_added(law, kind, start_us))
        day = records.day[place] + 1
        place += 1
    fast, slow = fast * FAST_KEPT ** (today - day), slow * SLOW_KEPT ** (today - day)
    kind, at_us = -1, np.int64(0)
    if place < last and records.day[place] == today and records.at_us[place] < moment_us:
        kind, at_us = records.kind[place], records.at_us[place]
    called = np.int64(-1)
    if looks.called_us[lead] < moment_us:
        called = (looks.called_us[lead] - looks.opened_us[lead]) // DAY_US
    return State(today, (since - today * DAY_US) / DAY_US, fast, slow, int(kind), int(at_us), int(called))


@compiled
def _weights(looks: Looks, lead: int, state: State, records: ActiveDays, rules: Rules, beliefs: Beliefs) -> Floats:
    """The chance of each value of the hidden reason, after what sales did and the lead did not until the look."""
    weight, law, calling = beliefs.share.copy(), rules.law, rules.calling
    if calling.policy != HIDDEN_REASON:
        return weight
    fast, slow, place = 0.0, 0.0, records.starts[lead]
    fit = looks.fit[lead]
    for day in range(-VISIT_DAYS, state.day):
        start_us = looks.opened_us[lead] + day * DAY_US
        if day >= 0:
            rate = hazard(inclination(law, fit, start_us), fast, slow) * factor(rules.effect, day, state.called)
            for spot in range(weight.size):
                hidden = beliefs.hidden[spot]
                weight[spot] *= np.exp(-rate * np.exp(HIDDEN_WEIGHT * hidden))
                if state.called < 0 or day <= state.called:
                    chance = call_chance(calling, day, start_us, looks.habit[lead], fit, fast + slow, hidden, False)
                    weight[spot] *= chance if day == state.called else 1.0 - chance
        kind = -1
        if place < records.starts[lead + 1] and records.day[place] == day:
            kind = records.kind[place]
            place += 1
        fast = next_fast(fast, fast_added(law, kind, start_us))
        slow = next_slow(slow, slow_added(law, kind, start_us))
    return np.asarray(weight / weight.sum())


@compiled
def _course(looks: Looks, lead: int, state: State, rules: Rules, lift: int, draws: np.random.Generator) -> Course:
    """One drawn course of the horizon. lift: the place of the times by which its chances to be active are lifted."""
    law, calling, times = rules.law, rules.calling, np.ones(LIFTS.size)
    rates, interest = np.empty(HORIZON_DAYS + 1), np.empty(HORIZON_DAYS + 1)
    hot = np.zeros(HORIZON_DAYS + 1, dtype=np.int64)
    fast, slow = state.fast, state.slow
    for ahead in range(HORIZON_DAYS + 1):
        start_us = looks.opened_us[lead] + (state.day + ahead) * DAY_US
        a, b, kind = browsing(fast, slow), buying(fast, slow), -1
        part = 1.0
        if ahead == 0:
            passed = min(state.elapsed / ACTIVE_PART, 1.0)
            part = (1.0 - passed) / (1.0 - (a + b) * passed)
        if ahead == 0 and state.kind >= 0:
            kind = state.kind
        else:
            active = (a + b) * part
            is_active = draws.random() < _lifted(active, LIFTS[lift])
            if is_active:
                kind = kind_drawn(law.browsing if draws.random() * (a + b) < a else law.buying, draws.random())
            for one in range(LIFTS.size):
                lifted = _lifted(active, LIFTS[one])
                times[one] *= lifted / active if is_active else (1.0 - lifted) / (1.0 - active)
        rates[ahead] = hazard(inclination(law, looks.fit[lead], start_us), fast, slow)
        interest[ahead] = fast + slow
        if kind >= 0 and calling.hot[kind] == 1:
            hot[ahead] = 1
        if state.day + ahead == 0 and calling.hot[looks.arrival[lead]] == 1:
            hot[ahead] = 1
        fast = next_fast(fast, fast_added(law, kind, start_us))
        slow = next_slow(slow, slow_added(law, kind, start_us))
    rates[0] *= 1.0 - state.elapsed
    rates[HORIZON_DAYS] *= state.elapsed
    return Course(rates, hot, interest, 1.0 / times.mean())


@compiled
def _lifted(active: float, times: float) -> float:
    """A chance to be active times `times`, as far as that is one."""
    return max(active, min(times * active, MOST_LIFTED))


@compiled
def _call_left(looks: Looks, lead: int, state: State, calling: Calling, chance: float, is_hot: bool) -> float:
    """The chance of a call in what is left of today, of which none came so far. chance: that of the whole day."""
    if not (calling.policy == HOT_EVENT and is_hot):
        return chance * (1.0 - state.elapsed) / (1.0 - chance * state.elapsed)
    start_us = looks.opened_us[lead] + state.day * DAY_US
    hot_us = state.at_us
    if state.day == 0 and calling.hot[looks.arrival[lead]] == 1:
        hot_us = start_us
    elif state.kind < 0:
        return HOT_CALLED  # the hot event itself is still to come
    room = hot_room_us(hot_us, start_us + DAY_US)
    since_us = state.elapsed * DAY_US + start_us - hot_us
    left = min(max((1.0 - since_us / room) / 0.8, 0.0), 1.0)
    return float(chance * left / (1.0 - chance * (1.0 - left)))


@compiled
def _along(
    looks: Looks, lead: int, state: State, rules: Rules, course: Course, hidden: float
) -> tuple[float, float, float]:
    """P(buys within the horizon) along one course: as things are, and if first called today.

    The first is of a lead that is found so, whose chance is the third: 1, or that a called one has no opportunity yet.
    """
    effect, calling = rules.effect, rules.calling
    rates = course.rates * np.exp(HIDDEN_WEIGHT * hidden)
    summed = np.cumsum(rates)
    tried = 1.0 - _unsold(summed, effect, 0)
    if state.called >= 0:
        since, unsold, won = state.day + state.elapsed - state.called, 1.0, 0.0
        for ahead in range(rates.size):
            left = unsold * np.exp(-rates[ahead] * factor(effect, state.day + ahead, state.called))
            won += (unsold - left) * unopened(since, max(state.day + ahead + 0.5 - state.called, since))
            unsold = left
        return won, tried, won + unsold * unopened(since, -1.0)
    uncalled, unsold = 1.0, 0.0
    for ahead in range(rates.size):
        start_us = looks.opened_us[lead] + (state.day + ahead) * DAY_US
        is_hot = course.hot[ahead] == 1
        chance = call_chance(
            calling, state.day + ahead, start_us, looks.habit[lead], looks.fit[lead], course.interest[ahead], hidden,
            is_hot,
        )  # fmt: skip
        if ahead == 0:
            chance = _call_left(looks, lead, state, calling, chance, is_hot)
        if chance > 0.0:
            unsold += uncalled * chance * _unsold(summed, effect, ahead)
            uncalled *= 1.0 - chance
    unsold += uncalled * np.exp(-effect.before * summed[-1])
    return 1.0 - unsold, tried, 1.0


@compiled
def _unsold(summed: Floats, effect: Effect, called: int) -> float:
    """P(no purchase within the horizon) for a call `called` days ahead. summed: hazard up to and with each day."""
    until = min(called + effect.days, summed.size - 1)
    rate = effect.before * summed[called] + effect.during * (summed[until] - summed[called])
    return float(np.exp(-rate - effect.after * (summed[-1] - summed[until])))
