"""Columns are found and cells are read however people title and write them."""

from __future__ import annotations

import pandas as pd
import pytest

from features.imports.columns import ColumnError, boolean, cell_texts, column_named, number, title_words


def test_a_column_is_found_exactly_then_without_case() -> None:
    columns = ["Converted", "converted ", "Lead Number"]
    assert column_named("Converted", columns, "f") == "Converted"
    assert column_named("lead number", columns, "f") == "Lead Number"


def test_a_missing_column_names_the_near_ones() -> None:
    columns = ["Lead Number", "Converted", "City"]
    with pytest.raises(ColumnError, match=r'leads.csv has no column "Convertd"; did you mean "Converted"\?'):
        column_named("Convertd", columns, "leads.csv")
    with pytest.raises(ColumnError, match='it has "Lead Number", "Converted", "City"'):
        column_named("xyzzy", columns, "leads.csv")


def test_titles_are_the_same_words_however_they_are_written() -> None:
    titles = ("TotalVisits", "total_visits", " Total  visits", "Total-Visits")
    assert {title_words(title) for title in titles} == {"total visits"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", 1234.5), ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("1,234", 1234.0), ("1.234", 1.234),
        ("0,5", 0.5), ("12 %", 12.0), ("$ 1,000", 1000.0), ("-3", -3.0), ("1e3", 1000.0), ("1 234 567", 1234567.0),
        ("10-50", None), ("", None), ("nan", None), ("1,2,3", None), ("two", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, value: float | None) -> None:
    assert number(text) == value


def test_yes_and_no_are_read_as_people_write_them() -> None:
    assert [boolean(text) for text in ("Yes", "true", "1", "n", "0", "maybe")] == [True, True, True, False, False, None]


def test_markers_of_missing_values_leave_nothing() -> None:
    column = pd.Series(["Select", "select ", "", None, float("nan"), "Pune", 5.0, True])
    assert cell_texts(column, ["Select"]) == [None, None, None, None, None, "Pune", "5", "true"]
    assert cell_texts(pd.Series(["a", None, "a"], dtype="string")) == ["a", None, "a"]
    assert cell_texts(pd.Series([1, None], dtype="Int64")) == ["1", None]
    assert cell_texts(pd.to_datetime(pd.Series(["2024-02-13", None]))) == ["2024-02-13 00:00:00", None]
