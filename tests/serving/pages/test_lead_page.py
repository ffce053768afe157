"""The page of a lead: who may read it, what its figures mean, and that each of them is what the API computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import lead_pages as leads
import pytest
from decided_homes import ANN, FIT, DecidedHome, lead, live_agreement
from sqlalchemy import delete, insert

from features.home import tables
from features.home.clock import microseconds
from features.home.database import engine, writing
from serving.code_words import code_words
from serving.decisions.changes import changes
from serving.pages.card.card_facts import Reader
from serving.pages.lead.meaning import meaning, of_hundred
from serving.pages.lead.score_chart import score_chart
from serving.pages.lead.why import why
from serving.pages.plan_words import plan_words, planned_question
from serving.signin.visitor import Visitor

STYLED = re.compile(r"<style>.*?</style>", re.DOTALL)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[leads.LeadPages]:
    world = leads.world_of_leads(tmp_path_factory.mktemp("leads"))
    at_us = microseconds(world.now)
    for email, role in (
        (leads.MANAGER, "manager"),
        (leads.MARKETING, "marketing"),
        ("ina@ours.example", "inside_sales"),
    ):
        row = {"email": email, "role": role, "password": "", "created_us": at_us, "removed_us": None}
        with writing(world.home) as connection:
            connection.execute(insert(tables.users).values(row))
    yield leads.pages_of(world)
    engine(world.home.database_url).dispose()


def text_of(page: httpx.Response) -> str:
    """The words of a page, without marks of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", STYLED.sub("", page.text))).split())


def score_of(pages: leads.LeadPages, lead_id: str) -> dict[str, Any]:
    (score,) = pages.world.parts["scorer"].scores([{"lead_id": lead_id}], pages.world.now, None)
    return dict(score)


def test_it_says_the_score_what_it_means_and_by_what_it_was_made(pages: leads.LeadPages) -> None:
    page, score = pages.get("/leads/L-1"), score_of(pages, "L-1")
    shown = text_of(page)
    assert page.status_code == 200
    assert f"{score['score']} grade {score['grade']}" in shown
    assert f"Of 100 leads like this about {score['probability'] * 100:.0f} convert within 90 days." in shown
    low, high = (edge * 100 for edge in score["interval"])
    assert f"may be anything from {low:.0f} to {high:.0f} of 100" in shown  # it rests on the criteria alone
    assert f"under version {score['agreement']['version']} of the agreement" in shown
    assert not re.search(r"log-?odds|logit|probability|sales_ready|asked_for_sales|None", shown)


@pytest.mark.parametrize("lead_id", ["L-1", "L-2", "odd/one", "cust"])
def test_the_steps_of_why_are_whole_points_that_lead_from_50_to_the_score(pages: leads.LeadPages, lead_id: str) -> None:
    score = score_of(pages, lead_id)
    found = why(score)
    assert found is not None
    steps = [step for group in found.groups for step in group.steps]
    assert 50 + sum(step.points for step in steps) == score["score"] == steps[-1].end
    assert [step.begin for step in steps] == [50, *(step.end for step in steps[:-1])]
    by_heading = {group.heading: group.points for group in found.groups}
    assert abs(by_heading.get("Fit: who it is", 0) - score["fit_points"]) <= 0.5
    assert abs(by_heading.get("Engagement: what it does", 0) - score["engagement_points"]) <= 0.5
    for step in steps:
        assert 0 <= found.place(step.begin) <= 100


def reason(kind: str, points: float, text: str = "r") -> dict[str, Any]:
    return {"kind": kind, "points": points, "text": text}


@pytest.mark.parametrize("points", [[0.3] * 9, [-0.4, 12.4, 12.4, -3.5], [7.0] * 9, [60.2], [-80.0], []])
def test_small_reasons_rounding_and_the_ends_of_the_scale_are_steps_too(points: list[float]) -> None:
    exact = 47.4 + sum(points) + 0.2
    score = {"score": round(min(max(exact, 1), 99)), "base_points": 47.4}
    found = why(score | {"reasons": [reason("behaviour", one) for one in points] + [reason("other", 0.2)]})
    assert found is not None
    assert 50 + sum(group.points for group in found.groups) == score["score"]
    assert found.low <= 1
    assert found.high >= 99


def test_what_changed_is_what_the_api_says(pages: leads.LeadPages) -> None:
    links = re.findall(r'href="[^"]*since=([^"#&]+)[^"]*#changed"', pages.get("/leads/L-1").text)
    since = httpx.QueryParams(f"since={links[-1]}")["since"]
    at_us = microseconds(datetime.fromisoformat(since))
    said = changes(pages.world.home, "L-1", microseconds(pages.world.now), (at_us, None), True)
    shown = text_of(pages.get(f"/leads/L-1?since={links[-1]}"))
    assert f"went from {said['from']['score']} to {said['to']['score']}" in shown
    for step in said["steps"]:
        assert (step["text"] in shown) == (round(step["points"]) != 0)


def test_the_timeline_has_minutes_and_says_why_an_event_does_not_count(pages: leads.LeadPages) -> None:
    rows = re.findall(
        r"<tr><th scope=\"row\" class=\"name\">.*?</tr>", pages.get("/leads/L-1").text.partition('id="timeline"')[2]
    )
    said = [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]
    assert any("Webinar Attended Faster quotes 41 webinars" in row for row in said)
    assert any("/pricing 6 pricing pages" in row for row in said)
    assert any("not counted: says who this is" in row for row in said)


def test_a_long_timeline_goes_on_where_the_page_before_ended(tmp_path: Path) -> None:
    world = DecidedHome.of(tmp_path / "home", live_agreement())
    told = [{"type": "page", "userId": "L-9", "properties": {"path": f"/p{n}"}} for n in range(120)]
    world.hear(lead("L-9", industry="software"), *told)
    pages, address, seen = leads.pages_of(world), "/leads/L-9", list[str]()
    for _ in range(3):
        page = pages.get(address)
        seen += re.findall(r"<small>/(p\d+)</small>", page.text)
        assert len(page.content) < 100_000
        found = re.search(r'href="\.\./(leads/L-9\?before=[^"]+)"', page.text)
        address = f"/{unescape(found[1])}" if found else ""
    assert not address
    assert sorted(seen) == sorted(f"p{n}" for n in range(120))
    engine(world.home.database_url).dispose()


def test_others_at_the_company_are_named_with_rank_and_when_they_were_active(pages: leads.LeadPages) -> None:
    shown = text_of(pages.get("/leads/L-1")).partition("Others at this company")[2]
    assert "Jonas Weber IT Manager manager" in shown
    assert "Tue 3 Nov 11:00" in shown or "Tue 3 Nov 10:00" in shown


def test_the_one_question_to_ask_next_and_what_is_open_are_the_criteria_s(pages: leads.LeadPages) -> None:
    shown = text_of(pages.get("/leads/odd%2Fone"))
    assert "Ask next: What would you like to solve?" in shown
    assert "Timeframe 0 of 3 no time named yet Ask: When do you plan to choose?" in shown


@pytest.mark.parametrize(
    ("lead_id", "says"),
    [
        ("bare", "Not enough activity yet"),
        ("objects", "It objected to profiling: it has no score and no reasons"),
        ("objects", "Not scored. Objected to profiling. It is handed over all the same as soon as it asks for us."),
        ("cust", "Existing customer. A customer. The account's owner looks after it"),
        ("rival", "Disqualified. Disqualified by an agreed rule. Nobody of ours contacts it to sell."),
    ],
)
def test_a_lead_that_is_no_usual_one_is_a_page_that_says_so(pages: leads.LeadPages, lead_id: str, says: str) -> None:
    page = pages.get(f"/leads/{lead_id}")
    assert page.status_code == 200
    assert says in text_of(page)


@pytest.mark.parametrize("lead_id", ["bare", "objects"])
def test_where_there_is_no_score_no_number_is_made_up(pages: leads.LeadPages, lead_id: str) -> None:
    shown = text_of(pages.get(f"/leads/{lead_id}"))
    assert "grade" not in shown
    assert "of 100" not in shown.partition("Criteria")[0]
    assert "What changed" not in shown
    assert ("Criteria:" in shown) == (lead_id == "bare")  # who objects is not judged either


def test_a_lead_that_is_gone_unknown_or_merged_is_said_to_be_so(pages: leads.LeadPages) -> None:
    assert [pages.get(f"/leads/{name}").status_code for name in ("gone", "nobody", "%00", "")] == [410, 404, 404, 404]
    assert "erased" in text_of(pages.get("/leads/gone"))
    merged = pages.get("/leads/twin?me=ann@ourcompany.example")
    assert (merged.status_code, merged.headers["location"]) == (307, "../leads/L-2?me=ann@ourcompany.example")


def test_codes_are_words_on_the_page(pages: leads.LeadPages) -> None:
    for lead_id, (decision, code, _) in pages.world.decisions().items():
        shown = text_of(pages.get(f"/leads/{lead_id.replace('/', '%2F')}"))
        assert code_words(code) in shown
        assert not {one for one in (decision, code) if "_" in one and one in shown}


def test_an_id_with_a_slash_finds_its_way_back(pages: leads.LeadPages) -> None:
    assert 'href="../worklist"' in pages.get("/leads/odd%2Fone").text
    assert 'href="../../worklist"' in pages.get("/leads/odd/one").text


# Who may read it


def test_a_rep_reads_his_own_and_not_the_lead_of_another(pages: leads.LeadPages) -> None:
    owner = leads.owner_of(pages.world, "L-1")
    other = leads.other_rep(owner)
    his = text_of(pages.by_proxy(owner, "/leads/L-1"))
    assert "+49 30 123456" in his
    assert "How did it go?" in his
    # Of the two reps one had it until its time ran out: whoever had a lead once goes on reading it, without buttons.
    once = text_of(pages.by_proxy(other, "/leads/L-1"))
    assert "+49 30 123456" not in once
    assert "How did it go?" not in once
    refused = pages.by_proxy(owner, "/leads/L-2")
    assert refused.status_code == 403
    assert leads.JONAS["name"] not in refused.text


@pytest.mark.parametrize(
    ("role", "queue", "owners", "may"),
    [
        ("rep", "sales", [None], True),
        ("rep", "sales", ["other@x.example"], False),
        ("rep", "marketing", [None], False),
        ("rep", "account_owner", [ANN], True),
        ("rep", None, [None], False),
        ("rep", None, [None, ANN], True),
        ("inside_sales", "inside_sales", ["other@x.example"], True),
        ("inside_sales", "sales", [None], False),
        ("marketing", "marketing", [None], True),
        ("marketing", None, [None], True),
        ("marketing", "sales", ["other@x.example"], False),
        ("manager", "sales", ["other@x.example"], True),
        ("admin", None, [None], True),
    ],
)
def test_roles_read_the_leads_of_their_lists_and_their_own(role: Any, queue: Any, owners: Any, may: bool) -> None:
    assert Visitor(role, "proxy", ANN).may_read(queue, owners) == may


def test_number_and_address_are_for_who_has_the_lead_and_for_roles_that_act_for_others(pages: leads.LeadPages) -> None:
    assert "+49 30 123456" in text_of(pages.by_proxy(leads.MANAGER, "/leads/L-1"))
    seen = pages.by_proxy(leads.MARKETING, "/leads/hostile")
    assert seen.status_code == 200
    assert "h@hostile.example" not in seen.text
    assert "Number and address are shown to the one who has this lead." in seen.text


def test_whom_nobody_vouches_for_is_sent_to_sign_in(pages: leads.LeadPages) -> None:
    away = pages.get("/leads/L-1", client=("192.0.2.7", 40_000), host="leads.ours.example")
    assert (away.status_code, away.headers["location"]) == (303, "../sign-in?to=leads%2FL-1")


# What is clicked


def test_a_click_on_the_page_is_recorded_once_and_leads_back_to_it(pages: leads.LeadPages) -> None:
    owner = leads.owner_of(pages.world, "L-1")
    page = pages.get(f"/leads/L-1?me={owner}")
    (action,) = set(re.findall(r'action="\.\./(h/[^"]+)"', page.text))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    assert hidden.keys() == {"form", "back", "me"}
    given = {name: unescape(value) for name, value in hidden.items()} | {"do": "no_answer", "note": "asked her to mail"}
    answer = pages.post(f"/{action}", given)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/leads/L-1?me={owner.replace('@', '%40')}")
    assert pages.post(f"/{action}", given).status_code == 303
    shown = text_of(pages.get(f"/leads/L-1?me={owner}"))
    assert "1 of 6" in shown
    assert "Recorded 11:18: no answer" in shown or "Recorded 12:18: no answer" in shown
    assert "noted “asked her to mail”" in shown
    assert f"{owner.partition('@')[0]} tried: no answer" in shown
    assert "Undo" in shown


def test_what_was_closed_on_the_page_is_told_there_and_can_be_undone(tmp_path: Path) -> None:
    world = DecidedHome.of(tmp_path / "home", live_agreement())
    world.hear(lead("L-5", **FIT))
    pages, owner = leads.pages_of(world), leads.owner_of(world, "L-5")

    def click(do: str) -> str:
        page = pages.get(f"/leads/L-5?me={owner}").text
        (action,) = set(re.findall(r'action="\.\./(h/[^"]+)"', page))
        given = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        assert pages.post(f"/{action}", {name: unescape(said) for name, said in given.items()} | {"do": do}).is_redirect
        return text_of(pages.get(f"/leads/L-5?me={owner}"))

    closed = click("rejected_not_a_fit")
    assert "Closed: it was rejected (not a fit)." in closed
    assert "How did it go?" not in closed
    assert "How did it go?" in click("undo")
    engine(world.home.database_url).dispose()


def test_what_strangers_wrote_runs_nothing_and_links_nowhere(pages: leads.LeadPages) -> None:
    for path in ("/leads/hostile", "/leads/odd%2Fone", "/leads/hostile?since=%3Cscript%3E&before=%3Cscript%3E"):
        page = pages.get(path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "{{7*7}}" not in page.text or "49" not in text_of(page).partition("Timeline")[0]
        assert "\u202e" not in page.text
        assert "evil.example" not in " ".join(re.findall(r'href="([^"]*)"', page.text))
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert not re.search(r"\sstyle=|\son\w+=\"", STYLED.sub("", page.text))


# Meaning and pictures


def test_a_probability_is_a_count_of_a_hundred_people() -> None:
    assert [of_hundred(one) for one in (0.0004, 0.01, 0.273, 0.99, 0.998)] == [
        "fewer than 1", "about 1", "about 27", "about 99", "more than 99",
    ]  # fmt: skip


def figures(**changed: Any) -> dict[str, Any]:
    known = {
        "probability": 0.27,
        "score": 76,
        "grade": "A",
        "interval": [0.12, 0.41],
        "basis": "full",
        "status": "scored",
    }
    known |= {
        "status": "scored",
        "horizon_days": 90,
        "threshold": 0.2,
        "trend": "improving",
        "question": "as_things_are",
    }
    return known | {"if_tried_now": None, "unlike_tried": None} | changed


def said_of(**changed: Any) -> str:
    found = meaning(figures(**changed), live_agreement())
    return " ".join([found.headline, *found.sentences])


def test_the_interval_is_said_where_little_is_known_and_not_where_much_is() -> None:
    assert "from 12 to 41 of 100" in said_of(basis="few")
    assert "from 12" not in said_of()
    assert "few outcomes" in said_of(basis="few", interval=None)


def test_what_the_figure_answers_is_said() -> None:
    assert "as sales works its leads today" in said_of()
    assert "if sales first tries it now" in said_of(question="if_tried_now", if_tried_now=0.27)
    assert "If sales first tries it now, about 33 of 100 convert." in said_of(if_tried_now=0.33)
    assert "Nobody like this lead was ever tried" in said_of(unlike_tried=True)
    assert "within" not in said_of(horizon_days=None)


def test_the_chart_of_one_moment_is_none_and_of_more_is_said_in_a_sentence(pages: leads.LeadPages) -> None:
    begun, zone = pages.world.now, ZoneInfo(live_agreement().time_zone)
    assert score_chart([(begun, 40)], 58, zone) is None
    later = begun.replace(day=begun.day + 2)
    chart = score_chart([(begun, 40), (later, 76)], 58, zone)
    assert chart is not None
    assert chart.sentence == (
        "The score was 40 on 5 Nov 2026 and is 76 now; the lowest was 40, the highest 76. The bar for sales is at 58."
    )
    assert chart.dots[0][1] > chart.dots[1][1]  # a higher score stands higher
    shown = pages.get("/leads/L-1").text
    said = re.findall(r'role="img" aria-label="([^"]*)"', shown)
    assert f'<p class="quiet">{said[0]}</p>' in shown  # for eyes, too


def test_a_lead_that_objected_shows_no_score_of_before(tmp_path: Path) -> None:
    world = DecidedHome.of(tmp_path / "home", live_agreement())
    world.hear(lead("L-3", **FIT))
    world.hear(lead("L-3", profiling_opt_out=True))
    page = leads.pages_of(world).get("/leads/L-3")
    assert "Not scored" in text_of(page)
    assert not re.search(r"\b\d\d, [A-D]\b", text_of(page))
    assert '<svg class="chart"' not in page.text
    engine(world.home.database_url).dispose()


def test_a_lead_that_was_not_decided_yet_is_shown_all_the_same(tmp_path: Path) -> None:
    world = DecidedHome.of(tmp_path / "home", live_agreement())
    world.hear(lead("L-4", **FIT))
    with writing(world.home) as connection:
        for table in (tables.handovers, tables.lead_decisions, tables.decisions):
            connection.execute(delete(table))
    page = leads.pages_of(world).get("/leads/L-4")
    assert page.status_code == 200
    assert "Nothing was decided yet." in text_of(page)
    engine(world.home.database_url).dispose()


def test_the_worklist_and_the_card_lead_to_it(pages: leads.LeadPages) -> None:
    owner = leads.owner_of(pages.world, "L-1")
    listed = pages.get(f"/worklist?me={owner}&queue=sales").text
    assert f'href="leads/L-1?me={owner.replace("@", "%40")}"' in listed
    (card,) = set(re.findall(r'href="(h/[^"]+)"', listed))
    assert 'href="../leads/L-1"' in pages.get(f"/{card}").text
    assert 'href="leads/odd%2Fone"' in pages.get("/worklist?queue=marketing").text


PLAN: dict[str, Any] = {"waits": None, "step": None, "phase": "regular", "come_back_at": None, "ask": None} | {
    "next": {"kind": "news", "topic": "pricing", "content_id": None}, "due_at": "2026-11-06T09:00:00Z",
}  # fmt: skip
STEP = {"step": 2, "of": 6, "medium": "email", "due_at": "2026-11-06T09:00:00Z", "until": "2026-11-26T09:00:00Z"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ("Send next", "what is new on pricing, tomorrow 10:00")),
        ({"next": {"kind": "content", "topic": "pricing", "content_id": "guide"}},
         ("Send next", "“guide” on pricing, tomorrow 10:00")),
        ({"next": {"kind": "question", "topic": None, "content_id": None}},
         ("Send next", "the question below, tomorrow 10:00")),
        ({"step": STEP}, ("Next step", "2 of 6, by mail, tomorrow 10:00")),
        ({"waits": {"code": "not_now", "until": "2026-11-06T09:00:00Z", "text": "asked to hear from us later"}},
         ("Waits", "asked to hear from us later, until tomorrow 10:00")),
        ({"phase": "slow"}, ("Rhythm", "slowly, for nothing came back")),
    ],
)  # fmt: skip
def test_the_plan_of_a_lead_that_is_not_ready_is_said_in_words(changed: dict[str, Any], says: tuple[str, str]) -> None:
    reader = Reader(datetime(2026, 11, 5, 11, 18, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert says in list(plan_words(PLAN | changed, live_agreement(), reader))
    assert list(plan_words(None, live_agreement(), reader)) == []


def test_the_question_of_the_plan_is_the_one_that_is_asked_next() -> None:
    asked = {"criterion": "need", "question": "what would you like to solve?", "trait": None}
    assert planned_question(PLAN | {"ask": asked}) == "What would you like to solve?"
    assert planned_question(PLAN) is None
