"""Many rows into a table at once: one statement, prepared once for good, and the driver's own way to run it often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
Names = tuple[str, ...]
# The SQL, and the order of its values where the driver takes no names. Preparing it at each call, and looking at each
# value, costs SQLAlchemy more than the insert costs the database.
Prepared = tuple[str, Names | None]


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows that are not there yet; how many were. All have the same columns."""
    return _run(connection, _inserting(connection.dialect, table, tuple(rows[0])), rows) if rows else 0


def insert_or_update(connection: Connection, table: Table, rows: Sequence[Row], added: Names = ()) -> None:
    """Insert rows, or give the one with the same primary key their other values; columns of `added` are summed up."""
    if rows:
        _run(connection, _updating(connection.dialect, table, tuple(rows[0]), added), rows)


@lru_cache(maxsize=64)
def _inserting(dialect: Dialect, table: Table, names: Names) -> Prepared:
    return _prepared(_module(dialect).insert(table).on_conflict_do_nothing(), dialect, names)


@lru_cache(maxsize=64)
def _updating(dialect: Dialect, table: Table, names: Names, added: Names) -> Prepared:
    made, keys = _module(dialect).insert(table), [column.name for column in table.primary_key]
    renewed = {name: made.excluded[name] for name in names if name not in keys}
    renewed |= {name: table.c[name] + made.excluded[name] for name in added}
    return _prepared(made.on_conflict_do_update(index_elements=keys, set_=renewed), dialect, names)


def _prepared(statement: Any, dialect: Dialect, names: Names) -> Prepared:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    return str(compiled), tuple(compiled.positiontup) if compiled.positional else None


def _run(connection: Connection, prepared: Prepared, rows: Sequence[Row]) -> int:
    sql, order = prepared
    values: Any = list(map(_taken(order), rows)) if order else list(rows)
    # Without the option, psycopg's count of many rows is lost.
    return int(connection.exec_driver_sql(sql, values, execution_options={"preserve_rowcount": True}).rowcount)


def _taken(names: Names) -> Callable[[Row], tuple[Any, ...]]:
    # Of one name, itemgetter gives the value and no tuple.
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def _module(dialect: Dialect) -> Any:
    return postgresql if dialect.name == "postgresql" else sqlite
