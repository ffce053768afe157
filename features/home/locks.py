"""Turns: of several processes that would do the same work for a home, one does it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from features.home.database import engine
from features.home.settings import Home


class Lock(NamedTuple):
    """What a turn is held by: a file on this host, or an advisory lock where the database is a server."""

    file: str
    number: int


TRAINERS = Lock("trainer.lock", 7_301_996)  # who trains on a schedule
PROMOTERS = Lock("promoter.lock", 7_301_997)  # who changes what is served
PUBLISHERS = Lock("publisher.lock", 7_301_995)  # those who write to the online store


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
    with _turn(home, PUBLISHERS, wait) as is_ours:
        yield is_ours


@contextmanager
def one_promoter(home: Home) -> Iterator[None]:
    """Wait until nobody else changes what this home serves: who rolls back must know what answers now."""
    with _turn(home, PROMOTERS, wait=True):
        yield


@contextmanager
def one_trainer(home: Home) -> Iterator[bool]:
    """Whether it is our turn to train; it is another's while that lives, on this host or, by the database, on any."""
    if home.database_url.startswith("sqlite"):
        with _by_file(home, TRAINERS, wait=False) as is_ours:
            yield is_ours
        return
    # A training takes long, and so long a transaction would keep the database from cleaning up: held by a session.
    alone = engine(home.database_url).connect().execution_options(isolation_level="AUTOCOMMIT")
    with alone as connection:
        is_ours = bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({TRAINERS.number})").scalar())
        try:
            yield is_ours
        finally:
            with suppress(SQLAlchemyError):  # where the session is gone, so is its lock
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({TRAINERS.number})")


@contextmanager
def _turn(home: Home, lock: Lock, wait: bool) -> Iterator[bool]:
    by = _by_file if home.database_url.startswith("sqlite") else _by_database
    with by(home, lock, wait) as is_ours:
        yield is_ours


@contextmanager
def _by_file(home: Home, lock: Lock, wait: bool) -> Iterator[bool]:
    # The kernel takes the lock back when its process ends, however that ends: no lock is ever left behind.
    home.features.mkdir(parents=True, exist_ok=True)
    with (home.features / lock.file).open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _by_database(home: Home, lock: Lock, wait: bool) -> Iterator[bool]:
    # Held by a transaction, so that it ends with its process, however that ends.
    with engine(home.database_url).connect() as connection, connection.begin():
        if wait:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock.number})")
            yield True
        else:
            yield bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({lock.number})").scalar())
