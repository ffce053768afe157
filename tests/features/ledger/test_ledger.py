"""The ledger keeps every event once, whoever else is writing, and keeps aside with its reason what it cannot use."""

from __future__ import annotations

import json
import math
import random
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from handmade_events import LATER, SMALL, Told, at, identify, page, track
from ledger_writer import begin_together, written
from sqlalchemy import inspect, make_url, select

from features.agreement.agreement import Agreement
from features.agreement.versions import NoAgreement, current_version, save_version
from features.events.event import EventRefused
from features.home import tables
from features.home.database import MIGRATIONS, database_exists, engine, migrate, reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import AT_ONCE, NEWEST, Appended, Ledger

pytestmark = pytest.mark.usefixtures("migrations_as_ever")

WRITERS, EACH, SHARED = 8, 120, 100


def at_home(folder: Path, url: str | None = None) -> Home:
    return Home(folder / "home", Settings(database_url=url))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterable[Ledger]:
    opened = Ledger.open(at_home(tmp_path))
    yield opened
    engine(opened.home.database_url).dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture(scope="module")
def writers() -> Iterator[ProcessPoolExecutor]:
    """Eight processes, each of which takes one of eight tasks; they begin at the same moment."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(
        WRITERS, mp_context=spawn, initializer=begin_together, initargs=(spawn.Barrier(WRITERS),)
    ) as pool:
        yield pool


def append(ledger: Ledger, told: Iterable[Mapping[str, Any]], source: str = "web") -> Appended:
    return sum(ledger.append(told, source=source, received_at=LATER), Appended())


def rows(ledger: Ledger) -> list[Any]:
    return [row for chunk in ledger.chunks() for row in chunk]


def failed(ledger: Ledger) -> list[Any]:
    with reading(ledger.home) as connection:
        return list(connection.execute(select(tables.failed_events)))


def test_an_event_is_kept_as_it_was_said(database_url: str | None, tmp_path: Path) -> None:
    ledger = Ledger.open(at_home(tmp_path, database_url))
    told = track("ann", "Webinar Attended", 2, known=3, minutes_attended=30, odd="x\0\ud800", nan=math.nan)
    assert append(ledger, [told]) == Appended(accepted=1)
    (row,) = rows(ledger)
    assert (row.source, row.message_id, row.type, row.name) == ("web", told["messageId"], "track", "Webinar Attended")
    assert (row.user_id, row.anonymous_id) == ("ann", None)
    assert (row.occurred_us, row.recorded_us) == tuple(round(at(day).timestamp() * 1e6) for day in (2, 3))
    assert json.loads(row.body)["properties"] == {"minutes_attended": 30, "odd": "x\ufffd?", "nan": None}


def test_the_same_message_is_kept_once_for_each_source(ledger: Ledger) -> None:
    told = [page("ann", 1), page("ann", 2)]
    assert append(ledger, told) == Appended(accepted=2)
    assert append(ledger, [*told, page("ann", 3), told[0]]) == Appended(accepted=1, duplicates=3)
    assert append(ledger, told, source="mobile") == Appended(accepted=2)
    assert ledger.count() == 5


def test_the_first_of_two_bodies_wins(ledger: Ledger) -> None:
    first = page("ann", 1)
    assert append(ledger, [first, first | {"properties": {"path": "/other"}}]) == Appended(1, 1)
    assert json.loads(rows(ledger)[0].body)["properties"]["path"] == "/pricing"


def test_a_refused_event_is_kept_aside_with_its_reason_and_the_rest_is_accepted(ledger: Ledger) -> None:
    bad = {"type": "purchase", "messageId": "m", "userId": "ann", "properties": {"x": "\ud800"}}
    assert append(ledger, [page("ann", 1), bad, page("ann", 2)]) == Appended(accepted=2, refused=1)
    (kept_aside,) = failed(ledger)
    assert (kept_aside.code, kept_aside.source) == ("bad_type", "web")
    assert "'purchase' is no event type" in kept_aside.message
    assert json.loads(kept_aside.raw) == {**bad, "properties": {"x": "?"}}


def test_a_refused_event_that_comes_again_is_kept_aside_once(ledger: Ledger) -> None:
    for _ in range(2):
        assert append(ledger, [{"type": "page", "messageId": "m1"}] * 2).refused == 2
    assert ledger.count_failed() == 1


def test_events_are_appended_in_batches_that_each_count(ledger: Ledger) -> None:
    told = (page("ann", i / 1_000) for i in range(AT_ONCE + 1))
    counts = list(ledger.append(told, source="web", received_at=LATER))
    assert [found.accepted for found in counts] == [AT_ONCE, 1]


def test_a_file_that_breaks_off_leaves_whole_batches(ledger: Ledger) -> None:
    def broken() -> Iterable[Told]:
        yield from (page("ann", i / 1_000) for i in range(AT_ONCE + 7))
        raise OSError("half a file")

    with pytest.raises(OSError, match="half a file"):
        append(ledger, broken())
    assert ledger.count() == AT_ONCE


def test_a_failing_transaction_leaves_nothing(ledger: Ledger) -> None:
    def half_done() -> None:
        with writing(ledger.home) as connection:
            connection.execute(tables.events.insert(), [_row("m1")])
            raise EventRefused("changed my mind")

    with pytest.raises(EventRefused):
        half_done()
    assert ledger.count() == 0


def _row(message_id: str) -> dict[str, Any]:
    return {"source": "web", "message_id": message_id, "type": "page", "name": "page", "occurred_us": 1,
            "recorded_us": 1, "flags": "", "body": "{}"}  # fmt: skip


def test_chunks_are_all_events_in_order_whatever_their_size(ledger: Ledger) -> None:
    append(ledger, [page("ann", i) for i in range(10)])
    for size in (1, 3, 10, 99):
        ids = [row.event_id for chunk in ledger.chunks(size) for row in chunk]
        assert ids == sorted(set(ids))
        assert len(ids) == 10


def test_an_empty_ledger_says_so(ledger: Ledger) -> None:
    assert (ledger.count(), ledger.count_failed(), ledger.last_event_id(), ledger.newest_recorded_us()) == (0, 0, 0, 0)
    assert rows(ledger) == []


@pytest.mark.slow
def test_parallel_writers_keep_each_event_once(
    database_url: str | None, writers: ProcessPoolExecutor, tmp_path: Path
) -> None:
    """Eight processes open a new home at once and send overlapping events, each in another order."""
    home = at_home(tmp_path, database_url)
    home.created()
    told = map(_told, range(WRITERS))
    done = list(writers.map(written, [str(home.path)] * WRITERS, [database_url] * WRITERS, told))
    ledger = Ledger(home)
    distinct = SHARED + WRITERS * (EACH - SHARED)
    assert ledger.count() == distinct == len({row.message_id for row in rows(ledger)})
    assert sum(accepted for accepted, _ in done) == distinct
    assert {accepted + duplicates for accepted, duplicates in done} == {EACH}


def _told(writer: int) -> list[Told]:
    told = [page("ann", n) for n in range(SHARED)]
    told += [page(f"lead-{writer}", n) for n in range(EACH - SHARED)]
    return random.Random(writer).sample(told, EACH)


def test_migrations_make_the_tables_the_code_reads(database_url: str | None, tmp_path: Path) -> None:
    home = at_home(tmp_path, database_url)
    assert not database_exists(home)
    migrate(home)
    migrate(home)  # again changes nothing
    found = inspect(engine(home.database_url))
    for table in tables.metadata.sorted_tables:
        assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())
    assert database_exists(home)
    assert {path.stem[:4] for path in (MIGRATIONS / "versions").glob("*.py")} >= {"0001", "0002"}


def test_a_home_is_for_its_owner_only_and_synced_at_each_commit(ledger: Ledger) -> None:
    home = ledger.home
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.path / "leadlight.db").stat().st_mode) == 0o600
    with writing(home) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


def test_a_commit_is_on_the_disk_whatever_the_server_is_set_to(postgres_url: str, tmp_path: Path) -> None:
    database = make_url(postgres_url).database
    with engine(postgres_url).begin() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {database} SET synchronous_commit = off")
    engine(postgres_url).dispose()
    with writing(at_home(tmp_path, postgres_url)) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_the_newest_is_found_without_reading_the_ledger(ledger: Ledger) -> None:
    with reading(ledger.home) as connection:
        plan = " ".join(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {NEWEST}"))
    assert plan.count("SEARCH events") == 2
    assert "SCAN events" not in plan


@pytest.mark.slow
def test_many_open_a_new_home_at_once(writers: ProcessPoolExecutor, tmp_path: Path) -> None:
    home = at_home(tmp_path)
    list(writers.map(written, [str(home.path)] * WRITERS, [None] * WRITERS, [[]] * WRITERS))
    assert database_exists(home)


def test_a_reader_does_not_wait_for_a_writer(ledger: Ledger) -> None:
    append(ledger, [page("ann", 1)])
    with writing(ledger.home) as connection:
        connection.execute(tables.events.insert(), [_row("m1")])
        assert ledger.count() == 1


def test_a_database_may_lie_elsewhere(tmp_path: Path) -> None:
    home = at_home(tmp_path, f"sqlite:///{tmp_path / 'elsewhere.db'}")
    ledger = Ledger.open(home)
    assert append(ledger, [page("ann", 1)]).accepted == 1
    assert database_exists(home)
    with sqlite3.connect(tmp_path / "elsewhere.db") as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)
    connection.close()


def test_each_new_agreement_is_a_version_and_none_is_forgotten(tmp_path: Path) -> None:
    home = at_home(tmp_path)
    with pytest.raises(NoAgreement, match="holds no agreement yet; run: leadlight ingest"):
        current_version(home)
    changed = Agreement.parse(SMALL.text.replace("within_days = 30", "within_days = 60"))
    reworded = Agreement.parse("# a comment\n" + SMALL.text)
    versions = [save_version(home, agreement, LATER).version for agreement in (SMALL, reworded, changed)]
    assert versions == [1, 1, 2]
    found = current_version(home)
    assert (found.version, found.agreement.digest) == (2, changed.digest)
    with reading(home) as connection:
        assert [row.text for row in connection.execute(select(tables.agreements))] == [SMALL.text, changed.text]
    engine(home.database_url).dispose()


def test_identify_and_page_of_one_person_are_two_events(ledger: Ledger) -> None:
    assert append(ledger, [identify("ann", 1), page("ann", 1)]).accepted == 2


def test_no_event_has_the_id_of_one_that_was_deleted(database_url: str | None, tmp_path: Path) -> None:
    """Files say up to which id they hold everything; a new event that took an old id would seem to be in them."""
    ledger = Ledger.open(at_home(tmp_path, database_url))
    append(ledger, [page("ann", 1), page("ann", 2)])
    newest = ledger.last_event_id()
    with writing(ledger.home) as connection:
        connection.execute(tables.events.delete().where(tables.events.c.event_id == newest))
    append(ledger, [page("ann", 3)])
    assert ledger.last_event_id() > newest


def test_a_home_of_an_earlier_release_keeps_its_events_and_reuses_no_id(tmp_path: Path) -> None:
    home = at_home(tmp_path).created()
    migrate(home, "0002")
    told = {"event_id": 7, "user_id": None, "anonymous_id": "v", "group_id": None} | _row("m1")
    with writing(home) as connection:
        connection.execute(tables.events.insert(), [told])
    ledger = Ledger.open(home)
    assert [dict(row._mapping) for row in rows(ledger)] == [told]
    with writing(home) as connection:
        connection.execute(tables.events.delete())
    append(ledger, [page("ann", 1), page("ann", 1)])
    assert [row.event_id for row in rows(ledger)] == [8]
    engine(home.database_url).dispose()


def test_the_tables_are_those_that_the_migrations_make(database_url: str | None, tmp_path: Path) -> None:
    ledger = Ledger.open(at_home(tmp_path, database_url))
    with writing(ledger.home) as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
