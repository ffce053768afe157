"""A simulated market whose last quarter is lived through: what its leads do is known, what sales does changes who buys.

In this market a call changes the chance to buy and nothing that a lead does, so that the activity of a quarter can be
drawn beforehand, as if nobody bought, with the hazard of each day. A lead buys once its hazard, in times that calls
make of it, adds up to a number drawn for it: the same for every way of calling, so that two ways meet the same leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.arrays import DAY_US, Floats, Ints
from training.simulation.calling import Effect
from training.simulation.desk import desk, introductions, strangers
from training.simulation.dynamics import (
    ACTIVE_PART,
    FAST_KEPT,
    NEVER,
    SLOW_KEPT,
    TENTH,
    VISIT_DAYS,
    ActiveDays,
    compiled,
    fast_added,
    hazard,
    next_fast,
    next_slow,
    slow_added,
    true_chances,
)
from training.simulation.envelope import EventTexts
from training.simulation.event_rows import recorded_rows
from training.simulation.histories import Histories, histories
from training.simulation.interest import law
from training.simulation.mails import mails
from training.simulation.people import people
from training.simulation.truth import horizon_table
from training.simulation.visits import visits
from training.simulation.walk import Walkers, activity
from training.simulation.world import World

HOUR_US = DAY_US // 24
JUNK = "comparison-ads"  # the campaign whose leads of the quarter are no buyers at all


@dataclass(frozen=True)
class LiveMarket:
    """A market up to the beginning of its last quarter, and what its leads will do in it.

    leads: one row per lead, as `histories` gives it; what sales or a purchase would have done in the quarter is NEVER.
    before: the events that were recorded before the quarter; events: those of the quarter, by receivedAt.
    hazards: (lead, day of its own from the one in which the quarter begins): cumulative hazard, where no call is made.
    first_day: the lead's own day to which the first column belongs. needed: of the hazard, for each lead to buy.
    """

    leads: pd.DataFrame
    before: pd.DataFrame
    events: pd.DataFrame
    hazards: Floats
    first_day: Ints
    needed: Floats
    begins_at: datetime
    ends_at: datetime
    rules: Any
    records: ActiveDays

    @property
    def effect(self) -> Effect:
        effect: Effect = self.rules.effect
        return effect

    def chance_if_called(self, lead: Ints, moment_us: int) -> Floats:
        """The true chance that each lead buys within the horizon if it is first called now; no junk ever does."""
        opened, fit = self.leads["opened_us"].to_numpy(), self.leads["fit"].to_numpy()
        table, times = horizon_table(self.rules.law, self.effect), self.effect.before
        asked = np.full(len(lead), moment_us, dtype=np.int64)
        found = true_chances(table, times, self.rules.law, self.records, fit, opened, lead, asked)
        return np.where(self.leads["is_junk"].to_numpy()[lead], 0.0, found)


def live_market(count: int, seed: int, ends_at: datetime, days: int) -> LiveMarket:
    """A market of `count` leads over 18 months; its last `days` are to be lived through. The same seed, the same."""
    draws = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(7)]
    world, begins_us = World(), -days * DAY_US
    past = histories(people(count, draws[0], world), law(None, world), draws[1], world)
    leads = _as_it_begins(past.leads, begins_us)
    leads["is_junk"] = (leads["campaign"] == JUNK) & (leads["opened_us"] >= begins_us)
    rows, hazards, first_day = _quarter(past, leads, begins_us, draws[5])
    hazards[leads["is_junk"].to_numpy()] = 0.0
    records = _records(past.records, rows, leads, begins_us)
    whole = Histories(leads, records, past.rules, world)
    events = _events(whole, seed, draws, ends_at)
    begins_at = ends_at - pd.Timedelta(days=days).to_pytimedelta()
    is_before = (events["receivedAt"] < begins_at).to_numpy()
    needed = draws[6].exponential(size=count)
    return LiveMarket(
        leads,
        events[is_before],
        events[~is_before],
        hazards,
        first_day,
        needed,
        begins_at,
        ends_at,
        past.rules,
        records,
    )


def _as_it_begins(leads: pd.DataFrame, begins_us: int) -> pd.DataFrame:
    """The leads as they stand at the beginning: what sales does later, and who buys, is open."""
    leads = leads.copy()
    for name in ("touched_us", "bought_us", "rejected_us"):
        leads[name] = leads[name].mask(leads[name] >= begins_us, NEVER)
    leads["bought_known_us"] = leads["bought_known_us"].mask(leads["bought_us"] == NEVER, NEVER)
    leads["reason"] = leads["reason"].mask(leads["rejected_us"] == NEVER, "")
    leads["closed_us"] = leads["closed_us"].mask(leads["closed_us"] >= begins_us, NEVER)
    return leads


def _quarter(past: Histories, leads: pd.DataFrame, begins_us: int, draws: np.random.Generator) -> tuple[Any, ...]:
    """Rows (lead, day, kind, at_us) of the quarter as if nobody bought, and the hazard of each of its days."""
    rates = {"habit": np.zeros(len(leads)), "days": -(leads["opened_us"].to_numpy() // DAY_US)}
    who = Walkers(*(rates[name] if name in rates else leads[name].to_numpy() for name in Walkers._fields))
    is_closed = leads["closed_us"].to_numpy() < begins_us
    return _walked(who, past.rules, past.records, is_closed, begins_us, draws)


@compiled
def _walked(who, rules, records, is_closed, begins_us, draws):  # type: ignore[no-untyped-def]
    width = -begins_us // DAY_US + 2
    hazards = np.zeros((who.fit.size, width))
    first_day = np.zeros(who.fit.size, dtype=np.int64)
    rows = np.empty((who.fit.size * (width + VISIT_DAYS) // 2 + 1_000, 4), dtype=np.int64)
    count = 0
    for lead in range(who.fit.size):
        opened = who.opened_us[lead]
        first = -VISIT_DAYS if opened >= begins_us else -(-(begins_us - opened) // DAY_US)
        first_day[lead] = max(first, 0)
        if is_closed[lead]:
            continue
        fast, slow, day = 0.0, 0.0, -VISIT_DAYS - 1
        if first >= 0:  # as the records before left it
            for place in range(records.starts[lead], records.starts[lead + 1]):
                if records.day[place] >= first:
                    break
                kind, gap = records.kind[place], records.day[place] - day
                at = opened + records.day[place] * DAY_US
                fast = next_fast(fast * FAST_KEPT**gap, fast_added(rules.law, kind, at))
                slow = next_slow(slow * SLOW_KEPT**gap, slow_added(rules.law, kind, at))
                day = records.day[place] + 1
            fast, slow = fast * FAST_KEPT ** (first - day), slow * SLOW_KEPT ** (first - day)
        for day in range(first, who.days[lead]):
            start_us = opened + day * DAY_US
            kind = activity(lead, day, who, rules, fast, slow, draws)
            at_us = start_us + (np.int64(draws.random() * ACTIVE_PART * DAY_US) if day != -1 else DAY_US - 1)
            if 0 <= day < first_day[lead] + width:
                hazards[lead, day - first_day[lead]] = hazard(who.fit[lead] * TENTH, fast, slow)
            if kind >= 0:
                rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = lead, day, kind, at_us
                count += 1
            fast = next_fast(fast, fast_added(rules.law, kind, start_us))
            slow = next_slow(slow, slow_added(rules.law, kind, start_us))
    return rows[:count], hazards, first_day


def _records(past: ActiveDays, rows: Ints, leads: pd.DataFrame, begins_us: int) -> ActiveDays:
    """The active days before the quarter as they were, and those of it."""
    lead = np.repeat(np.arange(len(leads)), np.diff(past.starts))
    opened = leads["opened_us"].to_numpy()[lead]
    kept = (opened < begins_us) & (opened + past.day * DAY_US < begins_us)
    before = np.column_stack([lead, past.day, past.kind, past.at_us])[kept]
    whole = np.concatenate([before, rows[rows[:, 3] < 0]])
    whole = whole[np.lexsort([whole[:, 3], whole[:, 0]])]
    starts = np.searchsorted(whole[:, 0], np.arange(len(leads) + 1))
    return ActiveDays(starts, *(np.ascontiguousarray(whole[:, place]) for place in (1, 2, 3)))


def _events(whole: Histories, seed: int, draws: list[np.random.Generator], ends_at: datetime) -> pd.DataFrame:
    visited = visits(whole, draws[2])
    reported = [
        *introductions(whole.leads, draws[4]), *strangers(len(whole.leads), draws[4]), *desk(whole.leads, draws[4])
    ]  # fmt: skip
    recorded = recorded_rows([*visited, *mails(whole, visited, draws[3]), *reported], draws[4])
    table = EventTexts(whole.leads, ends_at, seed).table(recorded)
    return table.to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get)


class Buyers:
    """Who buys, hour by hour, by what was called so far."""

    def __init__(self, market: LiveMarket) -> None:
        self.market, leads = market, market.leads
        self.opened_us = leads["opened_us"].to_numpy()
        touched = leads["touched_us"].to_numpy()
        self.called_day = np.where(touched == NEVER, -1, (touched - self.opened_us) // DAY_US)
        self.bought_us = leads["bought_us"].to_numpy().copy()
        self._sum, self.is_out = np.zeros(len(leads)), leads["closed_us"].to_numpy() < NEVER

    def call(self, lead: int, moment_us: int) -> None:
        """The first try to reach a lead counts from its next day on; later ones change nothing."""
        if self.called_day[lead] < 0:
            self.called_day[lead] = (moment_us - self.opened_us[lead]) // DAY_US

    def hour(self, begins_us: int) -> Ints:
        """The leads that buy in the hour that begins then."""
        since = begins_us - self.opened_us
        day = since // DAY_US
        place = np.clip(day - self.market.first_day, 0, self.market.hazards.shape[1] - 1)
        effect = self.market.effect
        is_called = (self.called_day >= 0) & (day > self.called_day)
        times = np.where(
            is_called, np.where(day <= self.called_day + effect.days, effect.during, effect.after), effect.before
        )
        today = self.market.hazards[np.arange(len(place)), place] / 24
        is_open = (since >= 0) & ~self.is_out
        self._sum += np.where(is_open, times * today, 0.0)
        bought = np.flatnonzero(is_open & (self._sum >= self.market.needed))
        self.is_out[bought] = True
        self.bought_us[bought] = begins_us + HOUR_US // 2
        return bought
