"""Events over HTTP: what clients of Segment and RudderStack rely on, route by route and answer by answer."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hmac
import json
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from alembic import command
from alembic.config import Config
from api_in_process import LOOPBACK, NOW, STRANGER, Published, call, calls, opened, problem
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from starlette.applications import Starlette

from features.agreement.versions import NoAgreement, current_version
from features.events.notices import notice
from features.home import tables
from features.home.clock import microseconds
from features.home.database import MIGRATIONS, engine, reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving import logs
from serving.api.schemas import TrackingAnswer
from serving.api.tracking import CALLS
from serving.http.keys import Keys

PAGE = {"type": "page", "messageId": "m1", "userId": "ann", "properties": {"path": "/pricing"}}
TYPES = ["track", "page", "screen", "identify", "group", "alias"]
SHORT = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias"}
ELSEWHERE = {"client": STRANGER, "host": "leadlight.example"}


def at_home(folder: Path, **settings: Any) -> Home:
    return Home(folder / "home", Settings(**settings))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return at_home(tmp_path)


@pytest.fixture
def app(home: Home) -> Starlette:
    return opened(home)[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A home on each of the two databases."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return at_home(tmp_path, database_url=url)


def pages(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [PAGE | {"messageId": f"m{n}"} for n in range(first, first + count)]


def post(app: Starlette, path: str, said: object, **request: Any) -> httpx.Response:
    content = said if isinstance(said, bytes) else orjson.dumps(said)
    return call(app, "POST", path, content=content, **request)


def taken(answered: httpx.Response) -> dict[str, Any]:
    """What a sender is told, held to the document and to its own sums."""
    assert answered.status_code == 200, answered.text
    said: dict[str, Any] = answered.json()
    TrackingAnswer.model_validate(said, by_alias=True)
    assert said["received"] == said["accepted"] + said["duplicates"] + len(said["rejected"])
    return said


def rows(home: Home) -> list[Any]:
    return [row for chunk in Ledger(home).chunks() for row in chunk]


def failed(home: Home) -> list[Any]:
    with reading(home) as connection:
        return list(connection.execute(select(tables.failed_events)))


def counted(home: Home) -> dict[tuple[str, str], int]:
    with reading(home) as connection:
        return {(row.source, row.code): row.events for row in connection.execute(select(tables.intake_counts))}


def basic(user: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(user.encode()).decode()}


# Routes


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("call_", [*zip(TYPES, TYPES, strict=True), *SHORT.items()])
def test_each_call_has_a_route_and_a_short_one_with_and_without_a_slash(home, app, call_, slash) -> None:
    path, kind = call_
    said = {"userId": "ann", "messageId": "m1", "event": "Badge Scanned", "type": "nonsense"}
    answered = post(app, f"/v1/{path}{slash}", said)
    assert answered.json() == {"success": True, "received": 1, "accepted": 1, "duplicates": 0, "rejected": []}
    assert answered.status_code == 200
    (row,) = rows(home)
    assert (row.type, row.user_id, row.message_id) == (kind, "ann", "m1")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/batch/", "/v1/b", "/v1/b/", "/v1/segment", "/v1/segment/"])
def test_many_events_come_in_one_body(home, app, path) -> None:
    assert taken(post(app, path, {"batch": pages(3)}))["accepted"] == 3
    assert [row.type for row in rows(home)] == ["page"] * 3


def test_no_tracking_route_answers_with_a_redirect(app) -> None:
    for name in CALLS:
        for method in ("GET", "HEAD", "PUT", "POST", "OPTIONS"):
            for slash in ("", "/"):
                assert not call(app, method, f"/v1/{name}{slash}").is_redirect
    problem(call(app, "GET", "/v1/track"), 405, "wrong_method")
    problem(post(app, "/v1/track//", PAGE), 404, "no_such_route")


@pytest.mark.parametrize("size", [1, 1_000, 4_000])
def test_a_platform_sends_bare_events_and_bare_arrays(home, app, size) -> None:
    said: object = pages(size) if size > 1 else PAGE
    assert taken(post(app, "/v1/segment", said))["accepted"] == size
    assert {row.source for row in rows(home)} == {"segment"}


# What senders are told


def test_every_event_is_accepted_a_duplicate_or_rejected_with_a_reason(home, app) -> None:
    post(app, "/v1/batch", [PAGE])
    odd = [{"type": "purchase", "messageId": "x", "userId": "a"}, {"type": "page", "messageId": 7}, "text", None]
    said = taken(post(app, "/v1/batch", [PAGE, *odd, PAGE | {"messageId": "m2"}]))
    assert (said["received"], said["accepted"], said["duplicates"]) == (6, 1, 1)
    assert [(one["index"], one["messageId"], one["code"]) for one in said["rejected"]] == [
        (1, "x", "bad_type"),
        (2, "7", "no_identity"),
        (3, None, "bad_event"),
        (4, None, "bad_event"),
    ]
    assert all(one["message"] for one in said["rejected"])
    assert [row.code for row in failed(home)] == ["bad_type", "no_identity", "bad_event", "bad_event"]


def test_a_batch_of_which_nothing_is_usable_is_still_a_success(home, app) -> None:
    """Clients drop or resend a whole batch on any other answer; the reasons are kept here."""
    assert taken(post(app, "/v1/batch", [{}]))["rejected"][0]["code"] == "bad_type"
    assert taken(post(app, "/v1/batch", []))["received"] == 0
    assert (len(failed(home)), len(rows(home))) == (1, 0)


def test_one_bad_number_costs_that_value_with_a_warning(home, app) -> None:
    content = b'{"batch":[{"type":"page","messageId":"a","userId":"u","properties":{"x":NaN,"y":1}},' + (
        orjson.dumps(PAGE) + b"]}"
    )
    said = taken(post(app, "/v1/batch", content))
    assert said["accepted"] == 2
    assert said["warnings"] == [{"index": 0, "messageId": "a", "code": "bad_number", "message": notice("bad_number")}]
    assert orjson.loads(rows(home)[0].body)["properties"] == {"x": None, "y": 1}
    assert counted(home) == {("live", "bad_number"): 1}


def test_numbers_over_http_are_read_as_in_files_and_each_that_is_not_is_a_warning(home, app) -> None:
    texts = {"a": "12,5", "b": "1.234,5", "c": "€ 1.200", "d": "1\u00a0200", "e": "n/a", "f": "51-200", "g": "1.234"}
    events = [
        {"type": "identify", "messageId": name, "userId": name, "traits": {"employees": text}}
        for name, text in texts.items()
    ]
    said = taken(post(app, "/v1/batch", events))
    warned = {warning["messageId"]: (warning["code"], warning["message"]) for warning in said["warnings"]}
    assert warned.keys() == {"f", "g"}
    assert warned["f"] == ("bad_number", 'employees: "51-200" cannot be read as a number, and was left out')
    assert warned["g"][1].startswith('employees: "1.234" may be two numbers, and nothing tells which; send')
    assert counted(home) == {("live", "bad_number"): 2}


def test_a_whole_number_that_no_float_can_hold_costs_that_value_alone(home, app) -> None:
    digits = b"9" * 399
    content = b'{"batch":[{"type":"identify","messageId":"a","userId":"u","traits":{"employees":' + digits + b"}}]}"
    said = taken(post(app, "/v1/batch", content))
    assert (said["accepted"], [warning["code"] for warning in said["warnings"]]) == (1, ["bad_number"])


def test_too_large_and_too_deep_events_are_kept_aside_and_the_rest_is_accepted(home, app) -> None:
    """analytics-node really sends batches of 1.5 MB with events of 100 KiB."""
    large = [PAGE | {"messageId": f"l{n}", "properties": {"x": "y" * 100 * 2**10}} for n in range(14)]
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    said = taken(post(app, "/v1/batch", [*large, *pages(2), PAGE | {"messageId": "deep", "traits": {"x": deep}}]))
    assert (said["accepted"], len(said["rejected"])) == (2, 15)
    assert {one["code"] for one in said["rejected"]} == {"event_too_large", "too_deep"}
    assert orjson.loads(failed(home)[0].raw)["properties"]["x"] == "y" * 100 * 2**10


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", "", "x"])
def test_any_content_type_is_read(home, app, kind) -> None:
    assert taken(post(app, "/v1/batch", {"batch": [PAGE]}, headers={"content-type": kind}))["accepted"] == 1


def test_a_body_may_be_gzipped_and_nothing_else(home, app) -> None:
    raw = b"\xef\xbb\xbf" + orjson.dumps({"batch": [PAGE]})
    assert taken(post(app, "/v1/batch", gzip.compress(raw), headers={"content-encoding": "gzip"}))["accepted"] == 1
    problem(post(app, "/v1/batch", raw, headers={"content-encoding": "br"}), 415, "unsupported_encoding")
    problem(post(app, "/v1/batch", b"\x1f\x8bx", headers={"content-encoding": "gzip"}), 400, "broken_gzip")


def test_a_body_is_bounded_as_it_comes_and_as_it_inflates(app) -> None:
    problem(post(app, "/v1/batch", b" " * (4 * 2**20 + 1)), 413, "body_too_large")
    bomb = gzip.compress(b" " * 64 * 2**20)
    assert len(bomb) < 2**20
    problem(post(app, "/v1/batch", bomb, headers={"content-encoding": "gzip"}), 413, "body_too_large")
    problem(post(app, "/v1/batch", [{}] * 5_001), 413, "too_many_events")


def test_a_body_that_comes_too_slowly_may_come_again(app, monkeypatch) -> None:
    monkeypatch.setattr("serving.limits.BODY_SECONDS", 0.01)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answered = call(app, "POST", "/v1/batch", content=pieces())
    problem(answered, 503, "body_too_slow")
    assert int(answered.headers["retry-after"]) > 0


def test_a_broken_body_is_a_problem_with_code_and_message(app) -> None:
    said = problem(post(app, "/v1/batch", b'{"batch":[{"userId":"ann@buyer.example"'), 400, "broken_json")
    assert "ann@buyer.example" not in said["message"]


# Once


def test_a_hundred_copies_at_once_are_one_event_and_a_hundred_successes(either: Home) -> None:
    _, app = opened(either)
    said = {"content": orjson.dumps(PAGE)}
    answered = [taken(one) for one in calls(app, [("POST", "/v1/page", said)] * 100)]
    assert len(rows(either)) == 1
    assert sum(one["accepted"] for one in answered) == 1
    assert sum(one["duplicates"] for one in answered) == 99


def test_the_first_of_two_bodies_wins_and_the_conflict_is_counted(either: Home) -> None:
    _, app = opened(either)
    other = PAGE | {"properties": {"path": "/other"}}
    assert taken(post(app, "/v1/batch", [PAGE, other]))["duplicates"] == 1
    said = taken(post(app, "/v1/batch", [other, PAGE | {"sentAt": "2026-11-21T11:00:00Z"}]))
    assert said["warnings"] == [{"index": 0, "messageId": "m1", "code": "conflict", "message": notice("conflict")}]
    (row,) = rows(either)
    assert orjson.loads(row.body)["properties"] == {"path": "/pricing"}
    assert counted(either) == {("live", "conflict"): 2}


def test_the_order_of_keys_in_a_resend_is_no_conflict(home, app) -> None:
    for said in ({"a": 1, "b": 2}, {"b": 2, "a": 1}):
        post(app, "/v1/page", PAGE | {"properties": said})
    assert counted(home) == {}


def test_each_of_many_senders_at_once_hears_of_its_own_events(either: Home) -> None:
    _, app = opened(either)
    sent = [[*pages(3, 10 * n), {"type": "page", "messageId": f"x{n}"}] for n in range(100)]
    asked = [("POST", "/v1/batch", {"content": orjson.dumps({"batch": batch})}) for batch in sent]
    answered = [taken(one) for one in calls(app, asked)]
    told = [(one["accepted"], [rejected["messageId"] for rejected in one["rejected"]]) for one in answered]
    assert told == [(3, [f"x{n}"]) for n in range(100)]
    assert len(rows(either)) == 300
    assert len(failed(either)) == 100


texts = st.text(st.characters(exclude_categories=[]), max_size=12)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "type messageId userId anonymousId groupId previousId event timestamp sentAt properties traits context x".split()
)
TELLING = "email crm crm_lead_id contact_id previous_lead_id lead_id groupId traits page campaign userAgent".split()
parts = st.dictionaries(st.sampled_from(TELLING), anything, max_size=4)
odd_events = st.dictionaries(st.sampled_from(FIELDS), anything | parts | st.sampled_from(TYPES), max_size=9)


def test_whatever_is_in_a_batch_each_of_it_is_accepted_known_or_rejected(either: Home) -> None:
    _, app = opened(either)

    @given(st.lists(anything | odd_events, max_size=4), parts)
    @settings(max_examples=60)
    def holds(batch: list[Any], context: dict[str, Any]) -> None:
        page = PAGE | {"messageId": None, "timestamp": str(uuid4())}
        content = json.dumps({"batch": [*batch, page], "context": context}).encode()
        said = taken(post(app, "/v1/batch", content))
        assert said["received"] == len(batch) + 1
        assert len(batch) not in [rejected["index"] for rejected in said["rejected"]]

    holds()


# When


def test_live_events_are_recorded_after_everything_before_and_never_when_they_say(either: Home) -> None:
    clock = [NOW, NOW - timedelta(hours=1), NOW + timedelta(hours=1)]
    for moment in clock:
        _, app = opened(either, now=lambda moment=moment: moment)
        post(app, "/v1/page", PAGE | {"messageId": str(moment), "receivedAt": "2020-01-01T00:00:00Z"})
    recorded = [row.recorded_us for row in rows(either)]
    assert recorded == [microseconds(NOW), microseconds(NOW) + 1, microseconds(NOW + timedelta(hours=1))]


def test_the_clock_of_a_client_is_corrected_and_that_of_a_platform_is_not(home, app) -> None:
    said = {"timestamp": "2026-11-21T14:50:00Z", "sentAt": "2026-11-21T15:00:00Z"}  # three hours ahead of NOW
    post(app, "/v1/batch", {"batch": [{**PAGE, "timestamp": said["timestamp"]}], "sentAt": said["sentAt"]})
    post(app, "/v1/segment", PAGE | said)
    client, platform = rows(home)
    assert client.occurred_us == microseconds(NOW - timedelta(minutes=10))
    assert (platform.occurred_us, platform.flags) == (microseconds(NOW), "future_time")


# Keys


def test_on_this_machine_any_key_will_do_while_there_is_none(home, app) -> None:
    """Every client must send some key."""
    for n, headers in enumerate([{}, basic("any:"), {"authorization": "Bearer x"}]):
        assert taken(post(app, "/v1/page", PAGE | {"messageId": f"m{n}"}, headers=headers))["accepted"] == 1
    assert taken(post(app, "/v1/page", PAGE | {"messageId": "m9", "writeKey": "any"}))["accepted"] == 1
    problem(post(app, "/v1/page", PAGE, **ELSEWHERE), 401, "key_needed")
    problem(post(app, "/v1/page", PAGE | {"writeKey": "any"}, **ELSEWHERE), 401, "unknown_key")
    problem(post(app, "/v1/page", PAGE, headers={"origin": "https://shop.example"}), 401, "key_needed")


def test_the_first_key_counts_as_soon_as_it_is_made(home) -> None:
    """Before the service looks at its keys again: an event that comes again then would be there twice."""
    live, app = opened(home)
    made = Keys(home).create(["events:write"], NOW, "shop")
    assert taken(post(app, "/v1/page", PAGE, headers=basic(made.key)))["accepted"] == 1
    live.refresh()
    assert taken(post(app, "/v1/page", PAGE, headers=basic(made.key)))["duplicates"] == 1
    assert [row.source for row in rows(home)] == ["live:shop"]


def test_a_first_key_that_may_not_write_is_told_so_at_once(home) -> None:
    _, app = opened(home)
    made = Keys(home).create(["scores:read"], NOW)
    problem(post(app, "/v1/page", PAGE, headers=basic(made.key)), 403, "missing_scope")


def test_once_there_is_a_key_for_events_another_one_is_a_mistake(home) -> None:
    made = Keys(home).create(["events:write"], NOW)
    live, app = opened(home)
    problem(post(app, "/v1/page", PAGE, headers=basic("any:")), 401, "unknown_key")
    assert taken(post(app, "/v1/page", PAGE, headers=basic(f"{made.key}:")))["accepted"] == 1
    Keys(home).revoke(made.key_id, NOW)
    live.refresh()
    problem(post(app, "/v1/page", PAGE, headers=basic(f"{made.key}:")), 401, "unknown_key")


@pytest.fixture
def guarded(home: Home) -> tuple[Home, Starlette, dict[str, str]]:
    """A home with keys: one that writes, one that reads, one that rules."""
    scopes = {"writes": "events:write", "reads": "scores:read", "rules": "admin"}
    made = {name: Keys(home).create([scope], NOW, name).key for name, scope in scopes.items()}
    return home, opened(home)[1], made


def test_a_key_is_found_wherever_clients_put_theirs(guarded) -> None:
    home, app, made = guarded
    key = made["writes"]
    headers = [basic(f"{key}:"), basic(key), basic(f"{key}:ignored"), {"authorization": f"Bearer {key}"}]
    bare = base64.b64encode(f"{key}:".encode()).decode().rstrip("=")
    headers += [{"authorization": f"basic {bare}"}]
    for n, header in enumerate(headers):
        assert taken(post(app, "/v1/page", PAGE | {"messageId": f"h{n}"}, headers=header, **ELSEWHERE))["accepted"] == 1
    bodies: list[Any] = [
        {"batch": [PAGE], "writeKey": key},
        {"batch": [PAGE | {"messageId": "m2", "writeKey": key}]},
        [PAGE | {"messageId": "m3", "writeKey": key}],
    ]
    for body in bodies:
        assert taken(post(app, "/v1/batch", body, **ELSEWHERE))["accepted"] == 1
    assert taken(post(app, "/v1/page", PAGE | {"messageId": "m4", "writeKey": key}, **ELSEWHERE))["accepted"] == 1
    assert {row.source for row in rows(home)} == {"live:writes"}
    assert not any(key in row.body for row in rows(home))


@pytest.mark.parametrize("said", ["Basic bGxrXzo=", "Bearer llk_no", "llk_no", "Basic \xff", "Basic w6k6"])
def test_an_unknown_key_is_a_401_with_code_and_message(guarded, said) -> None:
    answered = post(
        guarded[1], "/v1/batch", b"not read", headers={"authorization": said.encode("latin-1")}, **ELSEWHERE
    )
    problem(answered, 401, "unknown_key")


@pytest.mark.parametrize(
    "sent", [b"{}", b'{"writeKey":"llk_of_nobody","batch":[' + b"{}," * 9 + b"NaN]}", b"[[[[", b"no"]
)
def test_a_body_is_not_read_as_json_for_a_stranger(guarded, monkeypatch, sent: bytes) -> None:
    """4 MiB of empty objects and one NaN took many seconds before any key was asked, and gzip to some kilobytes."""

    def never(*_: object) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr("serving.api.tracking.tracking_body", never)
    for path in ("/v1/batch", "/v1/segment", "/v1/page"):
        assert post(guarded[1], path, sent, **ELSEWHERE).status_code == 401
        assert (
            post(guarded[1], path, gzip.compress(sent), headers={"content-encoding": "gzip"}, **ELSEWHERE).status_code
            == 401
        )


def test_a_key_needs_the_scope_and_admin_has_it(guarded) -> None:
    _, app, made = guarded
    problem(post(app, "/v1/page", PAGE, headers=basic(made["reads"])), 403, "missing_scope")
    assert taken(post(app, "/v1/page", PAGE, headers=basic(made["rules"])))["accepted"] == 1


def test_a_write_key_can_only_write(guarded) -> None:
    _, app, made = guarded
    for path in ("/v1/models", "/v1/failed-events", "/v1/leads/ann/score"):
        problem(call(app, "GET", path, headers={"authorization": f"Bearer {made['writes']}"}), 403, "missing_scope")


def test_a_write_key_cannot_merge_and_is_told(guarded) -> None:
    home, app, made = guarded
    merge = {"userId": "a", "event": "Lead Merged", "properties": {"previous_lead_id": "b"}}
    said = taken(post(app, "/v1/track", merge | {"messageId": "m1"}, headers=basic(made["writes"])))
    assert [one["code"] for one in said["warnings"]] == ["not_trusted"]
    assert "warnings" not in taken(post(app, "/v1/track", merge | {"messageId": "m2"}, headers=basic(made["rules"])))
    assert [row.flags for row in rows(home)] == ["public,not_trusted", ""]


def test_a_new_key_with_the_old_label_knows_what_was_sent_before(home) -> None:
    old, new, other = (Keys(home).create(["events:write"], NOW, label).key for label in ("shop", "shop", "blog"))
    _, app = opened(home)
    for key in (old, new, other):
        post(app, "/v1/page", PAGE, headers=basic(key))
    assert sorted(row.source for row in rows(home)) == ["live:blog", "live:shop"]


def test_keys_that_cannot_be_checked_are_a_503(home) -> None:
    made = Keys(home).create(["events:write"], NOW)
    live, app = opened(home)
    live.credentials.ring.refresh(-1e9)  # long ago
    answered = post(app, "/v1/page", PAGE, headers=basic(made.key), **ELSEWHERE)
    problem(answered, 503, "keys_unavailable")
    assert int(answered.headers["retry-after"]) > 0


# Signatures


def signed(secret: str, raw: bytes) -> dict[str, str]:
    return {"x-signature": hmac.new(secret.encode(), raw, sha1).hexdigest()}


def test_a_signature_with_the_shared_secret_is_as_good_as_a_key(tmp_path: Path) -> None:
    home = at_home(tmp_path, segment_secret="s3cret")
    Keys(home).create(["events:write"], NOW)
    _, app = opened(home)
    raw = orjson.dumps(PAGE | {"writeKey": "segments own"})
    assert taken(post(app, "/v1/segment", raw, headers=signed("s3cret", raw), **ELSEWHERE))["accepted"] == 1
    problem(post(app, "/v1/segment", raw + b" ", headers=signed("s3cret", raw), **ELSEWHERE), 401, "bad_signature")
    problem(
        post(app, "/v1/segment", raw, headers={"x-signature": "\u00e9".encode()}, **ELSEWHERE), 401, "bad_signature"
    )
    problem(post(app, "/v1/segment", raw, **ELSEWHERE), 401, "key_needed")
    problem(post(app, "/v1/page", raw, headers=signed("s3cret", raw), **ELSEWHERE), 401, "unknown_key")


def test_a_signed_stranger_does_not_merge(tmp_path: Path) -> None:
    home = at_home(tmp_path, segment_secret="s3cret")
    _, app = opened(home)
    raw = orjson.dumps({"type": "track", "event": "Lead Merged", "userId": "a", "messageId": "m"})
    assert taken(post(app, "/v1/segment", raw, headers=signed("s3cret", raw), **ELSEWHERE))["warnings"]


def test_without_a_shared_secret_the_key_signs(guarded) -> None:
    _, app, made = guarded
    raw, key = orjson.dumps(PAGE), {"authorization": made["writes"]}
    assert taken(post(app, "/v1/segment", raw, headers=key | signed(made["writes"], raw), **ELSEWHERE))["accepted"] == 1
    problem(post(app, "/v1/segment", raw, headers=key | signed("other", raw), **ELSEWHERE), 401, "bad_signature")
    problem(post(app, "/v1/segment", raw, headers=signed(made["writes"], raw), **ELSEWHERE), 401, "key_needed")


# Browsers


def test_pages_of_any_site_may_ask_first_and_send_with_a_key(guarded) -> None:
    _, app, made = guarded
    page = {"origin": "https://shop.example"}
    for name in CALLS:
        asked = call(app, "OPTIONS", f"/v1/{name}", headers=page | {"access-control-request-method": "POST"})
        assert (asked.status_code, asked.content) == (204, b"")
        assert asked.headers["access-control-allow-origin"] == "*"
        assert "POST" in asked.headers["access-control-allow-methods"]
        assert set(asked.headers["access-control-allow-headers"].split(", ")) == {"*", "Authorization"}
    sent = post(app, "/v1/p", PAGE | {"writeKey": made["writes"]}, headers=page | {"content-type": "text/plain"})
    assert taken(sent)["accepted"] == 1
    for answered in (sent, post(app, "/v1/p", PAGE, headers=page), post(app, "/v1/b", b"{", headers=page)):
        assert answered.headers["access-control-allow-origin"] == "*"


def test_no_other_route_speaks_to_pages_of_other_sites(app) -> None:
    for path in ("/v1/models", "/v1/failed-events", "/v1/scores"):
        assert "access-control-allow-origin" not in call(app, "OPTIONS", path).headers
        assert "access-control-allow-origin" not in call(app, "GET", path).headers


# When we fail


def test_a_ledger_that_cannot_be_written_is_a_503_and_never_a_4xx(either: Home) -> None:
    _, app = opened(either)
    taken(post(app, "/v1/page", PAGE))
    with writing(either) as connection:
        connection.execute(text("ALTER TABLE events RENAME TO hidden"))
    answered = post(app, "/v1/page", PAGE | {"messageId": "m2"})
    code = "ledger_unavailable" if either.settings.database_url is None else "intake_failed"
    assert "send these events again" in problem(answered, 503, code)["message"]
    assert int(answered.headers["retry-after"]) > 0
    assert answered.headers["access-control-allow-origin"] == "*"
    with writing(either) as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO events"))
    assert taken(post(app, "/v1/page", PAGE | {"messageId": "m2"}))["accepted"] == 1


def test_what_only_one_sender_is_to_blame_for_keeps_out_nobody_else(home, app) -> None:
    taken(post(app, "/v1/page", PAGE))
    refused = "NEW.user_id = 'odd' BEGIN SELECT RAISE(ABORT, 'no'); END"
    with writing(home) as connection:
        connection.execute(text(f"CREATE TRIGGER odd BEFORE INSERT ON events WHEN {refused}"))
    users = ["ann", "odd", "bob", "cem"]
    sent = [{"content": orjson.dumps({"userId": user, "messageId": user})} for user in users]
    answered = calls(app, [("POST", "/v1/page", one) for one in sent])
    assert [one.status_code for one in answered] == [200, 503, 200, 200]
    assert [row.user_id for row in rows(home)] == ["ann", "ann", "bob", "cem"]


def test_a_ledger_that_is_locked_is_a_503_and_what_was_given_up_is_not_written(home, monkeypatch) -> None:
    _, app = opened(home)
    taken(post(app, "/v1/page", PAGE))  # opens the ledger, which takes longer than the limit that follows
    monkeypatch.setattr("serving.limits.COMMIT_S", 0.2)
    with writing(home):  # somebody else's transaction
        sent = [("POST", "/v1/page", {"content": orjson.dumps(PAGE | {"messageId": f"m{n}"})}) for n in (2, 3)]
        answered = [call(app, *one[:2], **one[2]) for one in sent]
    for one in answered:
        problem(one, 503, "ledger_busy")
        assert int(one.headers["retry-after"]) > 0
    assert taken(post(app, "/v1/page", PAGE | {"messageId": "m3"}))["received"] == 1
    assert len(rows(home)) in (2, 3)  # the first of them was at the door already


def test_too_many_bodies_at_once_are_sent_away(home, monkeypatch) -> None:
    monkeypatch.setattr("serving.limits.QUEUE_BYTES", 2 * 2**16)
    _, app = opened(home)
    answered = calls(app, [("POST", "/v1/batch", {"content": orjson.dumps(pages(1, n))}) for n in range(5)])
    sent_away = [one for one in answered if one.status_code != 200]
    assert len(sent_away) == 3
    for one in sent_away:
        problem(one, 503, "busy")
    assert taken(post(app, "/v1/batch", pages(1, 9)))["accepted"] == 1


def test_a_publisher_that_fails_or_hangs_is_no_failure_of_the_sender(home, monkeypatch) -> None:
    monkeypatch.setattr("serving.limits.PUBLISH_S", 0.05)
    goes_on = threading.Event()

    def fails() -> None:
        raise RuntimeError("the online store is down")

    for n, does in enumerate([fails, lambda: goes_on.wait(30)]):
        _, app = opened(home, Published(does))
        assert taken(post(app, "/v1/page", PAGE | {"messageId": f"m{n}"}))["accepted"] == 1
    goes_on.set()


def test_what_was_accepted_is_published_before_the_answer_and_duplicates_need_none(home) -> None:
    publisher = Published()
    _, app = opened(home, publisher)
    for times in (1, 1):
        taken(post(app, "/v1/page", PAGE))
        assert publisher.times == times


def test_what_others_left_behind_is_published_by_whoever_looks(home, monkeypatch) -> None:
    monkeypatch.setattr("serving.process.PUBLISH_PENDING_S", 0.001)
    Ledger.open(home)
    publisher = Published()

    async def life() -> None:
        async with opened(home, publisher)[0].running():
            while publisher.times < 3:
                await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(life(), 30))


def test_a_home_of_an_earlier_version_is_brought_up_to_date_by_serving_it(home) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = home.created().database_url
    command.upgrade(config, "0002")
    _, app = opened(home)
    assert call(app, "GET", "/v1/failed-events").json()["data"] == []
    assert taken(post(app, "/v1/page", PAGE))["accepted"] == 1


def test_an_empty_home_takes_events_before_anything_was_agreed(home, app) -> None:
    with pytest.raises(NoAgreement):
        current_version(home)
    assert taken(post(app, "/v1/page", PAGE))["accepted"] == 1
    with reading(home) as connection:
        pending = [(row.kind, row.value) for row in connection.execute(select(tables.online_pending))]
    assert pending == [("user", "ann")]


def test_nothing_of_a_person_is_logged(home, app, capfd) -> None:
    logs.configure()
    taken(post(app, "/v1/page", PAGE))
    with writing(home) as connection:
        connection.execute(text("CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"))
    person = {"userId": "ann@buyer.example", "messageId": "m2", "traits": {"email": "bob@buyer.example"}}
    post(app, "/v1/identify", person)
    post(app, "/v1/identify", b'{"userId":"ann@buyer.example"')
    said = "".join(capfd.readouterr())
    assert "intake failed" in said
    assert "buyer.example" not in said


@pytest.fixture(autouse=True)
def closed(tmp_path: Path):
    yield
    engine(f"sqlite:///{tmp_path / 'home' / 'leadlight.db'}").dispose()


def test_clients_on_this_machine_by_any_of_its_names(app) -> None:
    for host in ("localhost:3000", "[::1]:3000"):
        assert taken(post(app, "/v1/page", PAGE, client=LOOPBACK, host=host))["received"] == 1
