"""The newest row of each lead and account, from a build's files to its online store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from features.store.offline import newest_rows
from features.store.online import OnlineRow, OnlineStore
from features.store.repository import LEAD, Repository, seen


def publish_files(online: OnlineStore, accounts: Iterable[OnlineRow]) -> int:
    """Write the newest row of every lead in a build's files, and these of accounts; how many leads.

    Raises StoreGone.
    """
    repository = online.repository
    leads = pd.read_parquet(repository.folder / "leads.parquet", columns=[LEAD, "newest_us"])
    known = dict(zip(leads[LEAD], leads["newest_us"].tolist(), strict=True))
    online.write(repository.account_view, accounts)
    for view in (repository.behaviour_view, repository.trait_view):
        online.write(view, _rows(repository, view, known))
    return len(known)


def _rows(repository: Repository, view: str, known: Mapping[str, int]) -> Iterator[OnlineRow]:
    """The newest row of each lead in a view; nothing is known of those that its file has no row of."""
    without = dict(known)
    for part in newest_rows(repository.source_of(view), LEAD):
        for row in part.drop_columns(["event_timestamp"]).to_pylist():
            lead_id, known_us = row.pop(LEAD), row.pop(seen(view))
            # Into an empty table: what is nothing need not be written.
            said = {name: value for name, value in row.items() if value is not None and value != []}
            yield OnlineRow(lead_id, said, without.pop(lead_id), known_us)
    yield from (OnlineRow(lead_id, {}, newest_us, newest_us) for lead_id, newest_us in without.items())
