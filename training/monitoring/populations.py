"""The leads and snapshots that a monitoring run compares: recent open leads, and snapshots in a span of time."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.agreement.agreement import Agreement
from features.arrays import DAY_US
from features.home.clock import from_microseconds
from features.lifecycle.milestones import known_by
from features.lifecycle.open_periods import is_open_at
from features.snapshots.point_in_time import snapshot_features
from features.snapshots.schedule import snapshot_schedule
from features.store.feast_views import FeastRepository
from features.store.materialize import Materialized
from training.labels.outcomes import with_known_outcome

RECENT_DAYS = 90


def recent_open_leads(build: Materialized, agreement: Agreement, now_us: int) -> pd.DataFrame:
    """One row per lead that is open, not with sales, and came within RECENT_DAYS: lead_id, snapshot_us, its features.

    All open leads would not do: nobody closes the leads that sales never tries, so their mean age grows with the
    history, and with it every "days since"; that is no drift. Nor would the training rows: those are leads that sales
    tried. Where the history has no dates, all open leads are taken.
    """
    leads = known_by(build.leads, now_us)
    is_open = pd.Series(is_open_at(leads, now_us), index=leads.index)
    if not agreement.outcome.undated:
        is_open &= leads["opened_us"] > now_us - RECENT_DAYS * DAY_US
    asked = leads.loc[is_open, ["lead_id"]].assign(snapshot_us=now_us).reset_index(drop=True)
    return snapshot_features(build.repository, agreement, asked) if len(asked) else asked


def matured_snapshots(
    build: Materialized, agreement: Agreement, span_us: tuple[int, int], known_until_us: int, within_days: float
) -> pd.DataFrame:
    """One row per snapshot in `span_us` whose outcome is known: lead_id, snapshot_us, outcome, and its features.

    outcome: converted within `within_days` of the snapshot, as known by `known_until_us`. Example: with 14 days and all
    known until 30 June, the snapshot of 16 June has an outcome and that of 17 June has none yet.
    """
    leads = known_by(build.leads, known_until_us)
    looked_at = snapshot_schedule(leads, agreement, known_until_us)
    looked_at = looked_at[looked_at["snapshot_us"].between(*span_us, inclusive="left")].reset_index(drop=True)
    looked_at = with_known_outcome(looked_at, leads, with_horizon(agreement, within_days), known_until_us)
    return snapshot_features(build.repository, agreement, looked_at) if len(looked_at) else looked_at


def with_horizon(agreement: Agreement, days: float) -> Agreement:
    """The agreement with another horizon: the same rules say who converted within so many days."""
    return agreement.model_copy(update={"outcome": agreement.outcome.model_copy(update={"within_days": days})})


def levels_before(repository: FeastRepository, names: Iterable[str], before_us: int) -> dict[str, frozenset[str]]:
    """By category, the levels that any lead had before a moment, read from the files of the build.

    They are not written down beside the model: a rare level may name a person, and who is erased must be gone.
    """
    path = repository.source_of(repository.trait_view)
    wanted = [name for name in names if name in pq.read_schema(path).names]
    if not wanted:
        return {}
    held = pq.read_table(path, columns=[*wanted, "event_timestamp"])
    held = held.filter(pc.less(held["event_timestamp"], pa.scalar(from_microseconds(before_us))))
    return {name: frozenset(map(str, pc.unique(held[name]).drop_null().to_pylist())) for name in wanted}
