"""Stretches in which a lead is looked at again: sales gave it back, or it returned after it was closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.arrays import NOT_YET, Ints
from features.behaviour.occurrences import Turn
from features.identity.intervals import Period, latest_wins, subtract, union
from features.lifecycle.closures import Verdict


class Stretch(NamedTuple):
    """One such time. The first, from the arrival on, is not among them: it is in the lead's own columns.

    origin_us: where its weeks are counted from: the arrival, or the return. from_us, until_us: in what was known.
    tried_us, rejected_us: as they happened, and disqualified_us: as it became known, the first since it began.
    """

    origin_us: int
    from_us: int
    until_us: int
    tried_us: int = NOT_YET
    rejected_us: int = NOT_YET
    disqualified_us: int = NOT_YET


class Way(NamedTuple):
    """What decides when one lead was open and not with sales.

    first_until_us: when its first time ended. turns, verdicts: by when they happened. ended: when it was known to have
    converted, or to be part of another lead. touches: (occurred_us, known_us) of those that stand.
    """

    opened_us: int
    first_until_us: int
    turns: list[Turn]
    verdicts: list[Verdict]
    ended: list[Period]
    touches: list[tuple[int, int]]


def stretches(way: Way) -> Iterator[Stretch]:
    """The stretches of one lead, in their order."""
    life = (way.opened_us, NOT_YET)
    with_sales = latest_wins(life, ((turn.with_sales, turn.known) for turn in reversed(way.turns)))
    closed = latest_wins(life, ((verdict.is_closed, verdict.known) for verdict in reversed(way.verdicts)))
    closed = union([*closed, *way.ended])
    returns, origin = {end for _, end in closed}, way.opened_us
    for start, end in subtract(life, [*with_sales, *closed]):
        origin = start if start in returns else origin
        if end > way.first_until_us:
            yield _since(way, Stretch(origin, max(start, way.first_until_us), end))


def _since(way: Way, begun: Stretch) -> Stretch:
    rejects = [v for v in way.verdicts if v.reason and v.known[1] == NOT_YET and v.known[0] > begun.from_us]
    return begun._replace(
        tried_us=min((us for us, known_us in way.touches if known_us > begun.from_us), default=NOT_YET),
        rejected_us=min((reject.occurred_us for reject in rejects), default=NOT_YET),
        disqualified_us=min((reject.known[0] for reject in rejects if reject.is_closed), default=NOT_YET),
    )


def flat(found: list[Stretch]) -> list[int] | None:
    """Stretches as one list of numbers, as a column of leads holds them."""
    return [us for stretch in found for us in stretch] or None


def known_stretches(again: Ints | None, moment_us: int) -> list[int] | None:
    """The stretches of one lead as they were known at a moment."""
    known = [stretch for stretch in _read(again) if stretch.from_us <= moment_us]
    return flat([_known(stretch, moment_us) for stretch in known])


def _known(stretch: Stretch, moment_us: int) -> Stretch:
    seen = stretch._replace(**{name: NOT_YET for name in stretch._fields if getattr(stretch, name) > moment_us})
    # A touch is what ends a stretch, as it becomes known.
    return seen if seen.until_us < NOT_YET else seen._replace(tried_us=NOT_YET)


def _read(again: Ints | list[int] | None) -> list[Stretch]:
    if again is None:
        return []
    return [Stretch(*map(int, one)) for one in np.reshape(again, (-1, len(Stretch._fields)))]


def way_at(looked_at: pd.DataFrame, leads: pd.DataFrame) -> pd.DataFrame:
    """The row of `leads` of each look; in a later stretch, with the first touch, reject and close since it began.

    is_given_back: the look is at a lead that sales had tried and gave back, and not at one that came of itself.
    """
    way = leads.set_index("lead_id").loc[looked_at["lead_id"]].reset_index()
    later = stretches_of(way)
    moment = looked_at["snapshot_us"].to_numpy()[later["row"]]
    later = later[(later["from_us"] < moment) & (moment <= later["until_us"])]
    since = ["tried_us", "rejected_us", "disqualified_us"]
    way.loc[later["row"], since] = later[since].to_numpy()
    given_back = later.loc[later["origin_us"] != later["from_us"], "row"]
    return way.assign(is_given_back=way.index.isin(given_back))


def stretches_of(leads: pd.DataFrame) -> pd.DataFrame:
    """The stretches of all leads: one row each, `row` (of `leads`) and the fields of Stretch."""
    some = np.flatnonzero(leads["again"].notna())
    found = [(row, *stretch) for row in some.tolist() for stretch in _read(leads["again"].iloc[row])]
    return pd.DataFrame(np.array(found, dtype=np.int64).reshape(-1, 7), columns=["row", *Stretch._fields])
