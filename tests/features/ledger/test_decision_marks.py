"""Each event asks for a decision in its own transaction, and what asked again meanwhile goes on asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from handmade_events import at, page, track
from online_store_checks import arrive
from sqlalchemy import text

from features.events.validation import Source, validate
from features.home.database import engine, migrate, reading, writing
from features.home.settings import Home, Settings
from features.ledger.decision_marks import (
    Mark,
    Marks,
    clear_marks,
    count_due,
    is_decision_due,
    marks_of,
    oldest_marks,
)
from features.ledger.ledger import Ledger, append


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    home = Home(tmp_path / "home", Settings(database_url=url))
    Ledger.open(home)
    yield home
    engine(home.database_url).dispose()


def imported(home: Home, *told: dict[str, object]) -> None:
    list(Ledger(home).append(told, source="file", received_at=at(9)))


def due(home: Home, in_bulk: bool = True) -> Marks:
    with reading(home) as connection:
        return oldest_marks(connection, 10, in_bulk)


def test_what_a_sender_waits_for_comes_before_what_a_file_brought(home: Home) -> None:
    imported(home, page("ann", 1), page("bob", 1))
    assert (is_decision_due(home), is_decision_due(home, in_bulk=True)) == (False, True)
    arrive(home, [page("cid", 2), page("visitor-1", 3)])
    assert list(due(home)) == [("user", "cid"), ("anonymous", "visitor-1"), ("user", "ann"), ("user", "bob")]
    assert list(due(home, in_bulk=False)) == [("user", "cid"), ("anonymous", "visitor-1")]


def test_a_lead_of_a_file_that_acts_meanwhile_is_decided_at_once_and_still_known_as_one_of_the_file(home: Home) -> None:
    imported(home, page("ann", 1))
    arrive(home, [page("ann", 2)])
    assert due(home, in_bulk=False) == {("user", "ann"): Mark(event_id=2, live=1, in_bulk=1)}


def test_a_mark_that_was_renewed_since_it_was_read_stays(home: Home) -> None:
    arrive(home, [page("ann", 1), page("bob", 1)])
    read = due(home)
    arrive(home, [page("ann", 2)])
    imported(home, page("bob", 0))
    with writing(home) as connection:
        clear_marks(connection, read)
    assert list(due(home)) == [("user", "ann"), ("user", "bob")]
    with writing(home) as connection:
        clear_marks(connection, marks_of(connection, {"ann", "bob"}))
        assert count_due(connection) == 0


def test_what_a_decision_brings_about_asks_for_no_other(home: Home) -> None:
    batch = validate([track("ann", "Handover Offered", 1)], Source("leadlight", clock="platform"), at(1))
    with writing(home) as connection:
        append(connection, [batch], lambda: at(1), marks_due=False)
    assert due(home) == {}


def test_an_event_that_is_rolled_back_asks_for_nothing(home: Home) -> None:
    with pytest.raises(ZeroDivisionError):
        append_and_fail(home)
    assert due(home) == {}
    assert Ledger(home).count() == 0


def append_and_fail(home: Home) -> None:
    with writing(home) as connection:
        append(connection, [validate([page("ann", 1)], Source("web", clock="platform"), at(1))], lambda: at(1))
        raise ZeroDivisionError


def test_some_may_be_left_out(home: Home) -> None:
    arrive(home, [page("ann", 1), page("bob", 2), page("cid", 3)])
    with reading(home) as connection:
        assert list(oldest_marks(connection, 1, but=[("user", "ann")])) == [("user", "bob")]


def test_a_group_that_has_traits_is_due_as_its_members_are(home: Home) -> None:
    said = {"type": "group", "groupId": "acme", "userId": "ann", "traits": {"industry": "software"}, "messageId": "g"}
    arrive(home, [said | {"receivedAt": at(1).isoformat(), "timestamp": at(1).isoformat()}])
    with reading(home) as connection:
        assert set(marks_of(connection, {"ann"}, {"acme"})) == {("user", "ann"), ("group", "acme")}


def test_leads_that_a_home_knows_already_are_decided_once_after_its_migration(
    tmp_path: Path, migrations_as_ever: None
) -> None:
    home = Home(tmp_path / "older", Settings())
    migrate(home, "0010")
    arrive_older(home)
    migrate(home)
    assert due(home) == {("user", "ann"): Mark(2, 0, 1), ("user", "bob"): Mark(3, 0, 1)}
    engine(home.database_url).dispose()


def arrive_older(home: Home) -> None:
    """Three events as a release without marks wrote them."""
    columns = "source, message_id, type, name, user_id, occurred_us, recorded_us, flags, body"
    with writing(home) as connection:
        for n, lead in enumerate(("ann", "ann", "bob")):
            values = f"'web', 'm{n}', 'page', '', '{lead}', {n}, {n}, '', '{{}}'"
            connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({values})"))
