"""The Feast repository of one build: its entities, its feature views and its registry."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from features.agreement.agreement import Agreement
from features.home.settings import Home
from features.store import feast_internals
from features.traits.history import trait_columns

LEAD, ACCOUNT = "lead_id", "account_id"  # join keys of the entities lead and account
KNOWN_US = "seen_us"  # what the feature ends in that says up to when a row knows its lead or account


class StoreGone(Exception):
    """The online store does not answer, or lost this build: the ledger has to answer."""


@dataclass(frozen=True)
class FeastRepository:
    """The Feast repository of one build: a folder with its files, its registry and, by default, its online store.

    View names end in the suffix of the feature part and the generation of the build, so that a new build stands beside
    the one that is read: `traits_0a1b2c3d4e5f_9f8e7d6c5b4a`. The generation is unique, and the Feast project is named
    for it: homes that share an online store share no key of it.

    patience_s: how long Redis may take for one answer.
    """

    home: Home
    suffix: str
    generation: str
    behaviours: tuple[str, ...]
    traits: dict[str, str]
    patience_s: float = 0.12

    @classmethod
    def of(cls, home: Home, agreement: Agreement, generation: str, patience_s: float = 0.12) -> FeastRepository:
        """The repository of a build of what `agreement` counts."""
        behaviours = tuple(agreement.behaviours)
        return cls(home, view_suffix(agreement), generation, behaviours, trait_columns(agreement), patience_s)

    def for_writing(self) -> FeastRepository:
        """This repository for a writer, which may wait longer: it writes a thousand leads, a reader asks for one."""
        return replace(self, patience_s=10.0)

    @cached_property
    def folder(self) -> Path:
        """The folder of the build's files."""
        return self.home.features / self.suffix / self.generation

    @property
    def project(self) -> str:
        """The name of the Feast project."""
        return f"leadlight_{self.generation}"

    @property
    def behaviour_view(self) -> str:
        """The name of the view of leads' behaviour states."""
        return f"behaviour_{self.suffix}_{self.generation}"

    @property
    def account_view(self) -> str:
        """The name of the view of accounts' behaviour states."""
        return f"account_{self.suffix}_{self.generation}"

    @property
    def trait_view(self) -> str:
        """The name of the view of leads' traits."""
        return f"traits_{self.suffix}_{self.generation}"

    def source_of(self, view: str) -> Path:
        """The Parquet file behind a view: one row per lead or account and moment at which its state changed."""
        return self.folder / f"{view.partition('_')[0]}.parquet"

    def features_of(self, view: str) -> Iterable[str]:
        """The names of a view's features, but for the one that says up to when a row is known."""
        return self.traits if view == self.trait_view else self.behaviours

    def references(self) -> list[str]:
        """Every feature of a lead as Feast names it: "view:feature"."""
        behaviours = [f"{self.behaviour_view}:{name}" for name in self.behaviours]
        return behaviours + [f"{self.trait_view}:{name}" for name in self.traits]

    def account_references(self) -> list[str]:
        """Every feature of an account as Feast names it: "view:feature"."""
        return [f"{self.account_view}:{name}" for name in self.behaviours]

    @cached_property
    def online_file(self) -> Path | None:
        """The SQLite file of this build's online rows; None where the online store is a server."""
        return None if self.home.settings.online_store == "redis" else self.folder / "online.db"

    @cached_property
    def store(self) -> Any:
        """Feast's store object for this build, its views registered."""
        self.apply()
        return self._opened(self.folder / "registry.db")

    @cached_property
    def views(self) -> dict[str, Any]:
        """Feast's views by name."""
        return {view.name: view for view in self.store.list_feature_views()}

    def apply(self) -> None:
        """Register the entities and views, and make their online tables; does nothing where that was done.

        Feast writes its registry in place, where another process could read half of it. So it is written to another
        file, which is renamed once it is complete; a build never changes after that.
        """
        registry = self.folder / "registry.db"
        with _folder_lock(self.folder):
            if registry.exists():
                return
            beside = registry.with_suffix(".part")
            beside.unlink(missing_ok=True)
            self._opened(beside).apply(self._definitions())
            os.replace(beside, registry)
        self.make_tables()

    def make_tables(self) -> None:
        """Make the tables of the SQLite online store where they are missing; readers do not wait for writers."""
        if self.online_file is None:
            return
        with closing(sqlite3.connect(self.online_file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        feast_internals.make_online_tables(self._opened(self.folder / "registry.db"))

    def remove(self) -> None:
        """Delete all online rows of this build. Raises StoreGone."""
        if self.online_file is not None:
            for end in ("", "-wal", "-shm"):
                self.online_file.with_name(f"{self.online_file.name}{end}").unlink(missing_ok=True)
        else:
            try:
                store = self.for_writing().store
                for key in (LEAD, ACCOUNT):
                    feast_internals.delete_everything(store, key)
            except self.store_errors as error:
                raise StoreGone(str(error)) from error

    @property
    def store_errors(self) -> tuple[type[Exception], ...]:
        """The exceptions that the online store raises where it does not answer."""
        if self.online_file is not None:
            return (sqlite3.Error, OSError)
        from redis import RedisError

        return (RedisError, OSError)

    def _opened(self, registry: Path) -> Any:
        feast = feast_internals.feast_module()
        return feast.FeatureStore(
            config=feast.RepoConfig(
                project=self.project,
                provider="local",
                registry={"path": str(registry), "cache_ttl_seconds": 0},  # it never changes, so it is read once
                offline_store="duckdb",  # as a string: its imports wait until a file is read, which serving does not
                online_store=self._online_store(),
                entity_key_serialization_version=feast_internals.KEY_VERSION,
            )
        )

    def _online_store(self) -> dict[str, Any]:
        if self.online_file is not None:
            return {"type": "sqlite", "path": str(self.online_file)}
        url = self.home.settings.redis_url
        # Redis' own client would try again for seconds, while the ledger can answer at once.
        ours = {"socket_timeout": self.patience_s, "socket_connect_timeout": self.patience_s, "retry": "null"}
        more = [f"{name}={value}" for name, value in ours.items() if f"{name}=" not in url]
        return {"type": "redis", "connection_string": ",".join([url, *more])}

    def _definitions(self) -> list[Any]:
        feast_internals.feast_module()
        from feast import Entity, FeatureView, Field, FileSource, ValueType
        from feast.types import Array, Bool, Float64, Int64, String

        kinds = {"number": Float64, "date": Float64, "boolean": Bool}
        lead = Entity(name="lead", join_keys=[LEAD], value_type=ValueType.STRING, description="who may buy")
        account = Entity(
            name="account", join_keys=[ACCOUNT], value_type=ValueType.STRING, description="whom they buy for"
        )
        states = [Field(name=name, dtype=Array(Float64)) for name in self.behaviours]
        known = [Field(name=name, dtype=kinds.get(kind, String)) for name, kind in self.traits.items()]
        schemas = {self.behaviour_view: states, self.trait_view: known, self.account_view: states}
        views = [
            FeatureView(
                name=view,
                entities=[account if view == self.account_view else lead],
                schema=[Field(name=key, dtype=String), *schema, Field(name=known_us_feature(view), dtype=Int64)],
                # A state holds until it changes, however long ago that was.
                ttl=timedelta(0),
                source=FileSource(
                    name=f"{view}_source", path=str(self.source_of(view)), timestamp_field="event_timestamp"
                ),
            )
            for view, schema in schemas.items()
            for key in [ACCOUNT if view == self.account_view else LEAD]
        ]
        return [lead, account, *views]


def known_us_feature(view: str) -> str:
    """The name of a view's feature that says up to when a row knows its lead or account, in microseconds.

    Two views are written one after the other. A lead's rows in both belong together where this feature is the same.
    """
    return f"{view.partition('_')[0]}_{KNOWN_US}"


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def view_suffix(agreement: Agreement) -> str:
    """What the names of an agreement's views end in: the first 12 digits of its feature digest."""
    return suffix_of(agreement.feature_digest)


def suffix_of(feature_digest: str) -> str:
    """The same for a feature digest."""
    return feature_digest.removeprefix("sha256:")[:12]
