"""Backfill: fills an online store from the files of a build, and removes single leads from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from features.home.database import reading
from features.home.settings import Home
from features.store.account_states import account_rows, stored_states
from features.store.builds import Build
from features.store.feast_internals import delete_from_redis, delete_from_sqlite, entity_key_bytes
from features.store.feast_views import LEAD, FeastRepository, known_us_feature
from features.store.offline import newest_rows
from features.store.online import OnlineRow, OnlineStore, StoreGone


def backfill(home: Home, online: OnlineStore, build: Build) -> None:
    """Fill an empty online store from a build's files and its stored account states. Raises StoreGone."""
    online.make_tables()
    with reading(home) as connection:
        states = stored_states(connection, build)
        write_newest_rows(online, account_rows(states, build.agreement, build.folded_us, build.published_us))
    online.write_canary(build.published_us, is_first=True)


def write_newest_rows(online: OnlineStore, accounts: Iterable[OnlineRow]) -> int:
    """Write the newest row of every lead in a build's files, and these rows of accounts; how many leads.

    Raises StoreGone.
    """
    repository = online.repository
    leads = pd.read_parquet(repository.folder / "leads.parquet", columns=[LEAD, "newest_us"])
    known = dict(zip(leads[LEAD], leads["newest_us"].tolist(), strict=True))
    online.write(repository.account_view, accounts)
    for view in (repository.behaviour_view, repository.trait_view):
        online.write(view, _rows(repository, view, known))
    return len(known)


def _rows(repository: FeastRepository, view: str, known: Mapping[str, int]) -> Iterator[OnlineRow]:
    """The newest row of each lead in a view; a row without features for a lead that its file does not have."""
    without = dict(known)
    for part in newest_rows(repository.source_of(view), LEAD):
        for row in part.drop_columns(["event_timestamp"]).to_pylist():
            lead_id, known_us = row.pop(LEAD), row.pop(known_us_feature(view))
            # The table is empty, so a feature without a value need not be written.
            features = {name: value for name, value in row.items() if value is not None and value != []}
            yield OnlineRow(lead_id, features, without.pop(lead_id), known_us)
    yield from (OnlineRow(lead_id, {}, newest_us, newest_us) for lead_id, newest_us in without.items())


def remove_leads(repository: FeastRepository, lead_ids: Sequence[str]) -> None:
    """Delete all online rows of these leads from one build; it need not have any of them. Raises StoreGone."""
    keys = [entity_key_bytes(LEAD, lead_id) for lead_id in lead_ids]
    if not keys:
        return
    if repository.online_file is not None:
        delete_from_sqlite(repository.online_file, keys)
        return
    store = repository.store
    try:
        delete_from_redis(store, keys)
    except repository.store_errors as error:
        raise StoreGone(str(error)) from error
