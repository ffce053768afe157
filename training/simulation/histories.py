"""What becomes of each lead of the simulated market: when it is known, what it does, whether sales tries, how it ends.

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
from training.simulation.catalogue import TOUCHES
from training.simulation.dynamics import HORIZON_DAYS, NEVER, ActiveDays, Law, Walkers, walk
from training.simulation.interest import DAY_KIND_PLACES

MONTHS_18_US = 548 * DAY_US
MINUTE_US = 60_000_000
NEVER_A_LEAD_SHARE, TOO_EARLY_SHARE, HAD_ENOUGH_SHARE = 0.06, 0.08, 0.05
NO_BUDGET_SHARE = 0.3  # of the hopeless


@dataclass(frozen=True)
class Histories:
    """The histories of all leads.

    leads: one row per lead, as `people` gives it, with its moments. records: their active days. law: how these came
    about.
    """

    leads: pd.DataFrame
    records: ActiveDays
    law: Law


def histories(people: pd.DataFrame, law: Law, draws: np.random.Generator) -> Histories:
    """The histories of `people`. Adds to their columns:

    touch: what brought it, by the catalogue. opened_us: its identifying event was recorded. is_tried, is_lead: whether
    sales tries it, and finds a lead at all. touched_us: the first touch by a rep, recorded the moment it happens.
    bought_us, bought_known_us: the purchase, and its record. rejected_us, reason: the reject, "" if none. closed_us: it
    does nothing more. A moment that does not come is NEVER.
    """
    leads = people.assign(opened_us=_opened(len(people), draws))
    leads["is_tried"] = draws.random(len(leads)) < leads["habit"].to_numpy()
    leads["touch"] = [TOUCHES.index(pair) for pair in zip(leads["source"], leads["campaign"], strict=True)]
    leads["is_lead"] = ~leads["is_tried"] | (draws.random(len(leads)) >= NEVER_A_LEAD_SHARE)
    rows, bought = walk(_walkers(leads), law, _looking(), draws)
    leads["bought_us"] = bought
    leads["touched_us"] = _touched(leads, draws)
    leads["reason"], leads["rejected_us"] = _rejects(leads, draws)
    closing = ~leads["reason"].isin(["", *KEPT_OPEN])
    leads["bought_us"] = leads["bought_us"].mask(closing, NEVER)
    synced = draws.integers(MINUTE_US, 360 * MINUTE_US, len(leads))
    leads["bought_known_us"] = _later(leads["bought_us"].to_numpy(), synced)
    leads["closed_us"] = leads["bought_us"].where(~closing, leads["rejected_us"])
    return Histories(leads, _records(rows, leads["closed_us"].to_numpy(np.int64)), law)


def _opened(count: int, draws: np.random.Generator) -> Ints:
    """Arrivals over 18 months, a few more toward the end."""
    return np.sort(-MINUTE_US - ((1.0 - draws.random(count) ** 0.9) * MONTHS_18_US).astype(np.int64))


def _walkers(leads: pd.DataFrame) -> Walkers:
    # Leads that sales tries are followed past the end: whether a hopeless one is rejected rests on what it would do.
    days = -(leads["opened_us"].to_numpy() // DAY_US) + np.where(leads["is_tried"], 2 * HORIZON_DAYS, 0)
    return Walkers(
        fit=leads["fit"].to_numpy(),
        opened_us=leads["opened_us"].to_numpy(),
        visits=leads["visits"].to_numpy(),
        arrival=leads["arrival"].to_numpy(),
        days=days,
        is_buyer=(leads["is_tried"] & leads["is_lead"]).to_numpy(),
    )


def _looking() -> Floats:
    """The shares of the kinds before a lead is known."""
    weights = np.array([population.LOOKING_AROUND.get(name, 0.0) for name in DAY_KIND_PLACES])
    return np.asarray(weights / weights.sum())


def _touched(leads: pd.DataFrame, draws: np.random.Generator) -> Ints:
    """Sales calls 1 to 80 days after arrival, whatever the lead does; who buys sooner calls half an hour before."""
    wait = DAY_US + (draws.exponential(28.0, len(leads)) % 79.0 * DAY_US).astype(np.int64)
    opened, bought = leads["opened_us"].to_numpy(), leads["bought_us"].to_numpy()
    planned = np.where(leads["is_tried"], opened + wait, NEVER)
    buys = np.where(bought < NEVER, bought, 0)
    return np.where(bought < planned, buys - np.minimum(30 * MINUTE_US, (buys - opened) // 2), planned)


def _rejects(leads: pd.DataFrame, draws: np.random.Generator) -> tuple[npt.NDArray[np.object_], Ints]:
    """The reason ("" where there is none) and moment of each reject.

    No reject changes an outcome: who was never a lead cannot buy; too early is drawn blindly and keeps the lead open;
    no contact wanted is drawn blindly, too, a horizon after the first call; and a hopeless lead is one that would not
    have bought within the horizon of any look at it, low fits mostly.
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
    not_leads = ~leads["is_lead"].to_numpy()
    reason[not_leads] = np.array(NEVER_LEADS, dtype=object)[(which[not_leads] * len(NEVER_LEADS)).astype(int)]
    reason[~leads["is_tried"].to_numpy() | (moment >= bought)] = ""
    return reason, np.where(reason == "", NEVER, moment)


def _later(moment_us: Ints, wait_us: Ints | int) -> Ints:
    return np.where(moment_us == NEVER, NEVER, np.minimum(moment_us, NEVER - wait_us) + wait_us)


def _records(rows: Ints, closed_us: Ints) -> ActiveDays:
    """The active days up to the end of the market and of the lead."""
    kept = rows[(rows[:, 3] < 0) & (rows[:, 3] < closed_us[rows[:, 0]])]
    starts = np.searchsorted(kept[:, 0], np.arange(len(closed_us) + 1))
    return ActiveDays(starts, kept[:, 1].copy(), kept[:, 2].copy(), kept[:, 3].copy())
