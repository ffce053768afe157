"""An erased lead is gone from the ledger with all of its names, and its later events are refused without a trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade_events import LATER, SMALL, identify, page, says, track
from old_events import known, the_same
from sqlalchemy import insert, select

from features.events.event import RecordId
from features.events.validation import EventResult
from features.home import tables
from features.home.database import engine, reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Appended, Ledger
from features.ledger.tombstones import digest, entomb, erased_among, erased_raws, erased_rows, names_in_event
from features.records.erasure import Erasure, erase_from_ledger
from features.records.lead_record import LeadErased, NamesTwoLeads, UnknownLead, lead_record

ANN = [
    page("visitor-1", 0.5),
    identify("ann", 1, visitor="visitor-1", email="Ann@buyer.example"),
    page("ann", 2),
    identify("ann-2", 3, email=" ann@BUYER.example "),  # new when it brings her address: it is her
    page("ann-2", 4),
]
BOB = [identify("bob", 1, email="bob@other.example"), page("bob", 2), track("bob", "Webinar Attended", 3)]


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = Home(tmp_path / "home", Settings(database_url=url)).created()
    Ledger.open(made)
    yield made
    engine(made.database_url).dispose()


def send(home: Home, *told: Mapping[str, Any]) -> list[EventResult]:
    return Ledger(home).record(list(told), received_at=LATER)


def erase(home: Home, name: str) -> Erasure:
    return erase_from_ledger(home, SMALL, name, LATER)


def all_texts(home: Home) -> str:
    """Everything that the database holds, as one text."""
    with reading(home) as connection:
        return "\n".join(
            str(tuple(row)) for table in tables.metadata.sorted_tables for row in connection.execute(select(table))
        )


@pytest.mark.parametrize("name", ["ann", "ann-2", "visitor-1", "ANN@buyer.example"])
def test_a_lead_is_erased_by_any_of_its_names_with_all_of_them(home: Home, name: str) -> None:
    send(home, *ANN, *BOB)
    gone = erase(home, name)
    assert (gone.events, gone.identifiers, set(gone.lead_ids)) == (5, 4, {"ann", "ann-2", "visitor-1"})
    held = all_texts(home)
    assert "visitor-1" not in held
    assert "ann" not in held.lower().replace("channel", "")
    assert held.count("Webinar Attended") == 1
    with reading(home) as connection:
        assert len(lead_record(connection, SMALL, "bob").own) == 3


def test_later_events_are_refused_by_each_name_and_leave_nothing(home: Home) -> None:
    send(home, *ANN)
    erase(home, "ann")
    again = [
        page("ann", 7),
        page("ann-2", 7),
        page("visitor-1", 7),
        identify("new", 7, email="ANN@Buyer.Example"),
        says("alias", 7, userId="new", previousId="visitor-1"),
        track("new", "Form Submitted", 7, email="ann@buyer.example"),
        {
            "type": "nonsense",
            "userId": "ann",
            "traits": {"email": "ann@buyer.example"},
        },  # not kept as a failed one either
    ]
    nonsense = {"type": "nonsense", "userId": "bob"}
    codes = [result.code for result in send(home, *again, page("bob", 7), nonsense)]
    assert codes == [*["erased"] * 7, "", "bad_type"]
    assert "ann" not in all_texts(home).lower().replace("channel", "")
    assert Ledger(home).count() == 1
    assert Ledger(home).count_failed() == 1  # bob's nonsense


def test_a_file_says_how_many_events_of_erased_leads_it_held_and_calls_none_of_them_kept(home: Home) -> None:
    send(home, *ANN)
    erase(home, "ann")
    told = [page("ann", 7), {"type": "nonsense", "userId": "ann", "messageId": "m"}, page("bob", 7)]
    assert sum(Ledger(home).append(told, source="file", received_at=LATER), Appended()) == Appended(1, erased=2)


def test_the_lead_0_of_a_file_is_erased_as_any_other(home: Home) -> None:
    first, second = (identify("x", 1, city=city) | {"userId": RecordId("0")} for city in ("Rome", "Oslo"))
    assert sum(Ledger(home).append([first], source="crm", received_at=LATER), Appended()) == Appended(1)
    assert erase(home, "0").events == 1
    assert sum(Ledger(home).append([second], source="crm", received_at=LATER), Appended()) == Appended(erased=1)


MENTIONS = [
    "ann@buyer.example",
    "Ann <ANN@buyer.example>, by phone",
    "https://ours.example/hello?e=ann%40buyer.example&x=1",
    "https://ours.example/?to=https%3A%2F%2Fours.example%2F%3Fe%3Dann%2540buyer.example",
    "mailto:ann%40buyer%2Eexample.",
]


def test_the_address_in_what_others_said_is_replaced_there_and_counted(home: Home) -> None:
    told = [track("bob", "Friend Invited", day, referred_by=text) for day, text in enumerate(MENTIONS)]
    broken = {"type": "nonsense", "userId": "bob", "properties": {"referred_by": "ann@buyer.example"}}
    send(home, *ANN, *told, broken)
    gone = erase(home, "ann")
    assert (gone.mentions, gone.as_json()["mentions"]) == (len(MENTIONS), len(MENTIONS))
    held = all_texts(home).lower()
    assert "ann@" not in held
    assert "ann%40" not in held
    assert "ann%2540" not in held
    assert held.count("[erased]") == len(MENTIONS) + 1
    assert [result.status for result in send(home, *told)] == ["duplicate"] * len(MENTIONS)
    assert not any(result.flags for result in send(home, *told))  # no conflict: it was we who changed them


def test_addresses_that_only_hold_the_erased_one_stay(home: Home) -> None:
    alike = ["joann@buyer.example", "mary-ann@buyer.example", "ann@buyer.example.org", "ann@buyer.examples"]
    told = [track("bob", "Friend Invited", day, referred_by=text) for day, text in enumerate(alike)]
    send(home, *ANN, *told)
    assert erase(home, "ann").mentions == 0
    assert all(text in all_texts(home) for text in alike)


def test_an_address_in_either_form_of_its_accents_is_one_and_is_found(home: Home) -> None:
    composed, parted = "jos\u00e9@buyer.example", "jose\u0301@buyer.example"
    told = [track("bob", "Friend Invited", day, referred_by=text) for day, text in enumerate((composed, parted))]
    send(home, identify("jo", 1, email=parted), *told)
    assert erase(home, composed).mentions == 2
    assert [result.code for result in send(home, identify("new", 9, email=composed))] == ["erased"]


def test_a_box_that_many_share_is_nobodys_to_erase(home: Home) -> None:
    send(home, *(identify(who, 1, email="info@buyer.example") for who in ("ann", "bob", "cid")))
    assert erase(home, "ann").identifiers == 1
    assert [result.status for result in send(home, identify("dee", 2, email="info@buyer.example"))] == ["accepted"]


def test_erasing_twice_or_somebody_unknown_says_so(home: Home) -> None:
    send(home, *ANN)
    erase(home, "ann")
    for name in ("ann", "ann-2", "ann@buyer.example"):
        with pytest.raises(LeadErased, match="was erased"):
            erase(home, name)
    with pytest.raises(UnknownLead, match="no lead is named 'zoe'"):
        erase(home, "zoe")


def test_a_name_that_another_lead_has_too_stays_the_others(home: Home) -> None:
    """Bob was known before he said Ann's address: they are two leads, and the address is his from now on."""
    send(home, identify("ann", 1, email="desk@buyer.example"), page("bob", 1), page("bob", 2))
    send(home, identify("bob", 3, email="bob@other.example"), identify("bob", 4, email="desk@buyer.example"))
    assert erase(home, "ann").identifiers == 1
    assert [result.status for result in send(home, identify("bob", 5, email="desk@buyer.example"))] == ["accepted"]
    assert [result.code for result in send(home, page("ann", 5))] == ["erased"]
    with reading(home) as connection:
        assert lead_record(connection, SMALL, "desk@buyer.example").lead_id == "bob"


def test_a_merged_lead_goes_whole_and_what_others_said_of_an_erased_one_goes_too(home: Home) -> None:
    merged = track("ann", "Lead Merged", 5, previous_lead_id="bob")
    send(home, *ANN, *BOB, merged)
    undone = track("ann", "Lead Merge Undone", 6, merge_id=merged["messageId"])
    send(home, undone)
    gone = erase(home, "bob")  # two leads again: his own three events, and hers that names him
    assert gone.events == len(BOB) + 1
    assert "bob" not in all_texts(home)
    with reading(home) as connection:
        assert len(lead_record(connection, SMALL, "ann").own) == len(ANN) + 1


def test_while_merged_both_are_one_and_go_together(home: Home) -> None:
    send(home, *ANN, *BOB, track("ann", "Lead Merged", 5, previous_lead_id="bob"))
    assert erase(home, "bob").events == len(ANN) + len(BOB) + 1
    assert Ledger(home).count() == 0
    assert [result.code for result in send(home, page("bob", 7), page("ann", 7))] == ["erased"] * 2


def test_failed_events_and_kept_answers_of_the_lead_go_and_others_stay(home: Home) -> None:
    broken = {"type": "?", "userId": "ann", "properties": {"a": 1}}
    other = {"type": "?", "userId": "joann", "properties": {"note": "ann"}}
    address = {"type": "?", "anonymousId": "x", "traits": {"email": "Ann@Buyer.example"}}
    send(home, *ANN, broken, other, address)
    row = {"caller": "key", "request_digest": b"", "body": "all about ann", "created_us": 1}
    with writing(home) as connection:
        connection.execute(
            insert(tables.idempotency_keys),
            [row | {"key": "1", "lead_id": "ann-2"}, row | {"key": "2", "lead_id": "joann", "body": "other"}],
        )
    assert erase(home, "ann").failed_events == 2
    with reading(home) as connection:
        (left,) = connection.execute(select(tables.failed_events.c.raw)).scalars()
        (answer,) = connection.execute(select(tables.idempotency_keys.c.body)).scalars()
    assert "joann" in left
    assert answer == "other"


def test_those_around_an_erased_lead_are_published_anew(home: Home) -> None:
    group = {"groupId": "acme", "traits": {"employees": 40}}
    send(home, *ANN, says("group", 5, userId="ann", **group), says("group", 5, userId="bob", **group))
    with writing(home) as connection:
        connection.execute(tables.online_pending.delete())
    erase(home, "ann")
    with reading(home) as connection:
        waiting = {
            tuple(row)
            for row in connection.execute(select(tables.online_pending.c.kind, tables.online_pending.c.value))
        }
    assert ("group", "acme") in waiting
    assert not {value for _, value in waiting} & {"ann", "ann-2", "visitor-1"}


@pytest.mark.parametrize("seed", range(5))
def test_whoever_is_left_is_as_before_in_any_tangle_of_shared_names(tmp_path: Path, seed: int) -> None:
    """Leads that share addresses, browsers and merges: one goes, and the features of no other lead change.

    Free mail, so that they are of no company: what its leads did together does change.
    """
    home = Home(tmp_path / "home", Settings()).created()
    Ledger.open(home)
    draws = np.random.default_rng(seed)
    told = []
    for number in range(60):
        who, day = f"lead-{draws.integers(8)}", float(number) + draws.random() / 2
        kind = draws.integers(5)
        if kind == 0:
            told.append(identify(who, day, visitor=f"visitor-{draws.integers(6)}"))
        elif kind == 1:
            told.append(identify(who, day, email=f"desk-{draws.integers(6)}@gmail.com"))
        elif kind == 2 and number % 3 == 0:
            told.append(track(who, "Lead Merged", day, previous_lead_id=f"lead-{draws.integers(8)}"))
        else:
            told.append(page(who if kind == 3 else f"visitor-{draws.integers(6)}", day))
    for _ in Ledger(home).append(told, source="web", received_at=LATER):
        pass
    before = known(home)
    standing = [lead for lead in before if before[lead]]
    erase(home, standing[seed % len(standing)])
    after = known(home)
    assert len(after) < len(before)
    assert the_same({lead: before[lead] for lead in after}, after) == []
    engine(home.database_url).dispose()


def test_who_shared_an_address_with_an_erased_lead_stays_apart(home: Home) -> None:
    """Three have info@ and are three leads; as two of them are left, they are no more one person than before."""
    box = {"email": "info@acme.example"}
    send(home, *(identify(who, day, **box) for day, who in enumerate(("ann", "bob", "cyd", "dan"), start=1)))
    for gone in ("ann", "bob"):
        erase(home, gone)
    with reading(home) as connection:
        assert {who: lead_record(connection, SMALL, who).lead_id for who in ("cyd", "dan")} == {
            "cyd": "cyd",
            "dan": "dan",
        }
    send(home, identify("eve", 9, **box))
    with reading(home) as connection:
        assert lead_record(connection, SMALL, "eve").lead_id == "eve"


def test_a_name_that_means_two_leads_in_two_systems_is_no_guess(home: Home) -> None:
    for crm, who in (("salesforce", "ann"), ("hubspot", "bob")):
        send(home, page(who, 1), track(who, "Lead Status Changed", 2, crm=crm, crm_lead_id="0042"))
    with pytest.raises(NamesTwoLeads, match="names 2 leads"):
        erase(home, "0042")
    assert Ledger(home).count() == 4


def test_a_tombstone_is_no_name_and_needs_the_homes_own_key(home: Home) -> None:
    with writing(home) as connection:
        assert entomb(connection, [("user", "ann"), ("email", "ann@buyer.example")], 1) == 2
        assert entomb(connection, [("lead", "ann")], 2) == 1  # the same name: one tombstone
        kept = list(connection.scalars(select(tables.erased.c.digest)))
        (key,) = connection.scalars(select(tables.secrets.c.value))
        asked = [("anonymous", "ann"), ("email", "bob@other.example"), ("crm", "ann")]
        assert erased_among(connection, asked) == {("anonymous", "ann")}
    assert len(kept) == 2
    assert digest(key, ("id", "ann")) in kept
    assert digest(b"another key", ("id", "ann")) not in kept


def test_where_nobody_was_erased_nothing_is_looked_up(home: Home) -> None:
    """Not even read: what is no event would raise."""
    with reading(home) as connection:
        assert erased_rows(connection, [{"no": "event"}]) == set()
        assert erased_raws(connection, [{"userId": "ann"}]) == set()


def test_the_names_in_an_event_are_all_that_could_bring_a_lead_back() -> None:
    told = says(
        "identify", 1, userId=42, anonymousId=" v ", previousId="old", traits={"email": "A@b.example"},
        context={"traits": {"crm": "Salesforce", "crm_lead_id": "00Q1"}}, properties={"contact_id": 7},
    )  # fmt: skip
    assert names_in_event(told) == {
        ("id", "42"), ("id", "v"), ("id", "old"), ("email", "a@b.example"), ("salesforce", "00Q1"), ("crm", "7")
    }  # fmt: skip
    assert names_in_event({"userId": "guest", "traits": "none", "properties": None}) == set()
