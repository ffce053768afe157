"""A stored lead's score shows what was decided on it; what the numbers say otherwise stands beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from decided_leads import NOW, before, us
from handmade_events import identify, track
from sqlalchemy import delete, insert

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home import tables
from features.home.clock import from_microseconds, rfc3339
from features.home.database import engine, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.decisions.store import store
from serving.scoring.lead_now import LeadDecision
from serving.scoring.scorer import Scorer


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    save_version(made, Agreement.default(), NOW)
    told = [identify("ann", 20, email="ann@buyer.example", job_title="VP Sales")]
    list(Ledger(made).append(told, source="web", received_at=NOW))
    yield made
    engine(made.database_url).dispose()


def keep(home: Home, row: LeadDecision) -> None:
    with writing(home) as connection:
        for table in (tables.lead_decisions, tables.decisions):
            connection.execute(delete(table))
        store(connection, [(None, row)])


def score(home: Home) -> dict[str, Any]:
    return Scorer(home).scores([{"lead_id": "ann"}], NOW)[0]


def test_what_is_kept_is_shown_and_the_numbers_stand_beside_it(home: Home) -> None:
    alone = score(home)
    assert (alone["decision"], alone["decided_at"], alone["would_be"], alone["handover"]) == (
        "nurture",
        None,
        None,
        None,
    )
    keep(home, before("sales_ready", "probability_and_fit", "sales", owner="rep@us.example"))
    shown = score(home)
    assert (shown["decision"], shown["queue"], shown["owner"]) == ("sales_ready", "sales", "rep@us.example")
    assert shown["decided_at"] == rfc3339(from_microseconds(us(5)))
    assert shown["would_be"] == {"decision": "nurture", "decision_code": "below_bar", "queue": "marketing"}
    assert shown["probability"] == alone["probability"]


def test_only_what_the_numbers_decided_may_be_otherwise_by_them(home: Home) -> None:
    for decision, code in (("with_sales", "rep_working"), ("converted", "converted"), ("nurture", "not_now")):
        keep(home, before(decision, code))
        assert score(home)["would_be"] is None
    list(Ledger(home).append([track("ann", "Form Submitted", 325, form_type="demo")], source="web", received_at=NOW))
    keep(home, before("nurture", "below_bar"))
    assert score(home)["would_be"]["decision_code"] == "asked_for_sales"


def test_an_open_handover_is_named_and_says_whether_it_is_late(home: Home) -> None:
    row = before("sales_ready", "probability_and_fit", "sales", handover_id="ho_1")
    texts = {"clocks": "{}", "tries": "{}", "offered": "{}", "owners": "[]", "stage": "MQL", "queue": "sales"}
    texts |= {"handover_id": "ho_1", "lead_id": "ann", "decision_id": "de_1", "kind": "crossing", "state": "offered"}
    with writing(home) as connection:
        moments = {"offered_us": us(3), "runs_out_us": us(1), "last_event_id": 0}
        connection.execute(insert(tables.handovers).values(**texts, **moments))
    keep(home, row)
    shown = score(home)
    assert shown["handover"] == {"handover_id": "ho_1", "kind": "crossing", "state": "offered", "overdue": True}
    assert shown["would_be"] is None  # it goes on below the bar


def test_what_was_decided_later_is_no_part_of_a_score_of_the_past_nor_of_a_trial(home: Home) -> None:
    keep(home, replace(before("converted", "converted", None), decided_us=us(-1)))
    assert score(home)["decision"] == "nurture"
    keep(home, before("converted", "converted", None))
    assert Scorer(home, Scorer(home).scoring.kept).scores([{"lead_id": "ann"}], NOW)[0]["decision"] == "nurture"
    assert Scorer(home).scores([{"traits": {"job_title": "VP"}}], NOW)[0]["decided_at"] is None


def test_the_bar_in_force_is_the_one_that_the_home_keeps(home: Home) -> None:
    scorer = Scorer(home)
    of_model = scorer.scoring.bar
    policy = scorer.scoring.kept.agreement.policy_digest
    with writing(home) as connection:
        connection.execute(
            insert(tables.bars).values(policy_digest=policy, bar=0.123, population="{}", computed_us=us(1))
        )
    scorer.refresh()
    assert (scorer.scoring.bar, of_model == 0.123) == (0.123, False)
