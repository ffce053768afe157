"""Components reach as far as one event can: every id that identifying events tie, and no further."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from handmade_events import LATER, SMALL, Told, identify, page, says, track
from hypothesis import given, settings
from hypothesis import strategies as st
from online_store_checks import arrive
from random_logs import components, once, random_log
from sqlalchemy import delete, select

from features.home import tables
from features.home.database import engine, reading, writing
from features.home.settings import Home, Settings
from features.identity.components import component, events_of, links_of
from features.ledger.ledger import Ledger
from features.store.materialize import materialized


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home", Settings()).created()
    Ledger.open(home)
    yield home
    engine(home.database_url).dispose()


def ids(home: Home, *asked: str) -> set[str]:
    with reading(home) as connection:
        return set(component(connection, [("user", name) for name in asked]).ids)


def told_of(home: Home, *asked: str) -> list[str]:
    with reading(home) as connection:
        found = component(connection, [("user", name) for name in asked])
        return [row.message_id for row in events_of(connection, found)]


def test_a_lead_that_nothing_ties_is_alone(home: Home) -> None:
    arrive(home, [identify("ann", 1), identify("bob", 1), page("visitor-1", 2)])
    assert ids(home, "ann") == {"ann"}
    assert ids(home, "nobody") == {"nobody"}


@pytest.mark.parametrize(
    "tie",
    [
        [identify("ann", 1, visitor="visitor-1"), identify("bob", 2, visitor="visitor-1")],
        [identify("ann", 1, email="Same@firm.example"), identify("bob", 2, email="same@firm.example ")],
        [
            track("ann", "Lead Status Changed", 1, crm="Salesforce", crm_lead_id="00Q1"),
            track("bob", "Opportunity Created", 2, crm="salesforce", crm_lead_id="00Q1"),
        ],
        [track("ann", "Lead Merged", 1, previous_lead_id="bob")],
        [
            track("ann", "Lead Converted", 1, crm_lead_id="00Q1", contact_id="003"),
            identify("bob", 1, crm_lead_id="003"),
        ],
        [
            says("alias", 1, userId="ann", previousId="visitor-1"),
            says("alias", 2, userId="visitor-1", previousId="bob"),
        ],
    ],
)
def test_whatever_ties_two_users_puts_them_into_one_component(home: Home, tie: list[Told]) -> None:
    arrive(home, [*tie, identify("cid", 1)])
    assert {"ann", "bob"} <= ids(home, "ann")
    assert ids(home, "ann") == ids(home, "bob")
    assert "cid" not in ids(home, "ann")


def test_colleagues_are_no_component_but_what_is_said_of_their_group_is_read(home: Home) -> None:
    told = [
        says("group", day, userId=who, groupId="firm", traits={"name": "Firm"} if who == "bob" else {})
        for day, who in ((1, "ann"), (2, "bob"))
    ]
    arrive(home, [*told, page("bob", 3)])
    assert ids(home, "ann") == {"ann"}
    assert told_of(home, "ann") == [said["messageId"] for said in told]


def test_what_is_said_of_a_group_reaches_all_of_its_members(home: Home) -> None:
    arrive(home, [says("group", 1, userId=who, groupId="firm") for who in ("ann", "bob")])
    with reading(home) as connection:
        assert component(connection, [("group", "firm")]).ids == {"ann", "bob"}


def test_most_events_tie_nothing() -> None:
    row = {
        "user_id": "ann",
        "anonymous_id": "visitor-1",
        "group_id": None,
        "type": "track",
        "body": '{"properties":{}}',
    }
    assert list(links_of(row)) == []
    assert list(links_of(row | {"type": "identify"})) == [("anonymous", "visitor-1", "ann")]


def test_an_address_of_any_length_ties(home: Home) -> None:
    """PostgreSQL's indexes would refuse it as it is, and with it everything that came with it."""
    long = f"{'a' * 5_000}@firm.example"
    arrive(home, [identify("ann", 1, email=long), identify("bob", 2, email=long)])
    assert ids(home, "ann") == {"ann", "bob"}


def test_history_from_files_ties_as_live_events_do(home: Home) -> None:
    told = [identify("ann", 1, email="same@firm.example"), identify("bob", 2, email="same@firm.example")]
    list(Ledger(home).append(told, source="file", received_at=LATER))
    assert ids(home, "ann") == {"ann", "bob"}
    with reading(home) as connection:
        assert connection.execute(select(tables.online_pending)).all() == []


def test_a_home_of_an_older_release_gets_its_ties_with_its_first_build(home: Home) -> None:
    arrive(home, [identify("ann", 1, email="same@firm.example"), identify("bob", 2, email="same@firm.example")])
    with writing(home) as connection:
        connection.execute(delete(tables.links))
    materialized(home, SMALL)
    assert ids(home, "ann") == {"ann", "bob"}


@settings(max_examples=50)
@given(told=random_log(16), data=st.data())
def test_a_component_has_every_event_that_could_move_it(
    tmp_path_factory: pytest.TempPathFactory, told: list[Told], data: st.DataObject
) -> None:
    home = Home(tmp_path_factory.mktemp("component") / "home", Settings()).created()
    Ledger.open(home)
    arrive(home, once(told))
    for part in components(once(told)):
        names = {said.get("userId") or said.get("anonymousId") for said in part}
        asked = data.draw(st.sampled_from(sorted(name for name in names if name)))
        expected = {said["messageId"] for said in part if said.get("event") != "Lead Merge Undone"}
        assert expected <= set(told_of(home, asked))
    engine(home.database_url).dispose()
