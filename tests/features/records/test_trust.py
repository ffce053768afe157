"""An upgrade flags what older keys sent and counts it by key, and a person may have it followed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from handmade_events import SMALL, Told, at, identify, page, track
from online_store_checks import shows_the_ledger, whole
from sqlalchemy import insert, select, text

from features.agreement.versions import save_version
from features.events.validation import Source
from features.home import tables
from features.home.database import engine, migrate, reading, writing
from features.home.settings import Home, Settings
from features.ledger.failed_events import replay
from features.ledger.ledger import Ledger
from features.records.trust import follow, not_followed
from features.store.materialize import materialized
from features.store.publisher import Publisher

PUBLIC, TRUSTED = Source("live:shop", "sender", is_trusted=False), Source("live:crm", "sender")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    yield made
    engine(made.database_url).dispose()


def _record(home: Home, told: list[Told], sender: Source) -> None:
    for said in told:
        Ledger.open(home).record([said], received_at=at(50), sender=sender)


def _flags(home: Home) -> dict[str, str]:
    with reading(home) as connection:
        rows = connection.execute(select(tables.events.c.message_id, tables.events.c.flags)).all()
    return {row.message_id: row.flags for row in rows}


OLD_KEYS = [("key_1", "shop", "events:write"), ("key_2", "", "events:write scores:read"), ("key_3", "boss", "admin"),
            ("key_4", "both", "admin"), ("key_5", "both", "events:write")]  # fmt: skip
# Source, name, flags, body; and the flags that they get.
OLD_EVENTS: list[tuple[str, str, str, str, str]] = [
    ("live:shop", "Lead Converted", "", "{}", "public,not_trusted"),
    ("live:shop", "Trial Paid", "future_time", "{}", "future_time,public,not_trusted"),
    ("live:shop", "Lead Merged", "merge_refused", "{}", "public,not_trusted"),
    ("live:shop", "page", "", "{}", "public"),
    ("live:shop", "identify", "", '{"traits":{"crm_lead_id":"00Q1"}}', "public,not_trusted"),
    ("live:shop", "identify", "", '{"traits":{"industry":"saas"}}', "public"),
    ("live:key_2", "Opportunity Won", "", "{}", "public,not_trusted"),
    ("segment:shop", "Call Attempted", "", "{}", "public,not_trusted"),
    ("segment", "Lead Converted", "", "{}", "public,not_trusted"),
    ("live:both", "Lead Converted", "", "{}", "public,not_trusted"),  # nobody can tell which of its keys sent it
    ("live:boss", "Lead Converted", "", "{}", ""),
    ("live", "Lead Converted", "", "{}", ""),
    ("file", "Lead Converted", "", "{}", ""),
    ("crm", "identify", "", '{"traits":{"crm_lead_id":"00Q1"}}', ""),
]


def _old(number: int, source: str, name: str, flags: str, body: str) -> dict[str, Any]:
    kind = name if name in ("page", "identify") else "track"
    return {
        "source": source, "message_id": f"m{number}", "type": kind, "name": name, "user_id": "ann",
        "anonymous_id": None, "group_id": None, "occurred_us": number, "recorded_us": number, "flags": flags,
        "body": body,
    }  # fmt: skip


@pytest.mark.usefixtures("migrations_as_ever")
def test_an_upgrade_flags_what_keys_sent_that_may_only_write_events(home: Home) -> None:
    migrate(home, "0008")
    with writing(home) as connection:
        rows = [_old(number, *event[:4]) for number, event in enumerate(OLD_EVENTS)]
        connection.execute(insert(tables.events), rows)
        for key_id, label, scopes in OLD_KEYS:
            row = {"key_id": key_id, "digest": key_id.encode(), "scopes": scopes, "label": label, "created_us": 1}
            connection.execute(insert(tables.api_keys).values(**row))
        agreed = {"name": "x", "digest": "x", "feature_digest": "x", "kept_us": 1}
        said = '[outcome]\nevent = "Trial Paid"\n'
        connection.execute(insert(tables.agreements).values(version=1, text=said, **agreed))
        columns = "source, clock, may_merge, flags, received_us, code, message, raw, raw_digest"
        values = "'live:shop', 'sender', 0, '', 1, 'x', 'x', '{}', 'x'"
        connection.execute(text(f"INSERT INTO failed_events ({columns}) VALUES ({values})"))
    migrate(home)
    assert list(_flags(home).values()) == [expected for *_, expected in OLD_EVENTS]
    with reading(home) as connection:
        assert connection.execute(select(tables.failed_events.c.is_trusted)).scalars().all() == [False]
    counted = not_followed(home)
    assert counted.keys() == {"live:shop", "live:key_2", "segment:shop", "segment", "live:both"}
    assert counted["live:shop"] == {"Lead Converted": 1, "Trial Paid": 1, "Lead Merged": 1, "identify": 1}


TOLD = [
    identify("ann", 1, email="ann@buyer.example", crm="salesforce", crm_lead_id="00Q1", industry="saas"),
    page("ann", 2),
    track("ann", "Lead Disqualified", 3, reason="not_a_fit"),
    track("bob", "Lead Status Changed", 3, crm="salesforce", crm_lead_id="00Q1"),
    identify("cid", 4, email="cid@buyer.example", customer=True),
    track("ann", "Lead Merged", 5, previous_lead_id="cid"),
]


def test_what_is_followed_in_the_end_is_as_if_a_trusted_key_had_sent_it(home: Home, tmp_path: Path) -> None:
    save_version(home, SMALL, at(0))
    _record(home, TOLD, PUBLIC)
    materialized(home, SMALL)
    _record(home, [page("ann", 6)], TRUSTED)
    Publisher(home).publish()
    assert shows_the_ledger(home)
    assert whole(home).keys() == {"ann", "bob", "cid"}
    assert whole(home)["ann"].traits.get("rejected") is None
    other = Home(tmp_path / "other", Settings()).created()
    _record(other, TOLD, TRUSTED)
    _record(other, [page("ann", 6)], TRUSTED)
    assert follow(home, ["live:shop"]) == len(TOLD)
    Publisher(home).publish()
    assert shows_the_ledger(home)
    found, expected = ({lead: state.traits for lead, state in whole(one).items()} for one in (home, other))
    assert found == expected
    assert expected["ann"]["rejected"] is False  # it was, and she came back
    assert expected["cid"]["email_domain"] is None  # she is part of ann
    engine(other.database_url).dispose()


def test_a_failed_event_of_a_trusted_key_is_followed_once_it_can_be_used(home: Home) -> None:
    lost = track("ann", "Lead Converted", 1) | {"type": "purchase"}
    _record(home, [lost], PUBLIC)
    follow(home, ["live:shop"])
    with writing(home) as connection:
        raw = tables.failed_events.c.raw
        (kept,) = connection.execute(select(raw)).scalars()
        mended = kept.replace('"purchase"', '"track"')
        connection.execute(tables.failed_events.update().values(raw=mended))
    assert replay(home, lambda: at(60) + timedelta(days=1)).accepted == 1
    assert list(_flags(home).values()) == [""]
