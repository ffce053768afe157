"""The sweep: dates, clocks and turns are kept to the minute, and nothing that moves many leads is a flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api_in_process import served
from decided_homes import ANN, DAY, FIT, HOUR, MINUTE, MONDAY, DecidedHome, asks, lead, live_agreement, visits
from sqlalchemy import select

from features.agreement.versions import AgreementVersion, save_version
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import engine, reading
from features.home.locks import sweeper_lock
from serving.decisions.replay import replay
from serving.rounds import deciding, due_rounds, passes
from serving.rounds.crossings import crossings_of_agreement
from serving.rounds.decided_by import DecidedBy
from serving.rounds.sweep import night, sweep
from serving.scoring.lead_now import Cause
from serving.scoring.scorer import Scorer

LIVE = live_agreement()
A_DAY = 3  # the agreed number of catching up


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


def per_day(home: DecidedHome) -> Counter[str]:
    """How many handovers went over each day."""
    return Counter(f"{from_microseconds(row.offered_us):%Y-%m-%d}" for row in home.handovers())


def codes(home: DecidedHome) -> Counter[str]:
    return Counter(code for _, code, _ in home.decisions().values())


def lead_rows(home: DecidedHome) -> dict[str, Any]:
    with reading(home.home) as connection:
        return {row.lead_id: row for row in connection.execute(select(tables.lead_decisions))}


def import_leads(home: DecidedHome, n: int) -> None:
    home.read([lead(f"u{i}", **FIT) for i in range(n)], MONDAY - 30 * DAY)


def test_an_import_of_leads_over_the_bar_is_no_flood_and_each_has_a_queue_and_a_date(home: DecidedHome) -> None:
    import_leads(home, 80)
    done = sweep(home.home, home.now)
    assert (done.marked, done.turns, home.count(tables.decisions_due)) == (80, A_DAY, 0)
    assert codes(home) == {"in_backlog": 57, "waits_for_capacity": 20, "probability_and_fit": 3}
    assert all(row.queue and row.next_due_us for row in lead_rows(home).values())
    for _ in range(9):
        home.now += DAY
        night(home.home, home.now)
    assert set(per_day(home).values()) == {A_DAY}
    assert len(per_day(home)) == 8  # of ten days, two were a weekend


def test_an_agreement_that_lets_half_of_all_over_is_no_flood_even_when_each_opens_a_mail(home: DecidedHome) -> None:
    save_version(home.home, live_agreement(bar="{ probability = 0.99 }"), home.now)
    home.hear(*(lead(f"u{i}", **(FIT if i % 2 else {"country": "France"})) for i in range(40)))
    assert (home.handovers(), codes(home)) == ([], {"below_bar": 40})
    save_version(home.home, LIVE, home.now)
    home.parts.clear()
    home.now += HOUR
    home.hear(*(visits(f"u{i}") for i in range(0, 10)))
    assert home.handovers() == []
    moved = sweep(home.home, home.now).moved
    assert moved == 30
    home.hear(*(visits(f"u{i}") for i in range(40)))
    sweep(home.home, home.now + MINUTE)
    assert per_day(home) == {"2026-11-02": A_DAY}
    with reading(home.home) as connection:
        kinds = Counter(connection.scalars(select(tables.decisions.c.cause_kind)))
    assert kinds["agreement"] == 15


def test_a_lead_is_looked_at_again_on_its_date(at_home: DecidedHome) -> None:
    at_home.hear(lead("cold"))
    again_us = lead_rows(at_home)["cold"].next_due_us
    assert sweep(at_home.home, at_home.now + DAY).due == 0
    at_home.now += 7 * DAY + MINUTE
    assert sweep(at_home.home, at_home.now).due == 1
    assert lead_rows(at_home)["cold"].next_due_us > again_us
    assert sweep(at_home.home, at_home.now).leads == 0


def test_a_first_contact_that_nobody_made_is_overdue_and_goes_to_the_next_rep(home: DecidedHome) -> None:
    home.hear(lead("asks"), asks("asks"))
    (offered,) = home.handovers()
    sweep(home.home, home.now + 31 * MINUTE)
    (overdue,) = home.handovers()
    assert (overdue.is_overdue, overdue.owner) == (True, offered.owner)
    for minutes in range(40, 110, 10):
        sweep(home.home, home.now + minutes * MINUTE)
    (reassigned,) = home.handovers()
    assert reassigned.owner not in (offered.owner, None)
    assert lead_rows(home)["asks"].owner == reassigned.owner


def test_at_night_all_leads_are_looked_at_once_and_what_broke_off_goes_on(
    at_home: DecidedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home.hear(*(lead(f"u{i}") for i in range(6)))
    night(at_home.home, at_home.now)  # the first sweep: the next night is the first one
    monkeypatch.setattr(passes, "AT_ONCE", 2)
    decided = passes.Pass.decide
    done: list[str] = []

    def fails_later(self: passes.Pass, ids: Any, *rest: Any) -> int:
        if len(done) >= 4:
            raise KeyboardInterrupt
        done.extend(ids)
        return decided(self, ids, *rest)

    monkeypatch.setattr(passes.Pass, "decide", fails_later)
    at_home.now += DAY
    with pytest.raises(KeyboardInterrupt):
        night(at_home.home, at_home.now)
    monkeypatch.setattr(passes.Pass, "decide", decided)
    assert night(at_home.home, at_home.now + HOUR).night == 2
    assert night(at_home.home, at_home.now + 2 * HOUR).night == 0
    assert night(at_home.home, at_home.now + DAY).night == 6


def test_a_night_decides_by_stored_states_as_it_does_by_the_ledger(
    at_home: DecidedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = {"type": "group", "groupId": "acme", "traits": {}}
    at_home.hear(*(lead(f"u{i}", **(FIT if i % 2 else {"employees": i})) for i in range(8)), lead("asks"), lead("sold"))
    at_home.hear(visits("u1", "/pricing"), visits("u2", "/pricing"), group | {"userId": "u1"}, group | {"userId": "u2"})
    at_home.hear({"type": "alias", "userId": "u3", "previousId": "anon"}, visits("u4"), asks("asks"))
    at_home.now += 20 * DAY
    at_home.hear({"type": "track", "userId": "u5", "event": "Call Answered", "properties": {"by": ANN}}, visits("u6"))
    at_home.hear({"type": "track", "userId": "sold", "event": "Lead Converted", "properties": {}})
    night(at_home.home, at_home.now)
    at_home.now += 30 * DAY
    sweep(at_home.home, at_home.now)  # what is due by now is out of the night's way
    stored, derived = (_after_a_night(at_home, monkeypatch, by_ledger) for by_ledger in (False, True))
    assert stored == derived
    assert {row.has_sales_history for row in lead_rows(at_home).values()} == {False, True}


def _after_a_night(home: DecidedHome, monkeypatch: pytest.MonkeyPatch, by_ledger: bool) -> dict[str, Any]:
    """What the night would make of each lead: its newest rows, of which then nothing is kept."""
    asked: list[str] = []
    with monkeypatch.context() as patched:
        if by_ledger:
            patched.setattr(passes, "without_sales", lambda *_: [])
        read = passes.StoredLeads.leads
        patched.setattr(passes.StoredLeads, "leads", lambda self, ids: asked.extend(ids) or read(self, ids))
        written: dict[str, Any] = {}

        def kept(_connection: Any, changes: Any) -> set[str]:
            written.update({row.lead_id: replace(row, version=0, decision_id="") for _, row in changes})
            return set()

        patched.setattr(deciding, "store", kept)
        by = DecidedBy.in_force(home.home, Scorer(home.home).scoring, home.now)
        work = passes.Pass(home.home, by, passes.StoredLeads(home.home, by))
        work.decide(list(lead_rows(home)), lambda _: Cause("night", ""))
    assert bool(asked) is not by_ledger
    return written


def test_a_decision_that_a_clock_of_its_handover_brought_is_replayed_to_the_same(at_home: DecidedHome) -> None:
    at_home.hear(lead("hot", **FIT))
    (offered,) = at_home.handovers()
    at_home.now += HOUR
    talked = {"by": offered.owner, "handover_id": offered.handover_id}
    at_home.hear({"type": "track", "userId": "hot", "event": "Call Answered", "properties": talked})
    at_home.now += 30 * DAY
    for _ in range(5):
        at_home.now += DAY
        at_home.hear(lead("other"), lead("another"))  # what is recorded at this moment comes before the handover's end
        sweep(at_home.home, at_home.now)
    assert at_home.decisions("hot") == {"hot": ("nurture", "no_outcome", "marketing")}
    assert replay(at_home.home).as_json()["examples"] == []


def test_who_is_closed_for_good_waits_for_an_event_and_not_for_the_night(at_home: DecidedHome) -> None:
    at_home.hear(lead("open"), lead("sold"))
    at_home.hear({"type": "track", "userId": "sold", "event": "Lead Converted", "properties": {}})
    night(at_home.home, at_home.now)
    assert night(at_home.home, at_home.now + DAY).night == 1
    assert at_home.decisions()["sold"] == ("converted", "converted", None)


def test_two_sweeps_at_once_are_one(home: DecidedHome) -> None:
    import_leads(home, 5)
    with sweeper_lock(home.home) as is_ours:
        assert is_ours
        assert not sweep(home.home, home.now).is_ours
    assert sweep(home.home, home.now).marked == 5


def test_going_live_withdraws_what_the_trial_handed_over_and_begins_in_the_line(home: DecidedHome) -> None:
    save_version(home.home, live_agreement(live="false"), home.now)
    home.hear(*(lead(f"u{i}", **FIT) for i in range(6)))
    assert {row.is_trial for row in home.handovers()} == {True}
    save_version(home.home, LIVE, home.now)
    home.parts.clear()
    home.now += HOUR
    home.hear(visits("u1"))
    assert [row.lead_id for row in home.handovers() if not row.is_trial] == []
    assert sweep(home.home, home.now).withdrawn == 5
    trial = [row for row in home.handovers() if row.is_trial]
    assert {(row.state, row.code) for row in trial} == {("withdrawn", "trial_ended")}
    assert len(home.handovers()) - len(trial) == A_DAY
    with reading(home.home) as connection:
        assert "withdrawn" not in set(connection.scalars(select(tables.notices.c.kind)))  # of the trial nobody heard


def test_who_asked_for_us_is_not_held_by_an_import(at_home: DecidedHome) -> None:
    at_home.read([lead("asks"), asks("asks")], MONDAY - DAY)
    sweep(at_home.home, at_home.now)
    assert [(row.kind, row.owner) for row in at_home.handovers()] == [("inbound", ANN)]


def test_nothing_is_due_in_an_empty_home(at_home: DecidedHome) -> None:
    assert sweep(at_home.home, at_home.now).leads == 0


def test_how_many_would_cross_is_told_before_anything_happens(at_home: DecidedHome) -> None:
    strict = live_agreement(bar="{ probability = 0.99 }")
    save_version(at_home.home, strict, at_home.now)
    at_home.hear(*(lead(f"u{i}", **FIT) for i in range(70)), lead("cold", country="France"))
    told = crossings_of_agreement(at_home.home, AgreementVersion(LIVE, 0), at_home.now)
    assert (told.leads, told.over, told.back) == (71, 70, 0)
    assert told.sentence == (
        "70 of 71 leads would cross the bar by it: they go over best first, 3 a working day, and 10 wait in nurture"
    )
    assert codes(at_home) == {"below_bar": 71}
    assert crossings_of_agreement(at_home.home, AgreementVersion(strict, 0), at_home.now).over == 0


def test_a_serving_process_sweeps_on_until_all_that_a_file_brought_is_decided(
    at_home: DecidedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says in its log how far it is, and that ended each sweep with the first part of it."""
    monkeypatch.setattr(due_rounds, "AT_ONCE", 2)
    import_leads(at_home, 5)
    served(at_home.home)[0].sweep()
    assert len(at_home.decisions()) == 5
