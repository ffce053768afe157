"""Lists of leads and the queues: filtered, in order, page by page, and they add up to all leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from decided_leads import NOW, before, us
from sqlalchemy import Connection, insert

from features.home import tables
from features.home.database import engine, migrate, writing
from features.home.settings import Home, Settings
from serving.decisions.lists import SORTS, LeadFilter, cursor_of_place, lead_list, place_in_cursor, place_of_row
from serving.decisions.queues import queues
from serving.decisions.store import store
from serving.scoring.lead_now import LeadDecision


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Connection]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    home = Home(tmp_path / "home", Settings(database_url=url)).created()
    migrate(home)
    with writing(home) as opened:
        yield opened
    engine(home.database_url).dispose()


def listed(name: str, queue: str | None = "marketing", due: float | None = -1.0, **more: object) -> LeadDecision:
    decision, code = ("disqualified", "own_people") if queue is None else ("nurture", "below_bar")
    due_us = None if due is None or queue is None else us(due)
    row = before(decision, code, queue, next_due_us=due_us, look_again_us=due_us)
    return replace(row, lead_id=name, decision_id=f"de_{name}", **more)  # type: ignore[arg-type]


def fill(connection: Connection, *rows: LeadDecision) -> None:
    assert store(connection, [(None, row) for row in rows]) == set()
    names = [{"kind": "lead", "value": row.lead_id, "lead_id": row.lead_id} for row in rows]
    connection.execute(insert(tables.identities), names)


def names(connection: Connection, limit: int = 50, sort: str = "due", **equals: str) -> list[str]:
    return [row.lead_id for row in lead_list(connection, LeadFilter(equals, sort=sort), limit)]


def test_leads_are_listed_by_any_column_that_filters_and_by_what_is_due_first(connection: Connection) -> None:
    fill(
        connection,
        listed("a", due=-3, owner="ann@us.example", campaign="spring"),
        listed("b", due=-1, grade="B", probability=0.9, account="acme"),
        listed("c", queue="sales", due=-2, source="webinar"),
        listed("d", queue=None),
    )
    assert names(connection) == ["b", "c", "a", "d"]  # what has no date comes last
    assert names(connection, sort="probability")[0] == "b"
    for filters, found in (
        ({"queue": "sales"}, ["c"]),
        ({"decision": "disqualified"}, ["d"]),
        ({"grade": "B"}, ["b"]),
        ({"owner": "ann@us.example"}, ["a"]),
        ({"source": "webinar"}, ["c"]),
        ({"campaign": "spring"}, ["a"]),
        ({"account": "acme"}, ["b"]),
        ({"queue": "sales", "grade": "B"}, []),
    ):
        assert names(connection, **filters) == found
    changed = LeadFilter({}, changed_since=NOW - timedelta(days=6), sort="changed")
    assert len(lead_list(connection, changed, 9)) == 4
    assert not lead_list(connection, replace(changed, changed_since=NOW), 9)


@pytest.mark.parametrize("sort", SORTS)
def test_pages_go_on_where_one_ended_however_many_are_equal(connection: Connection, sort: str) -> None:
    some = [listed(f"{place:02}", due=None if place % 5 == 0 else -(place // 4), probability=None if place % 3 else 0.5)
            for place in range(23)]  # fmt: skip
    fill(connection, *some)
    seen: list[str] = []
    after = None
    while page := lead_list(connection, LeadFilter({}, sort=sort), 4, after):
        seen += [row.lead_id for row in page]
        after = place_in_cursor(cursor_of_place(place_of_row(page[-1], sort), sort), sort)
    assert sorted(seen) == [row.lead_id for row in some]
    assert place_in_cursor("nonsense", sort) is None
    assert place_in_cursor(cursor_of_place((1, "a"), "other"), sort) is None


def test_the_queues_add_up_to_the_leads_of_the_ledger(connection: Connection) -> None:
    fill(connection, listed("a"), listed("b", due=1.0), listed("c", queue="sales"), listed("d", queue=None))
    found = queues(connection, NOW)
    assert (found["open"], found["closed"], found["all"], found["adds_up"]) == (3, 1, 4, True)
    marketing = next(row for row in found["queues"] if row["queue"] == "marketing")
    assert (marketing["count"], marketing["overdue"]) == (2, 1)
    connection.execute(insert(tables.identities).values(kind="lead", value="e", lead_id="e"))
    assert not queues(connection, NOW)["adds_up"]  # nobody decides on it: a defect, and it says so
    connection.execute(insert(tables.decisions_due).values(kind="user", value="e", event_id=9))
    coming = queues(connection, NOW)
    assert (coming["undecided"], coming["adds_up"]) == (1, True)


PAGES: list[tuple[dict[str, str], str]] = [({}, sort) for sort in SORTS]
PAGES += [
    ({"queue": "marketing"}, "due"),
    ({"queue": "marketing"}, "probability"),
    ({"owner": "ann@us.example"}, "due"),
]
PAGES += [({"campaign": "spring"}, "due"), ({"decision": "nurture"}, "due")]


@pytest.mark.parametrize(("filters", "sort"), PAGES)
def test_a_page_is_read_in_the_order_of_an_index(connection: Connection, filters: dict[str, str], sort: str) -> None:
    fill(connection, *(listed(f"{place:04}", due=-(place % 7)) for place in range(2_000)))
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("ANALYZE lead_decisions")
    asked: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    real = connection.execute

    class Explaining:
        def execute(self, statement: object) -> object:
            text = str(statement.compile(connection.engine, compile_kwargs={"literal_binds": True}))  # type: ignore[attr-defined]
            asked.extend(str(row) for row in connection.exec_driver_sql(explain + text.replace("%", "%%")))
            return real(statement)  # type: ignore[call-overload]

    lead_list(Explaining(), LeadFilter(filters, sort=sort), 50)  # type: ignore[arg-type]
    plan = "\n".join(asked)
    assert "ix_lead_decisions" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan or "Incremental" in plan or filters
