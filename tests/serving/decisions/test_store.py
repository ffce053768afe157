"""Decisions in the database: written once, by compare-and-set, a row of the log for each change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from decided_leads import EVENT, FIT, NOW, UNDER, decide, lead, us
from sqlalchemy import select

from features.home import tables
from features.home.database import engine, migrate, reading, writing
from features.home.settings import Home, Settings
from serving.decisions.rows import lead_decision
from serving.decisions.store import before, store
from serving.scoring.lead_now import LeadDecision


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = Home(tmp_path / "home", Settings(database_url=url)).created()
    migrate(made)
    yield made
    engine(made.database_url).dispose()


def row(name: str, probability: float, was: LeadDecision | None = None, days_later: float = 0.0) -> LeadDecision:
    one = lead(probability, **FIT)
    one = replace(one, lead_id=name, before=was)
    return lead_decision(one, decide(one), UNDER, NOW + timedelta(days=days_later), EVENT)


def changes(home: Home, name: str) -> list[str]:
    with reading(home) as connection:
        columns = tables.decisions.c
        return list(
            connection.scalars(select(columns.code).where(columns.lead_id == name).order_by(columns.decided_us))
        )


def stored(home: Home, name: str, probability: float, days_later: float = 0.0) -> LeadDecision:
    """The row of a decision on what was decided last, as the database has it then."""
    with writing(home) as connection:
        was = before(connection, [name]).get(name)
        assert store(connection, [(was, row(name, probability, was, days_later))]) == set()
        return before(connection, [name])[name]


def test_only_a_change_is_logged_and_the_newest_row_follows_the_numbers(home: Home) -> None:
    first, again, over = stored(home, "ann", 0.1), stored(home, "ann", 0.11, 1), stored(home, "ann", 0.3, 2)
    assert (again.decision_id, again.decided_us) == (first.decision_id, first.decided_us)
    assert over.decision_id != first.decision_id
    assert over.decision_id.startswith("de_")
    assert changes(home, "ann") == ["below_bar", "probability_and_fit"]
    with reading(home) as connection:
        assert before(connection, ["ann", "nobody"]) == {"ann": over}
    assert over.peak_probability == 0.3


def test_who_decides_on_what_another_has_decided_since_loses_and_writes_nothing(home: Home) -> None:
    first, bob = stored(home, "ann", 0.1), stored(home, "bob", 0.1)
    mine = stored(home, "ann", 0.3, 1)
    other, later = row("ann", 0.31, first, 1), row("bob", 0.3, bob, 1)
    with writing(home) as connection:
        assert store(connection, [(first, other), (bob, later)]) == {"ann"}
        assert store(connection, [(None, row("ann", 0.4))]) == {"ann"}
        assert before(connection, ["ann", "bob"]) == {"ann": mine, "bob": later}
    assert changes(home, "ann") == ["below_bar", "probability_and_fit"]


def test_who_decides_on_numbers_that_another_has_renewed_since_loses_even_where_the_decision_is_the_same(
    home: Home,
) -> None:
    first = stored(home, "ann", 0.1)
    newer = stored(home, "ann", 0.15, 1)
    assert newer.decision_id == first.decision_id
    with writing(home) as connection:
        assert store(connection, [(first, row("ann", 0.12, first, 1))]) == {"ann"}
        assert before(connection, ["ann"])["ann"].peak_probability == 0.15


def test_the_highest_probability_is_remembered_as_it_rose_and_begins_anew_with_another_model(home: Home) -> None:
    first = row("ann", 0.1)
    lower = row("ann", 0.05, first, 3)
    higher = row("ann", 0.15, lower, 5)
    assert lower.peak_probability == 0.1
    assert [said for _, said in __import__("orjson").loads(higher.peaks)] == [0.1, 0.15]
    one = replace(lead(0.02, **FIT), before=higher)
    other = replace(UNDER, model_digest="sha256:new")
    anew = lead_decision(one, decide(one, under=other), other, NOW + timedelta(days=6), EVENT)
    assert anew.peak_probability == 0.02
    assert first.arrived_us == us(0.1)
