"""What could not be used is kept with its reason, can be read, and goes to the ledger once it can be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from api_in_process import NOW, STRANGER, call, opened, problem
from handmade_events import SMALL, at, identify, page
from online_store_checks import array, shows_the_ledger, whole
from sqlalchemy import select, update

import leadlight
from commands.options import json_document
from features.agreement.versions import save_version
from features.events.trust import NOT_TRUSTED, PUBLIC
from features.events.validation import Source
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import engine, reading, writing
from features.home.settings import Home, Settings
from features.ledger.failed_events import AT_ONCE, failed_events, replay
from features.ledger.ledger import Ledger
from features.store.materialize import materialized
from features.store.publisher import Publisher
from serving.api.failed_events import failed_event_json
from serving.api.schemas import FailedEventsPage, ReplayAnswer
from serving.http.keys import Keys

LATER = NOW + timedelta(days=1)
LARGE = {"type": "page", "userId": "ann", "properties": {"text": "x" * 40_000}}
HOPELESS = {"type": "purchase", "userId": "ann"}


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    home = Home(tmp_path / "home", Settings(database_url=url))
    yield home
    engine(home.database_url).dispose()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home", Settings())
    yield home
    engine(home.database_url).dispose()


@pytest.fixture
def larger(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it, and events may be larger than they were."""
    return lambda: monkeypatch.setattr("features.events.validation.LARGEST", 2**20)


def record(home: Home, *raws: Any, sender: Source | None = None) -> None:
    sent = [raw | {"messageId": f"m{n}"} if isinstance(raw, dict) else raw for n, raw in enumerate(raws)]
    Ledger.open(home).record(sent, received_at=NOW, sender=sender)


def rows(home: Home) -> list[Any]:
    return [row for chunk in Ledger(home).chunks() for row in chunk]


# The table


def nested(levels: int) -> Any:
    value: Any = "the end"
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize("levels", [199, 250, 400, 900])
def test_an_event_of_many_levels_breaks_no_list_and_no_replay(home: Home, levels: int) -> None:
    record(home, {"type": "page", "userId": "ann", "properties": nested(levels)}, HOPELESS)
    app = opened(home)[1]
    page_of = call(app, "GET", "/v1/failed-events")
    assert page_of.status_code == 200
    assert [each["code"] for each in page_of.json()["data"]] == ["bad_type", "too_deep"]
    assert ("the end" in page_of.text) == (levels < 900)  # what no JSON writer can write is null
    assert call(app, "POST", "/v1/failed-events/replay").json()["failed"] == 2
    assert "bad_type" in json_document([failed_event_json(each) for each in failed_events(home)])


def test_what_an_earlier_release_kept_of_such_an_event_is_listed(home: Home) -> None:
    record(home, HOPELESS)
    raw = orjson.dumps(HOPELESS | {"properties": nested(250)}).decode()
    with writing(home) as connection:
        connection.execute(update(tables.failed_events).values(raw=raw))
    app = opened(home)[1]
    assert "the end" in call(app, "GET", "/v1/failed-events").text
    assert call(app, "POST", "/v1/failed-events/replay").json()["failed"] == 1


def test_what_can_be_used_now_moves_to_the_ledger_and_the_rest_stays(either: Home, larger: Any) -> None:
    record(either, LARGE, HOPELESS, "text")
    first = replay(either, lambda: LATER)
    assert (first.accepted, first.duplicates, first.failed) == (0, 0, 3)
    larger()
    again = replay(either, lambda: LATER)
    assert (again.accepted, again.duplicates, again.failed) == (1, 0, 2)
    (row,) = rows(either)
    assert orjson.loads(row.body)["properties"] == LARGE["properties"]
    assert [failed.code for failed in failed_events(either)] == ["bad_event", "bad_type"]
    assert replay(either, lambda: LATER).accepted == 0


def test_a_replayed_live_event_is_known_from_now_on_and_happened_when_it_did(home: Home, larger: Any) -> None:
    """Its sender's clock is read as on the day it came: it ran three hours ahead."""
    ahead = NOW + timedelta(hours=3)
    record(home, LARGE | {"timestamp": (ahead - timedelta(minutes=1)).isoformat(), "sentAt": ahead.isoformat()})
    larger()
    replay(home, lambda: LATER)
    (row,) = rows(home)
    assert from_microseconds(row.occurred_us) == NOW - timedelta(minutes=1)
    assert row.recorded_us == microseconds(LATER)
    with reading(home) as connection:
        assert [one.value for one in connection.execute(select(tables.online_pending))] == ["ann"]


def test_replayed_history_keeps_its_receipt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"type": "visit", "userId": "ann", "timestamp": "2026-01-01T00:00:00Z"}
    received = told | {"messageId": "m2", "receivedAt": "2026-01-02T00:00:00Z"}
    list(Ledger.open(home).append([told | {"messageId": "m1"}, received], source="file", received_at=NOW))
    monkeypatch.setattr("features.events.event.TYPES", {"visit"})
    assert replay(home, lambda: LATER).accepted == 2
    recorded = {row.message_id: (from_microseconds(row.recorded_us).day, row.flags) for row in rows(home)}
    assert recorded == {"m1": (1, "assumed"), "m2": (2, "")}


def test_replayed_history_is_shown_although_it_was_known_long_ago(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    save_version(home, SMALL, at(0))
    early = page("ann", 2) | {"previousId": "x" * 300}
    list(Ledger.open(home).append([identify("ann", 1), early, page("ann", 3)], source="file", received_at=NOW))
    materialized(home, SMALL)
    monkeypatch.setattr("features.events.event.LONGEST_NAME", 1_000)
    assert replay(home, lambda: LATER).accepted == 1
    Publisher(home).publish()
    assert shows_the_ledger(home)
    (ann,) = whole(home).values()
    assert array(ann.behaviours["pricing_page"])[0] == 2.0


def test_an_event_that_came_right_in_between_is_a_duplicate(home: Home, larger: Any) -> None:
    record(home, LARGE)
    larger()
    record(home, LARGE)
    done = replay(home, lambda: LATER)
    assert (done.accepted, done.duplicates) == (0, 1)
    assert failed_events(home) == []


def test_a_replay_trusts_the_sender_no_more_than_before(home: Home, larger: Any) -> None:
    merge = LARGE | {"type": "track", "event": "Lead Merged"}
    record(home, merge, sender=Source("live:shop", "sender", is_trusted=False))
    larger()
    assert replay(home, lambda: LATER).accepted == 1
    assert rows(home)[0].flags == f"{PUBLIC},{NOT_TRUSTED}"


def test_what_was_noticed_of_the_wire_is_noticed_still(home: Home, larger: Any) -> None:
    _, app = opened(home)
    call(app, "POST", "/v1/page", content=orjson.dumps(LARGE).replace(b'{"text"', b'{"odd":NaN,"text"'))
    larger()
    replay(home, lambda: LATER)
    assert "bad_number" in rows(home)[0].flags


def test_a_reason_that_changed_is_told_anew(home: Home, larger: Any) -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    record(home, LARGE | {"traits": {"deep": deep}})
    assert [failed.code for failed in failed_events(home)] == ["event_too_large"]
    larger()
    replay(home, lambda: LATER)
    assert [failed.code for failed in failed_events(home)] == ["too_deep"]


def test_an_empty_home_has_none_and_is_not_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    assert failed_events(home) == []
    assert replay(home, lambda: LATER).tried == 0
    assert not home.path.exists()


# The API


def many(home: Home, count: int) -> None:
    record(home, *[HOPELESS | {"n": n} for n in range(count)])


def test_every_failed_event_is_on_one_page_newest_first(either: Home) -> None:
    many(either, 7)
    _, app = opened(either)
    found, cursor = [], ""
    while cursor is not None:
        said = call(app, "GET", f"/v1/failed-events?limit=3{cursor and f'&cursor={cursor}'}").json()
        FailedEventsPage.model_validate(said)
        assert said["has_more"] == (said["next_cursor"] is not None)
        found += said["data"]
        cursor = said["next_cursor"]
    assert [one["raw"]["n"] for one in found] == [6, 5, 4, 3, 2, 1, 0]
    assert found[0] | {"id": "", "message": ""} == {
        "id": "",
        "source": "live",
        "received_at": "2026-11-21T12:00:00Z",
        "code": "bad_type",
        "message": "",
        "raw": HOPELESS | {"messageId": "m6", "n": 6},
    }


def test_failed_events_may_be_asked_for_by_reason(home: Home) -> None:
    record(home, LARGE, HOPELESS)
    _, app = opened(home)
    assert [one["code"] for one in call(app, "GET", "/v1/failed-events?code=bad_type").json()["data"]] == ["bad_type"]


@pytest.mark.parametrize(
    "asked", ["limit=0", "limit=201", "limit=x", "cursor=-1", "cursor=x", "cursor=", f"cursor={10**30}"]
)
def test_a_page_that_is_none_is_refused(home: Home, asked: str) -> None:
    _, app = opened(home)
    problem(call(app, "GET", f"/v1/failed-events?{asked}"), 422, f"bad_{asked.partition('=')[0]}")


def test_failed_events_are_tried_again_some_or_all(home: Home, larger: Any) -> None:
    record(home, LARGE, LARGE | {"userId": "bob"}, HOPELESS)
    _, app = opened(home)
    larger()
    ids = {one["raw"]["messageId"]: one["id"] for one in call(app, "GET", "/v1/failed-events").json()["data"]}
    said = call(app, "POST", "/v1/failed-events/replay", json={"ids": [ids["m1"]]}).json()
    ReplayAnswer.model_validate(said)
    assert said == {"tried": 1, "accepted": 1, "duplicates": 0, "failed": 0, "next_cursor": None, "has_more": False}
    assert [row.user_id for row in rows(home)] == ["bob"]
    said = call(app, "POST", "/v1/failed-events/replay").json()
    assert (said["tried"], said["accepted"], said["failed"]) == (2, 1, 1)


def test_very_many_are_tried_some_at_a_time(home: Home) -> None:
    many(home, AT_ONCE + 1)
    _, app = opened(home)
    first = call(app, "POST", "/v1/failed-events/replay").json()
    assert (first["tried"], first["has_more"]) == (AT_ONCE, True)
    rest = call(app, "POST", "/v1/failed-events/replay", json={"cursor": first["next_cursor"]}).json()
    assert (rest["tried"], rest["has_more"], rest["next_cursor"]) == (1, False, None)


@pytest.mark.parametrize("body", [{"ids": []}, {"ids": [1]}, {"ids": ["x"]}, {"id": "1"}, [], {"cursor": 1}])
def test_a_replay_of_something_else_is_refused(home: Home, body: object) -> None:
    _, app = opened(home)
    problem(call(app, "POST", "/v1/failed-events/replay", json=body), 422, "invalid_request")


def test_failed_events_are_shown_to_admin_only(home: Home) -> None:
    """They hold what came, and that is personal data."""
    keys = {scope: Keys(home).create([scope], NOW).key for scope in ("events:write", "scores:read", "admin")}
    _, app = opened(home)
    for method, path in (("GET", "/v1/failed-events"), ("POST", "/v1/failed-events/replay")):
        problem(call(app, method, path, client=STRANGER), 401, "key_needed")
        for scope, key in keys.items():
            answered = call(app, method, path, client=STRANGER, headers={"authorization": f"Bearer {key}"})
            assert answered.status_code == (200 if scope == "admin" else 403)


# The command line


def run(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str]:
    monkeypatch.setenv("LEADLIGHT_HOME", str(home.path))
    status = leadlight.main(["failed-events", *words])
    return status, capsys.readouterr().out


def test_the_command_line_lists_and_replays(home: Home, larger: Any, capsys: Any, monkeypatch: Any) -> None:
    record(home, LARGE, HOPELESS)
    status, out = run(home, capsys, monkeypatch, "list", "--json")
    said = json.loads(out)
    FailedEventsPage.model_validate(said)
    assert (status, [one["code"] for one in said["data"]]) == (0, ["bad_type", "event_too_large"])
    status, out = run(home, capsys, monkeypatch, "list")
    assert "'purchase' is no event type" in out
    larger()
    status, out = run(home, capsys, monkeypatch, "replay", "--json")
    assert json.loads(out) == {"tried": 2, "accepted": 1, "duplicates": 0, "failed": 1}
    status, out = run(home, capsys, monkeypatch, "replay", said["data"][0]["id"])
    assert (status, out.strip()) == (0, "1 tried: 0 accepted, 0 known already, 1 failed again")


def test_the_command_line_says_what_is_no_id(home: Home, capsys: Any, monkeypatch: Any) -> None:
    status, out = run(home, capsys, monkeypatch, "replay", "seven", "--json")
    assert status == 1
    assert "leadlight failed-events list" in json.loads(out)["message"]
