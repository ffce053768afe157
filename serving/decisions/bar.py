"""The bar in force: by the first crossings of new leads in 8 weeks, renewed at night, kept with its population."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, func, insert, select

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Floats
from features.home import tables
from features.home.clock import microseconds
from serving.decisions.rows import BAR_WINDOW_US
from serving.decisions.store import newest
from serving.scoring.bar import FirstCrossings, first_crossings_bar, fixed_bar
from serving.scoring.score import Scoring

WEEK_US = 7 * DAY_US
LEAST_WEEKS = 4.0  # from so many on, the leads that the model itself looked at set the bar, and no longer its snapshots
SLACK = (
    0.1  # a bar stays while the crossings differ from what was agreed by less, or by what chance alone makes of them
)
bars = tables.bars


@dataclass(frozen=True)
class BarInForce:
    """One bar that is or was in force: from which probability on a lead is over it."""

    bar_id: int
    bar: float
    computed_us: int = 0


def bar_in_force(connection: Connection, scoring: Scoring, policy_digest: str, as_of: datetime) -> BarInForce:
    """The bar of this model and these rules; where there is none yet, the one that the model's snapshots say."""
    found = newest_bar(connection, scoring.digest, policy_digest)
    return found or _kept(connection, (scoring.digest, policy_digest), scoring.bar_of_model, {"of": "snapshots"}, as_of)


def newest_bar(connection: Connection, model_digest: str | None, policy_digest: str) -> BarInForce | None:
    """The newest bar of a model and rules; None before they decided on anything."""
    of_model = bars.c.model_digest.is_(None) if model_digest is None else bars.c.model_digest == model_digest
    wanted = select(bars.c.bar_id, bars.c.bar, bars.c.computed_us).where(
        of_model, bars.c.policy_digest == policy_digest
    )
    row = connection.execute(wanted.order_by(bars.c.bar_id.desc()).limit(1)).first()
    return BarInForce(*row) if row else None


def bar_with_id(connection: Connection, bar_id: int) -> BarInForce | None:
    """A bar that was in force."""
    row = connection.execute(
        select(bars.c.bar_id, bars.c.bar, bars.c.computed_us).where(bars.c.bar_id == bar_id)
    ).first()
    return BarInForce(*row) if row else None


def renewed_bar(connection: Connection, scoring: Scoring, policy_digest: str, as_of: datetime) -> BarInForce:
    """The bar by the leads of the last 8 weeks; the one in force where it still does what was agreed.

    A bar in force moves only by more than chance, so that a night does not change it for its own sake.
    """
    now, agreement = bar_in_force(connection, scoring, policy_digest, as_of), scoring.kept.agreement
    crossings = first_crossings(connection, scoring.digest, as_of)
    if fixed_bar(agreement) is not None or crossings is None or not _is_enough(crossings, scoring):
        return now
    bar, wanted = next_bar(crossings, now.bar, agreement), crossings.wanted(agreement)
    population = {"of": "new leads", "leads": crossings.arrivals, "weeks": crossings.weeks}
    population |= {"crossed": crossings.over(bar), "wanted": wanted}
    return now if bar == now.bar else _kept(connection, (scoring.digest, policy_digest), bar, population, as_of)


def next_bar(crossings: FirstCrossings, bar: float, agreement: Agreement) -> float:
    """The bar that follows one: the same while as many crossed it as was agreed, but for chance; else the one."""
    wanted = crossings.wanted(agreement)
    if wanted < 1 or abs(crossings.over(bar) - wanted) <= max(SLACK * wanted, math.sqrt(wanted) / 2):
        return bar
    return first_crossings_bar(agreement, crossings)


def first_crossings(connection: Connection, model_digest: str | None, as_of: datetime) -> FirstCrossings | None:
    """How the highest probability of each lead rose in the last 8 weeks, by what this model said; None for no lead.

    Of a lead that came before the model did, what the model said first is no crossing: another one knew it already.
    """
    of_model = newest.c.model_digest.is_(None) if model_digest is None else newest.c.model_digest == model_digest
    began_us = connection.scalar(select(func.min(bars.c.computed_us)).where(_same(bars.c.model_digest, model_digest)))
    if began_us is None:
        return None
    now_us = microseconds(as_of)
    since_us = max(now_us - BAR_WINDOW_US, int(began_us))
    rows = connection.execute(select(newest.c.arrived_us, newest.c.peaks).where(of_model, newest.c.peaks != "[]")).all()
    arrivals = select(func.count()).where(of_model, newest.c.arrived_us > since_us)
    risen = [rise for row in rows if (rise := _rise(row.arrived_us, orjson.loads(row.peaks), since_us))]
    before, peak = _columns(risen)
    return FirstCrossings(before, peak, float(connection.scalar(arrivals) or 0), (now_us - since_us) / WEEK_US)


def _rise(arrived_us: int, peaks: list[tuple[int, float]], since_us: int) -> tuple[float, float] | None:
    """From what to what the highest probability of one lead rose; None where it did not."""
    earlier = [said for us, said in peaks if us <= since_us]
    if not earlier and arrived_us <= since_us:
        earlier = [peaks[0][1]]
    before = earlier[-1] if earlier else 0.0
    return (before, peaks[-1][1]) if peaks[-1][1] > before else None


def _columns(risen: list[tuple[float, float]]) -> tuple[Floats, Floats]:
    pairs = np.array(risen, dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _is_enough(crossings: FirstCrossings, scoring: Scoring) -> bool:
    """Whether these leads tell more than the model's snapshots: it has none, or looked at leads for some weeks."""
    return crossings.weeks >= LEAST_WEEKS or not scoring.knows_first_crossings


def _same(column: Any, value: str | None) -> Any:
    return column.is_(None) if value is None else column == value


def _kept(
    connection: Connection, by: tuple[str | None, str], bar: float, population: dict[str, Any], as_of: datetime
) -> BarInForce:
    (model_digest, policy_digest), now_us = by, microseconds(as_of)
    values = {"model_digest": model_digest, "policy_digest": policy_digest, "bar": bar, "computed_us": now_us}
    made = connection.execute(insert(bars).values(**values, population=orjson.dumps(population).decode()))
    assert made.inserted_primary_key is not None
    return BarInForce(int(made.inserted_primary_key[0]), bar, now_us)
