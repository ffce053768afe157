"""`leadlight doctor`: what a home lacks, and what is to be done, from the agreement to its campaigns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from home_of_two_leads import NOW, empty_home, small_home

from features.agreement.agreement import Agreement
from features.agreement.versions import current_version, save_version
from features.home.database import engine
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.materialize import materialized
from serving.health.doctor import Check, home_checks
from serving.scoring.scorer import Scorer


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = small_home(tmp_path)
    yield made
    engine(made.database_url).dispose()


def named(found: Iterable[Check], name: str) -> list[Check]:
    return [check for check in found if check.name == name]


def visits(home: Home, *campaigns: str) -> None:
    """A visit of a new lead by each campaign."""
    for number, campaign in enumerate(campaigns):
        raw: dict[str, Any] = {"type": "page", "messageId": f"{campaign}-{number}", "userId": f"{campaign} {number}"}
        raw |= {"properties": {"path": "/"}, "context": {"campaign": {"source": "ads", "name": campaign}}}
        Ledger(home).record([raw], received_at=NOW)
    materialized(home, current_version(home).agreement)


def test_a_home_without_an_agreement_hears_of_nothing_else(tmp_path: Path) -> None:
    (check,) = home_checks(empty_home(tmp_path), NOW)
    assert (check.name, check.ok) == ("agreement", False)
    assert "leadlight ingest" in check.sentence


def test_each_check_is_one_line_and_one_json_object(home: Home) -> None:
    found = home_checks(home, NOW)
    assert [check.name for check in found][:6] == ["agreement", "signed", "ledger", "model", "queues", "behaviours"]
    assert all("\n" not in check.sentence for check in found)
    told = {one["name"]: one for one in (check.as_json() for check in found)}
    assert set(told["ledger"]) == {"name", "ok", "sentence"}
    rows = told["behaviours"]["data"]
    assert {row["behaviour"] for row in rows} == set(current_version(home).agreement.behaviours)
    assert set(rows[0]) == {"behaviour", "source", "events", "last_at", "per_day", "is_silent"}


def test_leads_that_came_nobody_knows_from_where_are_counted(home: Home) -> None:
    visits(home, "spring")
    (check,) = named(home_checks(home, NOW), "sources")
    assert check.ok
    assert check.sentence.startswith("2 of 3 leads came nobody knows from where")


def test_spellings_are_one_campaign_once_their_line_is_in_the_agreement(home: Home) -> None:
    visits(home, "spring-launch", "spring-launch", "Spring_Launch", "spring launch", "fall-2026", "fall-2025")
    (check,) = named(home_checks(home, NOW), "campaigns")
    assert not check.ok
    line = 'spring-launch = { also = ["Spring_Launch", "spring launch"] }'
    assert check.sentence.endswith(f"write under [campaigns]: {line}")
    save_version(
        home, Agreement.parse(Agreement.default().text.replace("[campaigns] ", f"[campaigns]\n{line}\n#")), NOW
    )
    materialized(home, current_version(home).agreement)
    assert named(home_checks(home, NOW), "campaigns") == []
    leads = [{"lead_id": f"{campaign} {i}"} for i, campaign in ((2, "Spring_Launch"), (3, "spring launch"))]
    scored = Scorer(home).scores(leads, NOW)
    assert {score[name] for score in scored for name in ("campaign", "latest_campaign")} == {"spring-launch"}


def test_a_new_spelling_joins_the_line_that_is_there(home: Home) -> None:
    line = 'spring-launch = { also = ["Spring_Launch"] }'
    save_version(
        home, Agreement.parse(Agreement.default().text.replace("[campaigns] ", f"[campaigns]\n{line}\n#")), NOW
    )
    visits(home, "Spring_Launch", "SPRING LAUNCH", "SPRING LAUNCH", "SPRING LAUNCH")
    (check,) = named(home_checks(home, NOW), "campaigns")
    assert check.sentence.endswith('spring-launch = { also = ["Spring_Launch", "SPRING LAUNCH"] }')
