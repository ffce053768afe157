"""An event that was deleted for its age is known for good: one that comes again adds nothing."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from handmade_events import LATER, identify, page
from old_events import ann, keep, known, opened, retained, rows
from sqlalchemy import select

from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.ledger.tombstones import deleted_events, record_deleted_events, secret
from features.records.retention import Retained


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    yield from opened(tmp_path, url)


@pytest.fixture
def small(tmp_path: Path) -> Iterable[Home]:
    yield from opened(tmp_path, None)


def state(home: Home) -> Any:
    return known(home), [tuple(row) for row in rows(home)]


def test_a_file_that_comes_again_after_its_events_were_deleted_adds_nothing(home: Home) -> None:
    """As an hourly import of the same export does it."""
    told = [*ann([10, 20, 100, 200]), *(page("ann", day) for day in range(300, 341)), page("ann", 700)]
    keep(home, told)
    retained(home)
    before = state(home)
    (done,) = Ledger(home).append(told, source="web", received_at=LATER)
    assert (done.accepted, done.duplicates) == (0, len(told))
    assert state(home) == before
    assert retained(home) == Retained()


def test_a_client_that_sends_an_old_event_again_hears_that_it_is_there(home: Home) -> None:
    """Of one that lost all but its identifiers nobody can say that it came with other words."""
    told = [page("ann", 10), identify("ann", 20, visitor="visitor-1", email="ann@buyer.example", job_title="CEO")]
    keep(home, told)
    assert retained(home).events == 2
    results = Ledger(home).record(told, received_at=LATER, source="web")
    assert [(result.status, result.flags) for result in results] == [("duplicate", ()), ("duplicate", ())]
    with reading(home) as connection:
        assert connection.execute(select(tables.intake_counts)).all() == []


def test_an_old_event_that_never_came_is_taken_and_so_is_one_of_another_sender(small: Home) -> None:
    keep(small, [identify("ann", 5), page("ann", 10)])
    retained(small)
    (done,) = Ledger(small).append([page("ann", 10), page("ann", 11)], source="web", received_at=LATER)
    assert (done.accepted, done.duplicates) == (1, 1)
    (done,) = Ledger(small).append([page("ann", 10)], source="app", received_at=LATER)
    assert done.accepted == 1


def test_what_is_kept_of_a_deleted_event_says_nothing_of_it(tmp_path: Path) -> None:
    """Nor may anybody try messageIds until one fits: the digests of two homes differ."""
    digests: list[bytes] = []
    homes = [home for name in ("one", "other") for home in opened(tmp_path / name, None)]
    for home in homes:
        keep(home, [identify("ann", 5), page("ann", 10)])
        retained(home)
        with reading(home) as connection:
            digests += connection.scalars(select(tables.retired.c.digest))
    assert [len(digest) for digest in digests] == [16, 16]
    assert digests[0] != digests[1]


def test_where_nothing_was_deleted_nothing_is_looked_up(small: Home) -> None:
    """Not even read: what is no event would raise."""
    with writing(small) as connection:
        assert deleted_events(connection, [{"no": "event"}]) == set()
        record_deleted_events(connection, [])
        assert deleted_events(connection, [{"no": "event"}]) == set()
        record_deleted_events(connection, [("web", "1"), ("web", "1")])
        asked = [{"source": source, "message_id": number} for source, number in (("web", "1"), ("we", "b1"))]
        assert deleted_events(connection, asked) == {0}


def test_a_key_that_several_make_at_once_is_one_key(home: Home) -> None:
    """As the first requests after a start did; all but one of them failed on PostgreSQL."""
    together = Barrier(8)

    def made(_: int) -> bytes:
        together.wait()
        with writing(home) as connection:
            return secret(connection, "cards")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(made, range(8)))) == 1
