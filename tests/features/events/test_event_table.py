"""The log says of each event what the agreement and the event say, however the ledger is cut into chunks."""

from __future__ import annotations

from typing import Any

from handmade_events import SMALL, Told, event_row
from hypothesis import given
from hypothesis import strategies as st
from random_logs import random_log

from features.agreement.agreement import Agreement
from features.events.event_table import MOST_DECISIONS, BehaviourMatcher, EventTable, read_events
from features.home import tables
from features.what_if import WhatIfRow

DEFAULT = Agreement.default()
KEYS = sorted({key for behaviour in DEFAULT.behaviours.values() for key in behaviour.where})
named = sorted({behaviour.event for behaviour in DEFAULT.behaviours.values()})
kinds = st.sampled_from([("screen", "screen"), ("page", "page"), *((name, "track") for name in named)])
values: st.SearchStrategy[Any] = st.sampled_from(
    ["/pricing", "/pricing/eu", "demo", "whitepaper", "", 2, 2.0, True, None, ["demo"], {}]
)
properties = st.dictionaries(st.sampled_from([*KEYS, "url", "name"]), values)


@given(st.lists(st.tuples(kinds, properties, properties), max_size=20))
def test_a_decision_that_was_made_before_is_that_of_the_behaviour(
    asked: list[tuple[tuple[str, str], dict[str, Any], dict[str, Any]]],
) -> None:
    watched = BehaviourMatcher(DEFAULT.behaviours.values())
    for kind, said, page in [*asked, *asked]:
        event = (*kind, said, {"page": page})
        every = enumerate(DEFAULT.behaviours.values())
        assert list(watched.matches(*event)) == [(i, each.minutes) for i, each in every if each.matches(*event)]


def test_however_many_pages_there_are_each_is_decided() -> None:
    watched = BehaviourMatcher(DEFAULT.behaviours.values())
    paths = ["/pricing", *(f"/{number}" for number in range(2 * MOST_DECISIONS)), "/pricing"]
    hits = [watched.matches("page", "page", {"path": path}, {}) for path in paths]
    assert [place for place, hit in enumerate(hits) if hit] == [0, len(paths) - 1]


@given(random_log(12), st.integers(1, 12))
def test_how_the_ledger_is_cut_into_chunks_changes_nothing(told: list[Told], size: int) -> None:
    rows = [event_row(number, raw) for number, raw in enumerate(told, 1)]
    cut = [rows[first : first + size] for first in range(0, len(rows), size)]
    assert _columns(read_events([[], *cut], SMALL)) == _columns(read_events([rows], SMALL))


def _columns(read: EventTable) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in vars(read).items()}


def test_an_inline_event_has_the_columns_of_the_ledger_in_their_order() -> None:
    assert list(WhatIfRow._fields) == [column.name for column in tables.events.columns]
