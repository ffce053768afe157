"""Migrated SQLite databases to copy: an empty home's and an empty MLflow's are made once for all tests of a run."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from features.home.database import MIGRATIONS
from features.home.settings import Home

NEWEST = ("head", "heads")
migrated = command.upgrade


@contextmanager
def copied(folder: Path) -> Iterator[None]:
    """Until the end of the block, Alembic copies what it made before instead of making it; `folder` is for the first.

    Only a SQLite database without any revision is copied. Other processes and PostgreSQL migrate as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "upgrade", _copying(folder))
        yield


@contextmanager
def migrations_as_ever() -> Iterator[None]:
    """Until the end of the block, each database is migrated: for the tests of migrations themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "upgrade", migrated)
        yield


def migrated_back(home: Home, revision: str) -> None:
    """Take the home's database back to an older schema, as a release from then had left it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = home.database_url
    command.downgrade(config, revision)


def _copying(folder: Path) -> Callable[..., None]:
    def upgrade(config: Config, revision: str, **more: Any) -> None:
        file = _sqlite_file(config)
        if file is None or revision not in NEWEST or _has_revision(file):
            migrated(config, revision, **more)
            return
        script = str(config.get_main_option("script_location"))
        template = folder / f"{blake2b(script.encode(), digest_size=8).hexdigest()}.db"
        if template.exists():
            _copy(template, file)
            return
        migrated(config, revision, **more)
        _keep(config, file, template)

    return upgrade


def _sqlite_file(config: Config) -> Path | None:
    url = make_url(config.attributes.get("url") or config.get_main_option("sqlalchemy.url"))
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _has_revision(file: Path) -> bool:
    if not file.exists():
        return False
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    return bool(found[0])


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        written.execute("PRAGMA synchronous=OFF")
        read.backup(written)


def _keep(config: Config, file: Path, template: Path) -> None:
    made = template.with_suffix(f".{os.getpid()}")
    shared = config.attributes.get("connection")  # MLflow's, which has not committed yet
    if shared is None:
        _copy(file, made)
    else:
        with closing(sqlite3.connect(made)) as written:
            shared.connection.driver_connection.backup(written)
    made.replace(template)
