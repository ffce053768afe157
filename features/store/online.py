"""The online door: each lead's newest state, ready for a score."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq

from features.store.repository import LEAD, Repository

AT_ONCE = 2_000  # leads in one write: the store's own batch write costs 6 to 11 ms whatever it carries


class LeadState(NamedTuple):
    """What the online store holds of one lead; `known_at` None: nothing at all."""

    lead_id: str
    behaviours: dict[str, Sequence[float] | None]
    traits: dict[str, Any]
    known_at: datetime | None  # to the second


def publish(repository: Repository) -> int:
    """Write each lead's newest offline row to the online store; how many leads."""
    _write_ahead(repository)
    leads = 0
    for view in (repository.behaviour_view, repository.trait_view):
        path = repository.source_of(view)
        if not path.exists() or (view == repository.behaviour_view and not repository.behaviours):
            continue
        newest = _newest(pq.read_table(path).to_pandas(timestamp_as_object=False))
        for start in range(0, len(newest), AT_ONCE):
            repository.store.write_to_online_store(view, df=newest.iloc[start : start + AT_ONCE])
        leads = max(leads, len(newest))
    return leads


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    newest = rows.drop_duplicates(LEAD, keep="last")
    return newest.astype({name: object for name in newest.columns if newest[name].dtype == bool})


def online_states(repository: Repository, lead_ids: Sequence[str]) -> list[LeadState]:
    """The newest state of each lead, in order, through Feast's online read."""
    if not lead_ids:
        return []
    answer = repository.store.get_online_features(
        features=repository.references(), entity_rows=[{LEAD: lead_id} for lead_id in lead_ids]
    ).to_dict(include_event_timestamps=True)
    return [_state(repository, answer, i, lead_id) for i, lead_id in enumerate(lead_ids)]


def _state(repository: Repository, answer: dict[str, list[Any]], i: int, lead_id: str) -> LeadState:
    known = [answer[f"{name}__ts"][i] for name in (*repository.behaviours, *repository.traits)]
    return LeadState(
        lead_id,
        {name: answer[name][i] for name in repository.behaviours},
        {name: answer[name][i] for name in repository.traits},
        datetime.fromtimestamp(newest, UTC) if (newest := max(known, default=0)) else None,
    )


def _write_ahead(repository: Repository) -> None:
    """Let readers of Feast's SQLite file go on while it is written."""
    if repository.home.settings.online_store == "sqlite":
        with sqlite3.connect(repository.home.features / "online.db") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
