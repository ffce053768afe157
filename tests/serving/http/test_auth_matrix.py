"""Which scope opens which route: every scope at every described route, from this machine and from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_in_process import LOOPBACK, STRANGER, call, opened
from home_of_two_leads import empty_home

from features.home.database import engine
from serving.api.openapi import document
from serving.http.keys import SCOPES, Keys

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DESCRIBED = {
    (method.upper(), path): described
    for path, methods in document("0")["paths"].items()
    for method, described in methods.items()
}
# What each route needs that takes no events.
NEEDS = {
    ("POST", "/v1/scores"): "scores:read",
    ("GET", "/v1/leads/{lead_id}/score"): "scores:read",
    ("GET", "/v1/leads/{lead_id}/timeline"): "scores:read",
    ("GET", "/v1/leads/{lead_id}/decisions"): "scores:read",
    ("GET", "/v1/leads/{lead_id}/changes"): "scores:read",
    ("GET", "/v1/leads/{lead_id}/next"): "scores:read",
    ("GET", "/v1/leads/{lead_id}/history"): "scores:read",
    ("GET", "/v1/leads"): "scores:read",
    ("GET", "/v1/queues"): "scores:read",
    ("GET", "/v1/hole"): "scores:read",
    ("POST", "/v1/leads/{lead_id}/feedback"): "feedback:write",
    ("POST", "/v1/leads/{lead_id}/handover"): "feedback:write",
    ("GET", "/v1/agreement"): "scores:read",
    ("GET", "/v1/handovers"): "scores:read",
    ("POST", "/v1/handovers/take"): "feedback:write",
    ("GET", "/v1/handovers/{handover_id}"): "scores:read",
    ("POST", "/v1/handovers/{handover_id}/give-back"): "feedback:write",
    ("POST", "/v1/people/{person}/away"): "feedback:write",
    ("GET", "/v1/leads/{lead_id}/export"): "admin",
    ("DELETE", "/v1/leads/{lead_id}"): "admin",
    ("GET", "/v1/models"): "scores:read",
    ("GET", "/v1/failed-events"): "admin",
    ("POST", "/v1/failed-events/replay"): "admin",
}
OPEN = {("GET", "/v1/openapi.json")}
IMPLIED = {"events:write": {"events:write", "crm:write", "admin"}}  # besides itself and admin


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, dict[str, str]]]:
    """What serves an empty home, its application, and a key of each scope."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    home = empty_home(folder)
    keys = {scope: Keys(home).create([scope], NOW, scope).key for scope in SCOPES}
    live, app = opened(home)
    yield live, app, keys
    engine(home.database_url).dispose()


def _needed(route: tuple[str, str]) -> str:
    """The scope of a route: that of the table, or events:write where a write key is one of its ways in."""
    takes_events = any("write_key" in way for way in DESCRIBED[route].get("security", ()))
    return "events:write" if takes_events else NEEDS[route]


def _asked(service: tuple[Any, Any, dict[str, str]], route: tuple[str, str], key: str | None, client: Any) -> Any:
    live, app, _ = service
    live.refresh_keys()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    method, path = route
    return call(app, method, re.sub(r"\{\w+\}", "nobody", path), client, headers=headers, content=b'{"batch": []}')


def test_each_route_that_takes_no_events_stands_in_the_table() -> None:
    read = {
        route for route, said in DESCRIBED.items() if not any("write_key" in way for way in said.get("security", ()))
    }
    assert read == NEEDS.keys() | OPEN


@pytest.mark.parametrize("route", sorted(DESCRIBED.keys() - OPEN), ids=" ".join)
def test_a_route_opens_to_its_scope_and_to_no_other(service: tuple[Any, Any, dict[str, str]], route: Any) -> None:
    needed, keys = _needed(route), service[2]
    may = {needed, "admin"} | IMPLIED.get(needed, set())
    for scope in SCOPES:
        for client in (LOOPBACK, STRANGER):  # a key counts on this machine as well
            answered = _asked(service, route, keys[scope], client)
            assert (answered.status_code == 403) == (scope not in may), (scope, answered.text)
            assert answered.status_code != 401, scope
            assert answered.status_code != 403 or answered.json()["code"] == "missing_scope"


@pytest.mark.parametrize("route", sorted(DESCRIBED.keys() - OPEN), ids=" ".join)
def test_without_a_key_a_route_opens_to_this_machine_alone(
    service: tuple[Any, Any, dict[str, str]], route: Any
) -> None:
    assert _asked(service, route, None, LOOPBACK).status_code not in (401, 403)
    for key, code in ((None, "key_needed"), ("llk_unknown", "unknown_key"), ("", "unknown_key")):
        answered = _asked(service, route, key, STRANGER)
        assert (answered.status_code, answered.json()["code"] in (code, "key_needed")) == (401, True), (
            key,
            answered.text,
        )
        assert answered.headers["www-authenticate"].startswith("Bearer")
    assert _asked(service, route, "llk_unknown", LOOPBACK).status_code == 401  # a wrong key is a mistake, wherever


def test_a_key_with_several_scopes_has_each_of_them_and_no_more(service: tuple[Any, Any, dict[str, str]]) -> None:
    made = Keys(service[0].home).create(["scores:read", "events:write"], NOW)
    assert _asked(service, ("GET", "/v1/models"), made.key, STRANGER).status_code == 200
    assert _asked(service, ("POST", "/v1/track"), made.key, STRANGER).status_code != 403
    assert _asked(service, ("GET", "/v1/failed-events"), made.key, STRANGER).status_code == 403
