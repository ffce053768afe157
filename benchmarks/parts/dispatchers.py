"""Other ways to say whom sales calls, each in the same live market with the same number of contacts a day.

first_come: new leads in the order in which they came. points: the usual points for what was clicked and filled in, with
nothing learned. oracle: who has the highest true chance to buy if called now; nobody can know it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.parts.live_market import HOUR_US, Buyers, LiveMarket
from features.arrays import DAY_US, Ints
from training.simulation.dynamics import NEVER

POINTS = {
    "Form Submitted": 30, "Webinar Attended": 15, "Content Downloaded": 8, "Webinar Registered": 5, "Badge Scanned": 5,
    "Email Link Clicked": 3, "Email Opened": 1,
}  # fmt: skip
POINTS_FOR = 90 * DAY_US
CALLS_AT = 10  # o'clock

Order = Callable[[LiveMarket, Ints, int], Ints]  # (market, who may be called, when) -> whom first


def conversions_per_contact(market: LiveMarket, order: Order, contacts: Mapping[int, int]) -> dict[str, float]:
    """What came of so many contacts on each day of the quarter, made in that order at ten o'clock.

    contacts: by day of the quarter. returns: contacts, conversions of those contacted, their ratio, and of all leads
    that bought in the quarter the share that was contacted before.
    """
    buyers, begins_us = Buyers(market), _begins_us(market)
    called, bought = np.full(len(market.leads), NEVER), np.full(len(market.leads), NEVER)
    for hour in range(-begins_us // HOUR_US):
        now_us = begins_us + hour * HOUR_US
        if hour % 24 == CALLS_AT and contacts.get(hour // 24, 0):
            may = np.flatnonzero((buyers.opened_us < now_us) & ~buyers.is_out & (buyers.called_day < 0))
            for lead in order(market, may, now_us)[: contacts[hour // 24]].tolist():
                buyers.call(lead, now_us)
                called[lead] = now_us
        bought[buyers.hour(now_us)] = now_us
    return figures(market, called, bought)


def _begins_us(market: LiveMarket) -> int:
    return -round((market.ends_at - market.begins_at).total_seconds()) * 1_000_000


def figures(market: LiveMarket, called_us: Ints, bought_us: Ints) -> dict[str, float]:
    """The figures of calls and purchases, each by lead; who bought before the quarter is no buyer of it."""
    is_called, is_bought = called_us < NEVER, (bought_us < NEVER) & (bought_us >= _begins_us(market))
    converted = is_called & is_bought & (bought_us >= called_us)
    return {
        "contacts": int(is_called.sum()),
        "conversions": int(converted.sum()),
        "conversions_per_contact": float(converted.sum() / max(is_called.sum(), 1)),
        "buyers_tried": float(converted.sum() / max(is_bought.sum(), 1)),
    }


def first_come(market: LiveMarket, may: Ints, now_us: int) -> Ints:
    """New leads of the quarter in the order in which they came."""
    opened = market.leads["opened_us"].to_numpy()
    new = may[opened[may] >= _begins_us(market)]
    return new[np.argsort(opened[new], kind="stable")]


def oracle(market: LiveMarket, may: Ints, now_us: int) -> Ints:
    """The highest true chance to buy if called now first."""
    return may[np.argsort(-market.chance_if_called(may, now_us), kind="stable")]


class Points:
    """The usual points of the last 90 days, the highest first; the newer lead where two are equal."""

    def __init__(self, market: LiveMarket) -> None:
        told = pd.concat([market.before, market.events])
        told = told[told["event"].isin(POINTS) | told["properties"].str.contains("/pricing").fillna(False)]
        place = pd.Series(np.arange(len(market.leads)), index=market.leads["lead_id"].to_numpy())
        told = told[told["userId"].isin(place.index)]
        ends_us = np.datetime64(market.ends_at.replace(tzinfo=None), "us").astype(np.int64)
        self._at = told["receivedAt"].dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64) - ends_us
        self._lead = place[told["userId"]].to_numpy()
        self._points = told["event"].map(POINTS).fillna(10).to_numpy(np.float64)

    def __call__(self, market: LiveMarket, may: Ints, now_us: int) -> Ints:
        counted = (self._at < now_us) & (self._at >= now_us - POINTS_FOR)
        total = np.bincount(self._lead[counted], self._points[counted], minlength=len(market.leads))
        return may[np.lexsort([-market.leads["opened_us"].to_numpy()[may], -total[may]])]


def never_tried_by_a_perfect_dispatcher(
    offered_us: Sequence[int], callers: Callable[[int], int], ends_us: int, per_day: int
) -> float:
    """The share of these handovers that nobody tried by the end, where each goes at once to a rep who calls.

    callers: how many reps call on a day that begins at a moment, 0 on a day off. per_day: new leads that each can take.
    """
    return _never_tried([sorted(offered_us)], lambda _, day_us: callers(day_us) * per_day, ends_us)


def never_tried_in_turn(
    offered_us: Sequence[int], calls: Callable[[int, int], bool], ends_us: int, reps: int, per_day: int
) -> float:
    """The same where each goes to the next rep in turn, first come first served, and stays with that one.

    calls: whether a rep, by number, calls on a day that begins at a moment.
    """
    ordered = sorted(offered_us)
    return _never_tried(
        [ordered[rep::reps] for rep in range(reps)], lambda rep, day_us: calls(rep, day_us) * per_day, ends_us
    )


def _never_tried(lines: Sequence[Sequence[int]], room: Callable[[int, int], int], ends_us: int) -> float:
    """The share never tried of what stands in these lines; room: how many of a line are tried on a day."""
    waiting, tried = [deque(line) for line in lines], 0
    offered = [us for line in lines for us in line]
    for day_us in _days(offered, ends_us):
        for number, line in enumerate(waiting):
            for _ in range(room(number, day_us)):
                if line and line[0] < day_us + DAY_US:
                    line.popleft()
                    tried += 1
    return 1.0 - tried / max(len(offered), 1)


def _days(offered_us: Sequence[int], ends_us: int) -> Iterator[int]:
    first = min(offered_us, default=ends_us) // DAY_US * DAY_US
    yield from range(first, ends_us, DAY_US)
