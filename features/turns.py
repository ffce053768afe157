"""Turns: of several processes that would do the same work for a home, one does it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from features.database import engine
from features.settings import Home

TRAINERS = 7_301_996  # the advisory lock of who trains on a schedule
PROMOTERS = 7_301_997  # the advisory lock of who changes what is served
PUBLISHERS = 7_301_995  # the advisory lock of those who write to the online store


@contextmanager
def one_builder(home: Home) -> Iterator[None]:
    """Wait until no other process of this host derives: two would only do the same work twice."""
    home.features.mkdir(parents=True, exist_ok=True)
    with (home.features / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def one_publisher(home: Home, wait: bool = False) -> Iterator[bool]:
    """Whether it is our turn to write to the online store; with `wait` it is, sooner or later.

    Publishers of a home may be on several hosts where its database is a server, and take their turns there.
    """
    if home.database_url.startswith("sqlite"):
        with _by_file(home, wait) as is_ours:
            yield is_ours
    else:
        with _by_database(home, wait, PUBLISHERS) as is_ours:
            yield is_ours


@contextmanager
def one_promoter(home: Home) -> Iterator[None]:
    """Wait until nobody else changes what this home serves: who rolls back must know what answers now."""
    if home.database_url.startswith("sqlite"):
        with _by_file(home, wait=True, name="promoter.lock"):
            yield
    else:
        with _by_database(home, True, PROMOTERS):
            yield


@contextmanager
def one_trainer(home: Home) -> Iterator[bool]:
    """Whether it is our turn to train; it is another's while that lives, on this host or, by the database, on any."""
    if home.database_url.startswith("sqlite"):
        with _by_file(home, wait=False, name="trainer.lock") as is_ours:
            yield is_ours
        return
    # A training takes long, and so long a transaction would keep the database from cleaning up: held by a session.
    alone = engine(home.database_url).connect().execution_options(isolation_level="AUTOCOMMIT")
    with alone as connection:
        is_ours = bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({TRAINERS})").scalar())
        try:
            yield is_ours
        finally:
            with suppress(SQLAlchemyError):  # where the session is gone, so is its lock
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({TRAINERS})")


@contextmanager
def _by_file(home: Home, wait: bool, name: str = "publisher.lock") -> Iterator[bool]:
    # The kernel takes the lock back when its process ends, however that ends: no lock is ever left behind.
    home.features.mkdir(parents=True, exist_ok=True)
    with (home.features / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _by_database(home: Home, wait: bool, lock: int) -> Iterator[bool]:
    # Held by a transaction, so that it ends with its process, however that ends.
    with engine(home.database_url).connect() as connection, connection.begin():
        if wait:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")
            yield True
        else:
            yield bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({lock})").scalar())
