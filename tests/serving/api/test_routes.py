"""Each address answers with and without a slash at its end, and says which query parameters it does not know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from api_in_process import NOW, call, problem, served
from home_of_two_leads import small_home
from starlette.applications import Starlette

from features.home.clock import rfc3339
from features.home.settings import Home
from serving.api.openapi import document
from serving.api.tracking import BEACON, CALLS
from serving.scoring.bulk import home_scores

TRACKING = {f"{BEACON}/batch", *(f"/v1/{name}" for name in CALLS)}
ROUTES = [
    (method.upper(), path, tuple(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"))
    for path, operations in document("0")["paths"].items()
    for method, operation in operations.items()
]
OURS = [route for route in ROUTES if route[1] not in TRACKING]
KEPT = [route for route in OURS if route[0] != "DELETE"]
BODY = {"/v1/scores": {"leads": [{"lead_id": "L-1"}]}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return small_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def app(home: Home) -> Starlette:
    return served(home)[1]


def asked(app: Starlette, method: str, path: str, query: str = "", lead: str = "L-1") -> Any:
    return call(app, method, path.replace("{lead_id}", lead) + query, json=BODY.get(path))


@pytest.mark.parametrize(("method", "path", "queries"), OURS, ids=str)
def test_an_unknown_query_parameter_is_refused_on_every_route(app, method, path, queries) -> None:
    lead = "nobody" if method == "DELETE" else "L-1"
    told = problem(asked(app, method, path, "?nope=1", lead), 422, "unknown_parameter")
    assert all(name in told["message"] for name in queries) or "did you mean" in told["message"]
    for name in queries:
        assert asked(app, method, path, f"?{name}=1", lead).json().get("code") != "unknown_parameter"
        problem(asked(app, method, path, f"?{name}=1&{name}=2", lead), 422, "repeated_parameter")


def test_a_misspelt_query_parameter_is_answered_with_the_one_that_was_meant(app) -> None:
    told = problem(call(app, "GET", "/v1/leads/L-1/score?asof=2026-11-01"), 422, "unknown_parameter")
    assert told["message"] == "'asof' is no query parameter here; did you mean as_of?"


def test_no_sender_of_events_loses_them_by_what_stands_in_the_address(app) -> None:
    event = {"type": "page", "userId": "visitor", "messageId": "m-1"}
    assert call(app, "POST", "/v1/page?utm_source=x", json=event).json()["accepted"] == 1


@pytest.mark.parametrize(("method", "path", "queries"), KEPT, ids=str)
def test_a_slash_at_the_end_changes_no_answer(app, method, path, queries) -> None:
    plain, slashed = (asked(app, method, path, end) for end in ("", "/"))
    assert slashed.status_code == plain.status_code
    if plain.status_code != 200:
        # Where a body, a handover or a decision to begin with is missing, the route says so.
        says_so = "{handover_id}" in path or path.endswith(("/changes", "/next"))
        assert (method == "POST" and path not in BODY) or says_so
        assert plain.json()["code"] == slashed.json()["code"] != "no_such_route"


@pytest.mark.parametrize("lead", ["L-1", "eu/L 2", "nobody"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_lead_alone_is_no_address_and_is_not_said_to_take_delete(app, lead: str, method: str) -> None:
    answer = call(app, method, f"/v1/leads/{lead}")
    assert answer.status_code == 404
    if method == "GET":
        told = problem(answer, 404, "no_such_route")
        assert "/score" in told["message"]
        assert "DELETE" not in told["message"]


def test_the_score_of_a_lead_with_a_slash_in_its_id_takes_a_slash_at_the_end(app) -> None:
    assert call(app, "GET", "/v1/leads/eu/L 2/score/").json()["lead_id"] == "eu/L 2"
    problem(call(app, "GET", "/v1/leads/nobody/score/"), 404, "unknown_lead")


# As of a moment

MONDAYS = ["2026-11-18T09:00:00Z", "2026-11-18T12:00:00Z", "2026-11-20T00:00:00Z"]


@pytest.mark.parametrize("then", MONDAYS)
def test_a_score_as_of_a_moment_is_the_score_that_the_offline_store_gives(app, home: Home, then: str) -> None:
    answered = call(app, "GET", f"/v1/leads/L-1/score?as_of={then}").json()
    (offline,) = (score for chunk in home_scores(home, datetime.fromisoformat(then), 3, ["L-1"]) for score in chunk)
    assert answered["probability"] == pytest.approx(offline["probability"], rel=1e-9)
    for name in ("score", "decision", "decision_code", "criteria", "trend", "basis", "source"):
        assert answered[name] == orjson.loads(orjson.dumps(offline[name], option=orjson.OPT_UTC_Z))
    assert [each["text"] for each in answered["reasons"]] == [each["text"] for each in offline["reasons"]]
    assert answered["as_of"] == then
    assert (answered["served_from"], answered["stale"]) == ("ledger", False)
    batch = call(app, "POST", f"/v1/scores?as_of={then}", json={"leads": [{"lead_id": "L-1"}, {"lead_id": "no"}]})
    assert batch.json()["data"][0] == answered
    assert batch.json()["data"][1]["status"] == "unknown_lead"


def test_a_score_knows_nothing_of_what_was_recorded_later(app) -> None:
    before = call(app, "GET", "/v1/leads/L-1/score?as_of=2026-11-18T10:00:00Z&reasons=all").json()
    after = call(app, "GET", "/v1/leads/L-1/score?as_of=2026-11-18T10:00:01Z&reasons=all").json()
    assert before["data_through"] < "2026-11-18T10:00:00Z" <= after["data_through"]


def test_a_lead_that_nobody_knew_then_is_unknown(app) -> None:
    problem(call(app, "GET", "/v1/leads/L-1/score?as_of=2026-10-31"), 404, "unknown_lead")
    assert call(app, "GET", "/v1/leads/L-1/score", params={"as_of": "2026-11-20T01:00:00+01:00"}).is_success
    assert call(app, "GET", "/v1/leads/L-1/score?as_of=2026-11-20T01:00:00+01:00").is_success  # a plus is a blank


@pytest.mark.parametrize("then", ["yesterday-ish", "", "0001-01-01", rfc3339(NOW + timedelta(seconds=1))])
def test_a_moment_that_cannot_be_asked_for_is_refused(app, then: str) -> None:
    problem(call(app, "GET", "/v1/leads/L-1/score", params={"as_of": then}), 422, "bad_as_of")
