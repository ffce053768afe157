"""What comes in becomes one definite event, or is refused with a reason a person can read."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.events.event import EventRefused, event, identifier_text
from features.home.clock import from_microseconds, microseconds
from features.home.dates import moment
from features.home.json_text import json_text

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAGE = {"type": "page", "messageId": "m1", "userId": "ann", "properties": {"path": "/pricing"}}

words = st.text(st.characters(exclude_categories=[]), max_size=8)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def read(**changed: Any) -> Any:
    return event({**PAGE, **changed}, source="test", received_at=NOW)


def refusal(**changed: Any) -> EventRefused:
    with pytest.raises(EventRefused) as refused:
        read(**changed)
    assert "\n" not in str(refused.value)
    return refused.value


def test_an_event_keeps_what_was_said() -> None:
    found = read(timestamp="2026-11-20T10:00:00+02:00", anonymousId="v1", context={"groupId": "acme", "ip": "x"})
    assert (found.type, found.name, found.user_id, found.anonymous_id) == ("page", "page", "ann", "v1")
    assert found.occurred_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert found.recorded_at == NOW
    assert found.group_id == "acme"
    assert found.body == {"properties": {"path": "/pricing"}, "context": {"groupId": "acme", "ip": "x"}}


def test_a_track_is_named_by_its_event() -> None:
    assert read(type="track", event="Webinar Attended").name == "Webinar Attended"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"type": "purchase"}, "bad_type"),
        ({"type": None}, "bad_type"),
        ({"type": ["page"]}, "bad_type"),
        ({"type": {}}, "bad_type"),
        ({"userId": None}, "no_identity"),
        ({"userId": "  Guest "}, "no_identity"),
        ({"userId": {"id": 1}}, "no_identity"),
        ({"messageId": None}, "bad_message_id"),
        ({"messageId": ""}, "bad_message_id"),
        ({"messageId": "m" * 101}, "bad_message_id"),
        ({"type": "track"}, "bad_event_name"),
        ({"type": "track", "event": "e" * 201}, "bad_event_name"),
    ],
)
def test_an_event_that_says_too_little_is_refused_with_a_code(changed: dict[str, Any], code: str) -> None:
    assert refusal(**changed).code == code


NOBODIES = [
    "null", "NULL", "None", "nil", "NaN", "undefined", " Unknown ", "anonymous", "guest", "n/a", "(not set)", "test",
    "true", "False", "0", "-1", 0, -1, True, False, [1], {"id": 1}, "00000000-0000-0000-0000-000000000000",
    "[object Object]", "{{user.id}}", "user-{{ id }}", "${id}", "{% id %}", "<%= id %>", "%%id%%", "*|UNIQID|*",
    "{user_id}",
]  # fmt: skip


@pytest.mark.parametrize("nobody", ["", None, [], {}, *NOBODIES])
def test_a_placeholder_names_nobody(nobody: object) -> None:
    assert identifier_text(nobody) is None


@pytest.mark.parametrize("nobody", NOBODIES)
def test_a_word_for_nobody_is_refused_as_an_identity_and_flagged(nobody: object) -> None:
    taken = read(userId=nobody, anonymousId="a1")
    assert (taken.user_id, taken.anonymous_id, taken.flags) == (None, "a1", ("nobody_user_id",))


@pytest.mark.parametrize("field", ["anonymousId", "previousId", "groupId"])
def test_the_flag_says_which_field_named_nobody(field: str) -> None:
    flags = {"anonymousId": "nobody_anonymous_id", "previousId": "nobody_previous_id", "groupId": "nobody_group_id"}
    assert read(**{field: "null"}).flags == (flags[field],)


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_id_says_nothing_and_is_no_word_for_nobody(blank: object) -> None:
    assert read(userId=blank, anonymousId="a1").flags == ()


@pytest.mark.parametrize("name", ["u_42", "testa", "10", "007", "a%20b", "{x", "<ann@firm.example>", "nullable"])
def test_an_id_that_only_looks_odd_is_a_name(name: str) -> None:
    assert identifier_text(name) == name


def test_one_name_written_with_composed_or_single_accents_is_one_name() -> None:
    assert (
        identifier_text("jose\u0301@firm.example")
        == identifier_text("jos\u00e9@firm.example")
        == "jos\u00e9@firm.example"
    )


def test_numbers_become_names() -> None:
    assert identifier_text(42) == identifier_text(42.0) == identifier_text(" 42 ") == "42"


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20T10:00:00Z",
        "2026-11-20T10:00:00+00:00",
        "2026-11-20T12:00:00+02:00",
        "2026-11-20 10:00:00",
        "Fri, 20 Nov 2026 10:00:00 GMT",
        1795168800,
        1795168800000,
        "1795168800",
        datetime(2026, 11, 20, 10),
    ],
)
def test_a_moment_is_read_in_any_form_and_without_a_zone_it_is_utc(written: object) -> None:
    assert moment(written) == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["soon", "", "10:30", "Nov 2026", "2026-13-45", math.nan, math.inf, None, [], {}, "NaT", 10**30]
)
def test_what_is_no_time_is_none_and_never_an_error(written: object) -> None:
    assert moment(written) is None


def test_a_time_that_cannot_be_read_is_the_receipt_and_says_so() -> None:
    found = read(timestamp="next week")
    assert (found.occurred_at, found.flags) == (NOW, ("bad_time",))


@pytest.mark.parametrize(("ahead_s", "flags"), [(1, ()), (299, ()), (301, ("future_time",))])
def test_nothing_happens_after_we_heard_of_it(ahead_s: int, flags: tuple[str, ...]) -> None:
    found = read(timestamp=(NOW + timedelta(seconds=ahead_s)).isoformat())
    assert (found.occurred_at, found.flags) == (NOW, flags)


def test_nothing_is_known_later_than_now() -> None:
    found = read(receivedAt=(NOW + timedelta(days=3)).isoformat(), timestamp="2026-11-20T00:00:00Z")
    assert (found.recorded_at, found.flags) == (NOW, ("future_receipt",))


def test_a_file_says_when_a_row_was_received() -> None:
    found = read(receivedAt="2026-03-02T00:00:00Z", timestamp="2026-03-01T00:00:00Z")
    assert (found.recorded_at.month, found.occurred_at.day, found.flags) == (3, 1, ())


@pytest.mark.parametrize("odd", ["text", 7, [1], True])
@pytest.mark.parametrize("part", ["properties", "traits", "context"])
def test_a_part_that_is_no_object_costs_that_part_only(part: str, odd: object) -> None:
    found = read(**{part: odd})
    assert part not in found.body
    assert found.user_id == "ann"


envelope = (
    "type messageId userId anonymousId groupId previousId event timestamp receivedAt properties traits context".split()
)


@given(st.dictionaries(st.sampled_from(envelope), anything))
def test_any_json_is_an_event_that_databases_take_or_a_refusal(changed: dict[str, Any]) -> None:
    try:
        found = event({**PAGE, **changed}, source="test", received_at=NOW)
    except EventRefused:
        return
    assert found.occurred_at <= found.recorded_at <= NOW
    for text in (found.message_id, found.name, found.user_id, found.anonymous_id, found.group_id):
        assert text is None or ("\0" not in text and text.encode())
    assert from_microseconds(microseconds(found.occurred_at)) == found.occurred_at
    orjson.loads(json_text(found.body))


@given(anything)
def test_json_text_is_json_that_both_databases_take(value: object) -> None:
    text = json_text(value)
    assert "\0" not in text
    assert text.encode()
    again = orjson.loads(text)
    assert json_text(again) == json_text(orjson.loads(json_text(again)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": math.nan, "b": math.inf}, '{"a":null,"b":null}'),
        ({"a": "x\0y"}, '{"a":"x\ufffdy"}'),
        ({"a": r"C:\u0000"}, r'{"a":"C:\\u0000"}'),  # typed like that: a backslash, no control character
        ({"a": 2**70}, '{"a":"1180591620717411303424"}'),
        ({1: "a number for a key"}, '{"1":"a number for a key"}'),
    ],
)
def test_what_json_or_a_database_refuses_costs_that_value_only(value: object, text: str) -> None:
    assert json_text(value) == text


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert json.loads(json_text({"a": "\ud800", "\udfff": 1})) == {"a": "?", "?": 1}
