"""Every part of Feast that its public interface does not promise, each called here alone; and Feast imported fast.

`pyproject.toml` therefore holds Feast below its next minor version, and `test_feast_internals` checks each part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

EntityRow = tuple[Any, dict[str, Any], datetime, None]  # entity key, values by feature, event time, created time
KEY_VERSION = 3  # of how Feast writes an entity key as bytes


def feast_module() -> Any:
    """The module `feast`, imported in a third of the time.

    Feast's classes are `@typechecked`: typeguard parses and rewrites 261 modules' worth of source at each start, some
    seconds that every command would pay, for checks of Feast's own calls. `python -O` switches it off for the whole
    process; this does so for Feast's import alone.
    """
    with _without_typeguard():
        import feast as imported
    return imported


@contextmanager
def _without_typeguard() -> Iterator[None]:
    import typeguard

    checked = typeguard.typechecked
    typeguard.typechecked = _unchanged
    try:
        yield
    finally:
        typeguard.typechecked = checked


def _unchanged(target: Any = None, **_options: Any) -> Any:
    """A decorator, with or without options, that leaves its target alone."""
    return _unchanged if target is None else target


def make_online_tables(store: Any) -> None:
    """Make the online tables of all views of a Feast store where they are not there; rows stay."""
    store.provider.online_store.update(store.config, [], store.list_feature_views(), [], [], partial=True)


def write_batch(store: Any, view: Any, rows: Sequence[EntityRow]) -> None:
    """Write rows of one view to the online store at once."""
    store.provider.online_write_batch(store.config, view, rows, None)


def read_batch(store: Any, view: Any, keys: Sequence[Any]) -> list[dict[str, Any] | None]:
    """The values by feature of each entity key in one view of the online store, in order; None where it has no row."""
    return [values for _, values in store.provider.online_read(store.config, view, keys, None)]


def sqlite_connection(store: Any) -> sqlite3.Connection:
    """A new connection to the SQLite file of a Feast store, which Feast reads and writes by from now on."""
    online = store.provider.online_store
    online._conn = None
    connection: sqlite3.Connection = online._get_conn(store.config)
    return connection


def delete_everything(store: Any, join_key: str) -> None:
    """Delete all rows of one entity, such as all leads, from the Redis of a Feast store."""
    store.provider.online_store.delete_entity_values(store.config, [join_key])


def delete_from_redis(store: Any, keys: Sequence[bytes]) -> None:
    """Delete the rows of some entities from all views in the Redis of a Feast store."""
    client = store.provider.online_store._get_client(store.config.online_store)
    project = store.config.project.encode()
    client.delete(*(key + project for key in keys))  # as feast.infra.online_stores.helpers._redis_key has it


def delete_from_sqlite(file: Path, keys: Sequence[bytes]) -> None:
    """Delete the rows of some entities from all views in a SQLite file of Feast's; without the file, nothing."""
    if not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
        connection.execute("PRAGMA secure_delete=ON")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for table in chain.from_iterable(tables):
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")}
            if "entity_key" in columns:
                delete = f"DELETE FROM {_quoted(table)} WHERE entity_key = ?"
                connection.executemany(delete, [(key,) for key in keys])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def entity_key(join_key: str, value: str) -> Any:
    """An entity as Feast names it in reads and writes: `entity_key("lead_id", "u_42")`."""
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    return EntityKey(join_keys=[join_key], entity_values=[Value(string_val=value)])


def entity_key_bytes(join_key: str, value: str) -> bytes:
    """The same entity as the stores have it in their keys."""
    feast_module()
    from feast.infra.key_encoding_utils import serialize_entity_key

    key: bytes = serialize_entity_key(entity_key(join_key, value), entity_key_serialization_version=KEY_VERSION)
    return key


def value_proto(value: Any, kind: str) -> Any:
    """A value as Feast stores it; None, NaN and an empty state are stored as no value.

    kind: "state" (an array of floats), "moment" (an integer), "number", "date", "boolean"; any other is text.
    """
    from feast.protos.feast.types.Value_pb2 import DoubleList, Value

    if kind == "state":
        return Value() if value is None or not len(value) else Value(double_list_val=DoubleList(val=value))
    if value is None or value != value:
        return Value()
    if kind == "moment":
        return Value(int64_val=value)
    if kind in ("number", "date"):
        return Value(double_val=value)
    return Value(bool_val=value) if kind == "boolean" else Value(string_val=value)


def value_of(proto: Any) -> Any:
    """What `value_proto` stored; None for no value."""
    kind = proto.WhichOneof("val")
    if kind is None:
        return None
    value = getattr(proto, kind)
    return list(value.val) if kind == "double_list_val" else value
