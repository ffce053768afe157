"""The rows of exports as leads: of each lead its moments, tries, status, reason, source, campaign and owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.home.dates import DayOrder, parsed_date
from features.home.numbers import NumberSpelling, number
from features.imports.cells import CellReader
from features.imports.columns import MISSING_MARKERS, boolean, cell_texts, number_cells
from features.imports.crm import Crm
from training.hole.hole_columns import DATES, HoleColumns

NAMES = ("source", "campaign", "owner")
_FIRST = dict.fromkeys(("created", "first_try", "handed_over", "won"), "min")
_LAST = dict.fromkeys(("last_try", "ended", "tries"), "max")


@dataclass(frozen=True)
class LeadRows:
    """leads: one row per lead, indexed by its id, with a column per role; moments are UTC, NaT where there is none.

    has_hours: the roles of dates whose cells have a time of day. roles: those that some column holds. rows: of a file;
    without_id: those of them that name no lead.
    """

    leads: pd.DataFrame
    has_hours: frozenset[str]
    roles: frozenset[str]
    rows: int
    without_id: int = 0


def lead_rows(
    rows: pd.DataFrame, columns: HoleColumns, crm: Crm | None, reader: CellReader, first_row: int
) -> LeadRows:
    """The leads of one export. reader: of this file; first_row: the number of its first row, where no column is an id.

    Rows of one lead are one: the earliest moment counts, of tries the most, and else what the last row says.
    Raises DatesError where a named column of dates can be read in two ways.
    """
    dated = {role: _moments(rows, columns.of(role), reader) for role in DATES if columns.of(role)}
    table = pd.DataFrame({role: moments for role, (moments, _) in dated.items()}, index=range(len(rows)))
    for role in ("status", "reason", *NAMES):
        if titles := columns.of(role):
            table[role] = pd.Series(cell_texts(rows[titles[0]], MISSING_MARKERS), dtype=object)
    if titles := columns.of("tries"):
        table["tries"] = _numbers(rows[titles[0]])
    if titles := columns.of("converted"):
        table["converted"] = pd.Series([bool(text and boolean(text)) for text in cell_texts(rows[titles[0]])])
    table.index = pd.Index(_ids(rows, columns, crm, first_row), dtype=object, name="lead")
    is_named = np.asarray(table.index.notna())
    leads = one_row_per_lead(table[is_named])
    hours = frozenset(role for role, (_, has_hours) in dated.items() if has_hours)
    return LeadRows(leads, hours, frozenset(columns.columns), len(rows), int((~is_named).sum()))


def one_row_per_lead(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with one for each lead of the index."""
    if table.index.is_unique or not len(table.columns):
        return table[~table.index.duplicated()]
    how = {role: {**_FIRST, **_LAST, "converted": "max"}.get(role, "last") for role in table.columns}
    found: pd.DataFrame = table.groupby(level=0, sort=False).agg(how)
    return found


def _ids(rows: pd.DataFrame, columns: HoleColumns, crm: Crm | None, first_row: int) -> list[str | None]:
    if not columns.of("id"):
        return [f"row {first_row + place}" for place in range(len(rows))]
    spell: Callable[[str], str] = crm.lead_id if crm else str
    return [text and spell(text) for text in cell_texts(rows[columns.of("id")[0]], MISSING_MARKERS)]


def _moments(rows: pd.DataFrame, titles: Sequence[str], reader: CellReader) -> tuple[pd.Series, bool]:
    """The earliest moment of some columns in each row, and whether they have a time of day."""
    found, hours = [], []
    for title in titles:
        texts = cell_texts(rows[title], MISSING_MARKERS)
        reader.observe(title, texts)
        found.append(moments_of(reader.moments(title, texts, day_ends=False)))
        hours.append(has_times(texts, title, reader.file))
    return pd.concat(found, axis=1).min(axis=1), any(hours)


def moments_of(values: Sequence[object]) -> pd.Series:
    """Moments as a column of UTC, NaT for None."""
    return pd.Series(pd.to_datetime(pd.Series([*values], dtype=object), utc=True)).astype("datetime64[us, UTC]")


def has_times(texts: Sequence[str | None], column: str, file: str) -> bool:
    """Whether any cell of a column of dates has a time of day."""
    first = DayOrder().after(dict.fromkeys(texts)).first(column, file)
    return any((said := parsed_date(text, first)) and said.has_time for text in dict.fromkeys(texts) if text)


def _numbers(column: pd.Series) -> pd.Series:
    """Whole counts; NaN for an empty cell and for one that is no number."""
    cells = number_cells(column, MISSING_MARKERS)
    decimal = NumberSpelling().after(dict.fromkeys(cells)).decimal() or "."
    read: Mapping[object, float | None] = {cell: number(cell, decimal) for cell in dict.fromkeys(cells)}
    return pd.Series([np.nan if (value := read[cell]) is None else float(value) for cell in cells], dtype=float)
