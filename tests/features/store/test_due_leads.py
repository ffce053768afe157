"""Decisions: each round hands over what it derived, writes them with what it publishes, and none holds up another."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from handmade_events import SMALL, at, identify, page, track
from online_store_checks import alike, arrive, whole
from sqlalchemy import Connection, func, insert, select

from features.agreement.versions import save_version
from features.home import tables
from features.home.database import engine, reading, writing
from features.home.settings import Home, Settings
from features.ledger.decision_marks import Marks, clear_marks, count_due, oldest_marks
from features.ledger.ledger import Ledger
from features.store import online as store
from features.store.due_leads import DueLeads, due_leads
from features.store.feast_views import view_suffix
from features.store.materialize import materialized
from features.store.online import StoreGone
from features.store.publisher import Publisher

TOLD = [identify("ann", 1, email="ann@firm.example", industry="software"), page("ann", 2), page("bob", 3)]


@dataclass
class Noted:
    """What one round decided: a row of `bars` stands for it."""

    due: DueLeads
    lost: Collection[str] = ()
    fails: bool = False

    def write(self, connection: Connection) -> Collection[str]:
        row = {"policy_digest": ",".join(state.lead_id for state in self.due.states), "bar": 0.5}
        connection.execute(insert(tables.bars).values(**row, population="", computed_us=1))
        if self.fails:
            raise ZeroDivisionError
        return self.lost


@dataclass
class Noting:
    """Decides nothing and keeps what it was given."""

    part: str | None = view_suffix(SMALL)
    lost: Collection[str] = ()
    fails: str = ""
    given: list[DueLeads] = field(default_factory=list)
    rest: int = 0

    def feature_part(self) -> str | None:
        return self.part

    def reads_accounts(self) -> bool:
        return True

    def decided(self, _connection: Connection, due: DueLeads) -> Noted:
        if self.fails == "before":
            raise ZeroDivisionError
        self.given.append(due)
        return Noted(due, self.lost, self.fails == "after")

    def decide_rest(self) -> None:
        self.rest += 1


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    home = Home(tmp_path / "home", Settings(database_url=url)).created()
    save_version(home, SMALL, at(0))
    arrive(home, TOLD)
    materialized(home, SMALL)
    Publisher(home).publish()
    with writing(home) as connection:
        clear_marks(connection, oldest_marks(connection, 10))
    yield home
    engine(home.database_url).dispose()


def due(home: Home) -> Marks:
    with reading(home) as connection:
        return oldest_marks(connection, 10)


def written(home: Home) -> list[str]:
    with reading(home) as connection:
        return list(connection.scalars(select(tables.bars.c.policy_digest)))


def pending(home: Home) -> int:
    with reading(home) as connection:
        return connection.scalar(select(func.count()).select_from(tables.online_pending)) or 0


def test_the_round_that_derives_the_states_hands_them_over_whole_and_clears_the_mark(home: Home) -> None:
    arrive(home, [page("ann", 5)])
    decider = Noting()
    Publisher(home, decider).publish()
    ((state,),) = [given.states for given in decider.given]
    assert alike(state.behaviours, whole(home)["ann"].behaviours)
    assert state.traits["industry"] == "software"
    assert decider.given[0].newest_event_ids == {"ann": 4}
    assert (written(home), due(home), pending(home), decider.rest) == (["ann"], {}, 0, 0)


def test_what_is_derived_apart_is_what_the_round_derives(home: Home) -> None:
    arrive(home, [page("ann", 5), page("cid", 6), track("cid", "Webinar Attended", 7)])
    marks = due(home)
    with reading(home) as connection:
        found = due_leads(connection, SMALL, marks, marks)
    decider = Noting()
    Publisher(home, decider).publish()
    (given,) = decider.given
    for one, other in zip(found.states, (s for s in given.states if s.lead_id in {"ann", "cid"}), strict=True):
        assert (one.lead_id, dict(one.traits), one.known_at) == (other.lead_id, dict(other.traits), other.known_at)
        assert alike(one.behaviours, other.behaviours)


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_lead_that_cannot_be_decided_is_published_all_the_same_and_stays_due(home: Home, fails: str) -> None:
    arrive(home, [page("ann", 5)])
    decider = Noting(fails=fails)
    Publisher(home, decider).publish()
    assert (written(home), list(due(home)), pending(home)) == ([], [("user", "ann")], 0)
    assert decider.rest == 1


def test_a_lead_that_another_decided_on_meanwhile_stays_due(home: Home) -> None:
    arrive(home, [page("ann", 5), page("bob", 6)])
    Publisher(home, Noting(lost={"bob"})).publish()
    assert list(due(home)) == [("user", "bob")]


def test_decisions_go_on_while_the_online_store_is_down(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise StoreGone("gone") from ConnectionError()

    arrive(home, [page("ann", 5)])
    monkeypatch.setattr(store.OnlineStore, "write", gone)
    decider = Noting()
    Publisher(home, decider).publish()
    assert (decider.rest, pending(home), list(due(home))) == (1, 1, [("user", "ann")])


def test_decisions_go_on_before_the_first_build(tmp_path: Path) -> None:
    home = Home(tmp_path / "new", Settings())
    arrive(home, [page("ann", 5)])
    decider = Noting()
    Publisher(home, decider).publish()
    assert decider.rest == 1
    engine(home.database_url).dispose()


def test_another_feature_part_than_the_served_ones_is_not_handed_over(home: Home) -> None:
    arrive(home, [page("ann", 5)])
    decider = Noting(part="another")
    Publisher(home, decider).publish()
    assert (decider.given, decider.rest, pending(home)) == ([], 1, 0)


def test_what_a_file_brought_waits_for_the_sweep(home: Home) -> None:
    list(Ledger(home).append([page("ann", 5)], source="file", received_at=at(9)))
    decider = Noting()
    Publisher(home, decider).publish()
    assert (decider.given, decider.rest) == ([], 0)
    with reading(home) as connection:
        assert count_due(connection) == 1


def test_of_a_merge_both_leads_are_due(home: Home) -> None:
    arrive(home, [track("ann", "Lead Merged", 6, previous_lead_id="bob")])
    decider = Noting()
    Publisher(home, decider).publish()
    assert decider.given[0].merged_into == {"bob": "ann"}
    assert {state.lead_id for state in decider.given[0].states} == {"ann", "bob"}
