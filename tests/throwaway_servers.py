"""Throw-away servers for tests that need the real thing; each lives in a folder of its own and ends with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text

PATIENCE_S = 30


def postgres_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, where one is installed."""
    places = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def postgres(binaries: Path, is_durable: bool = False) -> Iterator[str]:
    """A cluster that only this machine's users reach, by a socket file; yields the URL of its first database.

    is_durable: commits are synced to disk, as a benchmark has to.
    """
    with _folder() as folder:
        cluster, user = folder / "cluster", _unprivileged()
        made = [binaries / "initdb", "-D", cluster, "-U", "leadlight", "--auth=trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(made, user=user, check=True, capture_output=True, cwd=folder, env=_plain())
        synced = "fsync=on" if is_durable else "fsync=off"
        served = [binaries / "postgres", "-D", cluster, "-k", folder, "-c", "listen_addresses=", "-c", synced]
        with _running(served, user, folder):
            until(lambda: (folder / ".s.PGSQL.5432").exists() and _is_ready(binaries, folder))
            yield f"postgresql+psycopg://leadlight@/postgres?host={folder}"


def _is_ready(binaries: Path, folder: Path) -> bool:
    asked = subprocess.run([binaries / "pg_isready", "-q", "-h", folder], check=False, env=_plain(), cwd=folder)
    return asked.returncode == 0


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of an empty database of its own on a PostgreSQL."""
    name = f"test_{uuid4().hex}"
    with create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)


@contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """A Redis, on a free port where none is asked for; yields host:port."""
    with _folder() as folder:
        port = port or free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with _running(command, None, folder):
            until(lambda: _answers(port))
            yield f"127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def until(holds: Callable[[], bool]) -> None:
    """Wait for what a server does when it is up."""
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError(f"not up after {PATIENCE_S} s")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _running(command: list[object], user: str | None, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(word) for word in command], user=user, stdout=log, stderr=log, cwd=folder, env=_plain()
        )
    try:
        yield
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


@contextmanager
def _folder() -> Iterator[Path]:
    # Not below pytest's folder: that is closed to the unprivileged user, and too long a name for a socket.
    with tempfile.TemporaryDirectory(prefix="ll-", ignore_cleanup_errors=True) as name:
        if user := _unprivileged():
            shutil.chown(name, user)
        yield Path(name)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _plain() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
