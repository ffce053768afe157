"""Columns are found and cells are read however people title and write them."""

from __future__ import annotations

import pandas as pd
import pytest

from features.agreement.column_titles import title_words
from features.imports.columns import ColumnError, boolean, cell_texts, column_named, number_cells


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


def test_yes_and_no_are_read_as_people_write_them() -> None:
    assert [boolean(text) for text in ("Yes", "true", "1", "n", "0", "maybe")] == [True, True, True, False, False, None]


def test_markers_of_missing_values_leave_nothing() -> None:
    column = pd.Series(["Select", "select ", "", None, float("nan"), "Pune", 5.0, True])
    assert cell_texts(column, ["Select"]) == [None, None, None, None, None, "Pune", "5", "true"]
    assert cell_texts(pd.Series(["a", None, "a"], dtype="string")) == ["a", None, "a"]
    assert cell_texts(pd.Series([1, None], dtype="Int64")) == ["1", None]
    assert cell_texts(pd.to_datetime(pd.Series(["2024-02-13", None]))) == ["2024-02-13 00:00:00", None]


def test_numbers_that_a_workbook_holds_stay_numbers_beside_text() -> None:
    column = pd.Series([2.636, "4,7", 3, "Select", None, True], dtype=object)
    assert number_cells(column, ["Select"]) == [2.636, "4,7", 3.0, None, None, "true"]
    assert number_cells(pd.Series(["2,636", None], dtype="string")) == ["2,636", None]
