"""The health of what arrives: what fell silent, what counts for nothing, what waits, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from handmade_events import START, identify, says, track
from sqlalchemy import insert

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.clock import microseconds
from features.home.database import engine, reading, writing
from features.home.settings import Home, Settings
from features.ledger.arrival_counts import DAYS, ArrivalCounts, Stream, arrival_counts, event_groups
from features.ledger.ledger import Ledger
from serving.health.event_quality import Check, event_checks

AGREED = Agreement.default()
NOW = START + timedelta(days=DAYS)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = Home(tmp_path / "home", Settings(database_url=url)).created()
    Ledger.open(made)
    yield made
    engine(made.database_url).dispose()


def keep(home: Home, told: Iterable[Mapping[str, Any]], source: str = "web") -> None:
    """Events as they were received then."""
    for _ in Ledger(home).append(told, source=source, received_at=NOW):
        pass


def looked_at(home: Home, now: datetime = NOW) -> list[Check]:
    with reading(home) as connection:
        return list(event_checks(connection, AGREED, now))


def sentences(home: Home, name: str, now: datetime = NOW) -> list[str]:
    return [check.sentence for check in looked_at(home, now) if check.name == name]


def viewed(day: float, who: str = "ann", **said: Any) -> dict[str, Any]:
    return says("page", day, userId=who, **said)


def arrived(home: Home, now: datetime = NOW) -> ArrivalCounts:
    with reading(home) as connection:
        return arrival_counts(
            connection, AGREED, dict.fromkeys((one.source for one in event_groups(connection)), microseconds(now))
        )


def test_behaviours_are_counted_as_the_agreement_reads_them(home: Home) -> None:
    """By the path, by the page's own context, by its address; by properties; whatever type they are of."""
    keep(
        home,
        [
            viewed(55.1, properties={"path": "/pricing/eu"}),
            viewed(55.2, properties={"url": "https://our.example/pricing?q=1"}),
            viewed(55.3, properties={"path": None}, context={"page": {"path": "/pricing"}}),
            viewed(55.4, context={"page": {"url": "https://our.example/product#x"}}),
            viewed(55.5, properties={"path": "/blog"}),
            viewed(0.5, properties={"path": "/pricing"}),
            says("track", 55.6, userId="ann", event="Content Downloaded", properties={"content_type": "whitepaper"}),
            says("track", 55.7, userId="ann", event="Content Downloaded", properties={"content_type": "ebook"}),
            says("track", 55.8, userId="ann", event="Webinar Attended"),
            says("screen", 55.9, userId="ann", name="pricing", properties={"path": "/pricing"}),
        ],
    )
    found = arrived(home)
    counts = {stream.behaviour: sum(windows) for stream, windows in found.windows.items()}
    assert counts == {"pricing_page": 5, "product_page": 1, "whitepaper": 1, "webinar": 1}
    assert found.windows[Stream("pricing_page", "web")][0] == 4
    assert found.windows[Stream("pricing_page", "web")][DAYS - 1] == 1
    assert found.unmatched == {("Content Downloaded", "content_type ebook"): 1}


def test_a_stream_that_stops_is_said_within_a_day_and_others_are_not(home: Home) -> None:
    keep(home, (viewed(day + hour / 24, properties={"path": "/pricing"}) for day in range(54) for hour in (1, 9, 17)))
    keep(home, (viewed(day + hour / 24, properties={"path": "/product"}) for day in range(56) for hour in (2, 10, 23)))
    (said,) = sentences(home, "silent")
    assert said.startswith("pricing_page from web fell silent: nothing since 2026-02-23 17:00 (2 days), where about")
    assert "usually 3.0 a day" in said
    (behaviours,) = [check for check in looked_at(home) if check.name == "behaviours"]
    rows = {row["behaviour"]: row for row in behaviours.data}
    assert rows.keys() == set(AGREED.behaviours)
    assert [rows[name]["is_silent"] for name in ("pricing_page", "product_page", "webinar")] == [True, False, False]
    assert rows["pricing_page"]["last_at"] == START + timedelta(days=53, hours=17)
    assert rows["product_page"]["per_day"] == pytest.approx(3.0)
    assert rows["webinar"]["source"] is None


def test_a_source_that_stops_is_said_once_and_not_for_each_behaviour(home: Home) -> None:
    paths = ("/pricing", "/product", "/careers")
    keep(home, (viewed(day + 0.5, properties={"path": path}) for day in range(50) for path in paths))
    keep(home, (viewed(day + 0.1, "bob", properties={"path": path}) for day in range(50) for path in paths))
    (said,) = sentences(home, "silent")
    assert said.startswith("source web fell silent: nothing since")


def test_what_was_read_from_files_is_held_against_its_own_end(home: Home) -> None:
    """An import of last year is not silent; a behaviour that stopped inside it is."""
    keep(home, (viewed(day, properties={"path": "/product"}) for day in range(50)), source="file")
    assert sentences(home, "silent", NOW + timedelta(days=300)) == []
    keep(home, (viewed(day, properties={"path": "/pricing"}) for day in range(50) if day < 40), source="file")
    keep(home, (viewed(day + 0.3, properties={"path": "/pricing"}) for day in range(40)), source="file")
    assert len(sentences(home, "silent", NOW + timedelta(days=300))) == 1


def test_events_that_count_for_nothing_are_asked_about(home: Home) -> None:
    keep(home, (says("track", i / 100, userId="ann", event="Ebook Download") for i in range(12)))
    keep(home, (says("track", i / 100, userId="ann", event="Webinar Atended") for i in range(3)))
    keep(
        home, [says("track", 1, userId="ann", event=name) for name in ("Order Completed", "Call Attempted", "Lead Won")]
    )
    found = [check for check in looked_at(home) if check.name == "unknown event"]
    assert [(check.ok, check.sentence) for check in found] == [
        (True, "12 events named Ebook Download count for nothing; did you mean Content Downloaded?"),
        (False, "3 events named Webinar Atended count for nothing; did you mean Webinar Attended?"),
        (
            True,
            "2 other names of events count for nothing: Lead Won, Order Completed; "
            "a line in [behaviours] would count them",
        ),
    ]


def test_what_intake_noticed_is_told(home: Home) -> None:
    keep(home, [identify("ann", 1)])
    with writing(home) as connection:
        row = {"source": "web", "code": "conflict", "events": 7, "last_us": 1}
        connection.execute(insert(tables.intake_counts), [row, row | {"code": "future_time", "events": 2}])
        connection.execute(tables.events.update().values(flags="assumed,public,not_trusted"))
    assert sentences(home, "intake") == ["noticed of accepted events: 7 conflict from web, 2 future time from web"]
    assert sentences(home, "record times")[0].startswith("when 1 events were recorded is not known")


def test_events_that_are_not_followed_are_told_by_their_source(home: Home) -> None:
    keep(home, [track("ann", "Lead Converted", 1), track("bob", "Lead Merged", 2), identify("cid", 3)])
    assert sentences(home, "not trusted") == []
    with writing(home) as connection:
        connection.execute(tables.events.update().values(flags="public,not_trusted", source="live:shop"))
    (said,) = [check for check in looked_at(home) if check.name == "not trusted"]
    assert said.sentence.startswith("3 events of source live:shop are not followed, since their key may only write")
    assert "1 Lead Merged" in said.sentence
    assert "leadlight keys trust" in said.sentence


def test_a_key_of_several_leads_is_told_with_an_example(home: Home) -> None:
    told = [identify(who, 1 + i, email=f"{who}@buyer.example") for i, who in enumerate(("ann", "bob", "cyd"))]
    keep(home, [*told, identify("bob", 9, email="ann@buyer.example"), identify("ann", 1.5, email="ANN@buyer.example")])
    with writing(home) as connection:
        rows = [{"kind": "user", "value": who, "lead_id": who} for who in ("ann", "bob", "cyd")]
        connection.execute(insert(tables.identities), rows)
    (said,) = sentences(home, "identities")
    assert said.startswith("1 e-mail addresses or ids of a CRM are said of several leads")
    assert said.endswith("leadlight merge, as in ann and bob")


def test_addresses_that_identify_nobody_are_named_and_are_no_conflict(home: Home) -> None:
    boxes = [identify(who, 1, email="info@buyer.example") for who in ("ann", "bob", "cyd")]
    keep(
        home, [*boxes, identify("dee", 1, email="noemail@none.example"), identify("eve", 1, email="eve@buyer.example")]
    )
    with writing(home) as connection:
        rows = [{"kind": "user", "value": who, "lead_id": who} for who in ("ann", "bob", "cyd", "dee", "eve")]
        connection.execute(insert(tables.identities), rows)
    (said,) = sentences(home, "shared addresses")
    assert said.startswith("info@buyer.example (3 leads), noemail@none.example (1 leads): placeholders, or shared by")
    assert sentences(home, "identities") == []


def test_events_older_than_agreed_are_told(home: Home) -> None:
    keep(home, [viewed(1), identify("ann", 2)])
    keeps = AGREED.privacy.keep_events
    assert sentences(home, "retention", START + timedelta(days=1) + keeps) == []
    (said,) = sentences(home, "retention", START + timedelta(days=1.5) + keeps)
    assert said.startswith("there are events older than 1,095 days ([privacy] keep_events); leadlight rebuild")


def test_failed_events_say_what_to_do(home: Home) -> None:
    keep(home, [{"type": "page", "messageId": str(i)} for i in range(3)] + [{"type": "?", "userId": "a"}])
    said = sentences(home, "failed events")
    assert said[0].startswith("3 from web could not be used (no_identity): send userId or anonymousId; then: leadlight")
    assert said[1].startswith("1 from web could not be used (bad_type)")


@pytest.mark.parametrize(("seconds", "ok"), [(5, True), (120, False)])
def test_pending_online_rows_are_well_for_a_moment_only(home: Home, seconds: int, ok: bool) -> None:
    Ledger(home).record([viewed(1)], received_at=NOW)
    (check,) = [c for c in looked_at(home, NOW + timedelta(seconds=seconds)) if c.name == "online store"]
    assert (check.ok, check.sentence.startswith("1 ids have events")) == (ok, True)


def test_an_empty_ledger_is_quiet(home: Home) -> None:
    assert [check.name for check in looked_at(home) if not check.ok] == []
