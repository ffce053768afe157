"""The backlog: so many a working day, the best first, and no longer than 20 working days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from decided_leads import NOW, before
from sqlalchemy import insert

from features.agreement.agreement import DEFAULT, Agreement
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import engine, migrate, writing
from features.home.settings import Home, Settings
from serving.decisions.backlog import backlog_turn, line, rank_again, turns_left
from serving.decisions.store import before as newest
from serving.decisions.store import store
from serving.scoring.lead_now import LeadDecision

TWO_A_DAY = Agreement.parse(DEFAULT.read_text().replace("catch_up_per_day = 20", "catch_up_per_day = 2"))


@pytest.fixture
def home(tmp_path: Path) -> Iterable[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    migrate(made)
    yield made
    engine(made.database_url).dispose()


def waiting(name: str, rank: float, is_in: bool = True) -> LeadDecision:
    decision = ("sales_ready", "in_backlog", "sales") if is_in else ("nurture", "waits_for_capacity", "marketing")
    return replace(before(*decision), lead_id=name, decision_id=f"de_{name}", in_backlog=is_in, ranks_by=rank)


def fill(home: Home, *rows: LeadDecision) -> None:
    with writing(home) as connection:
        assert store(connection, [(None, row) for row in rows]) == set()


def test_the_best_go_over_first_so_many_a_working_day(home: Home) -> None:
    fill(home, *(waiting(name, rank) for name, rank in (("a", 0.2), ("b", 0.9), ("c", 1.4), ("d", 0.1))))
    with writing(home) as connection:
        assert backlog_turn(connection, TWO_A_DAY, NOW, 10) == ["c", "b"]
        assert backlog_turn(connection, TWO_A_DAY, NOW, 1) == ["c"]
        saturday, night = NOW + timedelta(days=4), NOW.replace(hour=3)
        assert backlog_turn(connection, TWO_A_DAY, saturday, 10) == backlog_turn(connection, TWO_A_DAY, night, 10) == []
        gone = {"decision_id": "de_x", "lead_id": "c", "decided_us": microseconds(NOW), "decision": "sales_ready"}
        gone |= {"code": "probability_and_fit", "facts": "{}", "policy_digest": "p"}
        connection.execute(insert(tables.decisions).values(**gone, cause_kind="due", cause_ref="turn"))
        assert turns_left(connection, TWO_A_DAY, NOW) == 1
        assert turns_left(connection, TWO_A_DAY, NOW + timedelta(days=1)) == 2


def test_each_night_all_who_wait_are_ranked_again_and_what_is_beyond_twenty_days_waits_in_nurture(home: Home) -> None:
    names = [f"{place:02}" for place in range(43)]
    fill(home, *(waiting(name, 1 - place / 100, is_in=place != 0) for place, name in enumerate(names)))
    with writing(home) as connection:
        assert rank_again(connection, TWO_A_DAY, NOW) == 4  # the best comes in, and the last three fall out
        found = newest(connection, names)
        assert [name for name in names if found[name].in_backlog] == names[:40]
        assert {found[name].code for name in names[40:]} == {"waits_for_capacity"}
        assert rank_again(connection, TWO_A_DAY, NOW) == 0
        days = [from_microseconds(found[name].next_due_us or 0) for name in names]
        assert days[:4] == [datetime(2026, 11, day, 12, tzinfo=UTC) for day in (25, 25, 26, 26)]
        assert days == sorted(days)


def test_the_line_says_when_a_turn_comes_and_how_good_a_lead_must_be_once_it_is_full(home: Home) -> None:
    with writing(home) as connection:
        empty = line(connection, TWO_A_DAY, NOW, 3)
        assert (empty.has_room, empty.least, empty.last_at) == (True, None, NOW + timedelta(days=1))
        assert line(connection, TWO_A_DAY, NOW, None).has_room
    fill(home, *(waiting(f"{place:02}", 1 - place / 100) for place in range(40)))
    with writing(home) as connection:
        full = line(connection, TWO_A_DAY, NOW, 0)
        assert (full.has_room, full.least) == (False, pytest.approx(0.61))
