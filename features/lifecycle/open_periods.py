"""Open periods: the later times in which a lead is open and not with sales: sales has it no more, or it returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.arrays import NOT_YET, Bools, Ints
from features.identity.intervals import Period, latest_wins, subtract, union
from features.lifecycle.closures import Closure


class OpenPeriod(NamedTuple):
    """One later time in which a lead is open and not with sales. The first, from its arrival on, is in its own columns.

    origin_us:             from when the weekly snapshots are counted: the arrival, or the return after a closure.
    from_us, until_us:     when it was known to begin and to end.
    tried_us, rejected_us: the first try and the first reject since it began, when they happened.
    disqualified_us:       the first reject since it began that closes the lead, when it was known.

    ann arrives on day 0, goes to sales on day 5 and is given back on day 30, or nobody calls her any more until then:
    one open period, from day 30, counted from day 0. bob is rejected on day 10 and comes back on day 40: one open
    period from day 40, counted from day 40.
    """

    origin_us: int
    from_us: int
    until_us: int
    tried_us: int = NOT_YET
    rejected_us: int = NOT_YET
    disqualified_us: int = NOT_YET


class LeadTimeline(NamedTuple):
    """All that decides when one lead was open and not with sales.

    first_until_us:     when its first open time ended.
    with_sales:         the periods in which it was known to be with sales.
    closures:           in the order in which they happened.
    ended:              the periods in which it was known to have converted, or to be part of another lead.
    tries:              (occurred_us, known_us) of those that still count.
    """

    opened_us: int
    first_until_us: int
    with_sales: list[Period]
    closures: list[Closure]
    ended: list[Period]
    tries: list[tuple[int, int]]


def open_periods(timeline: LeadTimeline) -> Iterator[OpenPeriod]:
    """One entry per later open period of a lead, in order of time."""
    life = (timeline.opened_us, NOT_YET)
    closed = latest_wins(life, ((closure.is_closed, closure.known) for closure in reversed(timeline.closures)))
    closed = union([*closed, *timeline.ended])
    returns, origin = {end for _, end in closed}, timeline.opened_us
    for start, end in subtract(life, [*timeline.with_sales, *closed]):
        origin = start if start in returns else origin
        if end > timeline.first_until_us:
            yield _with_moments(timeline, OpenPeriod(origin, max(start, timeline.first_until_us), end))


def _with_moments(timeline: LeadTimeline, begun: OpenPeriod) -> OpenPeriod:
    rejects = [
        closure
        for closure in timeline.closures
        if closure.reason and closure.known[1] == NOT_YET and closure.known[0] > begun.from_us
    ]
    return begun._replace(
        tried_us=min((us for us, known_us in timeline.tries if known_us > begun.from_us), default=NOT_YET),
        rejected_us=min((reject.occurred_us for reject in rejects), default=NOT_YET),
        disqualified_us=min((reject.known[0] for reject in rejects if reject.is_closed), default=NOT_YET),
    )


def as_numbers(periods: list[OpenPeriod]) -> list[int] | None:
    """Open periods as one list of numbers, six a period, for the column `again` of the leads; None for no period."""
    return [us for period in periods for us in period] or None


def known_open_periods(again: Ints | None, moment_us: int) -> list[int] | None:
    """The open periods of one lead as they were known at a moment, in the form of `as_numbers`."""
    known = [period for period in _periods(again) if period.from_us <= moment_us]
    return as_numbers([_as_known_at(period, moment_us) for period in known])


def _as_known_at(period: OpenPeriod, moment_us: int) -> OpenPeriod:
    seen = period._replace(**{name: NOT_YET for name in period._fields if getattr(period, name) > moment_us})
    # A touch ends a period once it is known: while the period is open, no touch is known.
    return seen if seen.until_us < NOT_YET else seen._replace(tried_us=NOT_YET)


def _periods(again: Ints | list[int] | None) -> list[OpenPeriod]:
    if again is None:
        return []
    return [OpenPeriod(*map(int, one)) for one in np.reshape(again, (-1, len(OpenPeriod._fields)))]


def state_at(snapshots: pd.DataFrame, leads: pd.DataFrame) -> pd.DataFrame:
    """One row per snapshot: the milestones of its lead.

    In a later open period, tried_us, rejected_us and disqualified_us are the first since the period began. Where sales
    called ann on day 5 and gave her back on day 30, tried_us is day 5 at the snapshot of day 0; at those from day 30 on
    it is her next try, NOT_YET where there is none.
    """
    states = leads.set_index("lead_id").loc[snapshots["lead_id"]].reset_index()
    later = open_period_rows(states)
    moment = snapshots["snapshot_us"].to_numpy()[later["row"]]
    later = later[(later["from_us"] < moment) & (moment <= later["until_us"])]
    since = ["tried_us", "rejected_us", "disqualified_us"]
    states.loc[later["row"], since] = later[since].to_numpy()
    return states


def is_open_at(leads: pd.DataFrame, moment_us: int) -> Bools:
    """Whether each lead was open and not with sales at a moment, by its milestones as they were known then."""
    until_us = leads[["with_sales_us", "closed_us"]].min(axis=1).to_numpy(np.int64)
    is_open: Bools = (leads["opened_us"].to_numpy(np.int64) < moment_us) & (moment_us <= until_us)
    again = open_period_rows(leads)
    is_open[again.loc[(again["from_us"] < moment_us) & (moment_us <= again["until_us"]), "row"]] = True
    return is_open


def open_period_rows(leads: pd.DataFrame) -> pd.DataFrame:
    """One row per open period of all leads: `row`, the lead's position in `leads`, and the fields of OpenPeriod."""
    some = np.flatnonzero(leads["again"].notna())
    found = [(row, *period) for row in some.tolist() for period in _periods(leads["again"].iloc[row])]
    return pd.DataFrame(np.array(found, dtype=np.int64).reshape(-1, 7), columns=["row", *OpenPeriod._fields])
