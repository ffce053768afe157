"""Which column of an export is which trait, and its cells as the trait's kind keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from features.agreement import Agreement, Excluded, Trait
from features.columns import boolean, cells, each, number, words
from features.crm import Crm
from features.dates import DatesError, DayOrder, First, moment_of, written
from features.identity import normal_email

# Reasons in [excluded] that begin so keep a column out of the ledger: no one needs it to sign a field.
KEPT_OUT = ("protected", "personal")
_EMAIL = frozenset({"email", "e mail", "mail", "email address", "e mail address", "contact email", "work email"})


class Fact(NamedTuple):
    """One column of an export as a trait."""

    name: str
    kind: str
    column: str
    at_creation: bool
    is_excluded: bool  # still imported, so that a person can sign it without importing again


def facts(agreement: Agreement, columns: Sequence[str], crm: Crm | None = None) -> list[Fact]:
    """The traits and signable excluded fields that an export with these columns tells, and the e-mail address.

    crm: whose export it is, where that is known: then a trait may go by another title of the same field.
    """
    lines: list[Trait | Excluded] = [*agreement.traits.values(), *agreement.excluded.values()]
    found = []
    for line in lines:
        is_excluded = line.name in agreement.excluded
        column = _column_of(line, columns, crm)
        kept_out = is_excluded and str(line.why).lower().startswith(KEPT_OUT)
        if column and not kept_out and line.name != "email":
            found.append(Fact(line.name, line.kind or "category", column, line.known == "at_creation", is_excluded))
    return found


def email_column(columns: Sequence[str]) -> str | None:
    """The column of e-mail addresses, by its title: it matches an export's leads to those of the website."""
    return next((column for column in columns if words(column) in _EMAIL), None)


def missing_columns(agreement: Agreement, columns: Sequence[str], crm: Crm | None = None) -> list[str]:
    """The columns that traits name and the file lacks."""
    named = [trait for trait in agreement.traits.values() if trait.column]
    return [str(trait.column) for trait in named if _column_of(trait, columns, crm) is None]


def _column_of(line: Trait | Excluded, columns: Sequence[str], crm: Crm | None) -> str | None:
    name = line.column or line.name
    found = _column(name, columns)
    if found or crm is None:
        return found
    return crm.title(name, columns) or crm.title(crm.traits.get(line.name, name), columns)


def _column(name: str, columns: Sequence[str]) -> str | None:
    if name in columns:
        return name
    alike = [column for column in columns if words(column) == words(name)]
    return alike[0] if len(alike) == 1 else None


def cells_as(kind: str, column: list[str | None], order: DayOrder, zone: ZoneInfo) -> tuple[list[object], list[str]]:
    """The cells as the kind keeps them (numbers, true and false, text, ISO 8601 for dates), and the unreadable ones."""
    if kind in ("category", "text"):
        return list(column), []
    first = _first(order)
    readers: dict[str, Callable[[str], object]] = {"number": _number, "boolean": boolean}
    read = readers.get(kind, lambda text: _date(text, first, zone))
    values: list[object] = list(each(column, read))
    return values, [text for text, value in zip(column, values, strict=True) if text is not None and value is None]


def _first(order: DayOrder) -> First | None:
    try:
        return order.first("", "")
    except DatesError:
        return None


def _number(text: str) -> float | int | None:
    found = number(text)
    return int(found) if found is not None and found.is_integer() and abs(found) < 1e15 else found


def _date(text: str, first: First | None, zone: ZoneInfo) -> str | None:
    found = written(text, first)
    if found is None:
        return None
    return moment_of(found, zone).isoformat() if found.has_time else found.at.date().isoformat()


def emails(rows: pd.DataFrame) -> list[str | None]:
    """The e-mail address of each row, normalised; None where there is none."""
    column = email_column([str(title) for title in rows.columns])
    if column is None:
        return [None] * len(rows)
    return [address and normal_email(address) for address in cells(rows[column])]
