"""Handovers in both databases: what is read is what was written, one open per lead, and of two writers one wins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from offered_handovers import ANN, BEN, DAY, HOUR, MINUTE, MONDAY, call, feedback, handover_of, then

from features.home.database import migrate, reading, writing
from features.home.settings import Home, Settings
from serving.handovers.acts import DueAct, ReassignAct
from serving.handovers.handover import Handover
from serving.handovers.store import (
    due,
    handover_by_id,
    newest_handovers,
    open_handovers,
    open_of_owner,
    trial_handovers,
    write,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = Home(tmp_path / "home", Settings(database_url=url))
    migrate(made)
    return made


def kept(home: Home, *handovers: Handover) -> None:
    with writing(home) as connection:
        assert not write(connection, [(None, handover) for handover in handovers])


def test_what_is_read_is_what_was_written_whatever_happened(home: Home) -> None:
    course = [
        call(MONDAY + HOUR, "call_back", 1, call_back_at=MONDAY + 2 * DAY),
        feedback("accepted", MONDAY + 2 * HOUR, 2, learned={"timeframe": "3 months", "size": 12}),
        DueAct(MONDAY + 3 * DAY),
        ReassignAct(MONDAY + 3 * DAY, BEN, "away", 3),
        feedback("rejected", MONDAY + 4 * DAY, 4, BEN, reason="too_early"),
    ]
    handover = handover_of()
    kept(home, handover)
    for act in course:
        changed = then(handover, act)
        with writing(home) as connection:
            assert not write(connection, [(handover, changed)])
        with reading(home) as connection:
            assert handover_by_id(connection, handover.handover_id) == changed
        handover = changed
    with reading(home) as connection:
        assert open_handovers(connection, ["u1"]) == {}
        assert newest_handovers(connection, ["u1"]) == {"u1": handover}
        assert handover_by_id(connection, "ho_none") is None


def test_a_lead_has_one_open_handover_and_the_second_is_lost(home: Home) -> None:
    first, second = handover_of(), handover_of(at=MONDAY + DAY)
    kept(home, first)
    with writing(home) as connection:
        assert write(connection, [(None, second)]) == {second.handover_id}
    ended = then(first, feedback("lost"))
    with writing(home) as connection:  # in one transaction the one ends and the next begins
        assert not write(connection, [(None, second), (first, ended)])
    with reading(home) as connection:
        assert open_handovers(connection, ["u1", "u2"]) == {"u1": second}


def test_of_two_who_read_the_same_the_second_to_write_loses_and_writes_nothing(home: Home) -> None:
    handover = handover_of()
    kept(home, handover)
    mine, yours = then(handover, call(MONDAY + HOUR, event_id=1)), then(handover, feedback("accepted"))
    with writing(home) as connection:
        assert write(connection, [(handover, mine)]) == set()
    with writing(home) as connection:
        assert write(connection, [(handover, yours)]) == {handover.handover_id}
    with reading(home) as connection:
        assert handover_by_id(connection, handover.handover_id) == mine


def test_what_is_due_is_found_the_longest_due_first(home: Home) -> None:
    asked, crossed = handover_of("inbound", lead_id="u1"), handover_of(lead_id="u2")
    kept(home, crossed, asked, handover_of(lead_id="u3", is_trial=True))
    with reading(home) as connection:
        assert due(connection, MONDAY) == []
        assert [each.lead_id for each in due(connection, MONDAY + HOUR)] == ["u1"]
        assert [each.lead_id for each in due(connection, MONDAY + 2 * DAY)] == ["u1", "u2"]
        assert [each.lead_id for each in due(connection, MONDAY + 2 * DAY, limit=1)] == ["u1"]
        assert [each.lead_id for each in trial_handovers(connection)] == ["u3"]
        assert {each.lead_id for each in open_of_owner(connection, ANN)} == {"u1", "u2", "u3"}


def test_overdue_and_time_left_are_of_the_moment_at_which_one_looks() -> None:
    handover = handover_of("inbound")
    assert not handover.is_overdue(MONDAY + 29 * MINUTE)
    assert handover.is_overdue(MONDAY + 30 * MINUTE)
    assert not then(handover, call(MONDAY + HOUR)).clocks["first_contact"].is_overdue(MONDAY + DAY)
    assert replace(handover, closed_at=MONDAY).runs_out_at is None
