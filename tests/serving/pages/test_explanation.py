"""The explanation for the lead itself: in plain words, from the numbers of the score, and of nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from decided_homes import ANN, BEN, DAY, FIT, DecidedHome, asks, lead, live_agreement, visits

from features.home.database import engine
from features.records.lead_record import UnknownLead
from serving.pages.explanation.explanation import explanation, explanation_lines, explanation_page

WHO = {"email": "maria@nordwind.example", "name": "Maria <b>Lind</b>", "phone": "+49 30 123456", "company": "Nordwind"}
OTHER = {"email": "jonas@nordwind.example", "name": "Jonas Weber", "phone": "+49 30 987654", "company": "Nordwind"}
CALLED = {"medium": "call", "result": "no_answer", "by": BEN, "note": "Jonas Weber picked up"}
JARGON = re.compile(r"logit|log-odds|\bodds\b|probabilit|threshold|sales_ready|nurture|_by_|\bSHAP\b|behaviou?r|None")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidedHome]:
    made = DecidedHome.of(tmp_path_factory.mktemp("explained") / "home", live_agreement())
    made.hear(lead("L-2", **OTHER), lead("L-1", **WHO, **FIT))
    made.now += DAY
    made.hear(visits("L-1", "/pricing"), visits("L-1", "/pricing"))
    made.hear({"type": "track", "userId": "L-1", "event": "Call Attempted", "properties": CALLED})
    made.now += DAY
    made.hear(asks("L-1"))
    made.now += timedelta(minutes=5)
    yield made
    engine(made.home.database_url).dispose()


def explained(world: DecidedHome, name: str = "maria@nordwind.example") -> dict[str, Any]:
    return explanation(world.home, world.parts["scorer"].scores, name, world.now)


def test_it_says_what_was_known_when_and_from_where(world: DecidedHome) -> None:
    known = explained(world)["known"]
    assert {one["label"]: one["value"] for one in known["you"]}["e-mail"] == "maria@nordwind.example"
    assert {one["name"]: (one["value"], one["origin"]) for one in known["facts"]}["industry"] == (
        "software", "our website, 2 Nov 2026",
    )  # fmt: skip
    did = {one["name"]: (one["times"], one["when"]) for one in known["did"]}
    assert did["pricing_page"] == ("twice", "3 Nov 2026")
    assert ("our website", 5) in {(one["source"], one["entries"]) for one in known["sources"]}


def test_the_points_are_those_of_the_score_and_the_lines_add_up_to_it(world: DecidedHome) -> None:
    counted = explained(world)["counted"]
    (score,) = world.parts["scorer"].scores([{"lead_id": "L-1"}], world.now, None)
    assert {one["name"]: one["points"] for one in counted["parts"]} == {
        one["name"]: one["points"] for one in score["reasons"]
    }
    assert counted["score"] == score["score"]
    assert sum(one["shown"] for one in counted["lines"][:-1]) == counted["lines"][-1]["shown"] == score["score"]


def test_it_says_what_followed_by_role_alone(world: DecidedHome) -> None:
    told = [one["text"] for one in explained(world)["followed"]]
    assert any(text.endswith("because one of our people has your request") for text in told)
    assert any(text.startswith("given to one of our sales people") for text in told)
    assert "one of our people called you" in told


def test_nobody_else_and_no_term_of_the_trade_is_in_it(world: DecidedHome) -> None:
    document = explained(world)
    for text in ("\n".join(explanation_lines(document)), _words(explanation_page(document))):
        assert "Maria" in text
        for other in ("Jonas", "jonas", "987654", ANN, BEN, "picked up"):
            assert other not in text
        assert JARGON.findall(text) == []


def test_what_the_lead_wrote_is_escaped(world: DecidedHome) -> None:
    assert "<b>Lind" not in explanation_page(explained(world))


def test_who_objects_is_told_that_there_is_no_score(world: DecidedHome) -> None:
    world.hear({"type": "track", "userId": "L-2", "event": "Profiling Objected"})
    document = explained(world, "L-2")
    assert (document["counted"]["score"], document["counted"]["lines"]) == (None, [])
    assert document["counted"]["sentences"] == [
        "You objected to being assessed by a computer, so there is no score of you."
    ]
    with pytest.raises(UnknownLead):
        explained(world, "nobody")


def _words(page: str) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
