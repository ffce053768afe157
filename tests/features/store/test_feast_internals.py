"""Each part of Feast that its public interface does not promise is there, and does what we rely on."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade_events import SMALL

from features.home.settings import Home, Settings
from features.store import feast_internals
from features.store.feast_views import ACCOUNT, LEAD, FeastRepository

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEHAVIOUR = next(iter(SMALL.behaviours))


def repository(folder: Path, settings: Settings, generation: str = "0123456789ab") -> FeastRepository:
    return FeastRepository.of(Home(folder / "home", settings), SMALL, generation)


@pytest.fixture(params=["sqlite", "redis"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FeastRepository]:
    """A build without any row, in each online store."""
    settings = Settings()
    if request.param == "redis":
        settings = Settings(online_store="redis", redis_url=request.getfixturevalue("redis_url"))
    made = repository(tmp_path, settings)
    yield made
    if made.online_file is None:
        made.remove()


@pytest.fixture
def in_sqlite(tmp_path: Path) -> FeastRepository:
    return repository(tmp_path, Settings())


@pytest.fixture
def in_redis(tmp_path: Path, redis_url: str) -> Iterator[FeastRepository]:
    made = repository(tmp_path, Settings(online_store="redis", redis_url=redis_url))
    yield made
    made.remove()


def write(build: FeastRepository, *leads: str, at: datetime = AT, industry: str = "software") -> None:
    values = {"industry": feast_internals.value_proto(industry, "text")}
    rows = [(feast_internals.entity_key(LEAD, lead), values, at, None) for lead in leads]
    feast_internals.write_batch(build.store, build.views[build.trait_view], rows)


def industries(build: FeastRepository, *leads: str) -> list[Any]:
    keys = [feast_internals.entity_key(LEAD, lead) for lead in leads]
    rows = feast_internals.read_batch(build.store, build.views[build.trait_view], keys)
    return [None if row is None else feast_internals.value_of(row["industry"]) for row in rows]


def test_feast_is_imported_without_typeguard_and_typeguard_is_as_it_was() -> None:
    asked = """
import typeguard
from features.store.feast_internals import feast_module
before = typeguard.typechecked
feast = feast_module()
assert typeguard.typechecked is before
from feast import Entity
Entity(name="lead", description=5)  # typeguard would refuse what is no text
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_written_in_a_batch_is_read_in_the_order_that_was_asked_for(build: FeastRepository) -> None:
    write(build, "ann", "bob")
    write(build, "cid", industry="finance")
    assert industries(build, "cid", "nobody", "ann") == ["finance", None, "software"]


def test_a_newer_row_stands_in_place_of_the_older_one(build: FeastRepository) -> None:
    write(build, "ann")
    write(build, "ann", at=LATER, industry="finance")
    assert industries(build, "ann") == ["finance"]


def test_redis_drops_a_row_that_is_not_newer_and_sqlite_takes_it(build: FeastRepository) -> None:
    write(build, "ann")
    write(build, "ann", industry="finance")
    assert industries(build, "ann") == ["software" if build.online_file is None else "finance"]


def test_online_tables_are_made_again_where_they_are_gone_and_keep_their_rows_where_they_are_not(
    in_sqlite: FeastRepository,
) -> None:
    write(in_sqlite, "ann")
    feast_internals.make_online_tables(in_sqlite.store)
    assert industries(in_sqlite, "ann") == ["software"]
    in_sqlite.remove()
    feast_internals.sqlite_connection(in_sqlite.store)
    with pytest.raises(sqlite3.OperationalError):
        industries(in_sqlite, "ann")
    feast_internals.make_online_tables(in_sqlite.store)
    assert industries(in_sqlite, "ann") == [None]


def test_feast_reads_and_writes_by_the_connection_that_it_is_given(in_sqlite: FeastRepository) -> None:
    write(in_sqlite, "ann")
    connection = feast_internals.sqlite_connection(in_sqlite.store)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    assert industries(in_sqlite, "ann") == ["software"]
    assert any(in_sqlite.trait_view in statement for statement in asked)


def test_deleting_from_redis_removes_these_leads_from_all_views_and_no_others(in_redis: FeastRepository) -> None:
    write(in_redis, "ann", "bob")
    feast_internals.delete_from_redis(in_redis.store, [feast_internals.entity_key_bytes(LEAD, "ann")])
    assert industries(in_redis, "ann", "bob") == [None, "software"]


def test_deleting_from_redis_leaves_what_another_build_holds(in_redis: FeastRepository, tmp_path: Path) -> None:
    other = repository(tmp_path, in_redis.home.settings, "ba9876543210")
    for build in (in_redis, other):
        write(build, "ann")
    feast_internals.delete_from_redis(in_redis.store, [feast_internals.entity_key_bytes(LEAD, "ann")])
    assert industries(other, "ann") == ["software"]
    feast_internals.delete_everything(other.store, LEAD)
    assert industries(other, "ann") == [None]


def test_deleting_everything_from_redis_takes_all_of_one_entity_and_nothing_of_the_other(
    in_redis: FeastRepository,
) -> None:
    write(in_redis, "ann", "bob")
    account = feast_internals.entity_key(ACCOUNT, "acme")
    state = {BEHAVIOUR: feast_internals.value_proto([1.0, 2.0], "state")}
    feast_internals.write_batch(in_redis.store, in_redis.views[in_redis.account_view], [(account, state, AT, None)])
    feast_internals.delete_everything(in_redis.store, LEAD)
    assert industries(in_redis, "ann", "bob") == [None, None]
    (row,) = feast_internals.read_batch(in_redis.store, in_redis.views[in_redis.account_view], [account])
    assert row is not None
    assert feast_internals.value_of(row[BEHAVIOUR]) == [1.0, 2.0]


def test_deleting_from_sqlite_removes_these_leads_from_every_table_that_has_entity_keys(
    in_sqlite: FeastRepository,
) -> None:
    write(in_sqlite, "ann", "bob")
    assert in_sqlite.online_file is not None
    feast_internals.delete_from_sqlite(in_sqlite.online_file, [feast_internals.entity_key_bytes(LEAD, "ann")])
    assert industries(in_sqlite, "ann", "bob") == [None, "software"]
    with closing(sqlite3.connect(in_sqlite.online_file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert len(tables) == 3
        for table in tables:
            assert "entity_key" in [column[1] for column in connection.execute(f'PRAGMA table_info("{table}")')]


def test_deleting_from_a_sqlite_file_that_is_gone_does_nothing(tmp_path: Path) -> None:
    feast_internals.delete_from_sqlite(tmp_path / "online.db", [feast_internals.entity_key_bytes(LEAD, "ann")])
    assert not (tmp_path / "online.db").exists()


def test_an_entity_key_names_its_join_key_and_its_value() -> None:
    feast_internals.feast_module()
    key = feast_internals.entity_key(LEAD, "u_42")
    assert list(key.join_keys) == [LEAD]
    assert [value.string_val for value in key.entity_values] == ["u_42"]


def test_the_bytes_of_an_entity_key_are_those_of_feasts_own_redis_key(build: FeastRepository) -> None:
    from feast.infra.online_stores.helpers import _redis_key

    project = build.store.config.project
    ours = feast_internals.entity_key_bytes(LEAD, "u_42") + project.encode()
    assert ours == _redis_key(project, feast_internals.entity_key(LEAD, "u_42"), feast_internals.KEY_VERSION)
    assert build.store.config.entity_key_serialization_version == feast_internals.KEY_VERSION


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([0.5, 2.0], "state"),
        (1_772_355_600_000_000, "moment"),
        (310.5, "number"),
        (20_500.0, "date"),
        (True, "boolean"),
        (False, "boolean"),
        ("software", "text"),
        ("", "text"),
    ],
)
def test_a_value_that_feast_stores_is_read_as_it_was(value: Any, kind: str) -> None:
    feast_internals.feast_module()
    assert feast_internals.value_of(feast_internals.value_proto(value, kind)) == value


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "state"), (np.empty(0), "state"), (None, "text"), (float("nan"), "number")]
)
def test_nothing_is_stored_as_no_value(value: Any, kind: str) -> None:
    feast_internals.feast_module()
    assert feast_internals.value_of(feast_internals.value_proto(value, kind)) is None
