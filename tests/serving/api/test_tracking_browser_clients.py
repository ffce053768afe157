"""Browser clients from npm, unmodified, in a real browser: each event once, and the time on the page with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_clients import BROWSER_CLIENTS, VISIT_MS, BrowserClient, visiting
from browser_layout import chromium
from home_of_two_leads import NOW
from service_process import Served, served
from throwaway_servers import until

from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.http.keys import Keys

pytestmark = pytest.mark.slow

OF_THEMSELVES = {"Page Loaded"}  # as its beacon's client notes of each page


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Served, str]]:
    """A home without an agreement that is served, and a key for its site."""
    if chromium() is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    home = Home(tmp_path_factory.mktemp("browsers") / "home", Settings()).created()
    key = Keys(home).create(["events:write"], NOW, "site").key
    with served(home) as service:
        yield home, service, key


def said(home: Home) -> list[tuple[str, str]]:
    """The name of each event of the ledger, with what tells it from the others of its name."""
    rows = [row for chunk in Ledger(home).chunks() for row in chunk]
    assert len({row.message_id for row in rows}) == len(rows)
    told = [(row.name, json.loads(row.body)) for row in rows]
    return [(name, str(body.get("properties", {}).get("n", ""))) for name, body in told if name not in OF_THEMSELVES]


@pytest.mark.parametrize("client", BROWSER_CLIENTS, ids=str)
def test_a_browser_delivers_each_event_once_and_the_time_on_the_page(
    place: tuple[Home, Served, str], client: BrowserClient, tmp_path: Path
) -> None:
    home, service, key = place
    before = Counter(said(home))
    expected = Counter(
        [*[("page", "")] * 2, ("identify", ""), *[("Tried", str(n)) for n in range(3)], (client.left, "")]
    )
    with visiting(client, f"127.0.0.1:{service.port}", key, tmp_path):
        until(lambda: (Counter(said(home)) - before).keys() >= expected.keys())
        until(lambda: (Counter(said(home)) - before)["page", ""] == 2)
    assert Counter(said(home)) - before == expected
    pages = service.get(f"/v1/leads/{client.name}/export").json()["behaviours"]["pricing_page"]
    assert pages["count"] == 2
    assert VISIT_MS / 60_000 <= pages["minutes"] < 0.5
    score = service.get(f"/v1/leads/{client.name}/score").json()
    assert (score["status"], score["warnings"][0]["code"]) == ("scored", "not_agreed")
