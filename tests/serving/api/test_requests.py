"""What a request body may be, and what is said of one that is something else."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from serving.api.requests import BentoScoresRequest, check, most_reasons, requested_leads
from serving.http import bodies
from serving.http.bodies import body, json_value
from serving.http.problems import Problem
from serving.limits import COMPRESSED_BYTES, INFLATED_BYTES, JSON_DEPTH, MOST_LEADS

LEAD = {"lead_id": "L-1"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(["lead_id", "email", "external_id", "traits", "events", "client_reference_id", "a/b~c", ""])
LEADS = st.dictionaries(FIELDS, VALUES, max_size=3)


def read(chunks: list[bytes], **headers: str) -> bytes:
    """What `body` reads of a request that sends `chunks`."""
    rest = list(chunks) or [b""]

    async def receive():
        chunk = rest.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(rest)}

    said = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return asyncio.run(body(Request({"type": "http", "headers": said}, receive)))


def problem(call, *arguments) -> Problem:
    with pytest.raises(Problem) as raised:
        call(*arguments)
    return raised.value


def told(value) -> list[tuple[str, str]]:
    """(pointer, code) of each error in a body that is JSON."""
    return [(error.pointer, error.code) for error in problem(requested_leads, value).errors]


@pytest.mark.parametrize(
    "lead",
    [
        {"lead_id": "L-1"},
        {"email": "ann@buyer.example"},
        {"external_id": {"salesforce": "00Q1"}},
        {"traits": {"job_title": "VP", "employees": 310, "left": None}},
        {"events": [{"type": "page", "properties": {"path": "/pricing"}, "anything": [1]}]},
        {"traits": {}, "events": [], "client_reference_id": "row 1"},
    ],
)
def test_a_lead_is_asked_for_by_one_name_or_told_inline(lead):
    assert requested_leads({"leads": [lead]}) == [lead]


def test_a_null_field_is_a_field_left_out():
    assert requested_leads({"leads": [LEAD | {"email": None, "traits": None}]}) == [LEAD]


@pytest.mark.parametrize(
    "lead", [{}, {"client_reference_id": "x"}, {"lead_id": "a", "email": "b"}, {"email": "b", "traits": {}}]
)
def test_a_lead_with_no_name_or_two_is_refused(lead):
    assert told({"leads": [LEAD, lead]}) == [("/leads/1", "one_name")]


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ({}, [("/leads", "missing")]),
        ([], [("", "wrong_type")]),
        ("leads", [("", "wrong_type")]),
        ({"leads": {}}, [("/leads", "wrong_type")]),
        ({"leads": []}, [("/leads", "too_few")]),
        ({"leads": [LEAD] * (MOST_LEADS + 1)}, [("/leads", "too_many")]),
        ({"leads": [LEAD], "model": 17}, [("/model", "unknown_field")]),
        ({"leads": [LEAD | {"a/b~c": 1}]}, [("/leads/0/a~1b~0c", "unknown_field")]),
        ({"leads": ["L-1"]}, [("/leads/0", "wrong_type")]),
        ({"leads": [{"lead_id": 42}]}, [("/leads/0/lead_id", "wrong_type")]),
        ({"leads": [{"lead_id": ""}]}, [("/leads/0/lead_id", "empty")]),
        ({"leads": [{"lead_id": "x" * 256}]}, [("/leads/0/lead_id", "too_long")]),
        ({"leads": [{"lead_id": "a\x00"}]}, [("/leads/0/lead_id", "bad_text")]),
        ({"leads": [{"external_id": {}}]}, [("/leads/0/external_id", "too_few")]),
        ({"leads": [{"external_id": {"a": "1", "b": "2"}}]}, [("/leads/0/external_id", "too_many")]),
        ({"leads": [{"external_id": {"a": 1}}]}, [("/leads/0/external_id/a", "wrong_type")]),
        ({"leads": [{"traits": []}]}, [("/leads/0/traits", "wrong_type")]),
        ({"leads": [{"events": {}}]}, [("/leads/0/events", "wrong_type")]),
        ({"leads": [{"events": [1]}]}, [("/leads/0/events/0", "wrong_type")]),
        ({"leads": [LEAD, {"lead": "a"}, {"lead_id": True}]},
         [("/leads/1/lead", "unknown_field"), ("/leads/2/lead_id", "wrong_type")]),
    ],
)  # fmt: skip
def test_each_error_points_to_where_it_is(value, errors):
    assert told(value) == errors


def test_1000_leads_are_not_too_many():
    assert len(requested_leads({"leads": [LEAD] * MOST_LEADS})) == MOST_LEADS


def test_an_unknown_field_is_answered_with_the_near_one():
    assert "did you mean lead_id?" in problem(requested_leads, {"leads": [{"leadid": "x"}]}).message
    assert "did you mean leads?" in problem(requested_leads, {"lead": []}).errors[1].detail


def test_no_error_repeats_what_was_sent():
    """What is sent may be personal, and answers are logged on the way."""
    for lead in ({"lead_id": 4242424242}, {"email": ["ann@buyer.example"]}, {"traits": "ann@buyer.example"}):
        said = json.dumps(problem(requested_leads, {"leads": [lead]}).body("r"))
        assert "ann@" not in said
        assert "4242" not in said


def test_a_body_of_many_errors_is_answered_with_some_of_them():
    found = problem(requested_leads, {"leads": [{"x": 1}] * MOST_LEADS})
    assert len(found.errors) == 50
    assert "999 more" in found.message


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.just("leads") | st.text(max_size=3), st.lists(LEADS, max_size=3) | VALUES, max_size=2))
def test_any_json_is_either_asked_or_refused_with_pointers_that_lead_somewhere(value):
    refused = None
    try:
        assert len(requested_leads(json_value(json.dumps(value).encode()))) == len(value["leads"])
    except Problem as raised:
        refused = raised
    for error in refused.errors if refused else ():
        assert error.code == "missing" or leads_somewhere(value, error.pointer)
    assert refused is None or refused.status in (400, 422)


def leads_somewhere(value, pointer: str) -> bool:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return True


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        (b'{"leads":[{"traits":{"a":1,"b":NaN}}]}', ["/leads/0/traits/b"]),
        (b'{"leads":[{"traits":{"a":Infinity,"b":-Infinity}}]}', ["/leads/0/traits/a", "/leads/0/traits/b"]),
        (b'{"leads":[{"events":[{"n":[0,1e999]}]}]}', ["/leads/0/events/0/n/1"]),
        (b"NaN", [""]),
    ],
)
def test_nan_and_infinity_are_found_wherever_they_are(raw, pointers):
    found = problem(json_value, raw)
    assert found.status == 422
    assert [error.pointer for error in found.errors] == pointers
    assert {error.code for error in found.errors} == {"not_a_number"}


@pytest.mark.parametrize("raw", [b"", b" ", b"{", b"[1,]", b"{'a':1}", b'"\xff"', b'"\\ud800"', b"\xff\xfe{\x00}\x00"])
def test_what_is_no_json_in_utf_8_is_a_400(raw):
    found = problem(json_value, raw)
    assert (found.status, found.code) == (400, "broken_json")


def test_a_byte_order_mark_is_allowed():
    assert json_value(b"\xef\xbb\xbf" + json.dumps({"leads": []}).encode()) == {"leads": []}


@pytest.mark.parametrize("depth", [JSON_DEPTH + 1, 900, 100_000])
def test_what_nests_too_deep_is_refused_and_overflows_nothing(depth):
    assert problem(json_value, b"[" * depth + b"]" * depth).status in (400, 422)


def test_the_deepest_body_that_may_be_is_read():
    raw = b"[" * JSON_DEPTH + b"]" * JSON_DEPTH
    assert json_value(raw) == json.loads(raw)
    assert problem(json_value, b'{"a":' + raw + b"}").errors[0].code == "too_deep"


def test_numbers_keep_every_digit():
    assert json_value(b"[0.1, 1e-320, 9007199254740993, 0.30000000000000004]") == [0.1, 1e-320, 2**53 + 1, 0.1 + 0.2]


def test_a_body_is_read_in_any_pieces():
    assert read([b'{"le', b"", b'ads":[]}']) == b'{"leads":[]}'
    packed = gzip.compress(b'{"leads":[]}')
    assert read([packed[:7], packed[7:]], content_encoding="gzip") == b'{"leads":[]}'
    assert read([gzip.compress(b'{"leads"') + gzip.compress(b":[]}")], content_encoding="GZip") == b'{"leads":[]}'


def test_a_body_of_just_the_limit_is_read_and_one_byte_more_is_not():
    assert len(read([b" " * INFLATED_BYTES])) == INFLATED_BYTES
    assert problem(read, [b" " * INFLATED_BYTES, b" "]).status == 413  # no length was named beforehand
    assert len(read([gzip.compress(b" " * INFLATED_BYTES)], content_encoding="gzip")) == INFLATED_BYTES
    packed = gzip.compress(b" " * (INFLATED_BYTES + 1))
    with pytest.raises(Problem, match="over 4,194,304 bytes"):
        read([packed], content_encoding="gzip")


def packed_problem(packed: bytes) -> Problem:
    with pytest.raises(Problem) as raised:
        read([packed], content_encoding="gzip")
    return raised.value


def test_empty_gzip_members_cost_no_second_before_a_key_is_asked():
    assert read([gzip.compress(b"") * 99 + gzip.compress(b"{}")], content_encoding="gzip") == b"{}"
    many = gzip.compress(b"") * 52_000
    assert len(many) < COMPRESSED_BYTES
    assert packed_problem(many).code == "too_many_members"


GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


@pytest.mark.parametrize("block", [b"\x00\x00\x00\xff\xff", b"\x04\x10\x40\x00\x01"], ids=["stored", "fixed code"])
def test_blocks_that_hold_nothing_end_with_the_bytes_that_were_sent(block: bytes):
    assert packed_problem(GZIP_HEAD + block * 200_000).code == "broken_gzip"


def test_the_event_loop_goes_on_while_a_body_is_inflated(monkeypatch: pytest.MonkeyPatch):
    inflating_in = []
    monkeypatch.setattr(bodies, "inflated", lambda sent: inflating_in.append(threading.get_ident()) or b"{}")
    assert read([gzip.compress(b"{}")], content_encoding="gzip") == b"{}"
    assert threading.get_ident() not in inflating_in


def test_a_body_that_names_its_size_is_refused_before_it_is_sent():
    def never():
        raise AssertionError("the body was read")

    for limit, headers in ((INFLATED_BYTES, {}), (COMPRESSED_BYTES, {"content_encoding": "gzip"})):
        said = [(b"content-length", str(limit + 1).encode())]
        said += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        request = Request({"type": "http", "headers": said}, never)
        assert problem(asyncio.run, body(request)).status == 413


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    async def never():
        await asyncio.Event().wait()

    monkeypatch.setattr("serving.limits.BODY_SECONDS", 0.01)
    assert problem(asyncio.run, body(Request({"type": "http", "headers": []}, never))).status == 408


def test_a_bomb_is_inflated_no_further_than_the_limit():
    bomb = gzip.compress(b" " * (256 * 2**20), compresslevel=9)
    assert len(bomb) < COMPRESSED_BYTES
    assert problem(lambda: read([bomb], content_encoding="gzip")).status == 413
    many = gzip.compress(b" " * INFLATED_BYTES) * 20
    assert problem(lambda: read([many], content_encoding="gzip")).status == 413


PACKED = gzip.compress(b"{}", mtime=0)


@pytest.mark.parametrize("packed", [b"no gzip", PACKED[:-3], PACKED + b"more", b""])
def test_a_broken_gzip_is_a_400(packed):
    found = problem(lambda: json_value(read([packed], content_encoding="gzip")))
    assert found.status == 400


def test_another_encoding_is_a_415():
    assert problem(lambda: read([b"{}"], content_encoding="br")).status == 415


@pytest.mark.parametrize(("said", "most"), [(None, 3), ("all", None), ("0", 0), ("12", 12)])
def test_reasons_are_a_number_or_all(said, most):
    assert most_reasons(said) == most


@pytest.mark.parametrize("said", ["", "-1", "1.5", "ALL", "three", "²", "1e3", "9" * 7])
def test_other_reasons_are_refused(said):
    assert problem(most_reasons, said).status == 422


def test_the_native_api_takes_the_same_leads_and_its_reasons_in_the_body():
    check({"leads": [LEAD]}, BentoScoresRequest)
    check({"leads": [LEAD], "reasons": None}, BentoScoresRequest)
    for more in ({"reasons": -1}, {"reasons": "3"}, {"reason": 3}):
        assert problem(check, {"leads": [LEAD]} | more, BentoScoresRequest).status == 422
