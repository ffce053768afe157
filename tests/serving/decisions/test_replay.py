"""The log of decisions can be computed again from the ledger: each row the same, and what cannot be is counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from decided_leads import NOW, UNDER, us
from handmade_events import identify, track
from sqlalchemy import update

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, save_version
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import engine, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.records.erasure import erase_from_ledger
from features.store.states_before import rows_before, states_in
from features.touches.history import sales_histories
from serving.decisions.replay import replay
from serving.decisions.rows import lead_decision
from serving.decisions.store import before, store
from serving.scoring.decision import decided
from serving.scoring.lead_now import Cause, LeadNow
from serving.scoring.lead_row import LeadRow
from serving.scoring.score import Scoring

AGREED = Agreement.default()
SCORING = Scoring(AgreementVersion(AGREED, 1))


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    save_version(made, AGREED, NOW)
    yield made
    engine(made.database_url).dispose()


def send(home: Home, at_us: int, *told: dict[str, Any]) -> None:
    list(Ledger(home).append(told, source="web", received_at=from_microseconds(at_us)))


def decide(home: Home, lead_id: str, at_us: int, kind: Any = "event") -> str:
    """Decide on a lead as a round does, from what is known at a moment; the code."""
    rows, as_of = rows_before(home, AGREED, [lead_id], at_us + 1), from_microseconds(at_us)
    (state,) = states_in(rows, AGREED, [lead_id])
    row = LeadRow(lead_id, state.behaviours, state.traits, state.known_at, "ledger")
    under = replace(UNDER, model_digest=None, policy_digest=AGREED.policy_digest)
    with writing(home) as connection:
        was = before(connection, [lead_id]).get(lead_id)
        (numbers,) = SCORING.numbers([row], as_of)
        lead = LeadNow(lead_id, row, numbers, sales_histories(rows, AGREED, {lead_id})[lead_id], was)
        found = decided(AGREED, lead, under, as_of, Cause(kind))
        store(connection, [(was, lead_decision(lead, found, under, as_of, Cause(kind)))])
    return found.code


def world(home: Home) -> None:
    """ann grows warm and asks for us, bob comes over the bar by an import, and waits."""
    fit = {"job_title": "VP Sales", "industry": "software", "employees": 310, "timeframe": "now"}
    send(home, us(20), identify("ann", 300, job_title="VP Sales"), identify("bob", 300, **fit))
    assert decide(home, "ann", us(19)) == "below_bar"
    assert decide(home, "bob", us(19), "import") == "in_backlog"
    send(home, us(10), track("ann", "Form Submitted", 317, form_type="demo"))
    assert decide(home, "ann", us(9)) == "asked_for_sales"
    send(home, us(5), track("bob", "Email Unsubscribed", 322))


def test_each_row_is_computed_again_from_what_was_known_then(home: Home) -> None:
    world(home)
    done = replay(home)
    assert (done.same, done.different, done.furthest) == (3, [], 0.0)
    assert replay(home, "ann").same == 2


def test_a_row_that_is_otherwise_is_named(home: Home) -> None:
    world(home)
    columns = tables.decisions.c
    with writing(home) as connection:
        connection.execute(update(tables.decisions).where(columns.code == "below_bar").values(probability=0.0123))
    (one,) = replay(home).different
    assert (one["lead_id"], one["kept"]["probability"]) == ("ann", 0.0123)


def test_erased_leads_leave_the_replay_and_are_counted(home: Home) -> None:
    world(home)
    erase_from_ledger(home, AGREED, "ann", NOW)
    done = replay(home)
    assert (done.same, done.different, dict(done.left_out)) == (1, [], {"erased": 2})
    assert replay(home, "ann").same == 0
    with writing(home) as connection:
        assert before(connection, ["ann"]) == {}
