"""An online store filled from the newest rows of a build, and leads removed from it at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import pandas as pd

from features.home.database import reading
from features.home.settings import Home
from features.store import feast_internals
from features.store.account_states import account_rows, kept_states
from features.store.builds import Build
from features.store.feast_views import LEAD, Repository, seen
from features.store.offline import newest_rows
from features.store.online import OnlineRow, OnlineStore, StoreGone


def fill(home: Home, online: OnlineStore, build: Build) -> None:
    """Publish a build's files, and its accounts as they are kept. Raises StoreGone."""
    online.make_tables()
    with reading(home) as connection:
        states = kept_states(connection, build)
        publish_files(online, account_rows(states, build.agreement, build.folded_us, build.published_us))
    online.mark(build.published_us, is_first=True)


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


def remove(repository: Repository, lead_ids: Sequence[str]) -> None:
    """Delete every online row of these leads from one build; those it does not hold are no error. Raises StoreGone."""
    keys = _keys(lead_ids)
    if not keys:
        return
    if repository.online_file is not None:
        _from_sqlite(repository.online_file, keys)
    else:
        _from_redis(repository, keys)


def _from_redis(repository: Repository, keys: Sequence[bytes]) -> None:
    from redis import RedisError

    config = repository.store.config
    try:
        client = repository.store.provider.online_store._get_client(config.online_store)
        client.delete(*(key + config.project.encode() for key in keys))  # as feast.infra.online_stores.helpers has it
    except (RedisError, OSError) as error:
        raise StoreGone(str(error)) from error


def _from_sqlite(file: Path, keys: Sequence[bytes]) -> None:
    if not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
        connection.execute("PRAGMA secure_delete=ON")
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for table in chain.from_iterable(named):
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")}
            if "entity_key" in columns:
                delete = f"DELETE FROM {_quoted(table)} WHERE entity_key = ?"
                connection.executemany(delete, [(key,) for key in keys])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _keys(lead_ids: Sequence[str]) -> list[bytes]:
    """The leads as Feast writes them into its keys."""
    feast_internals.feast()
    from feast.infra.key_encoding_utils import serialize_entity_key
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    named = [EntityKey(join_keys=[LEAD], entity_values=[Value(string_val=lead_id)]) for lead_id in lead_ids]
    return [serialize_entity_key(key, entity_key_serialization_version=3) for key in named]
