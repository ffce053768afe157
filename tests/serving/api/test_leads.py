"""One lead's rights end to end: what is held on it, its timeline, and its erasure from ledger, stores and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow.parquet as pq
import pytest
from api_in_process import call, problem, served
from home_of_two_leads import NOW, small_home
from sqlalchemy import select

import features.records.merges
from features.agreement.versions import current_version
from features.events.event import RecordId
from features.home import tables
from features.home.database import consistent_read, engine, migrate, reading, truncate_wal
from features.home.settings import Home, Settings
from features.ledger.ledger import Appended, Ledger
from features.ledger.tombstones import STALE
from features.records.erasure import erase
from features.records.housekeeping import WAIT, Housekeeping, is_rebuild_due, rebuild_stale_builds
from features.records.lead_record import lead_record
from features.records.merges import NotMerged, merge, merges, undo_merge
from features.store import materialize
from features.store.builds import all_builds, build_of
from features.store.materialize import materialized
from features.store.online import OnlineStore, StoreGone
from serving.api.schemas import ErasedLead, LeadExport, Timeline
from serving.http.keys import Keys


@pytest.fixture(params=["sqlite", "redis", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Home]:
    """The small home on each kind of database and online store."""
    if request.param == "redis":
        monkeypatch.setenv("LEADLIGHT_ONLINE_STORE", "redis")
        monkeypatch.setenv("LEADLIGHT_REDIS_URL", request.getfixturevalue("redis_url"))
    if request.param == "postgresql":
        monkeypatch.setenv("LEADLIGHT_DATABASE_URL", request.getfixturevalue("postgres_url"))
    made = small_home(tmp_path)
    yield made
    engine(made.database_url).dispose()


@pytest.fixture
def small(tmp_path: Path) -> Iterable[Home]:
    made = small_home(tmp_path)
    yield made
    engine(made.database_url).dispose()


def online(home: Home) -> list[bool]:
    """Whether each of the two leads is in the online store of what is read now."""
    build = build_of(home, current_version(home).agreement)
    assert build
    return [state is not None for state in OnlineStore(build.repository(home)).states(["L-1", "eu/L 2"])]


def in_files(home: Home) -> set[str]:
    """The leads that any file of any build names."""
    names: set[str] = set()
    for file in home.features.rglob("*.parquet"):
        columns = pq.read_table(file)
        names |= {str(one) for name in columns.column_names if name == "lead_id" for one in columns[name].to_pylist()}
    return names


def send(home: Home, *told: Mapping[str, Any]) -> None:
    at = {"timestamp": NOW.isoformat()}
    raws = [
        at | {"type": "track", "messageId": f"live-{Ledger(home).count()}-{i}"} | dict(one)
        for i, one in enumerate(told)
    ]
    assert all(result.status == "accepted" for result in Ledger(home).record(raws, received_at=NOW))


# Erasure


def test_an_erased_lead_is_gone_at_once_and_from_the_files_within_the_hour(home: Home) -> None:
    app = served(home)[1]
    assert call(app, "GET", "/v1/leads/L-1/score").json()["served_from"] == "online"
    assert online(home) == [True, True]
    erased = call(app, "DELETE", "/v1/leads/L-1")
    assert ErasedLead.model_validate_json(erased.content).events == 3
    assert b"L-1" not in erased.content
    assert online(home) == [False, True]
    for path in ("score", "timeline", "export"):
        problem(call(app, "GET", f"/v1/leads/L-1/{path}"), 410, "erased")
    problem(call(app, "DELETE", "/v1/leads/L-1"), 410, "erased")
    asked = {
        "leads": [{"lead_id": "L-1"}, {"email": "ann@buyer.example"}, {"lead_id": "eu/L 2"}, {"lead_id": "nobody"}]
    }
    data = call(app, "POST", "/v1/scores", json=asked).json()["data"]
    assert [score["status"] for score in data] == ["erased", "erased", "scored", "unknown_lead"]
    assert "L-1" in in_files(home)
    rebuild_stale_builds(home)
    assert in_files(home) == {"eu/L 2"}
    assert online(home) == [False, True]
    assert not any(build.last_event_id == STALE for build in all_builds(home))


def test_files_are_made_anew_some_minutes_after_an_erasure_and_only_then(small: Home) -> None:
    now = datetime.now(UTC)
    assert not is_rebuild_due(small, now + timedelta(days=1))
    erase(small, current_version(small).agreement, "L-1", now)
    assert not is_rebuild_due(small, now + WAIT - timedelta(seconds=1))
    assert is_rebuild_due(small, now + WAIT)
    assert timedelta(hours=1) > 2 * WAIT
    rebuild_stale_builds(small)
    assert not is_rebuild_due(small, now + timedelta(days=1))


def test_nothing_of_an_erased_lead_is_left_in_the_homes_folder(small: Home) -> None:
    erase(small, current_version(small).agreement, "ann@buyer.example", NOW)
    rebuild_stale_builds(small)
    engine(small.database_url).dispose()  # the last one out writes the log of SQLite back
    left = [file for file in small.path.rglob("*") if file.is_file() and b"ann@buyer.example" in file.read_bytes()]
    assert left == []


def test_an_erased_lead_cannot_be_read_in_the_log_of_the_database_either(small: Home) -> None:
    log = small.path / "leadlight.db-wal"
    Ledger(small).record([{"type": "page", "userId": "L-1", "messageId": "secret-page"}], received_at=NOW)
    assert b"secret-page" in log.read_bytes()
    erase(small, current_version(small).agreement, "L-1", NOW)
    assert b"secret-page" not in log.read_bytes() + (small.path / "leadlight.db").read_bytes()


def test_a_log_that_somebody_reads_is_emptied_once_they_have_read(small: Home) -> None:
    with consistent_read(small) as connection:
        connection.execute(select(tables.events)).all()
        erase(small, current_version(small).agreement, "L-1", NOW)
        assert not truncate_wal(small)
    rebuild_stale_builds(small)
    assert b"ann@buyer.example" not in (small.path / "leadlight.db-wal").read_bytes()


def test_who_is_erased_while_files_are_made_is_not_brought_back(small: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agreement = current_version(small).agreement
    send(small, {"userId": "eu/L 2", "event": "Webinar Attended"})
    as_ever = materialize.write_files

    def meanwhile(*arguments: Any) -> None:
        as_ever(*arguments)
        monkeypatch.setattr(materialize, "write_files", as_ever)
        erase(small, agreement, "L-1", NOW)

    monkeypatch.setattr(materialize, "write_files", meanwhile)
    materialized(small, agreement)
    assert online(small) == [False, True]
    with reading(small) as connection:
        assert set(connection.scalars(select(tables.identities.c.lead_id))) == {"eu/L 2"}
    rebuild_stale_builds(small)
    assert in_files(small) == {"eu/L 2"}


def test_who_is_erased_while_files_are_made_anew_leaves_something_to_read(
    small: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement, as_ever = current_version(small).agreement, materialize.materialized
    erase(small, agreement, "L-1", NOW)

    def meanwhile(*arguments: Any) -> Any:
        made = as_ever(*arguments)
        erase(small, agreement, "eu/L 2", NOW)
        return made

    monkeypatch.setattr("features.records.housekeeping.materialized", meanwhile)
    rebuild_stale_builds(small)
    assert in_files(small) == {"eu/L 2"}
    monkeypatch.setattr("features.records.housekeeping.materialized", as_ever)
    rebuild_stale_builds(small)
    assert in_files(small) == set()


def test_an_online_store_that_was_down_brings_nobody_back(small: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any) -> None:
        raise StoreGone("it does not answer")

    live, app = served(small)
    monkeypatch.setattr("features.records.erasure.remove_leads", down)
    assert call(app, "DELETE", "/v1/leads/L-1").status_code == 200
    assert online(small) == [True, True]
    live.refresh()
    problem(call(app, "GET", "/v1/leads/L-1/score"), 410, "erased")
    assert call(app, "GET", "/v1/leads/eu%2FL 2/score").status_code == 200
    rebuild_stale_builds(small)
    assert online(small) == [False, True]


def test_a_home_is_looked_after_by_itself(small: Home) -> None:
    now = datetime.now(UTC)
    old = {"type": "page", "messageId": "old", "userId": "eu/L 2", "timestamp": "2011-02-03T00:00:00Z"}
    old |= {"properties": {"path": "/pricing"}}
    house = Housekeeping(small)

    def names() -> list[str]:
        return sorted(row.name for chunk in Ledger(small).chunks() for row in chunk if row.user_id == "eu/L 2")

    for hours, left in ((0, ["History Kept"]), (23, ["History Kept", "page"]), (25, ["History Kept"])):
        Ledger(small).record([old | {"messageId": f"old {hours}"}], received_at=NOW)
        house.run(now + timedelta(hours=hours))
        assert names() == sorted([*left, "identify"])
        if hours == 23:
            erase(small, current_version(small).agreement, "L-1", now)
    assert in_files(small) == {"eu/L 2"}


def test_an_empty_home_needs_nothing(tmp_path: Path) -> None:
    Housekeeping(Home(tmp_path / "nothing yet", Settings())).run(NOW)
    assert not (tmp_path / "nothing yet").exists()


def test_events_of_an_erased_lead_are_refused_at_the_door(small: Home) -> None:
    app = served(small)[1]
    call(app, "DELETE", "/v1/leads/L-1")
    batch = [
        {"type": "track", "event": "Webinar Attended", "userId": "L-1", "messageId": "1"},
        {"type": "identify", "userId": "new", "messageId": "2", "traits": {"email": " ANN@buyer.example"}},
        {"type": "track", "event": "Webinar Attended", "userId": "eu/L 2", "messageId": "3"},
    ]
    said = call(app, "POST", "/v1/batch", json={"batch": batch}).json()
    assert (said["received"], said["accepted"]) == (3, 1)
    assert [(one["index"], one["code"]) for one in said["rejected"]] == [(0, "erased"), (1, "erased")]
    assert call(app, "GET", "/v1/failed-events").json()["data"] == []


def test_what_an_erased_lead_did_is_no_longer_what_its_company_did(small: Home) -> None:
    agreement = current_version(small).agreement
    send(small, {"type": "identify", "userId": "col", "traits": {"email": "col@buyer.example"}})
    materialized(small, agreement)

    def visits() -> float:
        build = build_of(small, agreement)
        assert build
        (state,) = OnlineStore(build.repository(small)).states(["col"])
        did = state.account and state.account["pricing_page"] if state else None
        return did[0] if did else 0.0

    assert visits() == 2
    erase(small, agreement, "L-1", NOW)
    rebuild_stale_builds(small)
    assert visits() == 0


def test_an_erasure_needs_an_admin_and_may_be_sent_twice(small: Home) -> None:
    app = served(small)[1]
    live, app = served(small)
    reads, admin = (Keys(small).create([scope], NOW).key for scope in ("scores:read", "admin"))
    live.refresh()
    ask = {"client": ("192.0.2.7", 1), "host": "leadlight.example"}
    refused = call(app, "DELETE", "/v1/leads/L-1", headers={"authorization": f"Bearer {reads}"}, **ask)
    problem(refused, 403, "missing_scope")
    problem(
        call(app, "GET", "/v1/leads/L-1/export", headers={"authorization": f"Bearer {reads}"}, **ask),
        403,
        "missing_scope",
    )
    headers = {"authorization": f"Bearer {admin}", "idempotency-key": "once"}
    first, second = (call(app, "DELETE", "/v1/leads/L-1", headers=headers, **ask) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    problem(call(app, "DELETE", "/v1/leads/eu/L 2", headers=headers, **ask), 422, "idempotency_key_reused")
    problem(call(app, "DELETE", "/v1/leads/L-1", headers=headers | {"idempotency-key": "other"}, **ask), 410, "erased")


@pytest.mark.parametrize("lead_id", ["nobody", "ann@buyer.example", "x" * 300, "%00", "L-1/score"])
def test_only_a_lead_id_names_a_lead_in_an_address(small: Home, lead_id: str) -> None:
    app = served(small)[1]
    problem(call(app, "DELETE", f"/v1/leads/{lead_id}"), 404, "unknown_lead")
    assert Ledger(small).count() == 4


# What is held


def test_an_export_is_everything_that_is_held(small: Home) -> None:
    bad = {"type": "?", "userId": "L-1", "messageId": "bad"}
    Ledger(small).record([bad, ["of L-1, or of L-12"]], received_at=NOW)
    document = call(served(small)[1], "GET", "/v1/leads/L-1/export").json()
    held = LeadExport.model_validate(document)
    assert [(one.kind, one.value) for one in held.identifiers] == [("email", "ann@buyer.example"), ("user", "L-1")]
    assert [event["message_id"] for event in held.events] == ["m2", "m1", "m0"]
    assert held.events[2]["traits"]["email"] == "ann@buyer.example"
    assert held.behaviours["pricing_page"]["count"] == 2
    assert len(held.behaviours["pricing_page"]["latest"]) == 2
    assert (held.traits["job_title"], held.traits["seniority"], held.traits["employees"]) == ("VP Sales", "vp", 310.0)
    assert held.score.lead_id == "L-1"
    assert len(document["score"]["reasons"]) > 3
    assert [orjson.loads(one["raw"])["messageId"] for one in held.failed_events] == ["bad"]


def test_an_export_shows_nothing_of_others_that_happens_to_hold_the_id(small: Home) -> None:
    """An erasure takes what cannot be read and holds the id, rather too much than too little."""
    others = [["L-1 and somebody else"], {"type": "?", "userId": "eu/L 2", "traits": {"note": "like L-1"}}]
    Ledger(small).record([*others, {"type": "?", "userId": "L-1"}], received_at=NOW)
    held = LeadExport.model_validate_json(call(served(small)[1], "GET", "/v1/leads/L-1/export").content)
    assert [orjson.loads(one["raw"]) for one in held.failed_events] == [{"type": "?", "userId": "L-1"}]
    assert erase(small, current_version(small).agreement, "L-1", NOW).failed_events == 2


def test_a_failed_event_is_found_by_a_name_in_capital_letters_of_any_language(home: Home) -> None:
    send(home, {"type": "identify", "userId": "zoë", "traits": {"email": "zoë@buyer.example"}})
    Ledger(home).record([{"type": "?", "traits": {"email": "ZOË@BUYER.example"}}], received_at=NOW)
    assert erase(home, current_version(home).agreement, "zoë@buyer.example", NOW).failed_events == 1


# The timeline


def timeline(app: Any, query: str = "") -> httpx.Response:
    return call(app, "GET", f"/v1/leads/L-1/timeline{query}")


def test_a_timeline_says_of_each_event_what_it_counts_as_or_why_not(small: Home) -> None:
    day = {"timestamp": "2026-11-20T10:00:00Z"}
    send(
        small,
        {"userId": "L-1", "event": "Webinar Attended", "properties": {"minutes_attended": 40}} | day,
        {"userId": "L-1", "type": "page", "properties": {"path": "/pricing"},
         "context": {"userAgent": "Googlebot/2.1"}} | day,
        {"userId": "L-1", "event": "Email Delivered", "properties": {"email_id": "e1"}} | day,
        {"userId": "L-1", "event": "Email Opened", "properties": {"email_id": "e1"}} | day,
        {"userId": "L-1", "event": "Call Attempted", "properties": {"by": "bob"}} | day,
        {"userId": "L-1", "event": "Call Answered", "timestamp": "2026-11-21T10:00:00Z"},
        {"userId": "L-1", "event": "Ebook Download"} | day,
        {"userId": "L-1", "event": "Lead Converted", "timestamp": "2026-11-21T11:00:00Z"},
        {"userId": "eu/L 2", "event": "Webinar Attended"} | day,
        {"anonymousId": "v", "type": "page", "properties": {"path": "/pricing"},
         "context": {"campaign": {"source": "ads", "name": "spring"}}} | day,
        {"anonymousId": "v", "userId": "L-1", "type": "identify"} | day,
    )  # fmt: skip
    data = Timeline.model_validate_json(timeline(served(small)[1]).content).data
    said = {(event.name, event.why_not) if event.why_not else (event.name, *event.behaviours) for event in data}
    assert said == {
        ("Webinar Attended", "webinar"),
        ("page", "pricing_page"),
        ("page", "crawler"),
        ("Email Delivered", "no line of [behaviours] counts it"),
        ("Email Opened", "mail scanner"),
        ("Call Attempted", "done by our side"),
        ("Call Answered", "answered while sales had the lead"),
        ("Ebook Download", "no line of [behaviours] counts it"),
        ("Lead Converted", "what became of the lead, not what it did"),
        ("identify", "says who this is"),
    }
    assert len(data) == 3 + 10
    moments = [event.occurred_at for event in data]
    assert moments == sorted(moments, reverse=True)
    assert [event.touch.name for event in data if event.touch] == ["spring"]
    assert all(event.counts == bool(event.behaviours) for event in data)


def test_a_timeline_comes_in_pages_that_miss_nothing_even_while_events_come(small: Home) -> None:
    app = served(small)[1]
    whole = [event["message_id"] for event in timeline(app).json()["data"]]
    page = timeline(app, "?limit=1").json()
    seen = [event["message_id"] for event in page["data"]]
    send(small, {"userId": "L-1", "event": "Webinar Attended"})  # newer than all: it is on no later page
    while page["has_more"]:
        page = timeline(app, f"?limit=1&cursor={page['next_cursor']}").json()
        seen += [event["message_id"] for event in page["data"]]
    assert seen == whole
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=201", "?limit=many", "?cursor=%21", "?cursor=WzFd", "?cursor=e30"]
)
def test_a_page_that_cannot_be_is_refused(small: Home, query: str) -> None:
    assert timeline(served(small)[1], query).status_code == 422


def test_no_address_stands_in_a_timeline(small: Home) -> None:
    assert b"@" not in timeline(served(small)[1]).content


# Merges


def test_a_merge_makes_one_lead_and_its_undoing_two_again(home: Home) -> None:
    app, agreement = served(home)[1], current_version(home).agreement
    before = {lead: call(app, "GET", f"/v1/leads/{lead}/timeline").json()["data"] for lead in ("L-1", "eu/L 2")}
    done = merge(home, agreement, "ann@buyer.example", "eu/L 2", NOW)
    assert (done.lead_id, done.previous, [one.merge_id for one in merges(home)]) == ("L-1", "eu/L 2", [done.merge_id])
    together = call(app, "GET", "/v1/leads/L-1/timeline").json()["data"]
    assert len(together) == 4 + 1
    assert call(app, "GET", "/v1/leads/eu%2FL 2/timeline").json()["data"] == together
    assert call(app, "GET", "/v1/leads/eu%2FL 2/score").json()["lead_id"] == "L-1"
    with pytest.raises(NotMerged, match="are one lead already"):
        merge(home, agreement, "L-1", "eu/L 2", NOW)
    undo_merge(home, done.merge_id, NOW)
    assert [one.undone_at is not None for one in merges(home)] == [True]
    for lead, told in before.items():
        now = call(app, "GET", f"/v1/leads/{lead}/timeline").json()["data"]
        assert [event for event in now if not event["name"].startswith("Lead Merge")] == told
    assert call(app, "GET", "/v1/leads/eu%2FL 2/score").json()["lead_id"] == "eu/L 2"


def test_a_merge_that_cannot_be_says_why(small: Home) -> None:
    agreement = current_version(small).agreement
    for into, previous, said in (
        ("L-1", "L-1", "are one lead already, 'L-1'; name two leads"),
        ("L-1", "zoe", "no lead is named 'zoe'"),
        ("zoe", "L-1", "no lead is named 'zoe'"),
    ):
        with pytest.raises(Exception, match=said):
            merge(small, agreement, into, previous, NOW)
    zero = {"type": "identify", "userId": RecordId("0"), "messageId": "zero", "timestamp": NOW.isoformat()}
    assert sum(Ledger(small).append([zero], source="crm", received_at=NOW), Appended()).accepted == 1
    with pytest.raises(NotMerged, match="'0' names nobody in an event, and a merge is one"):
        merge(small, agreement, "L-1", "0", NOW)
    with pytest.raises(NotMerged, match="there is no merge 'm-1'; `leadlight merge` lists them"):
        undo_merge(small, "m-1", NOW)
    done = merge(small, agreement, "L-1", "eu/L 2", NOW)
    undo_merge(small, done.merge_id, NOW)
    with pytest.raises(NotMerged, match="was undone on"):
        undo_merge(small, done.merge_id, NOW)
    assert len(merges(small)) == 1


def test_a_merge_that_fails_never_comes_into_force(small: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the CRM merges the lead into a third one at that very moment."""
    agreement, as_ever = current_version(small).agreement, features.records.merges._append
    send(small, {"type": "identify", "userId": "zoe"})

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.setattr(features.records.merges, "_append", as_ever)
        merge(small, agreement, "zoe", "L-1", NOW - timedelta(days=1))
        as_ever(*arguments)

    monkeypatch.setattr(features.records.merges, "_append", meanwhile)
    with pytest.raises(NotMerged, match="'eu/L 2' is part of 'zoe', not of 'L-1'; undo that merge first"):
        merge(small, agreement, "L-1", "eu/L 2", NOW)
    left = {one.previous: one for one in merges(small)}
    assert left["eu/L 2"].undone_at
    undo_merge(small, left["L-1"].merge_id, NOW)
    with reading(small) as connection:
        assert [lead_record(connection, agreement, name).lead_id for name in ("eu/L 2", "L-1")] == ["eu/L 2", "L-1"]


def test_an_empty_home_knows_no_lead(tmp_path: Path) -> None:
    app = served(Home(tmp_path / "nothing yet", Settings()))[1]
    for method, path in (("GET", "/timeline"), ("GET", "/export"), ("DELETE", "")):
        problem(call(app, method, f"/v1/leads/L-1{path}"), 404, "unknown_lead")


def test_the_export_of_a_lead_that_was_decided_holds_its_decisions(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings()).created()
    migrate(home)
    _, app = served(home)
    call(app, "POST", "/v1/identify", json={"userId": "ann", "messageId": "m-1", "traits": {"email": "a@b.example"}})
    (decided,) = call(app, "GET", "/v1/leads/ann/export").json()["decisions"]
    assert (decided["decision"], decided["queue"], decided["lead_id"]) == ("nurture", "marketing", "ann")
