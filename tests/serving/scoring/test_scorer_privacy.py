"""Who is not scored and not learned from: leads that objected, our own people, competitors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from handmade_events import at, identify, page, says, track, us
from home_of_two_leads import NOW

from features.agreement.agreement import Agreement
from features.agreement.versions import current_version, save_version
from features.home.database import engine
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.snapshots.schedule import snapshot_schedule
from features.store.materialize import materialized
from serving.scoring.bulk import home_scores
from serving.scoring.scorer import Scorer

AGREED = Agreement.parse(Agreement.default().text.replace("[privacy]", '[privacy]\nconsent = "profiling"'))
ANN = {"email": "ann@buyer.example", "job_title": "VP Sales"}


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    save_version(made, AGREED, NOW)
    yield made
    engine(made.database_url).dispose()


def send(home: Home, *told: dict[str, Any]) -> None:
    for _ in Ledger(home).append(told, source="web", received_at=NOW):
        pass


def score(home: Home, lead: str = "ann", day: float = 300) -> dict[str, Any]:
    """The score as it is online, once everything is derived."""
    materialized(home, current_version(home).agreement)
    return Scorer(home).scores([{"lead_id": lead}], at(day))[0]


def learned_from(home: Home, day: float = 300) -> set[str]:
    """The leads that are looked at for training."""
    found = materialized(home, current_version(home).agreement)
    return set(snapshot_schedule(found.leads, current_version(home).agreement, us(day))["lead_id"])


OBJECTIONS = {
    "a trait": identify("ann", 20, profiling_opt_out=True),
    "an event": track("ann", "Profiling Objected", 20),
    "consent": says("page", 20, userId="ann", context={"consent": {"categoryPreferences": {"profiling": False}}}),
}
ALLOWANCES = {
    "a trait": identify("ann", 30, profiling_opt_out=False),
    "an event": track("ann", "Profiling Allowed", 30),
    "consent": says("page", 30, userId="ann", context={"consent": {"categoryPreferences": {"profiling": True}}}),
}


@pytest.mark.parametrize("how", OBJECTIONS)
def test_who_objected_is_not_scored_and_not_learned_from_until_that_is_taken_back(home: Home, how: str) -> None:
    send(home, identify("ann", 1, **ANN), page("ann", 2), identify("bob", 1, **ANN | {"email": "bob@b.example"}))
    assert score(home)["probability"] > 0
    assert learned_from(home) == {"ann", "bob"}
    send(home, OBJECTIONS[how])
    said = score(home)
    assert (said["status"], said["probability"], said["score"], said["reasons"]) == ("no_profiling", None, None, [])
    assert (said["decision"], said["decision_code"], said["owner"]) == ("no_profiling", "objected_to_profiling", None)
    assert learned_from(home) == {"bob"}
    send(home, ALLOWANCES[how])
    assert score(home)["status"] == "scored"
    assert learned_from(home) == {"ann", "bob"}


def test_another_category_of_consent_is_no_objection(home: Home) -> None:
    other = {"consent": {"categoryPreferences": {"advertising": False}}}
    send(home, identify("ann", 1, **ANN), says("page", 2, userId="ann", context=other))
    assert score(home)["status"] == "scored"


def test_our_own_people_are_no_leads(home: Home) -> None:
    send(home, identify("ann", 1, email="Ann@OurCompany.example", job_title="VP Sales"), page("ann", 2), page("bob", 2))
    said = score(home)
    assert (said["decision"], said["decision_code"]) == ("disqualified", "own_people")
    assert learned_from(home) == {"bob"}


@pytest.mark.parametrize("email", ["spy@rival.example", "SPY@Rival.Example "])
def test_competitors_are_disqualified_by_their_address_whatever_they_do(home: Home, email: str) -> None:
    send(home, identify("ann", 1, email=email, job_title="VP Sales"))
    send(home, track("ann", "Form Submitted", 299, form_type="demo"))
    said = score(home)
    assert (said["decision"], said["decision_code"]) == ("disqualified", "disqualified_by_rule")


def test_a_lead_of_another_company_is_neither(home: Home) -> None:
    send(home, identify("ann", 1, **ANN), track("ann", "Form Submitted", 299, form_type="demo"))
    assert score(home)["decision"] == "sales_ready"


def test_an_objection_ends_the_scores_of_the_past_as_well(home: Home) -> None:
    send(home, identify("ann", 1, **ANN), page("ann", 2), identify("bob", 1, email="bob@other.example"))
    asked = [{"lead_id": "ann"}, {"lead_id": "bob"}]
    assert [one["status"] for one in Scorer(home).past_scores(asked, at(10))] == ["scored", "scored"]
    send(home, OBJECTIONS["an event"])
    ann, bob = Scorer(home).past_scores(asked, at(10))
    assert (ann["status"], ann["probability"], bob["status"]) == ("no_profiling", None, "scored")
    ((ann, bob),) = home_scores(home, at(10), lead_ids=["ann", "bob"])
    assert (ann["status"], ann["probability"], bob["status"]) == ("no_profiling", None, "scored")
