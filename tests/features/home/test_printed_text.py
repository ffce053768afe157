"""What comes from outside moves no cursor, runs no formula and breaks no file."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.home.printed_text import UNPRINTABLE, json_escaped, spreadsheet_cell, visible, visible_line, visible_parts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("spring-launch", "spring-launch"),
        ("Überraschung für Zoë", "Überraschung für Zoë"),
        ("spring\x1b[2J\x1b]0;owned\x07", "spring␛[2J␛]0;owned␇"),
        ("a\x9b31mb\x7f", "a\ufffd31mb␡"),
        ("\u202egpj.exe", "\ufffdgpj.exe"),
        ("two\tcells", "two\tcells"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_name_with_a_line_end_forges_no_line() -> None:
    assert visible_line("spring\r\nleadlight: all is well") == "spring leadlight: all is well"


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_an_escaped_document_says_the_same_and_shows_nothing_that_moves(value: object) -> None:
    safe = json.loads(json.dumps(visible_parts(value)))
    assert visible_parts(safe) == safe
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    assert json.loads(json_escaped(text)) == json.loads(text)
    assert not UNPRINTABLE.search(json_escaped(orjson.dumps(json.loads(text)).decode()))


@pytest.mark.parametrize("start", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_a_cell_that_would_be_a_formula_is_quoted(start: str) -> None:
    assert spreadsheet_cell(start).startswith("'")


@pytest.mark.parametrize("value", ["spring", "a=b", "", 3, -2.5, None, True])
def test_any_other_cell_is_left_as_it_is(value: object) -> None:
    assert spreadsheet_cell(value) is value
