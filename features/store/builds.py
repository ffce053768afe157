"""Builds: each time everything is derived anew it is built beside what is read, and one row switches to it."""

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
from features.home.database import exists, reading
from features.home.deployments import deployments
from features.home.settings import Home
from features.store.feast_views import Repository, suffix_of, view_suffix

FOLLOWED_US = 10_000_000  # by when every reader has followed a switch
LAYOUT = 2  # of what is derived: a release that derives something else raises it, and homes are derived anew


@dataclass(frozen=True)
class Build:
    """One build of the feature views for one feature part of an agreement.

    last_event_id: what its offline files hold. folded_us: its account states hold what was known up to here.
    published_us: the event time of its newest online rows, which only ever rises.
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
        return _agreement(self.agreement_text)

    def repository(self, home: Home) -> Repository:
        return Repository.of(home, self.agreement, self.generation)


@lru_cache(maxsize=16)
def _agreement(text: str) -> Agreement:
    # Builds are read before each write to the online store; reading an agreement takes longer than that write.
    return Agreement.parse(text, file="the agreement of a build")


def new_generation() -> str:
    """A name that no other build has, in this home or in another one on the same online store."""
    return secrets.token_hex(6)


def builds(home: Home) -> list[Build]:
    """The build that is read of each feature part, in the order in which they were built."""
    if not exists(home):
        return []
    with reading(home) as connection:
        return list(current(connection).values())


def current(connection: Connection) -> dict[str, Build]:
    """The build that is read of each feature part, by the suffix of its views."""
    rows = connection.execute(select(*_COLUMNS).order_by(tables.feature_views.c.build_id))
    return {row.suffix: Build(*row) for row in rows}


def written(connection: Connection, now_us: int) -> list[Build]:
    """The builds that new events are published to, the newest last.

    Readers follow a switch within a second or two: until all have, the build before must show new events too.
    """
    columns = tables.feature_views.c
    of_suffix: dict[str, list[tuple[Build, int]]] = {}
    for *row, built_us in connection.execute(select(*_COLUMNS, columns.built_us).order_by(columns.build_id)):
        of_suffix.setdefault(row[0], []).append((Build(*row), built_us))
    before = [made[-2][0] for made in of_suffix.values() if len(made) > 1 and made[-1][1] > now_us - FOLLOWED_US]
    return before + [made[-1][0] for made in of_suffix.values()]


def every_build(home: Home) -> list[Build]:
    """Every build that there is, those that nobody reads any more too, in the order in which they were built."""
    with reading(home) as connection:
        rows = connection.execute(select(*_COLUMNS).order_by(tables.feature_views.c.build_id))
        return [Build(*row) for row in rows]


def build_of(home: Home, agreement: Agreement) -> Build | None:
    """The build that is read for the feature part of `agreement`; None before the first."""
    suffix = view_suffix(agreement)
    return next((build for build in builds(home) if build.suffix == suffix), None)


def is_here(home: Home, build: Build) -> bool:
    """Whether this host has the build's files: another may have made it for the database that they share."""
    return (build.repository(home).folder / "leads.parquet").exists()


def switch(connection: Connection, build: Build, now_us: int) -> None:
    """Let readers follow `build` from the end of this transaction on."""
    connection.execute(
        insert(tables.feature_views).values(
            suffix=build.suffix,
            generation=build.generation,
            layout=build.layout,
            agreement=build.agreement_text,
            last_event_id=build.last_event_id,
            folded_us=build.folded_us,
            published_us=build.published_us,
            built_us=now_us,
        )
    )


def needed(home: Home) -> frozenset[str]:
    """The suffixes that something reads: the kept agreement, the served model, and the one that a rollback serves."""
    columns = tables.agreements.c
    with reading(home) as connection:
        kept = connection.scalar(select(columns.feature_digest).order_by(columns.version.desc()).limit(1))
    served = dict.fromkeys(row.view_suffix for row in deployments(home))
    return frozenset([*([suffix_of(kept)] if kept else []), *list(served)[:2]])


def outdated(connection: Connection, needed: Collection[str], now_us: int) -> list[Build]:
    """Builds that nobody reads any more: older than the one before the newest, or of a part that is not needed.

    One that is not needed stays for a day: a model that is about to be promoted needs it next.
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


def forget(connection: Connection, build: Build) -> None:
    """Remove what the database knows of a build."""
    for table in (tables.feature_views, tables.account_states):
        connection.execute(delete(table).where(table.c.generation == build.generation))


def moved_on(connection: Connection, build: Build, known_us: int, event_us: int) -> None:
    """Note that a build's online rows show what was known up to `known_us`, and at what event time they say so."""
    columns = tables.feature_views.c
    connection.execute(
        update(tables.feature_views)
        .where(columns.generation == build.generation)
        .values(folded_us=known_us, published_us=event_us)
    )


_COLUMNS = [tables.feature_views.c["agreement" if name == "agreement_text" else name] for name in Build.__annotations__]
