"""The card by its link: for one person and one handover; reading changes nothing, and one click records."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import handmade_handovers as hand
import httpx
import orjson
import pytest
from api_in_process import STRANGER, call
from sqlalchemy import select
from starlette.applications import Starlette

from features.agreement.versions import save_version
from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home, Settings
from serving.api.bentoml_routes import BentoRoutes
from serving.handovers.acts import FeedbackAct, ReassignAct
from serving.handovers.clocks import working_times
from serving.handovers.handover import Handover
from serving.handovers.store import handover_by_id, write
from serving.handovers.transitions import after
from serving.intake.file_import import ingest
from serving.notices.card_links import Signer, signer
from serving.pages.card.card_routes import CardRoutes

WHO = {"email": "maria@nordwind.example", "name": "Maria Lind", "job_title": "VP Sales", "company": "Nordwind",
       "phone": "+49 30 123456", "country": "Germany"}  # fmt: skip
DID = [
    {"type": "identify", "userId": "L-1", "timestamp": "2026-11-20T10:00:00Z", "traits": WHO},
    {"type": "track", "event": "Webinar Attended", "userId": "L-1", "timestamp": "2026-11-26T14:00:00Z",
     "properties": {"title": "Faster quotes", "minutes_attended": 41}},
    {"type": "track", "event": "Form Submitted", "userId": "L-1", "timestamp": "2026-11-30T12:45:00Z",
     "properties": {"form_type": "demo", "message": "Can we import <b>lists</b>?"}},
]  # fmt: skip
PERSONAL = ("Maria", "Nordwind", "VP Sales", "123456", "maria@", "lists", "Faster quotes")

READ = (
    "Maria Lind",
    "VP Sales, Nordwind",
    'href="tel:+4930123456"',
    "Asked for a demo 20 minutes ago",
    "First try due 14:35",
    "25 min left",
    "Asked: “Can we import (b)lists(/b)?”",
    "Watched “Faster quotes” for 41 min",
    "When do you plan to choose?",
    "webinar, campaign spring-launch",
    "It is Mon 14:10 there",
)


@dataclass
class World:
    """A served home with one handover, and what was said of it by clicks."""

    home: Home
    app: Starlette
    now: datetime = hand.NOW + timedelta(minutes=5)

    @property
    def said(self) -> list[dict[str, Any]]:
        """What each feedback in the ledger says."""
        events = tables.events.c
        with reading(self.home) as connection:
            rows = connection.scalars(select(events.body).where(events.source == "feedback", events.type == "track"))
            return [orjson.loads(body)["properties"] for body in rows]

    def token(self, person: str | None = hand.OWNER) -> str:
        return self.signer().token(self.handover().handover_id, person)

    def signer(self) -> Signer:
        with writing(self.home) as connection:
            return signer(connection)

    def handover(self) -> Handover:
        with reading(self.home) as connection:
            found = handover_by_id(connection, hand.handover().handover_id)
        assert found
        return found

    def step(self, act: Any) -> None:
        before, agreed = self.handover(), hand.agreement()
        changed = after(before, act, agreed, working_times(agreed.people, agreed.time_zone))
        with writing(self.home) as connection:
            assert not write(connection, [(before, changed)])

    def get(self, person: str | None = hand.OWNER) -> httpx.Response:
        return call(self.app, "GET", f"/h/{self.token(person)}")

    def post(self, do: str, person: str | None = hand.OWNER, form: str | None = None, **given: str) -> httpx.Response:
        form = form if form is not None else form_in(self.get(person))
        path = f"/h/{self.token(person)}"
        return call(self.app, "POST", path, data={"do": do, "form": form, **given})


def form_in(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    return found[1] if found else ""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home with lead L-1 and its handover, to be copied."""
    folder = tmp_path_factory.mktemp("cards")
    home = Home(folder / "home", Settings()).created()
    rows = [event | {"messageId": f"m{i}", "receivedAt": event["timestamp"]} for i, event in enumerate(DID)]
    (folder / "events.jsonl").write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    ingest(home, [folder / "events.jsonl"], save_version(home, hand.agreement(), hand.NOW), hand.NOW)
    with writing(home) as connection:
        write(connection, [(None, hand.handover())])
    return folder


@pytest.fixture
def world(template: Path, tmp_path: Path) -> World:
    shutil.copytree(template / "home", tmp_path / "home")
    home = Home(tmp_path / "home", Settings())
    made = World(home, Starlette())

    class Served:
        def __init__(self) -> None:
            self.home = home

    routes = CardRoutes(Served(), lambda: made.now).routes()  # type: ignore[arg-type]
    made.app = Starlette(routes=routes)
    return made


def test_the_owner_reads_whom_to_call_why_now_what_to_say_and_how_long_is_left(world: World) -> None:
    page = world.get()
    assert page.status_code == 200
    assert [shown for shown in READ if shown not in page.text] == []
    assert "script" not in page.text
    assert " style=" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "'unsafe" not in page.headers["content-security-policy"]


def test_a_link_names_nobody_and_a_changed_one_opens_nothing(world: World) -> None:
    token = world.token()
    assert "ann" not in token
    for other in (token[:-1], token + "x", token[:10], "x" * 40, "a.b.c"):
        answer = call(world.app, "GET", f"/h/{other}")
        assert answer.status_code == 404
        assert not any(word in answer.text for word in PERSONAL)
    strangers = Signer(b"x" * 32).token(world.handover().handover_id, hand.OWNER)
    assert call(world.app, "GET", f"/h/{strangers}").status_code == 404


def test_a_channels_link_shows_no_contact_data_and_no_button(world: World) -> None:
    page = world.get(person=None)
    assert page.status_code == 200
    assert "25 min left" in page.text
    assert not any(word in page.text for word in PERSONAL)
    assert "<form" not in page.text
    assert world.post("no_answer", person=None, form="x").status_code == 403
    assert not world.said


def test_a_card_opens_and_records_from_any_machine_through_what_guards_the_service(world: World) -> None:
    guarded: Any = BentoRoutes(world.app, world)  # type: ignore[arg-type]
    path = f"/h/{world.token()}"
    page = call(guarded, "GET", path, client=STRANGER, host="leads.ours.example")
    sent = {"do": "no_answer", "form": form_in(page)}
    assert call(guarded, "POST", path, client=STRANGER, host="leads.ours.example", data=sent).status_code == 303
    assert len(world.said) == 1


def test_reading_changes_nothing_however_often_a_scanner_follows_the_link(world: World) -> None:
    before = world.handover()
    for method in ("GET", "HEAD", "GET"):
        assert call(world.app, method, f"/h/{world.token()}?do=no_answer").status_code == 200
    assert world.handover() == before
    assert not world.said


@pytest.mark.parametrize(
    ("do", "given", "kind"),
    [
        ("no_answer", {}, {"kind": "tried", "medium": "call", "result": "no_answer"}),
        ("voicemail", {}, {"kind": "tried", "medium": "call", "result": "voicemail"}),
        ("talked", {"note": " a  b "}, {"kind": "contacted", "medium": "call", "result": "talked", "note": "a b"}),
        ("accepted", {}, {"kind": "accepted"}),
        ("call_back", {"call_back_at": "2026-12-01T10:00"},
         {"kind": "tried", "medium": "call", "result": "call_back", "call_back_at": "2026-12-01T09:00:00Z"}),
        ("not_now", {"revisit_on": "2027-02-28"}, {"kind": "not_now", "revisit_on": "2027-02-28"}),
        ("wrong_person", {}, {"kind": "rejected", "reason": "wrong_person"}),
        ("wrong_person", {"right_email": "jo@nordwind.example", "right_name": "Jo"},
         {"kind": "redirected", "redirected_to": {"email": "jo@nordwind.example", "name": "Jo"}}),
        ("rejected_too_early", {}, {"kind": "rejected", "reason": "too_early"}),
    ],
)  # fmt: skip
def test_one_click_says_one_thing_in_the_owners_name(
    world: World, do: str, given: dict[str, str], kind: dict[str, Any]
) -> None:
    answer = world.post(do, **given)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/h/{world.token()}"
    (said,) = world.said
    said.get("redirected_to", {}).pop("lead_id", None)
    assert said == {"handover_id": world.handover().handover_id, "by": hand.OWNER, **kind}
    assert world.handover().state != "offered"


def test_a_form_of_another_card_or_of_yesterday_or_of_nobody_records_nothing(world: World) -> None:
    old = form_in(world.get())
    for form in ("", "x", old[:-1]):
        assert world.post("no_answer", form=form).status_code == 403
    other = world.signer().form_token(world.token(hand.OTHER), "n", world.now)
    assert world.post("no_answer", form=other).status_code == 403
    world.now += timedelta(hours=13)
    late = world.post("no_answer", form=old)
    assert late.status_code == 403
    assert "Nothing was recorded; click once more." in late.text
    assert not world.said


def test_a_page_that_was_sent_twice_says_one_thing(world: World) -> None:
    form = form_in(world.get())
    for _ in range(2):
        assert world.post("no_answer", form=form).status_code == 303
    assert len(world.said) == 1
    world.post("no_answer")
    assert len(world.said) == 2


@pytest.mark.parametrize(
    ("do", "given", "sentence"),
    [
        ("call_back", {"call_back_at": "soon"}, "Say when to call back"),
        ("not_now", {"revisit_on": ""}, "Say on which day to come back"),
        ("call_back", {"call_back_at": "2026-11-29T10:00"}, "2026-11-29 10:00 is over; say when to call back."),
        ("not_now", {"revisit_on": "2026-11-30"}, "2026-11-30 is not to come; say on which later day"),
        ("wrong_person", {"right_name": "Jo"}, "Give the e-mail address of the right person"),
        ("wrong_person", {"right_email": "jo at nordwind"}, "is no e-mail address"),
        ("sell", {}, "does not know that button"),
        ("undo", {}, "nothing to undo"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence_and_nothing_is_recorded(
    world: World, do: str, given: dict[str, str], sentence: str
) -> None:
    answer = world.post(do, **given)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not world.said


def test_what_feedback_refuses_is_said_on_the_card(world: World) -> None:
    colleague = f"ben@{hand.agreement().our_domains[0]}"
    answer = world.post("wrong_person", right_email=colleague)
    assert answer.status_code == 422
    assert "is one of us; name a buyer, or pass the handover on to your colleague." in answer.text
    assert not world.said


def test_after_reassignment_the_old_link_says_who_has_it_and_does_nothing(world: World) -> None:
    form = form_in(world.get())
    world.step(ReassignAct(hand.minutes(6), hand.OTHER, "reassigned"))
    page = world.get()
    assert "ben has this lead now." in page.text
    assert not any(word in page.text for word in PERSONAL)
    assert "<form" not in page.text
    world.post("talked", form=form)
    assert not world.said
    assert "Maria Lind" in world.get(hand.OTHER).text


def test_after_a_click_the_card_says_what_follows_and_offers_the_way_back(world: World) -> None:
    world.step(
        FeedbackAct(hand.minutes(9), hand.OWNER, 7, "tried", medium="call", result="no_answer", feedback_id="fb_1")
    )
    world.now = hand.minutes(10)
    page = world.get()
    assert "Recorded 14:14: no answer. Next try due Fri 4 Dec 18:00, 4 days left." in page.text
    assert "until tomorrow 18:00" in page.text
    world.now = hand.minutes(9) + timedelta(days=2)
    assert "Undo" not in world.get().text


def test_what_was_clicked_can_be_taken_back_by_one_click(world: World) -> None:
    world.post("rejected_not_a_fit")
    assert not world.handover().is_open
    page = world.get()
    assert "Closed: it was rejected (not a fit)." in page.text
    assert world.post("undo").status_code == 303
    assert (world.handover().state, world.handover().is_open) == ("offered", True)
    assert "First try due 14:35" in world.get().text


@pytest.mark.parametrize(("do", "state"), [("converted", "converted"), ("lost", "lost")])
def test_who_was_reached_and_is_asked_what_became_of_it_says_so_by_a_click(world: World, do: str, state: str) -> None:
    assert f'value="{do}"' not in world.get().text
    world.post("talked")
    assert f'value="{do}"' in world.get().text
    assert world.post(do).status_code == 303
    assert world.handover().state == state
    assert world.post("undo").status_code == 303
    assert world.handover().state == "contacted"


def test_a_link_ends_a_day_after_the_handover_does(world: World) -> None:
    world.step(FeedbackAct(hand.minutes(9), hand.OWNER, 7, "rejected", reason="not_a_fit", feedback_id="fb_1"))
    world.now = hand.minutes(60)
    page = world.get()
    assert "Closed: it was rejected (not a fit)." in page.text
    assert "How did it go?" not in page.text
    world.now = hand.minutes(9) + timedelta(days=1)
    over = world.get()
    assert over.status_code == 410
    assert not any(word in over.text for word in PERSONAL)
