"""Numbers in text files of events: trait columns that hold numbers, each read by the one sign that its rows show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from features.home.numbers import DecimalSign, NumberSpelling, number
from features.imports.columns import cell_texts

_MOSTLY = 0.98


def number_columns(tables: Iterable[pd.DataFrame], columns: Iterable[str]) -> dict[str, DecimalSign]:
    """The decimal sign of each of these columns that hold numbers with one; others are left to be read one by one.

    Without it "2.636" in a column of "4.7" and "0.836" could not be told from 2636.
    """
    spellings = {column: NumberSpelling() for column in columns}
    if not spellings:
        return {}
    for rows in tables:
        spellings = {
            column: seen.after(dict.fromkeys(cell_texts(rows[column]))) if column in rows else seen
            for column, seen in spellings.items()
        }
    shown = {column: seen.shown for column, seen in spellings.items()}
    return {column: sign for column, sign in shown.items() if sign and spellings[column].share(sign) >= _MOSTLY}


def with_numbers(rows: Iterator[dict[str, Any]], signs: Mapping[str, DecimalSign]) -> Iterator[dict[str, Any]]:
    """The rows with the numbers of these columns as numbers; what is none stays as it is."""
    for row in rows:
        for column, sign in signs.items():
            found = number(row.get(column), sign)
            if found is not None:
                row[column] = found
        yield row
