"""The worklist: who may read which leads, by time left, filtered by the address, and adding up."""

from __future__ import annotations

import csv
import io
import re
import shutil
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import handmade_handovers as hand
import handmade_worklists as lists
import httpx
import orjson
import pytest
from api_in_process import STRANGER, call
from openpyxl import load_workbook
from sqlalchemy import insert, select
from starlette.applications import Starlette

from features.home import tables
from features.home.clock import microseconds
from features.home.database import reading, writing
from features.home.settings import Home, Settings
from serving.pages.card.card_routes import CardRoutes
from serving.pages.sign_in_routes import SignInRoutes
from serving.pages.worklist.worklist_routes import WorklistRoutes

PROXY = ("10.0.0.7", 40_000)
MARIA, JONAS = "Maria Lindqvist", "Jonas Weber"


@dataclass
class World:
    """A home with a worklist, and its pages."""

    home: Home
    app: Starlette

    def get(self, path: str = "/worklist", **how: Any) -> httpx.Response:
        return call(self.app, "GET", path, **how)

    def by_proxy(self, person: str, path: str = "/worklist", client: Any = PROXY) -> httpx.Response:
        return self.get(path, client=client, host="leads.ours.example", headers={"X-User": person})


def pages_of(home: Home) -> Starlette:
    class Served:
        def __init__(self) -> None:
            self.home = home

    served: Any = Served()
    made = (CardRoutes(served, now), SignInRoutes(served, now), WorklistRoutes(served, now))
    return Starlette(routes=[route for one in made for route in one.routes()])


def now() -> Any:
    return lists.LATER


def add_user(home: Home, email: str, role: str, removed: bool = False) -> None:
    at_us = microseconds(hand.NOW)
    row = {"email": email, "role": role, "password": "", "created_us": at_us, "removed_us": at_us if removed else None}
    with writing(home) as connection:
        connection.execute(insert(tables.users).values(row))


def names_in(page: httpx.Response) -> list[str]:
    found = re.findall(r'<th scope="row"[^>]*><span dir="auto">(?:<a [^>]*>)?(.*?)(?:</a>)?<small>', page.text)
    return [unescape(name) for name in found]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home with four leads, to be copied."""
    home = lists.worklist_home(tmp_path_factory.mktemp("worklist") / "home")
    lists.add_handover(home, "L-1", MARIA, "Nordwind")
    lists.add_handover(home, "L-2", JONAS, "Weber Bau", owner=hand.OTHER, kind="returned")
    lists.add_lead(home, "L-3", "Aiko Tanaka", "Kaze")
    lists.add_lead(home, "L-4", "Olu Ade", "Lagos Steel", queue="marketing", decision="nurture", code="below_bar")
    return home.path


@pytest.fixture
def world(template: Path, tmp_path: Path) -> World:
    shutil.copytree(template, tmp_path / "home")
    settings = Settings(user_header="X-User", trusted_proxies="10.0.0.0/24, 192.0.2.9")
    home = Home(tmp_path / "home", settings)
    return World(home, pages_of(home))


def test_on_this_machine_everybodys_leads_are_read_without_a_sign_in_and_nowhere_else(world: World) -> None:
    page = world.get()
    assert page.status_code == 200
    assert sorted(names_in(page)) == sorted([MARIA, JONAS, "Aiko Tanaka"])
    assert "script" not in page.text
    assert " style=" not in page.text
    for how in (
        {"client": STRANGER},
        {"headers": {"X-Forwarded-For": "203.0.113.9"}},
        {"host": "evil.example"},
        {"headers": {"X-User": hand.BOSS}},
    ):
        refused = world.get(**how)
        assert refused.status_code == 401
        assert MARIA not in refused.text


def test_the_one_who_has_least_time_left_stands_first_with_one_due_time_and_why_now(world: World) -> None:
    page = world.get()
    assert names_in(page)[-1] == "Aiko Tanaka"
    assert "min left" in page.text
    assert "read the prices" in page.text.lower()
    assert "google, campaign spring" in page.text


def test_a_rep_whom_the_proxy_names_reads_his_own_and_nobodys_and_opens_his_card(world: World) -> None:
    page = world.by_proxy(hand.OWNER)
    assert names_in(page) == [MARIA, "Aiko Tanaka"]
    link = re.search(r'href="(h/[^"]+)"', page.text)
    assert link
    card = world.get(f"/{link[1]}", client=STRANGER, host="leads.ours.example")
    assert card.status_code == 200
    assert MARIA in card.text
    for path in (f"/worklist?owner={hand.OTHER}", "/worklist?queue=marketing", "/worklist?queue=nothing"):
        refused = world.by_proxy(hand.OWNER, path)
        assert refused.status_code == 403
        assert JONAS not in refused.text


def test_marketing_reads_its_own_list_a_manager_all_and_who_was_removed_none(world: World) -> None:
    add_user(world.home, "mia@ours.example", "marketing")
    add_user(world.home, hand.BOSS, "manager")
    add_user(world.home, hand.OTHER, "rep", removed=True)
    assert names_in(world.by_proxy("mia@ours.example")) == ["Olu Ade"]
    assert world.by_proxy("mia@ours.example", "/worklist?queue=sales").status_code == 403
    assert len(names_in(world.by_proxy(hand.BOSS))) == 3
    assert world.by_proxy(hand.OTHER).headers["location"] == "sign-in"


@pytest.mark.parametrize("client", [STRANGER, ("127.0.0.1", 4), ("10.0.1.7", 4), ("not an address", 4)])
def test_a_name_from_a_proxy_that_is_not_listed_counts_for_nothing(world: World, client: Any) -> None:
    assert world.by_proxy(hand.OWNER, client=client).status_code == 401


def test_two_names_or_no_name_are_nobody(world: World) -> None:
    two = [("X-User", hand.OWNER), ("X-User", hand.BOSS)]
    assert world.get(client=PROXY, host="leads.ours.example", headers=two).status_code == 401
    for name in ("", "nobody@else.example", "two words"):
        assert world.by_proxy(name).status_code == 401


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("mine=1&me=ann@ours.example", [MARIA]),
        ("returned=1", [JONAS]),
        ("new=1&returned=1", [JONAS]),
        ("overdue=1", []),
        ("owner=ben@ours.example", [JONAS]),
        ("search=nordWIND", [MARIA]),
        ("search=jonas&mine=1&me=ann@ours.example", []),
        ("queue=marketing", ["Olu Ade"]),
    ],
)
def test_the_address_says_what_is_shown(world: World, query: str, shown: list[str]) -> None:
    assert names_in(world.get(f"/worklist?{query}")) == shown


def test_the_queues_on_the_page_add_up_to_the_open_leads_of_the_ledger(world: World) -> None:
    page = world.get()
    assert "4 open leads in all queues" in page.text
    assert "do not add up" not in page.text


def test_pages_go_on_where_one_ended_and_show_everybody_once(world: World) -> None:
    lists.add_leads(world.home, {f"M-{n:03}": (f"Name {n:03}", "Co") for n in range(120)})
    found, path = list[str](), "/worklist"
    while path:
        page = world.get(path)
        found += names_in(page)
        after = re.search(r'<a href="([^"]+)">Next page', page.text)
        path = "/" + unescape(after[1]) if after else ""
    assert len(found) == len(set(found)) == 123
    assert names_in(world.get("/worklist?search=name+119")) == ["Name 119"]


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "&lt;b"])
def test_what_strangers_wrote_is_text(world: World, hostile: str) -> None:
    lists.add_lead(world.home, "L-9", hostile, hostile, campaign=hostile, reason=hostile, source=hostile)
    for path in ("/worklist", f"/worklist?search={hostile.replace('&', '%26')}"):
        page = world.get(path)
        assert "<script" not in page.text
        assert "<img" not in page.text


def test_an_overdue_handover_says_so_in_words(world: World) -> None:
    lists.add_handover(world.home, "L-8", "Late Lee", "Co", at=hand.NOW - timedelta(days=3))
    page = world.get("/worklist?overdue=1")
    assert names_in(page) == ["Late Lee"]
    assert "overdue" in page.text


def test_a_file_holds_what_the_page_shows_and_no_formula_and_is_audited(world: World) -> None:
    lists.add_lead(world.home, "L-9", "=HYPERLINK(1)", "@SUM(A1)", reason="-2+3", campaign="+x")
    answer = world.by_proxy(hand.OWNER, "/worklist.csv?search=hyperlink")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["name", "'=HYPERLINK(1)"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    sheet = load_workbook(io.BytesIO(world.get("/worklist.xlsx").content)).active
    assert sheet is not None
    assert sheet.max_row == 5
    mine, local = (hand.OWNER, "exported", "worklist.csv"), ("this machine", "exported", "worklist.xlsx")
    assert audited(world.home) == [mine, local]
    assert world.get("/worklist.csv", client=STRANGER).status_code == 401
    assert world.by_proxy(hand.OWNER, "/worklist.csv?queue=marketing").status_code == 403


PLAN = {
    "waits": None, "step": None, "phase": "slow", "come_back_at": None, "missing": ["need", "timeframe"],
    "next": {"kind": "news", "topic": "pricing", "content_id": None}, "due_at": "2026-12-09T09:00:00Z",
    "ask": {"criterion": "need", "question": "what would you like to solve?"},
}  # fmt: skip


def test_a_lead_that_is_not_ready_says_what_it_lacks_what_comes_next_and_what_to_ask(world: World) -> None:
    kept = orjson.dumps({"plan": PLAN}).decode()
    lists.add_lead(world.home, "L-8", "Nina Early", "Acme", queue="marketing", decision="nurture", nurture=kept)
    page = world.get("/worklist?queue=marketing")
    assert "Lacks: need, timeframe; Send next: what is new on pricing, " in page.text
    assert "Ask: What would you like to solve?" in page.text
    assert "Came back" not in page.text
    rows = list(csv.DictReader(io.StringIO(world.get("/worklist.csv?queue=marketing").content.decode("utf-8-sig"))))
    assert {row["lead_id"]: row["plan"][:22] for row in rows}["L-8"] == "Lacks: need, timeframe"


def audited(home: Home) -> list[tuple[str, str, str]]:
    columns = tables.audit.c
    with reading(home) as connection:
        rows = connection.execute(select(columns.by, columns.action, columns.subject).order_by(columns.audit_id))
        return [(row.by, row.action, row.subject) for row in rows]


def form_in(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    return found[1] if found else ""


def test_a_rep_says_that_he_is_away_by_a_form_of_his_own_page_alone(world: World) -> None:
    own, others = form_in(world.by_proxy(hand.OWNER)), form_in(world.by_proxy(hand.OTHER))

    def said(form: str, until: str, **more: str) -> int:
        headers = {"X-User": hand.OWNER, **more}
        sent = {"form": form, "until": until}
        path = "/worklist/away?queue=sales"
        return call(world.app, "POST", path, PROXY, "leads.ours.example", data=sent, headers=headers).status_code

    assert [said(form, "2026-12-04") for form in ("", "x", others)] == [403] * 3
    assert said(own, "2026-12-04", **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert said(own, "soon") == said(own, "9999-12-31") == 422
    assert said(own, "2026-12-04") == 303
    assert audited(world.home) == [(hand.OWNER, "away", hand.OWNER)]


def test_pages_are_framed_by_the_listed_sites_alone(world: World) -> None:
    assert "frame-ancestors 'none'" in world.get().headers["content-security-policy"]
    assert world.get().headers["x-frame-options"] == "DENY"
    settings = world.home.settings.model_copy(update={"frame_ancestors": "https://crm.example"})
    page = call(pages_of(Home(world.home.path, settings)), "GET", "/worklist")
    assert "frame-ancestors https://crm.example" in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers


@pytest.mark.parametrize("sites", ["*", "https://a.example; script-src *", "crm.example", "https://a.example/path'"])
def test_a_frame_ancestor_that_is_no_site_is_refused_at_the_start(sites: str) -> None:
    with pytest.raises(ValueError, match="frame_ancestors"):
        Settings(frame_ancestors=sites)
