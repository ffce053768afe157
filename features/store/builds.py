"""Builds, the generations of the feature views: which one is read, which are written, which are outdated."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, delete, insert, select, update

from features.agreement.agreement import Agreement
from features.arrays import DAY_US
from features.home import tables
from features.home.database import database_exists, reading
from features.home.deployments import deployments
from features.home.settings import Home
from features.store.feast_views import FeastRepository, suffix_of, view_suffix

FOLLOWED_US = 10_000_000  # by then every reader has switched
LAYOUT = 5  # of the files: a release that derives something else raises it, and each home makes a new build


@dataclass(frozen=True)
class Build:
    """One full materialization for one feature part of an agreement: its files, its views, its online rows.

    A new build is made beside the one that is read, and one row of `feature_views` lets all readers switch to it.
    suffix: names the feature part. generation: names the build. last_event_id: the newest event in its offline files,
    or STALE. folded_us: its account states hold what was known up to here. published_us: the event time of its newest
    online rows, which only rises.
    """

    suffix: str
    generation: str
    layout: int
    agreement_text: str
    last_event_id: int
    folded_us: int
    published_us: int

    @property
    def agreement(self) -> Agreement:
        """The agreement whose feature part the build has."""
        return _agreement(self.agreement_text)

    def repository(self, home: Home) -> FeastRepository:
        """The build's Feast repository."""
        return FeastRepository.of(home, self.agreement, self.generation)


@lru_cache(maxsize=16)
def _agreement(text: str) -> Agreement:
    # Builds are read before each write to the online store; reading an agreement takes longer than that write.
    return Agreement.parse(text, file="the agreement of a build")


def new_generation() -> str:
    """A random name that no other build has, in this home or in another home on the same online store."""
    return secrets.token_hex(6)


def builds(home: Home) -> list[Build]:
    """The build that is read of each feature part, the oldest first."""
    if not database_exists(home):
        return []
    with reading(home) as connection:
        return list(current_builds(connection).values())


def current_builds(connection: Connection) -> dict[str, Build]:
    """The build that is read of each feature part, by the suffix of its views."""
    rows = connection.execute(select(*_COLUMNS).order_by(tables.feature_views.c.build_id))
    return {row.suffix: Build(*row) for row in rows}


def published_builds(connection: Connection, now_us: int) -> list[Build]:
    """The builds whose online rows show new events: of each feature part the newest, which comes last.

    For 10 seconds after a switch, the build before it as well: some readers still read that one.
    """
    columns = tables.feature_views.c
    of_suffix: dict[str, list[tuple[Build, int]]] = {}
    for *row, built_us in connection.execute(select(*_COLUMNS, columns.built_us).order_by(columns.build_id)):
        of_suffix.setdefault(row[0], []).append((Build(*row), built_us))
    before = [made[-2][0] for made in of_suffix.values() if len(made) > 1 and made[-1][1] > now_us - FOLLOWED_US]
    return before + [made[-1][0] for made in of_suffix.values()]


def all_builds(home: Home) -> list[Build]:
    """Every build of the home, also those that nobody reads any more, the oldest first."""
    with reading(home) as connection:
        rows = connection.execute(select(*_COLUMNS).order_by(tables.feature_views.c.build_id))
        return [Build(*row) for row in rows]


def build_of(home: Home, agreement: Agreement) -> Build | None:
    """The build that is read for the feature part of `agreement`; None before the first one."""
    suffix = view_suffix(agreement)
    return next((build for build in builds(home) if build.suffix == suffix), None)


def has_files(home: Home, build: Build) -> bool:
    """Whether this host has the build's files: another host with the same database may have made the build."""
    return (build.repository(home).folder / "leads.parquet").exists()


def switch_to(connection: Connection, build: Build, now_us: int) -> None:
    """Let readers switch to `build` once this transaction is committed."""
    row = {column.name: value for column, value in zip(_COLUMNS, vars(build).values(), strict=True)}
    connection.execute(insert(tables.feature_views).values(**row, built_us=now_us))


def needed_suffixes(home: Home) -> frozenset[str]:
    """The suffixes of the feature parts that are read: of the agreement, the served model, and the one before it.

    A home that keeps no agreement yet answers by the default one.
    """
    columns = tables.agreements.c
    with reading(home) as connection:
        kept = connection.scalar(select(columns.feature_digest).order_by(columns.version.desc()).limit(1))
    served = dict.fromkeys(row.view_suffix for row in deployments(home))
    return frozenset([suffix_of(kept or Agreement.default().feature_digest), *list(served)[:2]])


def outdated_builds(connection: Connection, needed: Collection[str], now_us: int) -> list[Build]:
    """Builds that nobody reads any more: all but the two newest of a feature part that is needed, and all of others.

    A build of a part that is not needed stays for a day: a model that is about to be promoted may need it next.
    """
    columns = tables.feature_views.c
    rows = connection.execute(select(*_COLUMNS, columns.built_us).order_by(columns.build_id.desc())).all()
    gone, seen = [], Counter[str]()
    for *row, built_us in rows:
        build = Build(*row)
        seen[build.suffix] += 1
        is_needed = build.suffix in needed or built_us > now_us - DAY_US
        if seen[build.suffix] > (2 if is_needed else 0):
            gone.append(build)
    return gone


def delete_build(connection: Connection, build: Build) -> None:
    """Delete a build's rows from the database; its files and online rows are removed by the caller."""
    for table in (tables.feature_views, tables.account_states):
        connection.execute(delete(table).where(table.c.generation == build.generation))


def record_published(connection: Connection, build: Build, known_us: int, event_us: int) -> None:
    """Record that a build's online rows show what was known up to `known_us`, and their newest event time."""
    row = update(tables.feature_views).where(tables.feature_views.c.generation == build.generation)
    connection.execute(row.values(folded_us=known_us, published_us=event_us))


_COLUMNS = [tables.feature_views.c["agreement" if name == "agreement_text" else name] for name in Build.__annotations__]
