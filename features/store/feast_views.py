"""The Feast repository of one build: its entities, its views and its registry."""

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
SEEN = "seen_us"  # how the names end of the features that say up to when a row knows its lead or account


class StoreGone(Exception):
    """The online store does not answer or does not hold this build: the ledger has to answer."""


@dataclass(frozen=True)
class Repository:
    """The Feast repository of one build: a folder with its files, its registry and, by default, its online store.

    View names end in the digest of the agreement's feature part and in the build's generation, so that a changed part
    or a new build stands beside the one that is read. The generation is unique, and so is the Feast project named for
    it: homes that share an online store share no key of it.

    patience_s: how long Redis may take for one answer.
    """

    home: Home
    suffix: str
    generation: str
    behaviours: tuple[str, ...]
    traits: dict[str, str]
    patience_s: float = 0.12

    @classmethod
    def of(cls, home: Home, agreement: Agreement, generation: str, patience_s: float = 0.12) -> Repository:
        """The repository of a build of what `agreement` counts."""
        behaviours = tuple(agreement.behaviours)
        return cls(home, view_suffix(agreement), generation, behaviours, trait_columns(agreement), patience_s)

    def patient(self) -> Repository:
        """This repository for those who write: a thousand leads may take longer than a reader can wait for one."""
        return replace(self, patience_s=10.0)

    @cached_property
    def folder(self) -> Path:
        return self.home.features / self.suffix / self.generation

    @property
    def behaviour_view(self) -> str:
        return f"behaviour_{self.suffix}_{self.generation}"

    @property
    def account_view(self) -> str:
        return f"account_{self.suffix}_{self.generation}"

    @property
    def trait_view(self) -> str:
        return f"traits_{self.suffix}_{self.generation}"

    def source_of(self, view: str) -> Path:
        """The Parquet file behind a view: one row per lead or account and moment at which its state changed."""
        return self.folder / f"{view.partition('_')[0]}.parquet"

    def features_of(self, view: str) -> Iterable[str]:
        """The features of a view, but for the one that says up to when it knows."""
        return self.traits if view == self.trait_view else self.behaviours

    def references(self) -> list[str]:
        """Every feature of a lead as Feast names it, view:feature."""
        behaviours = [f"{self.behaviour_view}:{name}" for name in self.behaviours]
        return behaviours + [f"{self.trait_view}:{name}" for name in self.traits]

    def account_references(self) -> list[str]:
        """Every feature of an account as Feast names it, view:feature."""
        return [f"{self.account_view}:{name}" for name in self.behaviours]

    @cached_property
    def online_file(self) -> Path | None:
        """Where the default online store keeps this build's rows; None for a server."""
        return None if self.home.settings.online_store == "redis" else self.folder / "online.db"

    @cached_property
    def store(self) -> Any:
        """The Feast store of this build, its views registered."""
        self.apply()
        return self._opened(self.folder / "registry.db")

    @cached_property
    def views(self) -> dict[str, Any]:
        """Feast's views by name."""
        return {view.name: view for view in self.store.list_feature_views()}

    def apply(self) -> None:
        """Register the entities and views, and make their online tables; does nothing where that was done.

        Feast writes its registry in place, where another process could read half of it: so it is written beside
        and switched, once and for all, since a build never changes.
        """
        registry = self.folder / "registry.db"
        with _alone(self.folder):
            if registry.exists():
                return
            beside = registry.with_suffix(".part")
            beside.unlink(missing_ok=True)
            self._opened(beside).apply(self._definitions())
            os.replace(beside, registry)
        self.make_tables()

    def make_tables(self) -> None:
        """Make the tables of Feast's SQLite store where somebody deleted them; readers go on beside writers."""
        if self.online_file is None:
            return
        with closing(sqlite3.connect(self.online_file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        store = self._opened(self.folder / "registry.db")
        store.provider.online_store.update(store.config, [], store.list_feature_views(), [], [], partial=True)

    def remove(self) -> None:
        """Remove all of this build's online rows. Raises StoreGone."""
        if self.online_file is not None:
            for end in ("", "-wal", "-shm"):
                self.online_file.with_name(f"{self.online_file.name}{end}").unlink(missing_ok=True)
        else:
            try:
                store = self.patient().store
                for key in (LEAD, ACCOUNT):
                    store.provider.online_store.delete_entity_values(store.config, [key])
            except self.store_errors as error:
                raise StoreGone(str(error)) from error

    @property
    def store_errors(self) -> tuple[type[Exception], ...]:
        """What the online store raises where it is not there."""
        if self.online_file is not None:
            return (sqlite3.Error, OSError)
        from redis import RedisError

        return (RedisError, OSError)

    def _opened(self, registry: Path) -> Any:
        feast = feast_internals.feast()
        return feast.FeatureStore(
            config=feast.RepoConfig(
                project=f"leadlight_{self.generation}",
                provider="local",
                registry={"path": str(registry), "cache_ttl_seconds": 0},  # it never changes: never read it again
                offline_store={"type": "duckdb"},
                online_store=self._online_store(),
                entity_key_serialization_version=3,
            )
        )

    def _online_store(self) -> dict[str, Any]:
        if self.online_file is not None:
            return {"type": "sqlite", "path": str(self.online_file)}
        url = self.home.settings.redis_url
        # Redis' own client would try again for seconds; what cannot be read in time is read from the ledger.
        ours = {"socket_timeout": self.patience_s, "socket_connect_timeout": self.patience_s, "retry": "null"}
        more = [f"{name}={value}" for name, value in ours.items() if f"{name}=" not in url]
        return {"type": "redis", "connection_string": ",".join([url, *more])}

    def _definitions(self) -> list[Any]:
        feast_internals.feast()
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
                schema=[Field(name=key, dtype=String), *schema, Field(name=seen(view), dtype=Int64)],
                # A state stands until it changes, however long ago that was.
                ttl=timedelta(0),
                source=FileSource(
                    name=f"{view}_source", path=str(self.source_of(view)), timestamp_field="event_timestamp"
                ),
            )
            for view, schema in schemas.items()
            for key in [ACCOUNT if view == self.account_view else LEAD]
        ]
        return [lead, account, *views]


def seen(view: str) -> str:
    """The feature of a view that says up to when its row knows its lead or account, in microseconds.

    Rows of one lead in two views belong together where it is the same: a reader may come between two writes.
    """
    return f"{view.partition('_')[0]}_{SEEN}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def view_suffix(agreement: Agreement) -> str:
    """The end of the names of an agreement's views: the start of the digest of its feature part."""
    return suffix_of(agreement.feature_digest)


def suffix_of(feature_digest: str) -> str:
    """The same of a digest."""
    return feature_digest.removeprefix("sha256:")[:12]
