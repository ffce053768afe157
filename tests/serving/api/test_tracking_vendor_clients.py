"""Clients that people already have deliver every event once, unmodified and in as many requests as they planned.

CLIENT_EVENTS=10000 is the full form; 300 events are enough for several batches of each client.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from home_of_two_leads import NOW, small_home
from recording_proxy import acknowledged, listening_in
from service_process import Served, served
from throwaway_servers import until
from vendor_clients import CLIENTS, SEGMENT_PYTHON, Call, Client, facts

from features.home.settings import Home
from features.ledger.ledger import Ledger
from serving.http.keys import Keys

pytestmark = pytest.mark.slow

EVENTS = int(os.environ.get("CLIENT_EVENTS", "300"))
EACH = 12  # events of one lead
# A batch that waits this long for its last event is sent half full; one second is enough even on a busy machine.
PATIENT = {"upload_interval": 2}


@dataclass
class Place:
    """A home that is served, and a key to write to it with."""

    home: Home
    service: Served
    write_key: str

    def rows(self) -> dict[str, Any]:
        """The ledger's events by messageId."""
        found = [row for chunk in Ledger(self.home).chunks() for row in chunk]
        by_id = {row.message_id: row for row in found}
        assert len(by_id) == len(found)  # also no two sources have the same one
        return by_id


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = small_home(tmp_path_factory.mktemp("clients"))
    write_key = Keys(home).create(["events:write"], NOW).key
    with served(home) as service:
        yield Place(home, service, write_key)


def calls(client: Client) -> list[Call]:
    """Every kind of call in turn, each with a number of its own; Python's clients can say NaN too."""
    number = math.nan if client.name.endswith("python") else 2.5
    return [_call(str(client), place, number) for place in range(EVENTS)]


def _call(client: str, n: int, number: float) -> Call:
    user, visitor = {"userId": f"{client}-{n // EACH}"}, {"anonymousId": f"{client}-visitor-{n // EACH}"}
    return (
        {"call": "page", **visitor, "name": "Pricing", "properties": {"path": "/pricing", "n": n}},
        {"call": "identify", **user, **visitor, "traits": {"country": "France", "n": n}},
        {"call": "track", **user, "event": "Content Downloaded", "properties": {"n": n, "minutes": number}},
        {"call": "group", **user, "groupId": f"{client}-{n // EACH // 3}.example", "traits": {"n": n}},
        {"call": "alias", **user, "previousId": f"{client}-before-{n}"},
        {"call": "screen", **user, "name": "Prices", "properties": {"n": n}},
    )[n % 6]


def meant(call: Call) -> tuple[object, ...]:
    """What a call says, whoever brings it."""
    names = [call.get(name) for name in ("call", "userId", "anonymousId", "groupId", "previousId", "event")]
    return *names, facts(call).get("n")


def kept(row: Any) -> tuple[object, ...]:
    """The same of a row of the ledger."""
    body = json.loads(row.body)
    event = row.name if row.type == "track" else None
    return row.type, row.user_id, row.anonymous_id, row.group_id, body.get("previousId"), event, facts(body).get("n")


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_every_event_is_delivered_once_in_the_planned_requests(place: Place, client: Client) -> None:
    told = calls(client)
    with listening_in(place.service.port) as wire:
        said = client.deliver(wire.url, place.write_key, told, **PATIENT)
        exchanges = wire.exchanges()
    assert said == {"sent": EVENTS, "failed": 0}
    assert {exchange.status for exchange in exchanges} == {200}
    assert len(exchanges) == client.requests(EVENTS)  # no resend of a batch
    ids = acknowledged(exchanges)
    assert len(ids) == len(set(ids)) == EVENTS  # nor of an event
    for exchange in exchanges:
        n = len(exchange.ids)
        counts = {"received": n, "accepted": n, "duplicates": 0, "rejected": []}
        assert json.loads(exchange.answer).items() >= {"success": True, **counts}.items()
    rows = place.rows()
    delivered = [rows[message_id] for message_id in ids]
    assert sorted(map(repr, map(kept, delivered))) == sorted(map(repr, map(meant, told)))


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_a_client_with_a_wrong_key_is_told_so_once(place: Place, client: Client) -> None:
    """An answer in other words sends one of them into eleven attempts."""
    before = place.rows().keys()
    with listening_in(place.service.port) as wire:
        said = client.deliver(wire.url, "llk_wrong", calls(client)[:1])
        exchanges = wire.exchanges()
    assert said == {"sent": 1, "failed": 1}
    (refused,) = exchanges
    assert refused.status == 401
    assert {"code", "message", "request_id"} <= json.loads(refused.answer).keys()
    assert place.rows().keys() == before


def test_a_number_that_is_none_costs_that_number_alone(place: Place) -> None:
    told = {"call": "track", "userId": "odd", "event": "Odd", "properties": {"a": math.nan, "b": -math.inf, "c": 3}}
    SEGMENT_PYTHON.deliver(place.service.url, place.write_key, [told])
    (row,) = [row for row in place.rows().values() if row.user_id == "odd"]
    assert json.loads(row.body)["properties"] == {"a": None, "b": None, "c": 3}
    assert row.flags


def test_a_browser_posts_plain_text_with_its_key_inside(place: Place) -> None:
    """As analytics.js does where it must not ask first: no preflight, so neither a JSON type nor an Authorization."""
    said = {"messageId": "from-a-browser", "anonymousId": "b", "event": "Pricing Viewed", "type": "track"}
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": "https://www.seller.example"}
    body = json.dumps(said | {"writeKey": place.write_key, "properties": {"title": "Zürich \u2013 \U0001f680"}})
    answered = place.service.post("/v1/t", content=body.encode(), headers=headers)
    assert answered.status_code == 200
    assert answered.json()["accepted"] == 1
    assert answered.headers["access-control-allow-origin"] in ("*", headers["origin"])
    assert json.loads(place.rows()["from-a-browser"].body)["properties"]["title"] == "Zürich \u2013 \U0001f680"


def test_a_browser_may_ask_first(place: Place) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    answered = httpx.options(f"{place.service.url}/v1/batch", headers={"origin": "https://www.seller.example", **asked})
    assert answered.status_code == 204
    assert "authorization" in answered.headers["access-control-allow-headers"].lower()


def test_three_visits_that_a_client_delivers_move_the_score(place: Place) -> None:
    def score() -> dict[str, Any]:
        return place.service.get("/v1/leads/L-1/score").json()

    before = score()
    visit = {"call": "page", "userId": "L-1", "properties": {"path": "/pricing"}}
    SEGMENT_PYTHON.deliver(place.service.url, place.write_key, [visit] * 3)
    after = score()
    assert (before["criteria"]["levels"]["need"], after["criteria"]["levels"]["need"]) == (None, 3)
    assert after["score"] > before["score"]
    until(lambda: score()["served_from"] == "online")  # the ledger answers for an online store that is slow
