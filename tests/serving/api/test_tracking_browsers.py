"""Events at the addresses that browsers use, and what other tools send: taken, or refused by the tool's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from api_in_process import NOW, STRANGER, call, opened, problem
from sqlalchemy import select
from starlette.applications import Starlette

from features.home import tables
from features.home.database import reading
from features.home.settings import Home, Settings
from serving.http.keys import Keys

PAGE = {"type": "page", "userId": "ann", "properties": {"path": "/pricing"}}
ELSEWHERE = {"client": STRANGER, "host": "leadlight.example"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", Settings()).created()


@pytest.fixture
def app(home: Home) -> Starlette:
    return opened(home)[1]


@pytest.fixture
def guarded(home: Home) -> tuple[Starlette, str]:
    """The API of a home with a key for events, and the key."""
    key = Keys(home).create(["events:write"], NOW, "site").key
    return opened(home)[1], key


def pages(count: int) -> list[dict[str, Any]]:
    return [PAGE | {"messageId": f"m{n}"} for n in range(count)]


def post(app: Starlette, path: str, said: object, **request: Any) -> httpx.Response:
    return call(app, "POST", path, content=orjson.dumps(said), **request)


@pytest.mark.parametrize("path", ["/beacon/v1/batch", "/beacon/v1/batch/"])
def test_a_beacon_brings_its_key_in_the_address(guarded, path) -> None:
    app, key = guarded
    sent = {"batch": pages(2), "sentAt": "2026-11-21T12:00:00Z"}
    said = post(app, f"{path}?writeKey={key}", sent, headers={"Content-Type": "text/plain"})
    assert (said.status_code, said.json()["accepted"]) == (200, 2)
    problem(post(app, f"{path}?writeKey=llk_nobody", sent), 401, "unknown_key")
    problem(post(app, f"/v1/batch?writeKey={key}", sent, **ELSEWHERE), 401, "key_needed")


@pytest.mark.parametrize("path", ["/api/s/page", "/api/s/s2s/page", "/api/s/s2s/batch"])
def test_jitsus_clients_are_taken_as_they_are(guarded, path) -> None:
    app, key = guarded
    sent = {"batch": pages(1)} if path.endswith("batch") else pages(1)[0]
    assert post(app, path, sent, headers={"X-Write-Key": key}).json()["accepted"] == 1
    problem(post(app, path, sent, headers={"X-Write-Key": "llk_nobody"}), 401, "unknown_key")


HUBSPOT = {"eventId": 1, "subscriptionId": 2, "portalId": 3, "subscriptionType": "contact.creation", "objectId": 4}
SENDGRID = {"email": "ann@buyer.example", "timestamp": 1, "event": "open", "sg_event_id": "a", "sg_message_id": "b"}
CUSTOMER_IO = {"event_id": "e", "metric": "opened", "object_type": "email", "timestamp": 1, "data": {"recipient": "a"}}
POSTHOG = {"api_key": "phc", "event": "$pageview", "distinct_id": "d", "properties": {}}
SNOWPLOW = {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": [{"e": "pv"}]}
GA4 = {"client_id": "1.2", "events": [{"name": "page_view", "params": {}}]}
CLOUD_EVENT = {"specversion": "1.0", "type": "com.shop.order", "source": "/shop", "id": "1", "data": {}}


@pytest.mark.parametrize(
    ("sent", "tool"),
    [
        ([HUBSPOT], "a HubSpot webhook"),
        ([SENDGRID, SENDGRID], "a SendGrid event webhook"),
        (CUSTOMER_IO, "a Customer.io reporting webhook"),
        (POSTHOG, "a PostHog event"),
        ({"api_key": "phc", "batch": [POSTHOG]}, "a PostHog event"),
        (SNOWPLOW, "a Snowplow event"),
        (GA4, "a Google Analytics 4 event"),
        (CLOUD_EVENT, "a CloudEvent"),
        ({"requests": ["?idsite=1&rec=1"], "token_auth": "t"}, "a Matomo tracking call"),
        ({"type": "subscribe", "fired_at": "2026-11-21 12:00:00", "data": {"id": "8"}}, "a Mailchimp webhook"),
    ],
)
def test_what_other_tools_send_is_refused_by_their_name_and_kept(home, app, sent, tool) -> None:
    said = post(app, "/v1/segment", sent).json()
    assert {rejection["code"] for rejection in said["rejected"]} == {"other_tool"}
    assert said["accepted"] == 0
    assert all(
        f"this is {tool}, which" in one["message"] and "docs/events.md" in one["message"] for one in said["rejected"]
    )
    with reading(home) as connection:
        kept = list(connection.execute(select(tables.failed_events)))
    assert {row.code for row in kept} == {"other_tool"}


@pytest.mark.parametrize(("path", "sent"), [("/v1/batch", GA4), ("/v1/batch", CUSTOMER_IO), ("/v1/track", [SENDGRID])])
def test_where_there_is_no_event_at_all_the_tool_is_named_too(app, path, sent) -> None:
    assert "Leadlight does not read as it is" in problem(post(app, path, sent), 400, "other_tool")["message"]


def test_mailchimps_form_is_named(app) -> None:
    form = b"type=subscribe&fired_at=2026-11-21+12%3A00%3A00&data%5Blist_id%5D=a6b5&data%5Bemail%5D=ann%40buyer.example"
    said = call(app, "POST", "/v1/segment", content=form)
    assert "This is a Mailchimp webhook" in problem(said, 400, "other_tool")["message"]
    problem(call(app, "POST", "/v1/segment", content=b"a=1&b=2"), 400, "broken_json")


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        ("/matomo.php", "Matomo"),
        ("/i/v0/e/", "PostHog"),
        ("/mp/collect", "Google"),
        ("/com.snowplowanalytics.snowplow/tp2", "Snow"),
    ],
)
def test_an_address_of_another_tool_names_it(app, path, tool) -> None:
    assert f"the address of {tool}" in problem(call(app, "POST", path, json={}), 404, "other_tool")["message"]


def test_ones_own_event_may_have_fields_of_other_tools(app) -> None:
    own = {"type": "track", "event": "Paid", "userId": "L-1", "distinct_id": "d", "sg_event_id": "a", "messageId": "m"}
    assert post(app, "/v1/batch", {"batch": [own], "api_key": "x"}).json()["accepted"] == 1
