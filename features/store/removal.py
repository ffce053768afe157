"""Leads out of an online store, at once: Feast itself can only forget all leads of a view."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from features.store import lean
from features.store.online import StoreGone
from features.store.repository import LEAD, Repository


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
    lean.feast()
    from feast.infra.key_encoding_utils import serialize_entity_key
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    named = [EntityKey(join_keys=[LEAD], entity_values=[Value(string_val=lead_id)]) for lead_id in lead_ids]
    return [serialize_entity_key(key, entity_key_serialization_version=3) for key in named]
