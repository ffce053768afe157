"""Signing in: a password against a cookie that only this home signs, that ends, and that is ended at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import handmade_handovers as hand
import handmade_worklists as lists
import httpx
import pytest
from api_in_process import STRANGER, call
from starlette.applications import Starlette

from features.home.errors import LeadlightError
from features.home.settings import Home, Settings
from serving.pages.sign_in_routes import SignInRoutes
from serving.pages.worklist.worklist_routes import WorklistRoutes
from serving.signin.users import User, Users

PASSWORD = "correct horse battery"
WRONG = "wrong wrong wrong"


@dataclass
class Door:
    """The pages of a home with one user, asked for from another machine, and the time."""

    home: Home
    app: Starlette = field(default_factory=Starlette)
    now: datetime = lists.LATER

    def ask(self, method: str, path: str, cookie: str = "", **how: Any) -> httpx.Response:
        headers = {**({"Cookie": cookie} if cookie else {}), **how.pop("headers", {})}
        return call(self.app, method, path, client=STRANGER, host="leads.ours.example", headers=headers, **how)

    def sign_in(self, password: str = PASSWORD, **how: Any) -> httpx.Response:
        form = re.search(r'name="form" value="([^"]+)"', self.ask("GET", "/sign-in").text)
        assert form
        sent = {"form": form[1], "email": hand.OWNER, "password": password}
        return self.ask("POST", "/sign-in", data=sent, **how)

    def cookie(self, password: str = PASSWORD) -> str:
        return self.sign_in(password).headers["set-cookie"].partition(";")[0]


def door_of(home: Home) -> Door:
    made = Door(home)

    class Served:
        def __init__(self) -> None:
            self.home = home

    served: Any = Served()
    pages = (SignInRoutes(served, lambda: made.now), WorklistRoutes(served, lambda: made.now))
    made.app = Starlette(routes=[route for page in pages for route in page.routes()])
    return made


@pytest.fixture
def door(tmp_path: Path) -> Door:
    home = lists.worklist_home(tmp_path / "home")
    Users(home).add(User(hand.OWNER, "rep", None, hand.NOW, None), PASSWORD)
    lists.add_handover(home, "L-1", "Maria Lindqvist", "Nordwind")
    return door_of(home)


@pytest.mark.parametrize(
    ("to", "leads_to"),
    [
        ("leads/L-1", "leads/L-1"),
        ("leads/eu%2FL%202", "leads/eu%2FL%202"),
        ("//evil.example/leads/x", "worklist"),
        ("leads//evil.example", "worklist"),
        ("https://evil.example", "worklist"),
        ("leads/x\r\nSet-Cookie: a=b", "worklist"),
    ],
)
def test_who_asked_for_a_lead_is_led_to_it_and_nobody_to_another_site(door: Door, to: str, leads_to: str) -> None:
    asked = door.ask("GET", "/sign-in", params={"to": to}).text
    action, form = (re.search(f'{name}="([^"]+)"', asked)[1] for name in ("action", 'name="form" value'))  # type: ignore[index]
    sent = {"form": form, "email": hand.OWNER, "password": PASSWORD}
    assert door.ask("POST", f"/{action}", data=sent).headers["location"] == leads_to


def test_who_signed_in_reads_his_leads_and_a_changed_forged_or_old_cookie_opens_nothing(door: Door) -> None:
    assert door.ask("GET", "/worklist").headers["location"] == "sign-in"
    cookie = door.cookie()
    assert "Maria Lindqvist" in door.ask("GET", "/worklist", cookie).text
    for forged in (f"{cookie[:-4]}xxxx", "leadlight=x", "leadlight=", f"{cookie}x", "leadlight=IngiLg.x"):
        assert door.ask("GET", "/worklist", forged).status_code == 303
    door.now += timedelta(hours=12)
    assert door.ask("GET", "/worklist", cookie).status_code == 303


def test_a_removed_user_and_one_with_a_new_password_are_signed_out_at_once(door: Door) -> None:
    cookie = door.cookie()
    Users(door.home).add(User(hand.OWNER, "rep", None, door.now, None), PASSWORD + "!")
    assert door.ask("GET", "/worklist", cookie).status_code == 303
    assert door.sign_in().status_code == 403
    cookie = door.cookie(PASSWORD + "!")
    Users(door.home).remove(hand.OWNER, door.now)
    assert door.ask("GET", "/worklist", cookie).status_code == 303
    assert door.sign_in(PASSWORD + "!").status_code == 403


def test_signing_out_needs_a_form_of_the_page_and_ends_the_session(door: Door) -> None:
    cookie = door.cookie()
    page = door.ask("GET", "/worklist", cookie)
    assert door.ask("POST", "/sign-out", cookie, data={"form": "x"}).status_code == 403
    form = re.findall(r'name="form" value="([^"]+)"', page.text)[-1]
    gone = door.ask("POST", "/sign-out", cookie, data={"form": form})
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert door.ask("GET", "/worklist", cookie).status_code == 303


def test_after_five_that_failed_a_sign_in_waits_longer_each_time(door: Door) -> None:
    assert [door.sign_in(WRONG).status_code for _ in range(6)] == [403] * 5 + [429]
    assert door.sign_in().status_code == 429
    door.now += timedelta(seconds=3)
    assert door.sign_in(WRONG).status_code == 403
    door.now += timedelta(seconds=3)
    assert door.sign_in().headers["retry-after"] == "2"
    door.now += timedelta(seconds=3)
    assert door.sign_in().status_code == 303


def test_a_sign_in_that_another_site_sent_is_refused(door: Door) -> None:
    assert door.sign_in(headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    sent = {"form": "x", "email": hand.OWNER, "password": PASSWORD}
    assert door.ask("POST", "/sign-in", data=sent).status_code == 403


def test_the_cookie_goes_into_frames_only_where_these_are_allowed(door: Door) -> None:
    plain = door.sign_in().headers["set-cookie"]
    assert plain.endswith("Path=/; Max-Age=43200; HttpOnly; SameSite=Lax")
    given = {"public_url": "https://leads.ours.example", "frame_ancestors": "https://crm.example"}
    framed = door_of(Home(door.home.path, Settings.model_validate(given))).sign_in().headers["set-cookie"]
    assert framed.startswith("__Host-leadlight=")
    assert framed.endswith("HttpOnly; Secure; SameSite=None; Partitioned")


@pytest.mark.parametrize(
    ("email", "role", "crm_id", "password", "code"),
    [
        ("ann", "rep", None, PASSWORD, "bad_email"),
        (hand.OWNER, "reps", None, PASSWORD, "unknown_role"),
        (hand.OWNER, "rep", "a b", PASSWORD, "bad_crm_id"),
        (hand.OWNER, "rep", None, "short", "bad_password"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    tmp_path: Path, email: str, role: Any, crm_id: str | None, password: str, code: str
) -> None:
    with pytest.raises(LeadlightError) as refused:
        Users(Home(tmp_path, Settings())).add(User(email, role, crm_id, hand.NOW, None), password)
    assert refused.value.code == code
