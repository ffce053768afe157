"""What becomes of each lead of the simulated market: when it is known, what it does, whom sales tries, how it ends.

All moments are microseconds relative to the end of the market, so they move with it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import DAY_US, Floats, Ints
from features.lifecycle.closures import KEPT_OPEN, NEVER_LEADS
from training.simulation import population
from training.simulation.calling import HIDDEN_REASON, QUEUE, QUEUE_DAYS, Calling
from training.simulation.catalogue import TOUCHES
from training.simulation.dynamics import HORIZON_DAYS, NEVER, ActiveDays, Law
from training.simulation.interest import DAY_KIND_PLACES, DAY_KINDS
from training.simulation.walk import Rules, Walkers, walk
from training.simulation.world import World

MONTHS_18_US = population.MARKET_DAYS * DAY_US
MINUTE_US = 60_000_000
NEVER_A_LEAD_SHARE, TOO_EARLY_SHARE, HAD_ENOUGH_SHARE = 0.06, 0.08, 0.05
NO_BUDGET_SHARE = 0.3  # of the hopeless
HOT_STEPS = ("demo_request", "contact_sales")


@dataclass(frozen=True)
class Histories:
    """The histories of all leads.

    leads: one row per lead, as `people` gives it, with its moments. records: their active days. rules: how these came
    about. world: what kind of market it is.
    """

    leads: pd.DataFrame
    records: ActiveDays
    rules: Rules
    world: World


def histories(people: pd.DataFrame, law: Law, draws: np.random.Generator, world: World | None = None) -> Histories:
    """The histories of `people`. Adds to their columns:

    touch: what brought it, by the catalogue. opened_us: its identifying event was recorded. hidden: what only sales
    knows of it. touched_us: the first touch by a rep, recorded the moment it happens. bought_us, bought_known_us: the
    purchase, and its record. rejected_us, reason: the reject, "" if none. is_lead: False where sales found no lead at
    all. closed_us: it does nothing more. A moment that does not come is NEVER.
    """
    world = world or World()
    leads = people.assign(opened_us=_opened(len(people), draws))
    leads["touch"] = [TOUCHES.index(pair) for pair in zip(leads["source"], leads["campaign"], strict=True)]
    leads["hidden"] = draws.standard_normal(len(leads)) * (world.policy == HIDDEN_REASON)
    leads["planned_us"] = _planned(leads["opened_us"].to_numpy(), draws)
    rules = Rules(law, _looking(), _calling(leads, world), world.effect)
    rows, leads["bought_us"], leads["touched_us"] = walk(_walkers(leads), rules, draws)
    leads["reason"], leads["rejected_us"] = _rejects(leads, draws)
    leads["is_lead"] = ~leads["reason"].isin(NEVER_LEADS)
    closing = ~leads["reason"].isin(["", *KEPT_OPEN])
    leads["bought_us"] = leads["bought_us"].mask(closing, NEVER)
    leads["bought_known_us"] = _later(leads["bought_us"].to_numpy(), _lag(len(leads), world, draws))
    leads["closed_us"] = leads["bought_us"].where(~closing, leads["rejected_us"])
    return Histories(leads, _records(rows, leads["closed_us"].to_numpy(np.int64)), rules, world)


def _lag(count: int, world: World, draws: np.random.Generator) -> Ints:
    """How long after a purchase it is recorded: hours, or days where the world says so."""
    days = draws.exponential(world.lag_days, count) if world.lag_days else np.zeros(count)
    return draws.integers(MINUTE_US, 360 * MINUTE_US, count) + (days * DAY_US).astype(np.int64)


def _planned(opened_us: Ints, draws: np.random.Generator) -> Ints:
    """When a queue reaches each lead, first in, first out; NEVER where it waited for too long.

    Sales calls so many a week, from none to two thirds of those who arrive.
    """
    moment, at, found = opened_us[0] + DAY_US if len(opened_us) else 0, 0, np.full(len(opened_us), NEVER)
    weekly = len(opened_us) * 7 * DAY_US / MONTHS_18_US
    while at < len(opened_us):
        calls = int(weekly * draws.uniform(0.0, 0.66)) + int(draws.random() < 0.5)
        for moment_us in moment + np.sort(draws.random(calls) * 7 * DAY_US).astype(np.int64):
            while at < len(opened_us) and opened_us[at] + QUEUE_DAYS * DAY_US < moment_us:
                at += 1
            if at < len(opened_us) and opened_us[at] < moment_us:
                found[at] = moment_us
                at += 1
        moment += 7 * DAY_US
    return found


def _calling(leads: pd.DataFrame, world: World) -> Calling:
    """How sales calls, for `walk`; of a queue, what its calls come to by the age of who waits."""
    hot = np.array([any(step in HOT_STEPS for step in kind.steps) for kind in DAY_KINDS], dtype=np.int64)
    wait = (leads["planned_us"].to_numpy() - leads["opened_us"].to_numpy()) // DAY_US
    is_called = leads["planned_us"].to_numpy() < NEVER
    called = np.bincount(wait[is_called], minlength=QUEUE_DAYS + 1)[: QUEUE_DAYS + 1] * (world.policy == QUEUE)
    waiting = len(leads) - np.cumsum(called) + called
    times = 1.0 if world.policy == QUEUE else world.call_times
    by_age = np.asarray(called / np.maximum(waiting, 1), dtype=np.float64)
    return Calling(world.policy, hot, by_age, times, world.idle_week)


def _opened(count: int, draws: np.random.Generator) -> Ints:
    """Arrivals over 18 months, a few more toward the end."""
    return np.sort(
        -MINUTE_US - ((1.0 - draws.random(count) ** population.ARRIVAL_POWER) * MONTHS_18_US).astype(np.int64)
    )


def _walkers(leads: pd.DataFrame) -> Walkers:
    # Leads are followed past the end: whether sales gives one up as hopeless rests on what it would do.
    days = -(leads["opened_us"].to_numpy() // DAY_US) + 2 * HORIZON_DAYS
    rates = {"habit": habit_rate(leads), "days": days}
    return Walkers(*(rates[name] if name in rates else leads[name].to_numpy() for name in Walkers._fields))


def habit_rate(leads: pd.DataFrame) -> Floats:
    """How often sales calls each lead's like, by its habit: a habit is sharper than it seems."""
    return np.asarray((-np.log1p(-leads["habit"].to_numpy())) ** 1.6)


def _looking() -> Floats:
    """The shares of the kinds before a lead is known."""
    weights = np.array([population.LOOKING_AROUND.get(name, 0.0) for name in DAY_KIND_PLACES])
    return np.asarray(weights / weights.sum())


def _rejects(leads: pd.DataFrame, draws: np.random.Generator) -> tuple[npt.NDArray[np.object_], Ints]:
    """The reason ("" where there is none) and moment of each reject.

    No reject changes an outcome: who was never a lead is drawn blindly and is looked at no more; too early is drawn
    blindly and keeps the lead open; no contact wanted is drawn blindly, too, a horizon after the first call; and a
    hopeless lead is one that would not have bought within the horizon of any look before the call, low fits mostly.
    """
    touched, bought = leads["touched_us"].to_numpy(), leads["bought_us"].to_numpy()
    moment = _later(touched, draws.integers(60 * MINUTE_US, 15 * DAY_US, len(leads)))
    chance, which = draws.random(len(leads)), draws.random(len(leads))
    hopeless = bought - HORIZON_DAYS * DAY_US > np.minimum(touched, NEVER - 1)
    chance_of_no = 0.5 / (1.0 + np.exp(0.2 * (leads["fit"].to_numpy() + 8)))
    had_enough = chance > 1.0 - HAD_ENOUGH_SHARE
    moment = np.where(had_enough, _later(moment, HORIZON_DAYS * DAY_US), moment)
    reason = np.full(len(leads), "", dtype=object)
    reason[chance < TOO_EARLY_SHARE] = "too_early"
    reason[(chance >= TOO_EARLY_SHARE) & hopeless & (chance - TOO_EARLY_SHARE < chance_of_no)] = "not_a_fit"
    reason[(reason == "not_a_fit") & (which < NO_BUDGET_SHARE)] = "no_budget"
    reason[had_enough] = "no_contact_wanted"
    not_leads = draws.random(len(leads)) < NEVER_A_LEAD_SHARE
    reason[not_leads] = np.array(NEVER_LEADS, dtype=object)[(which[not_leads] * len(NEVER_LEADS)).astype(int)]
    reason[(touched == NEVER) | (moment >= bought)] = ""
    return reason, np.where(reason == "", NEVER, moment)


def _later(moment_us: Ints, wait_us: Ints | int) -> Ints:
    return np.where(moment_us == NEVER, NEVER, np.minimum(moment_us, NEVER - wait_us) + wait_us)


def _records(rows: Ints, closed_us: Ints) -> ActiveDays:
    """The active days up to the end of the market and of the lead."""
    kept = rows[(rows[:, 3] < 0) & (rows[:, 3] < closed_us[rows[:, 0]])]
    starts = np.searchsorted(kept[:, 0], np.arange(len(closed_us) + 1))
    return ActiveDays(starts, kept[:, 1].copy(), kept[:, 2].copy(), kept[:, 3].copy())
