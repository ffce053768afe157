"""Plans as a home keeps them: made with each decision, read by API, and the list of today as a csv for a mail tool."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_in_process import call, opened, problem
from decided_homes import DAY, MINUTE, MONDAY, DecidedHome, lead, live_agreement

from features.agreement.agreement import Agreement
from features.home.database import engine, reading
from serving.decisions.replay import replay
from serving.health.lead_sources import tool_checks
from serving.nurture.contents import unknown_contents
from serving.nurture.kept_plans import kept_plans, todays_step
from serving.nurture.mail_list import mail_list, write_mail_list
from serving.nurture.questions import unanswerable
from serving.rounds.sweep import sweep

CONTENT = '\n[content]\nguide = { topic = "pricing", title = "=What it costs" }\ntour = { topic = "product" }\n'
IDA = "ida@ourcompany.example"


def track(lead_id: str, event: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "userId": lead_id, "event": event, "properties": properties}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[DecidedHome]:
    lines = live_agreement(bar="{ probability = 0.90 }", inside_sales=f'{{ "{IDA}" = 5 }}').text
    made = DecidedHome.of(tmp_path, Agreement.parse(lines + CONTENT), is_built=False)
    yield made
    engine(made.home.database_url).dispose()


def plan(made: DecidedHome, lead_id: str) -> Any:
    with reading(made.home) as connection:
        kept = kept_plans(connection, [lead_id])[lead_id]
    return kept.plan


def test_a_plan_follows_each_event_and_is_read_by_api(made: DecidedHome) -> None:
    made.hear(lead("ann", email="ann@n.example", job_title="VP Sales"))
    made.hear(track("ann", "Content Downloaded", content_id="old", content_type="whitepaper", topic="Pricing"))
    made.decider.decide_rest()
    assert plan(made, "ann")["next"] == {"kind": "content", "topic": "pricing", "content_id": "guide"}
    made.now += DAY
    made.hear(track("ann", "Email Sent", content_id="guide", question="What would you like to solve?"))
    made.decider.decide_rest()
    _, app = opened(made.home, now=lambda: made.now)
    answer = call(app, "GET", "/v1/leads/ann/next").json()
    assert (answer["next"]["kind"], answer["unanswered"]) == ("question", 1)
    assert answer["ask"] == {
        "criterion": "timeframe", "question": "When do you plan to choose?", "trait": "timeframe",
    }  # fmt: skip
    assert answer["due_at"] == (MONDAY + 8 * DAY).isoformat().replace("+00:00", "Z")
    made.hear(track("ann", "Survey Answered", question="timeframe", answer="now", trait="timeframe"))
    made.decider.decide_rest()
    assert plan(made, "ann")["ask"]["criterion"] == "profile"
    problem(call(app, "GET", "/v1/leads/nobody/next"), 404, "unknown_lead")


def test_the_list_of_today_leaves_out_who_takes_no_mail(made: DecidedHome, tmp_path: Path) -> None:
    people = [lead(name, email=f"{name}@n.example", company="N", revisit_on=day) for name, day in {
        "ann": None, "ben": None, "cleo": "2026-12-24", "dan": None}.items()]  # fmt: skip
    made.hear(*people, lead("eve", job_title="CEO"))
    made.hear(track("ben", "Email Unsubscribed"), track("dan", "Email Sent"))
    made.decider.decide_rest()
    agreement = made.decider.by().agreement  # type: ignore[union-attr]
    with reading(made.home) as connection:
        found = mail_list(connection, agreement, made.now)
        later = mail_list(connection, agreement, made.now + timedelta(days=7))
    assert [row["lead_id"] for row in found.rows] == ["ann"]
    assert found.left_out == {"no_email": 1, "not_now": 1, "not_due": 1, "no_address": 1}
    assert [row["lead_id"] for row in later.rows] == ["ann", "dan"]
    write_mail_list(found.rows, tmp_path / "today.csv")
    (row,) = csv.DictReader((tmp_path / "today.csv").read_text().splitlines())
    assert (row["email"], row["company"], row["question"]) == ("ann@n.example", "N", "What would you like to solve?")


def test_inside_sales_has_a_step_over_several_media_and_weeks(made: DecidedHome) -> None:
    agreement = live_agreement(bar="{ probability = 0.02 }", inside_sales=f'{{ "{IDA}" = 5 }}', min_points="5").text
    home = DecidedHome.of(made.home.path / "second", Agreement.parse(agreement), is_built=False)
    home.hear(lead("ann", email="ann@n.example", job_title="VP Sales"))
    home.decider.decide_rest()
    assert home.decisions("ann")["ann"] == ("needs_data", "too_few_points", "inside_sales")
    steps = []
    for _ in range(3):
        with reading(home.home) as connection:
            kept = kept_plans(connection, ["ann"])["ann"]
        assert kept.plan
        assert kept.plan["due_at"] is None
        steps.append((kept.plan["step"]["medium"], kept.plan["step"]["due_at"][:10], len(kept.plan["step"]["tries"])))
        home.now += timedelta(days=3, hours=12)
        home.hear(track("ann", "Call Attempted", by=IDA))
        home.decider.decide_rest()
        sweep(home.home, home.now)
    assert steps == [("call", "2026-11-02", 0), ("email", "2026-11-07", 1), ("call", "2026-11-12", 2)]
    engine(home.home.database_url).dispose()


def test_inside_sales_takes_the_best_of_nurture_up_to_its_day(made: DecidedHome) -> None:
    text = live_agreement(bar="{ probability = 0.90 }", inside_sales=f'{{ "{IDA}" = 2 }}').text
    home = DecidedHome.of(made.home.path / "third", Agreement.parse(text), is_built=False)
    traits = {"ann": "VP Sales", "ben": "intern", "cleo": "CEO", "dan": "engineer"}
    home.hear(*(lead(name, email=f"{name}@n.example", job_title=title) for name, title in traits.items()))
    home.decider.decide_rest()
    assert {code for _, code, _ in home.decisions().values()} == {"below_bar"}
    for _ in range(2):
        home.now += MINUTE
        sweep(home.home, home.now)
    theirs = {name for name, found in home.decisions().items() if found[2] == "inside_sales"}
    assert theirs == {"ann", "cleo"}
    assert home.decisions("ann")["ann"] == ("needs_data", "best_of_nurture", "inside_sales")
    home.now += DAY
    home.hear(track("ann", "Email Sent", by=IDA, side="inside_sales", question="timeframe"))
    home.decider.decide_rest()
    assert home.decisions("ann")["ann"][1] == "best_of_nurture"
    home.now += 25 * DAY
    sweep(home.home, home.now)
    assert home.decisions("ann")["ann"] == ("nurture", "no_answer", "marketing")
    assert replay(home.home).as_json()["examples"] == []
    engine(home.home.database_url).dispose()


def test_a_question_that_nobody_can_answer_and_a_content_that_is_unknown_are_named(made: DecidedHome) -> None:
    made.hear(track("ann", "Content Downloaded", content_id="tours"), track("ann", "Email Sent", content_id="guide"))
    agreement = made.decider.by().agreement  # type: ignore[union-attr]
    with reading(made.home) as connection:
        (unknown,) = unknown_contents(connection, agreement)
    assert unknown == 'content "tour" is in none of 2 events that name a content_id; did you mean "tours"?'
    (question,) = unanswerable(agreement)
    assert question.startswith('criteria.need.ask "What would you like to solve?": no answer gives points')


def test_a_lead_that_nobody_qualifies_has_no_step() -> None:
    assert todays_step(None) is None
    assert todays_step('{"plan": {"step": null}}') is None


def test_doctor_names_the_tools_that_bring_leads_from_nowhere(made: DecidedHome) -> None:
    library = {"library": {"name": "analytics.js"}}
    made.hear(*({**lead(name), "context": library} for name in ("ann", "ben")), lead("cleo", source="fair"))
    made.decider.decide_rest()
    with reading(made.home) as connection:
        (check,) = tool_checks(connection)
    assert check.sentence.endswith("of a lead: analytics.js 2, web 1")
