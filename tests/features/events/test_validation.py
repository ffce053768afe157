"""What is on the wire becomes rows: bodies in any shape, clocks that are off, values that JSON and databases lack."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repository import ROOT

from features.agreement.checks import CRM_EVENTS, SALES_TOUCHES
from features.events.event import MADE_ID, OBJECTS
from features.events.trust import LATE_CLAIM, NOT_TRUSTED, PUBLIC, PUBLIC_OBJECTION, ReservedNames
from features.events.validation import DEPTH, LARGEST, Source, validate
from features.home.clock import from_microseconds, occurred_at
from features.ledger.ledger import CONFLICT, ERASED
from serving.api.tracking import TrackingBody, tracking_body
from serving.http.problems import Problem
from serving.limits import MOST_EVENTS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CLIENT = Source("live", clock="sender")
PLATFORM = Source("segment", clock="platform")
PAGE = {"type": "page", "messageId": "m1", "userId": "ann"}


def opened(said: object, call: str = "batch") -> TrackingBody:
    return tracking_body(said if isinstance(said, bytes) else orjson.dumps(said), call)


def row(sender: Source = CLIENT, **said: Any) -> dict[str, Any]:
    """The row of one page view that says this too, received now."""
    (found,) = validate([{**PAGE, **said}], sender, NOW).rows
    return found


def refusal(sender: Source = CLIENT, **said: Any) -> str:
    (result,) = validate([{**PAGE, **said}], sender, NOW).results
    assert result is not None
    return result.code


def flags(found: Mapping[str, Any]) -> list[str]:
    return [flag for flag in found["flags"].split(",") if flag]


def refused(said: object, call: str = "batch") -> Problem:
    with pytest.raises(Problem) as found:
        opened(said, call)
    return found.value


# Bodies


@pytest.mark.parametrize("call", ["track", "page", "screen", "identify", "group", "alias"])
def test_a_single_event_has_the_type_of_its_route(call: str) -> None:
    assert opened({"userId": "ann", "type": "purchase"}, call).events == [{"userId": "ann", "type": call}]


def test_a_batch_says_for_all_what_an_event_does_not_say_itself() -> None:
    own = {"context": {"ip": "2", "page": {}}, "timestamp": "2026-11-02", "sentAt": "2026-11-03"}
    beside = {"context": {"ip": "1", "locale": "en"}, "timestamp": "2026-11-01", "sentAt": "2026-11-04"}
    mine, bare, device = opened({"batch": [own, {}, {"originalTimestamp": "x"}], **beside}).events
    assert mine == own | {"context": {"ip": "2", "locale": "en", "page": {}}}
    assert bare == beside
    assert "timestamp" not in device


@pytest.mark.parametrize("said", [{"batch": [{}, {}]}, [{}, {}]])
@pytest.mark.parametrize("call", ["batch", "segment"])
def test_a_batch_may_be_a_bare_array(said: object, call: str) -> None:
    assert len(opened(said, call).events) == 2


def test_a_destination_gets_one_bare_event() -> None:
    assert opened(PAGE, "segment").events == [PAGE]


def test_an_empty_batch_is_no_event_and_no_error() -> None:
    assert opened({"batch": []}).events == []


@pytest.mark.parametrize(
    ("said", "call", "status", "code"),
    [
        (b"", "batch", 400, "broken_json"),
        (b"{", "batch", 400, "broken_json"),
        (b"[" * 5_000, "batch", 400, "broken_json"),
        ([], "track", 400, "no_event"),
        ("ann", "track", 400, "no_event"),
        ({}, "batch", 400, "no_batch"),
        ({"batch": {}}, "batch", 400, "no_batch"),
        (7, "segment", 400, "no_batch"),
        ([{}] * (MOST_EVENTS + 1), "batch", 413, "too_many_events"),
        ({"batch": [{}] * 1_000, "context": {"x": "y" * 20_000}}, "batch", 413, "context_too_large"),
    ],
)
def test_a_body_without_events_is_refused_with_a_code(said: object, call: str, status: int, code: str) -> None:
    problem = refused(said, call)
    assert (problem.status, problem.code) == (status, code)


def test_a_full_batch_is_taken() -> None:
    assert len(opened([{}] * MOST_EVENTS).events) == MOST_EVENTS


def test_a_mark_of_byte_order_is_no_part_of_the_body() -> None:
    assert opened(b"\xef\xbb\xbf" + orjson.dumps([PAGE])).events == [PAGE]


@pytest.mark.parametrize("place", ["beside", "in the event"])
def test_the_key_in_a_body_is_found_and_in_no_event(place: str) -> None:
    event, beside = {"a": 1}, {"batch": [{"a": 1}]}
    (beside if place == "beside" else beside["batch"][0])["writeKey"] = "llk_1"  # type: ignore[index]
    found = opened(beside)
    assert (found.write_key, found.events) == ("llk_1", [event])


@pytest.mark.parametrize("key", [None, 7, {}, ["llk_1"], ""])
def test_a_key_that_is_no_text_is_no_key(key: object) -> None:
    assert not opened({"batch": [], "writeKey": key}).write_key


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 500])
def test_a_number_that_is_none_costs_that_value_and_is_noticed_of_its_event(odd: str) -> None:
    said = f'{{"batch":[{{"properties":{{"a":[{{"b":{odd}}}],"c":1.5}}}},{{"properties":{{"c":2}}}}]}}'
    found = opened(said.encode())
    assert [event["properties"] for event in found.events] == [{"a": [{"b": None}], "c": 1.5}, {"c": 2}]
    assert found.noticed == {0: ("bad_number",)}


def test_a_bad_number_beside_the_batch_costs_that_value() -> None:
    found = opened(b'{"batch":[{}],"context":{"screen":{"density":NaN}}}')
    assert found.events == [{"context": {"screen": {"density": None}}}]


def test_half_a_character_costs_that_character() -> None:
    for broken in (b'"a\\ud800b"', b'"a\xffb"'):
        (event,) = opened(b'[{"properties":{"x":' + broken + b"}}]").events
        kept = orjson.loads(row(**event)["body"])["properties"]["x"]
        assert kept in ("a?b", "a\ufffdb")


# Clocks


@pytest.mark.parametrize("hours", [-23, -3, 0, 3, 23])
def test_a_clock_that_is_off_is_corrected_to_the_microsecond(hours: int) -> None:
    """By what the sender said its time was when it sent: here it sent just now."""
    off = timedelta(hours=hours)
    happened = NOW - timedelta(minutes=10)
    found = row(timestamp=(happened + off).isoformat(), sentAt=(NOW + off).isoformat())
    assert from_microseconds(found["occurred_us"]) == happened
    assert flags(found) == []


def test_a_skew_of_over_a_day_corrects_nothing_and_is_said() -> None:
    happened = NOW - timedelta(days=2)
    found = row(timestamp=happened.isoformat(), sentAt=(NOW - timedelta(hours=25)).isoformat())
    assert from_microseconds(found["occurred_us"]) == happened
    assert flags(found) == ["bad_clock"]


def test_without_sent_at_the_time_is_taken_as_it_is() -> None:
    assert from_microseconds(row(timestamp="2026-11-20T10:00:00Z")["occurred_us"]) == datetime(
        2026, 11, 20, 10, tzinfo=UTC
    )
    assert flags(row(timestamp="2026-11-20T10:00:00Z", sentAt="yesterday")) == ["bad_sent_at"]


def test_what_a_platform_forwards_was_corrected_before() -> None:
    said = {"timestamp": "2026-11-20T10:00:00Z", "sentAt": "2026-11-20T13:00:05Z", "receivedAt": "2026-11-20T10:00:05Z"}
    found = row(PLATFORM, **said, originalTimestamp="2026-11-20T13:00:00Z")
    assert from_microseconds(found["occurred_us"]) == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "happened"),
    [
        ({"timestamp": "2026-11-20", "originalTimestamp": "2026-11-19"}, datetime(2026, 11, 20, tzinfo=UTC)),
        ({"originalTimestamp": "2026-11-19"}, datetime(2026, 11, 19, tzinfo=UTC)),
        ({"timestamp": "soon", "originalTimestamp": "2026-11-19"}, datetime(2026, 11, 19, tzinfo=UTC)),
        ({"timestamp": "soon"}, NOW),
        ({}, NOW),
    ],
)
def test_the_time_of_an_event_is_the_first_that_can_be_read(said: dict[str, Any], happened: datetime) -> None:
    found = row(**said)
    assert from_microseconds(found["occurred_us"]) == happened
    assert flags(found) == (["bad_time"] if said.get("timestamp") == "soon" else [])


@pytest.mark.parametrize(("ahead_s", "noticed"), [(299, []), (301, ["future_time"])])
def test_nothing_live_happens_after_we_heard_of_it(ahead_s: int, noticed: list[str]) -> None:
    found = row(timestamp=(NOW + timedelta(seconds=ahead_s)).isoformat())
    assert (from_microseconds(found["occurred_us"]), flags(found)) == (NOW, noticed)


@pytest.mark.parametrize("sender", [CLIENT, PLATFORM])
def test_a_live_event_does_not_say_itself_when_we_knew(sender: Source) -> None:
    assert from_microseconds(row(sender, receivedAt="2020-01-01T00:00:00Z")["recorded_us"]) == NOW
    assert from_microseconds(row(Source("file"), receivedAt="2020-01-01T00:00:00Z")["recorded_us"]).year == 2020


@pytest.mark.parametrize(
    "written",
    [
        "Fri Nov 20 2026 11:00:00 GMT+0100 (Central European Standard Time)",  # what a browser makes of a date
        "2026-11-20T10:00:00.000000000Z",
        "2026-11-20 05:00:00 -0500",
        1795168800.0,
    ],
)
def test_what_clients_write_for_a_time_is_read(written: object) -> None:
    assert from_microseconds(row(timestamp=written)["occurred_us"]) == datetime(2026, 11, 20, 10, tzinfo=UTC)


times = st.none() | st.text(max_size=70) | st.integers() | st.floats() | st.booleans() | st.datetimes().map(str)


@given(times, times, times)
def test_no_time_on_the_wire_is_an_error(timestamp: object, original: object, sent: object) -> None:
    said = {"timestamp": timestamp, "originalTimestamp": original, "sentAt": sent}
    for clock in ("sender", "platform", "file"):
        assert occurred_at(said, NOW, clock)[0] <= NOW  # type: ignore[arg-type]


# Limits


@pytest.mark.parametrize(("size", "code"), [(LARGEST - 200, ""), (LARGEST + 1, "event_too_large")])
def test_an_event_has_a_largest_size(size: int, code: str) -> None:
    said = {"properties": {"text": "x" * size}}
    assert (refusal(**said) if code else row(**said) and "") == code
    assert row(Source("file"), **said)  # history is as large as it is


def test_the_size_is_that_of_bytes() -> None:
    assert refusal(properties={"text": "\u20ac" * (LARGEST // 2)}) == "event_too_large"


def nested(levels: int) -> dict[str, Any]:
    """An event that is itself the first of so many levels."""
    inner: Any = 1
    for level in range(levels - 1):
        inner = {"a": inner} if level % 2 else [inner]
    return {"properties": {"a": inner}} if levels > 2 else {}


@pytest.mark.parametrize(("levels", "code"), [(DEPTH - 1, ""), (DEPTH, "too_deep"), (300, "too_deep")])
def test_an_event_has_a_greatest_depth(levels: int, code: str) -> None:
    (result,) = validate([PAGE | nested(levels)], CLIENT, NOW).results
    assert (result.code if result else "") == code


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert row(properties={"items": [{"id": n} for n in range(500)], "text": "{[" * 100})


@pytest.mark.parametrize("field", ["userId", "anonymousId", "groupId", "previousId"])
def test_a_name_that_no_index_takes_is_refused(field: str) -> None:
    assert refusal(**{field: "x" * 256}) == "bad_identity"
    assert row(**{field: "x" * 255})


@pytest.mark.parametrize("odd", [None, 7, "ann", [PAGE], 1.5, True])
def test_what_is_no_object_is_no_event(odd: object) -> None:
    found = validate([PAGE, odd, PAGE | {"messageId": "m2"}], CLIENT, NOW)
    assert [result and result.code for result in found.results] == [None, "bad_event", None]


def test_an_identifier_that_lost_its_digits_names_nobody() -> None:
    """JSON's own numbers end at 64 bits here; what is longer was rounded on its way."""
    assert refusal(userId=1.2345678901234568e29) == "no_identity"
    assert row(userId=2**63 + 1)["user_id"] == str(2**63 + 1)


# What is kept


def test_what_nobody_here_has_heard_of_is_kept() -> None:
    body = orjson.loads(row(type="page", name="Home", category="docs", channel="web", rudderId="r", version=2)["body"])
    assert body == {"name": "Home", "category": "docs", "channel": "web", "rudderId": "r", "version": 2}


def test_the_key_and_the_times_of_sending_are_not_kept() -> None:
    assert orjson.loads(row(writeKey="llk_1", sentAt="2026-11-21T12:00:00Z", receivedAt="x")["body"]) == {}


def test_an_event_without_an_id_gets_the_same_one_each_time_it_is_sent() -> None:
    said = {"type": "track", "event": "Badge Scanned", "userId": "ann", "timestamp": "2026-11-20T10:00:00Z"}
    again = said | {"sentAt": "2026-11-21T11:59:59Z", "messageId": None}
    read = validate([said, again, said | {"userId": "bob"}, said | {"timestamp": "2026-11-20T10:00:01Z"}], CLIENT, NOW)
    first, second, *others = [found["message_id"] for found in read.rows]
    assert first == second
    assert len({first, *others}) == 3
    assert all("made_id" in flags(found) for found in read.rows)


def test_without_id_and_time_an_event_is_one_a_day() -> None:
    said = {"type": "track", "event": "Badge Scanned", "userId": "ann"}
    ids = [validate([said], CLIENT, NOW + timedelta(hours=h)).rows[0]["message_id"] for h in (0, 11, 24)]
    assert ids[0] == ids[1] != ids[2]


def test_history_without_an_id_is_refused() -> None:
    assert refusal(Source("file"), messageId=None) == "bad_message_id"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        *[({"event": name}, {NOT_TRUSTED}) for name in sorted(CRM_EVENTS | SALES_TOUCHES)],
        ({"event": "Trial Paid"}, {NOT_TRUSTED}),  # the outcome of this agreement
        ({"event": "Allowed Again"}, {NOT_TRUSTED}),
        ({"event": "Said No"}, {PUBLIC_OBJECTION}),
        ({"event": "Form Submitted", "properties": {"crm_lead_id": "00Q1"}}, set()),
        ({"event": "Email Unsubscribed"}, set()),
        ({"type": "page", "name": "Lead Converted"}, set()),
        *[
            ({"type": kind, "traits": traits}, {NOT_TRUSTED})
            for kind in ("identify", "group")
            for traits in (
                {"crm_lead_id": "00Q1"}, {"customer": True}, {"Customer": "no"}, {"openOpportunity": True},
                {"open": {"opportunity": 1}}, {"company": {"customer": True}}, {"lead status": "junk"},
            )
        ],
        ({"type": "identify", "context": {"traits": {"customer": True}}}, {NOT_TRUSTED}),
        ({"type": "identify", "traits": {"profilingOptOut": "yes"}}, {PUBLIC_OBJECTION}),
        ({"type": "identify", "traits": {"profiling_opt_out": False, "industry": "saas"}}, set()),
        ({"type": "page", "traits": {"customer": True}}, set()),
    ],
)  # fmt: skip
def test_what_a_public_key_may_not_say_is_flagged(said: dict[str, Any], expected: set[str]) -> None:
    reserved = ReservedNames("Trial Paid", "Said No", "Allowed Again")
    for is_trusted in (True, False):
        found = row(
            Source("live:x", "sender", is_trusted, reserved=reserved), **{"type": "track", "groupId": "g"} | said
        )
        assert set(flags(found)) & {PUBLIC, NOT_TRUSTED, PUBLIC_OBJECTION} == (
            set() if is_trusted else {PUBLIC} | expected
        )


@pytest.mark.parametrize("kind", ["identify", "alias", "page"])
@pytest.mark.parametrize("days", [0.9, 1.1])
def test_a_key_that_may_only_write_claims_nothing_with_an_old_date(kind: str, days: float) -> None:
    for is_trusted in (True, False):
        sender, at = Source("live:x", "sender", is_trusted), (NOW - timedelta(days=days)).isoformat()
        found = row(sender, type=kind, previousId="visitor-1", timestamp=at)
        assert (LATE_CLAIM in flags(found)) == (kind != "page" and days > 1 and not is_trusted)


def test_a_rejected_event_is_kept_whole_but_for_the_time_of_sending() -> None:
    said = {"type": "purchase", "userId": "ann", "sentAt": "1", "odd": math.nan}
    one, two = (validate([said | {"sentAt": sent}], CLIENT, NOW).failed[0] for sent in ("1", "2"))
    assert orjson.loads(one["raw"]) == said | {"odd": None}
    assert one["raw_digest"] == two["raw_digest"]


# What senders read of it


def test_every_code_that_a_sender_can_meet_is_explained() -> None:
    written = "".join(
        (ROOT / "features" / name).read_text() for name in ("events/event.py", "events/validation.py", "home/clock.py")
    )
    codes = set(re.findall(r'code="(\w+)"', written)) | {
        MADE_ID,
        NOT_TRUSTED,
        PUBLIC_OBJECTION,
        LATE_CLAIM,
        CONFLICT,
        ERASED,
        "bad_number",
    }
    codes |= set(re.findall(r'"((?:bad|future)_[a-z]+)"', written)) | {f"bad_{part}" for part in OBJECTS}
    explained = (ROOT / "docs" / "events.md").read_text()
    assert {code for code in codes if f"`{code}`" not in explained} == {"future_receipt"}  # only history has receipts
