"""Rounds: an event, its decision, the handover and the message are one transaction; each lead is decided, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from decided_homes import ANN, BEN, DAY, FIT, HOUR, MONDAY, DecidedHome, asks, lead, live_agreement, visits
from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import engine, reading
from features.ledger.ledger import Ledger
from features.records.erasure import erase
from features.store import online as store
from features.store.online import StoreGone
from serving.handovers.feedback import FeedbackRefused
from serving.rounds import decider, deciding, passes
from serving.rounds.decided_by import DecidedBy
from serving.rounds.passing_on import ask_for_next, take_asked
from serving.rounds.sweep import sweep
from serving.scoring.lead_now import Cause

LIVE = live_agreement()


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DecidedHome]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = DecidedHome.of(tmp_path / "home", LIVE, url)
    yield made
    engine(made.home.database_url).dispose()


@pytest.fixture
def at_home(tmp_path: Path) -> Iterator[DecidedHome]:
    made = DecidedHome.of(tmp_path / "home", LIVE)
    yield made
    engine(made.home.database_url).dispose()


def rows(home: DecidedHome, table: Any) -> list[Any]:
    with reading(home.home) as connection:
        return list(connection.execute(select(table)))


def is_consistent(home: DecidedHome) -> bool:
    """No mark is left, each decision has its cause, no lead has two open handovers, and each names its decision."""
    events = {str(row.event_id) for row in rows(home, tables.events)}
    decided = rows(home, tables.decisions)
    for row in decided:
        assert row.cause_ref in events or row.cause_kind not in ("event", "import", "feedback"), row
    open_ones = [row.lead_id for row in home.handovers() if row.closed_us is None]
    assert len(open_ones) == len(set(open_ones))
    assert {row.decision_id for row in home.handovers()} <= {row.decision_id for row in decided}
    newest = {row.lead_id: row.decision_id for row in rows(home, tables.lead_decisions)}
    assert set(newest.values()) <= {row.decision_id for row in decided}
    assert home.count(tables.decisions_due) == 0
    return True


def test_each_event_is_decided_with_its_handover_and_its_message_before_its_sender_hears(home: DecidedHome) -> None:
    home.hear(lead("cold", industry="software"), lead("hot", **FIT), visits("hot"), lead("asks"), asks("asks"))
    assert home.decisions() == {
        "cold": ("nurture", "below_bar", "marketing"),
        "hot": ("sales_ready", "probability_and_fit", "sales"),
        "asks": ("sales_ready", "asked_for_sales", "sales"),
    }
    assert [(row.lead_id, row.kind, row.state) for row in home.handovers()] == [
        ("asks", "inbound", "offered"),
        ("hot", "crossing", "offered"),
    ]
    assert {row.kind for row in rows(home, tables.notices)} == {"handover"}
    assert is_consistent(home)


def test_what_we_write_ourselves_asks_for_no_decision_and_updates_what_is_shown(home: DecidedHome) -> None:
    home.hear(lead("hot", **FIT))
    names = [row.name for row in rows(home, tables.events)]
    assert names.count("Handover Offered") == 1
    assert home.count(tables.decisions_due) == home.count(tables.online_pending) == 0
    assert home.count(tables.decisions) == 1


def test_a_call_stops_the_clock_and_the_lead_is_with_sales(home: DecidedHome) -> None:
    home.hear(lead("asks"), asks("asks"))
    (offered,) = home.handovers()
    home.now += HOUR
    call = {"by": offered.owner, "handover_id": offered.handover_id}
    home.hear({"type": "track", "userId": "asks", "event": "Call Answered", "properties": call})
    assert home.decisions() == {"asks": ("with_sales", "handover_open", "sales")}
    assert [row.state for row in home.handovers()] == ["contacted"]
    assert is_consistent(home)


def test_a_reject_ends_the_handover_and_says_what_follows(home: DecidedHome) -> None:
    home.hear(lead("hot", **FIT))
    (offered,) = home.handovers()
    home.now += HOUR
    said = {"handover_id": offered.handover_id, "by": offered.owner, "reason": "not_a_fit"}
    home.hear({"type": "track", "userId": "hot", "event": "Lead Disqualified", "properties": said})
    assert home.decisions() == {"hot": ("disqualified", "rejected_not_a_fit", None)}
    assert [(row.state, row.code) for row in home.handovers()] == [("rejected", "rejected_not_a_fit")]
    assert is_consistent(home)


def test_who_becomes_a_customer_is_taken_back_from_sales(home: DecidedHome) -> None:
    home.hear(lead("hot", **FIT))
    home.now += HOUR
    home.hear(lead("hot", customer=True))
    assert home.decisions() == {"hot": ("existing_customer", "existing_customer", "account_owner")}
    assert [(row.state, row.code) for row in home.handovers()] == [("withdrawn", "existing_customer")]
    assert is_consistent(home)


@pytest.mark.parametrize("older", ["one", "other"])
def test_of_two_merged_leads_the_older_handover_stays_and_the_other_is_withdrawn(home: DecidedHome, older: str) -> None:
    home.hear(lead(older, **FIT))
    home.now += HOUR
    newer = {"one": "other", "other": "one"}[older]
    home.hear(lead(newer, **FIT))
    home.now += HOUR
    merge = {"previous_lead_id": "other"}
    home.hear({"type": "track", "userId": "one", "event": "Lead Merged", "properties": merge})
    first, second = home.handovers()
    assert (first.lead_id, first.closed_us, second.state, second.code) == ("one", None, "withdrawn", "merged")
    assert home.decisions("other") == {"other": ("disqualified", "merged", None)}
    assert home.decisions("one")["one"][2] == "sales"
    assert is_consistent(home)


def test_decisions_go_on_while_the_online_store_is_down(home: DecidedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise StoreGone("gone") from ConnectionError()

    monkeypatch.setattr(store.OnlineStore, "write", gone)
    home.hear(lead("hot", **FIT))
    assert home.decisions() == {"hot": ("sales_ready", "probability_and_fit", "sales")}
    assert home.count(tables.online_pending) > 0
    monkeypatch.undo()
    home.publisher.publish()
    assert home.count(tables.online_pending) == 0
    assert home.count(tables.decisions) == 1
    assert is_consistent(home)


def test_decisions_go_on_before_the_first_build(tmp_path: Path) -> None:
    home = DecidedHome.of(tmp_path / "home", LIVE, is_built=False)
    home.hear(lead("hot", **FIT))
    assert home.decisions() == {"hot": ("sales_ready", "probability_and_fit", "sales")}
    assert is_consistent(home)
    engine(home.home.database_url).dispose()


def test_a_lead_that_cannot_be_decided_holds_up_no_other_and_is_named_once(
    at_home: DecidedHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decided = deciding.decided

    def fails(agreement: Agreement, lead: Any, *rest: Any) -> Any:
        if lead.lead_id == "poison":
            raise ZeroDivisionError
        return decided(agreement, lead, *rest)

    monkeypatch.setattr(deciding, "decided", fails)
    at_home.hear(lead("poison", **FIT), lead("hot", **FIT), lead("cold"))
    at_home.publisher.publish()
    assert set(at_home.decisions()) == {"hot", "cold"}
    assert at_home.count(tables.decisions_due) == 1
    assert capsys.readouterr().out.count("a lead could not be decided") == 1
    monkeypatch.undo()
    at_home.now += 2 * HOUR
    at_home.publisher.publish()
    assert set(at_home.decisions()) == {"hot", "cold", "poison"}


def test_what_is_rolled_back_sends_nothing(at_home: DecidedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(deciding, "tell", fails)
    at_home.hear(lead("hot", **FIT))
    for table in (tables.lead_decisions, tables.decisions, tables.handovers, tables.notices, tables.rep_loads):
        assert at_home.count(table) == 0, table.name
    assert [row.name for row in rows(at_home, tables.events)] == ["identify"]
    assert at_home.count(tables.decisions_due) == 1
    monkeypatch.undo()
    at_home.now += HOUR
    at_home.publisher.publish()
    assert (at_home.count(tables.handovers), at_home.count(tables.decisions_due)) == (1, 0)


def test_of_two_deciders_at_once_one_is_followed(at_home: DecidedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home.hear(lead("hot", **FIT), publish=False)
    looked = decider.leads_now

    def overtaken(by: DecidedBy, due: Any, *rest: Any) -> Sequence[Any]:
        monkeypatch.undo()
        found = looked(by, due, *rest)
        DecidedHome(at_home.home, at_home.now).decider.rounds.run()
        return found

    monkeypatch.setattr(decider, "leads_now", overtaken)
    at_home.publisher.publish()
    assert at_home.count(tables.handovers) == at_home.count(tables.decisions) == 1
    assert is_consistent(at_home)


def test_what_was_looked_at_before_a_rep_said_what_became_of_it_is_not_written(
    home: DecidedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.hear(lead("hot", **FIT))
    (offered,) = home.handovers()
    home.now += HOUR
    looked = passes.leads_now

    def overtaken(by: DecidedBy, due: Any, *rest: Any) -> Sequence[Any]:
        monkeypatch.undo()
        found = looked(by, due, *rest)
        said = {"handover_id": offered.handover_id, "by": offered.owner, "reason": "too_early"}
        other = DecidedHome(home.home, home.now, home.sent)
        other.hear({"type": "track", "userId": "hot", "event": "Lead Disqualified", "properties": said})
        return found

    monkeypatch.setattr(passes, "leads_now", overtaken)
    by = DecidedBy.in_force(home.home, home.decider.by().scoring, home.now)
    assert passes.Pass(home.home, by).decide(["hot"], lambda _: Cause("night", "")) == 0
    assert home.decisions() == {"hot": ("nurture", "rejected_too_early", "marketing")}
    assert [row.state for row in home.handovers()] == ["rejected"]
    assert is_consistent(home)


def test_an_erased_lead_leaves_that_it_was_decided_and_nothing_of_itself(home: DecidedHome) -> None:
    home.hear(lead("hot", email="hot@buyer.example", **FIT))
    home.now += DAY
    erase(home.home, LIVE, "hot", home.now)
    home.publisher.publish()
    assert home.decisions() == {}
    ((handover,), (decision,)) = home.handovers(), rows(home, tables.decisions)
    assert (handover.state, handover.code, "hot" in handover.lead_id, handover.offered) == (
        "withdrawn",
        "erased",
        False,
        "{}",
    )
    assert (decision.lead_id, decision.facts, decision.probability) == ("erased", "{}", None)
    assert (decision.code, decision.policy_digest) == ("probability_and_fit", LIVE.policy_digest)
    assert home.count(tables.notices) == 0


def test_in_the_trial_everything_is_decided_and_listed_and_nothing_is_sent(tmp_path: Path) -> None:
    home = DecidedHome.of(tmp_path / "home", live_agreement(live="false"))
    home.hear(lead("hot", **FIT))
    (offered,) = home.handovers()
    assert (offered.is_trial, offered.clocks, offered.next_due_us) == (True, "{}", None)
    assert home.count(tables.notices) == 0
    assert "Handover Offered" not in {row.name for row in rows(home, tables.events)}
    assert home.decisions() == {"hot": ("sales_ready", "probability_and_fit", "sales")}
    engine(home.home.database_url).dispose()


def test_the_reps_day_binds_crossings_and_never_who_asks(tmp_path: Path) -> None:
    home = DecidedHome.of(tmp_path / "home", live_agreement(reps=f'{{ "{ANN}" = 2 }}'))
    home.hear(*(lead(f"u{n}", **FIT) for n in range(4)), lead("asks"), asks("asks"))
    assert sorted(row.kind for row in home.handovers()) == ["crossing", "inbound"]
    assert [code for _, code, _ in home.decisions().values()].count("in_backlog") == 3
    home.hear(lead("too"), asks("too"))
    assert sorted(row.kind for row in home.handovers()) == ["crossing", "inbound", "inbound"]
    engine(home.home.database_url).dispose()


def test_a_rep_with_time_takes_the_best_who_waits_and_it_is_audited(at_home: DecidedHome) -> None:
    at_home.read([lead(f"u{i}", **FIT) for i in range(8)], MONDAY - 30 * DAY)
    sweep(at_home.home, at_home.now)
    handed_over = len(at_home.handovers())
    said = ask_for_next(at_home.home, BEN, at_home.now)
    at_home.publisher.publish()
    assert take_asked(at_home.home, said, at_home.now).owner == BEN
    assert len(at_home.handovers()) == handed_over + 1
    assert at_home.decisions(said.lead_id)[said.lead_id][0] in ("sales_ready", "with_sales")
    assert [(row.by, row.action, row.subject) for row in rows(at_home, tables.audit)] == [(BEN, "taken", said.lead_id)]
    with pytest.raises(FeedbackRefused, match="none of the reps"):
        ask_for_next(at_home.home, "zoe@elsewhere.example", at_home.now)


def test_a_lead_of_a_file_stands_in_line_even_where_an_event_brings_it_over(at_home: DecidedHome) -> None:
    at_home.read([lead("old", **FIT)], MONDAY - 30 * DAY)
    at_home.hear(visits("old"))
    assert at_home.decisions() == {"old": ("sales_ready", "in_backlog", "sales")}
    assert at_home.handovers() == []
    assert Ledger(at_home.home).count() == 2


def test_two_processes_and_a_sweep_at_once_decide_on_each_lead_once(home: DecidedHome) -> None:
    others = [DecidedHome(home.home, home.now, sent=1_000 * (n + 1)) for n in range(2)]

    def sends(other: DecidedHome) -> None:
        for n in range(6):
            other.hear(*(lead(f"u{i}", **FIT) for i in range(n, n + 3)), visits(f"u{n}"))

    def sweeps(_: DecidedHome) -> None:
        for _ in range(6):
            sweep(home.home, home.now)

    with ThreadPoolExecutor(3) as pool:
        for done in [
            pool.submit(work, other) for work, other in zip((sends, sends, sweeps), [*others, home], strict=True)
        ]:
            done.result()
    home.publisher.publish()
    sweep(home.home, home.now)
    assert set(home.decisions()) == {f"u{n}" for n in range(8)}
    assert is_consistent(home)
