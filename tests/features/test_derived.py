"""What events say of a lead is the same, derived from its component alone or from the whole ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from handmade_events import SMALL, identify, page, says, us
from online_store_checks import arrive

from features.derived import DerivedRows, derive, derived_rows
from features.events.event_table import read_events
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger

TOLD = [
    page("visitor-1", 1),
    identify("ann", 2, visitor="visitor-1", email="ann@acme.example"),
    says("group", 3, userId="bob", groupId="acme.example", traits={"employees": 40}),
    page("bob", 4),
    page("cid", 5),
]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Home]:
    """A home whose ledger holds these events."""
    home = Home(tmp_path / "home", Settings()).created()
    arrive(home, TOLD)
    yield home
    engine(home.database_url).dispose()


def said_of(rows: DerivedRows, lead_id: str) -> dict[str, Any]:
    """The observations and traits of one lead, and when the newest of it became known."""
    lead = rows.identities.lead_ids.index(lead_id)
    own = rows.observed.lead == lead
    return {
        "known_us": rows.observed.known_us[own].tolist(),
        "traits": rows.traits[rows.traits["lead_id"] == lead_id].to_dict("records"),
        "account": rows.accounts_now().get(lead_id),
        "newest_us": int(rows.newest_us[lead]),
    }


def test_a_component_alone_says_what_the_whole_ledger_says_of_it(told: Home) -> None:
    whole = derived_rows(read_events(Ledger(told).chunks(), SMALL), SMALL)
    with reading(told) as connection:
        own = derive(connection, SMALL, [("user", "ann")])
    assert own.ids == {"ann", "visitor-1"}
    assert repr(said_of(own.rows, "ann")) == repr(said_of(whole, "ann"))
    assert said_of(whole, "ann")["account"] == "acme.example"


def test_ids_and_later_events_can_be_left_out(told: Home) -> None:
    with reading(told) as connection:
        before = derive(connection, SMALL, [("user", "ann")], recorded_before_us=us(2))
        without = derive(connection, SMALL, [("user", "ann"), ("user", "cid")], without=frozenset({"cid"}))
    assert before.identities.lead_ids == []
    assert without.ids == {"ann", "visitor-1"}
    assert "cid" not in without.identities.lead_ids
