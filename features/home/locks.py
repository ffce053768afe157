"""Locks: of several processes that would do the same job for a home, one does it at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from features.home.database import engine
from features.home.settings import Home


class LockName(NamedTuple):
    """What locks one job: a file on this host, or an advisory lock of this number where the database is a server."""

    file: str
    number: int


TRAINER = LockName("trainer.lock", 7_301_996)  # training on a schedule
PROMOTER = LockName("promoter.lock", 7_301_997)  # changes of what is served
DECIDER = LockName("decider.lock", 7_301_993)  # decides on leads that no round of the publisher did
SWEEPER = LockName("sweeper.lock", 7_301_992)  # decides on leads as time passes
PUBLISHER = LockName("publisher.lock", 7_301_995)  # writes to the online store


@contextmanager
def builder_lock(home: Home) -> Iterator[None]:
    """Wait until no other process of this host builds feature views: two would only do the same work twice."""
    home.features.mkdir(parents=True, exist_ok=True)
    with open(home.features / "lock", "w", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def publisher_lock(home: Home, wait: bool = False) -> Iterator[bool]:
    """Whether we hold the lock of the online store; with `wait` we do, sooner or later.

    Publishers of a home may be on several hosts where its database is a server, and are locked there.
    """
    with _lock(home, PUBLISHER, wait) as is_ours:
        yield is_ours


@contextmanager
def decider_lock(home: Home) -> Iterator[bool]:
    """Whether we decide on what events brought and no round of the publisher did; another process may do so now."""
    with _lock(home, DECIDER, wait=False) as is_ours:
        yield is_ours


@contextmanager
def promoter_lock(home: Home) -> Iterator[None]:
    """Wait until no other process changes what this home serves: a rollback must know which model answers now."""
    with _lock(home, PROMOTER, wait=True):
        yield


@contextmanager
def sweeper_lock(home: Home) -> Iterator[bool]:
    """Whether we hold the lock of the sweep; another process holds it until its sweep has ended."""
    with _session_lock(home, SWEEPER) as is_ours:
        yield is_ours


@contextmanager
def trainer_lock(home: Home) -> Iterator[bool]:
    """Whether we hold the lock of training; another process holds it for as long as it lives.

    Processes of this host are locked out or, where the database is a server, of any host.
    """
    with _session_lock(home, TRAINER) as is_ours:
        yield is_ours


@contextmanager
def _session_lock(home: Home, lock: LockName) -> Iterator[bool]:
    if home.database_url.startswith("sqlite"):
        with _file_lock(home, lock, wait=False) as is_ours:
            yield is_ours
        return
    # It takes long, and so long a transaction would keep the database from cleaning up: held by a session.
    alone = engine(home.database_url).connect().execution_options(isolation_level="AUTOCOMMIT")
    with alone as connection:
        is_ours = bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({lock.number})").scalar())
        try:
            yield is_ours
        finally:
            with suppress(SQLAlchemyError):  # where the session is gone, so is its lock
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({lock.number})")


@contextmanager
def _lock(home: Home, lock: LockName, wait: bool) -> Iterator[bool]:
    by = _file_lock if home.database_url.startswith("sqlite") else _advisory_lock
    with by(home, lock, wait) as is_ours:
        yield is_ours


@contextmanager
def _file_lock(home: Home, lock: LockName, wait: bool) -> Iterator[bool]:
    # The kernel takes the lock back when its process ends, however that ends: no lock is ever left behind.
    home.features.mkdir(parents=True, exist_ok=True)
    with open(home.features / lock.file, "w", opener=_private) as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _advisory_lock(home: Home, lock: LockName, wait: bool) -> Iterator[bool]:
    # Held by a transaction, so that it ends with its process, however that ends.
    with engine(home.database_url).connect() as connection, connection.begin():
        if wait:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock.number})")
            yield True
        else:
            yield bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({lock.number})").scalar())
