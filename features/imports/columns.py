"""Columns of a file: which one a name means, what a cell writes for missing, and its text, number or truth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from numbers import Real
from typing import TypeVar

import pandas as pd

from features.home.errors import LeadlightError
from features.home.numbers import NumberCell

# What forms and CRMs write into a cell that nobody filled. Compared without case.
_UNFILLED = """
select | please select | - select - | --select-- | -select- | select one | choose one | please choose | unspecified
n/a | na | #n/a | n.a. | null | (null) | nan | none | nil | undefined | unknown | not known | not available | not set
not specified | not provided | not applicable | not given | blank | (blank) | [blank] | empty | (empty) | - | -- | ---
? | . | #ref! | #value! | \\n
"""
MISSING_MARKERS = frozenset(marker.strip() for marker in re.split(r"[|\n]", _UNFILLED.strip()))
# Yes and no as forms and spreadsheets write them, in the languages that exports come in.
TRUE = frozenset("yes true y t on ja wahr oui vrai si sí sì verdadero vero sim verdadeiro waar".split())
FALSE = frozenset("no false n f off nein falsch non faux falso não nao nee onwaar".split())


Value = TypeVar("Value")


class ColumnError(LeadlightError):
    """A column that was asked for is not in the file."""

    code = "no_such_column"


def column_named(name: str, columns: Sequence[str], file: str) -> str:
    """The column of `file` that is titled `name`, else the only one that differs in case and outer spaces alone.

    Raises ColumnError, which names similar columns.
    """
    if name in columns:
        return name
    alike = [column for column in columns if column.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    raise ColumnError(f'{file} has no column "{name}"; {_near(name, columns)}')


def _near(name: str, columns: Sequence[str]) -> str:
    titles = {column.casefold(): column for column in columns}
    near = [titles[found] for found in get_close_matches(name.casefold(), titles, n=3, cutoff=0.5)]
    near = near or [title for key, title in titles.items() if name.casefold() in key or key in name.casefold()][:3]
    if near:
        return f"did you mean {' or '.join(map(_quoted, near))}?"
    shown = ", ".join(map(_quoted, columns[:12])) + (", ..." if len(columns) > 12 else "")
    return f"it has {shown}"


def _quoted(title: str) -> str:
    return f'"{title}"'


def cell_text(value: object) -> str:
    """A cell as text: whole floats lose their ".0", truth is "true" or "false", missing is ""."""
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def spelling(text: str) -> str:
    """A text whose equal spellings are equal: "Yes" and "yes" are "yes", "1.0" and "1" are "1"."""
    return re.sub(r"(?<=\d)\.0+$", "", text.strip()).casefold()


def cell_texts(column: pd.Series, missing: Iterable[str] = ()) -> list[str | None]:
    """One text per cell of a column, None where the cell is empty or a missing marker, compared without case."""
    values: list[object] = column.tolist()
    absent = {"", *(marker.strip().casefold() for marker in missing)}
    # A column says the same few things many times: each is looked at once.
    texts = {value: cell_text(value) for value in _distinct(values)}
    known = {value: None if text.casefold() in absent else text for value, text in texts.items()}
    return [known.get(value) for value in values]


def number_cells(column: pd.Series, missing: Iterable[str] = ()) -> list[NumberCell]:
    """The cells of a column of numbers: a number that a workbook or Parquet holds as it is, all others as text."""
    texts = cell_texts(column, missing)
    if isinstance(column.dtype, pd.StringDtype):
        return list(texts)
    return [
        float(value) if text is not None and isinstance(value, Real | Decimal) and not isinstance(value, bool) else text
        for value, text in zip(column.tolist(), texts, strict=True)
    ]


def _distinct(values: list[object]) -> list[object]:
    return [value for value in dict.fromkeys(values) if value is not pd.NA and value == value]


def boolean(text: str) -> bool | None:
    """True or False for yes and no words and for 1 and 0; None for anything else."""
    word = text.strip().casefold()
    return True if word in TRUE or word in ("1", "1.0") else False if word in FALSE or word in ("0", "0.0") else None


def says_value(text: str, value: str) -> bool:
    """Whether a cell says a value, in any spelling: "yes" is "Yes", "1.0" is "1", and "1" is as true as "true"."""
    truth = boolean(value)
    return spelling(text) == spelling(value) or (truth is not None and boolean(text) is truth)


def map_distinct(values: Sequence[str | None], read: Callable[[str], Value | None]) -> list[Value | None]:
    """`read` of each value, and None for None; equal values are read once."""
    seen = {value: read(value) for value in dict.fromkeys(values) if value is not None}
    return [None if value is None else seen[value] for value in values]
