"""A home's database, SQLite by default or PostgreSQL by URL: transactions, migrations, bulk insert and upsert."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from features.home.settings import Home

T = TypeVar("T")
Row = Mapping[str, Any]
Names = tuple[str, ...]
# The SQL, and the order of its values where the driver takes no names. Preparing it at each call, and looking at each
# value, costs SQLAlchemy more than the insert costs the database.
Prepared = tuple[str, Names | None]


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of `size`, the last one shorter: databases limit how many values one statement may hold."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows whose key is not in the table yet; how many these were. All rows have the same columns."""
    return _execute_many(connection, _insert_statement(connection.dialect, table, tuple(rows[0])), rows) if rows else 0


def insert_or_update(connection: Connection, table: Table, rows: Sequence[Row], added: Names = ()) -> None:
    """Insert each row; where its primary key is in the table, overwrite that row's other columns.

    added: columns that are summed up instead. With `added=("events",)`, a row of 3 events upon one of 5 makes 8.
    """
    if rows:
        _execute_many(connection, _upsert_statement(connection.dialect, table, tuple(rows[0]), added), rows)


@lru_cache(maxsize=64)
def _insert_statement(dialect: Dialect, table: Table, names: Names) -> Prepared:
    return _compiled(_module(dialect).insert(table).on_conflict_do_nothing(), dialect, names)


@lru_cache(maxsize=64)
def _upsert_statement(dialect: Dialect, table: Table, names: Names, added: Names) -> Prepared:
    made, keys = _module(dialect).insert(table), [column.name for column in table.primary_key]
    renewed = {name: made.excluded[name] for name in names if name not in keys}
    renewed |= {name: table.c[name] + made.excluded[name] for name in added}
    return _compiled(made.on_conflict_do_update(index_elements=keys, set_=renewed), dialect, names)


def _compiled(statement: Any, dialect: Dialect, names: Names) -> Prepared:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    return str(compiled), tuple(compiled.positiontup) if compiled.positional else None


def _execute_many(connection: Connection, prepared: Prepared, rows: Sequence[Row]) -> int:
    sql, order = prepared
    values: Any = list(map(_values_of(order), rows)) if order else list(rows)
    # Without the option, psycopg's count of many rows is lost.
    return int(connection.exec_driver_sql(sql, values, execution_options={"preserve_rowcount": True}).rowcount)


def _values_of(names: Names) -> Callable[[Row], tuple[Any, ...]]:
    # Of one name, itemgetter gives the value and no tuple.
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def _module(dialect: Dialect) -> Any:
    return postgresql if dialect.name == "postgresql" else sqlite


WRITERS_LOCK = 7_301_994  # the advisory lock of all writers that must not overtake one another
MIGRATION_LOCK = Lock()  # Alembic keeps what it is doing in module globals, so threads of one process must take turns
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@lru_cache(maxsize=8)
def engine(url: str) -> Engine:
    """The engine for `url`; whatever it commits is on the disk: SQLite in WAL mode, synced at each commit."""
    # Errors of the database are logged, and what was to be written is personal data.
    made = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    if not url.startswith("sqlite"):
        event.listen(made, "connect", _prepare_postgresql)
    else:
        event.listen(made, "connect", _prepare_sqlite)
        event.listen(made, "begin", _begin_sqlite)
    return made


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # A server may be set to acknowledge first and write later; who sends events deletes them once we acknowledge.
    connection.execute("SET synchronous_commit = on")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once under a second writer, in spite of the timeout.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(home: Home) -> Iterator[Connection]:
    """A transaction that writes: committed at the end, rolled back whole on an error."""
    with engine(home.database_url).connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def wait_for_writers(connection: Connection) -> None:
    """Wait until other appends and migrations have ended, and make later ones wait; SQLite has one writer anyway.

    Otherwise event 8 could become visible after event 9 was read, and two batches with the same events could deadlock.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


def check_writable(home: Home) -> None:
    """Write something that changes nothing; raises SQLAlchemyError where the database is away, full or read-only."""
    with writing(home) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")


@contextmanager
def reading(home: Home) -> Iterator[Connection]:
    """A transaction that only reads."""
    with engine(home.database_url).connect() as connection, connection.begin():
        yield connection


def is_any_row(home: Home, table: str) -> bool:
    """Whether a table has a row. It is called for each score, so it opens no transaction, which would cost more."""
    file = _file(home)
    if file:
        try:
            return _connection_to(file).execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
        except sqlite3.Error:
            _thread.file = None  # the ordinary way says what is wrong
    alone = engine(home.database_url).connect().execution_options(isolation_level="AUTOCOMMIT")
    with alone as connection:
        return connection.exec_driver_sql(f"SELECT 1 FROM {table} LIMIT 1").first() is not None


def quick_rows(home: Home, sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
    """The rows of one query with a "?" for each value; for what each score asks, as `is_any_row` is."""
    file = _file(home)
    if file:
        try:
            return _connection_to(file).execute(sql, values).fetchall()
        except sqlite3.Error:
            _thread.file = None  # the ordinary way says what is wrong
    alone = engine(home.database_url).connect().execution_options(isolation_level="AUTOCOMMIT")
    with alone as connection:
        sql = sql if file else sql.replace("?", "%s")
        return [tuple(row) for row in connection.exec_driver_sql(sql, tuple(values))]


class _ThreadConnection(threading.local):
    """One thread's own connection to the SQLite file that it last asked."""

    file: Path | None = None
    connection: sqlite3.Connection | None = None


_thread = _ThreadConnection()


def _connection_to(file: Path) -> sqlite3.Connection:
    if _thread.connection is None or _thread.file != file:
        if _thread.connection:
            _thread.connection.close()
        _thread.file, _thread.connection = file, sqlite3.connect(file, isolation_level=None)
    return _thread.connection


@contextmanager
def consistent_read(home: Home) -> Iterator[Connection]:
    """A transaction that only reads: all of its queries see the same state of the database."""
    with engine(home.database_url).connect() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's readers see one state anyway
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def truncate_wal(home: Home) -> bool:
    """Move what SQLite's write-ahead log holds into its file, and empty the log; whether that was done.

    Until then, deleted rows stay readable in the log. False while another connection reads an older state: call again.
    """
    file = _file(home)
    if file is None or not file.exists():
        return True
    with closing(sqlite3.connect(file, timeout=1.0, isolation_level=None)) as connection:  # writers wait meanwhile
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def migrate(home: Home, revision: str = "head") -> None:
    """Bring the database to the newest schema; a test may ask for an older one. Does nothing where it is there."""
    from alembic import command
    from alembic.config import Config

    home.created()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = home.database_url
    with MIGRATION_LOCK:
        command.upgrade(config, revision)
    if file := _file(home):
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):  # where SQLite has just removed it
                file.with_name(file.name + suffix).chmod(0o600)


def bring_up_to_date(home: Home) -> bool:
    """Bring a database that an older release left to the newest schema; whether it was one. Others stay as they are."""
    file = _file(home)
    if file and not file.exists():
        return False
    try:
        with reading(home) as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except SQLAlchemyError:  # away, or no database of ours: what is asked of it next says so
        return False
    newest = max(script.name.partition("_")[0] for script in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    if found is None or found >= newest:
        return False
    migrate(home)
    return True


def database_exists(home: Home) -> bool:
    """Whether this home has a database with its tables."""
    from sqlalchemy import inspect

    file = _file(home)
    if file and not file.exists():
        return False
    return bool(inspect(engine(home.database_url)).has_table("events"))


def _file(home: Home) -> Path | None:
    """Where SQLite keeps the home's database."""
    return _file_of(home.database_url)


@lru_cache(maxsize=8)
def _file_of(database_url: str) -> Path | None:
    url = make_url(database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
