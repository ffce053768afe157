"""Whom the watch compares: open leads that came lately, and looks at leads in a span of time."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.home.clock import from_microseconds
from features.lifecycle.milestones import known_by
from features.snapshots.point_in_time import snapshot_features
from features.snapshots.schedule import snapshot_schedule
from features.store.feast_views import FeastRepository
from features.store.materialize import Materialized
from training.labels.outcomes import outcomes

RECENT_DAYS = 90


def recent_open_leads(found: Materialized, agreement: Agreement, now_us: int) -> pd.DataFrame:
    """The leads that are open, not with sales, and came within RECENT_DAYS; lead_id, snapshot_us, and their features.

    All open leads would not do: nobody closes the leads that sales never tries, so their mean age grows with the
    history, and with it every "days since"; that is no drift. Nor would the training rows: those are leads that sales
    tried. Without dates there is no lately, and all open leads are meant.
    """
    leads = known_by(found.leads, now_us)
    is_open = (leads["opened_us"] < now_us) & (leads[["with_sales_us", "closed_us"]].min(axis=1) == NOT_YET)
    if not agreement.outcome.undated:
        is_open &= leads["opened_us"] > now_us - RECENT_DAYS * DAY_US
    asked = leads.loc[is_open, ["lead_id"]].assign(snapshot_us=now_us).reset_index(drop=True)
    return snapshot_features(found.repository, agreement, asked) if len(asked) else asked


def matured_snapshots(
    found: Materialized, agreement: Agreement, span_us: tuple[int, int], known_until_us: int, within_days: float
) -> pd.DataFrame:
    """The snapshots in `span_us` whose outcome within so many days is known; as labelled snapshots, with features."""
    leads = known_by(found.leads, known_until_us)
    looked_at = snapshot_schedule(leads, agreement, known_until_us)
    looked_at = looked_at[looked_at["snapshot_us"].between(*span_us, inclusive="left")].reset_index(drop=True)
    became = outcomes(looked_at, leads, with_horizon(agreement, within_days), known_until_us)
    looked_at = looked_at[became.notna().to_numpy()].reset_index(drop=True)
    looked_at["outcome"] = became.dropna().astype(bool).to_numpy()
    return snapshot_features(found.repository, agreement, looked_at) if len(looked_at) else looked_at


def with_horizon(agreement: Agreement, days: float) -> Agreement:
    """The agreement with another horizon: who converted within so many days by the very same rules."""
    return agreement.model_copy(update={"outcome": agreement.outcome.model_copy(update={"within_days": days})})


def levels_before(repository: FeastRepository, names: Iterable[str], before_us: int) -> dict[str, frozenset[str]]:
    """Of each category the levels that any lead had had by a moment; from the files, so that nothing of them is kept.

    Rare levels may name a person, and who is erased must be gone: so they are not kept beside the model.
    """
    path = repository.source_of(repository.trait_view)
    wanted = [name for name in names if name in pq.read_schema(path).names]
    if not wanted:
        return {}
    held = pq.read_table(path, columns=[*wanted, "event_timestamp"])
    held = held.filter(pc.less(held["event_timestamp"], pa.scalar(from_microseconds(before_us))))
    return {name: frozenset(map(str, pc.unique(held[name]).drop_null().to_pylist())) for name in wanted}
