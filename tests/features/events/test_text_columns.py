"""Columns of texts and numbers give back what was put in, whatever stands in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.events.event_table import BehaviourMatches, PageLeaves
from features.events.text_columns import DictionaryColumn, SparseDictionary, SparseText, TextColumn

some_text = st.text(max_size=5) | st.sampled_from(["", "ann", "\ud800", "日本"])


@given(st.lists(some_text), st.lists(some_text))
def test_texts_come_back_in_their_rows(first: list[str], more: list[str]) -> None:
    column = TextColumn()
    column.extend(first)
    column.extend(more)
    column.extend(first)
    told = first + more + first
    assert len(column) == len(told)
    assert list(column) == [column[row] for row in range(len(told))] == told


def test_a_row_that_is_not_there_is_an_error() -> None:
    column = TextColumn()
    column.extend(["ann"])
    for row in (-1, 1):
        with pytest.raises(IndexError, match=f"no row {row} in 1 texts"):
            column[row]


@given(st.lists(some_text | st.none()), st.lists(some_text | st.none()))
def test_names_come_back_and_are_numbered_in_the_order_of_their_first_row(
    first: list[str | None], more: list[str | None]
) -> None:
    column = DictionaryColumn(first)
    column.extend(more)
    told = first + more
    assert list(column) == [column[row] for row in range(len(told))] == told
    assert column.values == list(dict.fromkeys(text for text in told if text is not None))
    assert column.codes().tolist() == [-1 if text is None else column.code(text) for text in told]


def test_a_name_may_be_numbered_before_a_row_has_it() -> None:
    column = DictionaryColumn(["ann"])
    assert (column.number("bob"), column.number("ann"), column.code("cid")) == (1, 0, -1)
    column.extend(["cid", "bob"])
    assert column.codes().tolist() == [0, 2, 1]
    assert column.values == ["ann", "bob", "cid"]


@given(st.dictionaries(st.integers(0, 99), some_text))
def test_texts_of_some_rows_are_found_by_row(texts: dict[int, str]) -> None:
    column = SparseText()
    column.extend(sorted(texts.items())[:3])
    column.extend(sorted(texts.items())[3:])
    assert dict(column.items()) == {row: column[row] for row in column} == texts
    assert column.rows().tolist() == sorted(texts)
    assert [row in column for row in range(-1, 101)] == [row in texts for row in range(-1, 101)]


def test_pairs_and_triples_come_back_one_by_one_and_as_columns() -> None:
    agents, hits, leaves = SparseDictionary(), BehaviourMatches(), PageLeaves()
    agents.extend([(3, "crawler"), (5, "browser")])
    agents.extend([(9, "crawler")])
    hits.extend([(2, 0, 1.5), (2, 3, 0.0)])
    leaves.extend([(7, "view", 2.5)])
    for column in (agents, hits, leaves):
        column.extend([])
    assert list(agents) == [(3, "crawler"), (5, "browser"), (9, "crawler")]
    assert agents.names.codes().tolist() == [0, 1, 0]
    assert list(hits) == [(2, 0, 1.5), (2, 3, 0.0)]
    assert np.array(hits).tolist() == [[2, 0, 1.5], [2, 3, 0]]
    assert list(leaves) == [(7, "view", 2.5)]
    assert [len(column) for column in (agents, hits, leaves)] == [3, 2, 1]
