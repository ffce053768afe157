"""What only a known CRM's export says of a lead: the contact it became, the record it was merged into, and when."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pandas as pd

from features.cell_reader import CellReader
from features.columns import cells
from features.crm import Crm


class Record(NamedTuple):
    """Ids in the CRM, and when the record was changed last."""

    contact_id: str | None = None
    merged_into: str | None = None
    modified_at: datetime | None = None


NOTHING = Record()


def records(rows: pd.DataFrame, crm: Crm, reader: CellReader) -> list[Record]:
    """One for each row; `reader` has looked at the column of last changes."""
    contacts, survivors = (_ids(rows, crm, name) for name in (crm.contact_id, crm.merged_into))
    column = modified_column(rows, crm)
    if column is None or not any(survivors):
        return [Record(contact, survivor) for contact, survivor in zip(contacts, survivors, strict=True)]
    modified = reader.moments(column, cells(rows[column]), day_ends=True)
    return [Record(*told) for told in zip(contacts, survivors, modified, strict=True)]


def modified_column(rows: pd.DataFrame, crm: Crm) -> str | None:
    """The column that says when a record was changed last."""
    return crm.title(crm.modified_at, [str(title) for title in rows.columns]) if crm.modified_at else None


def _ids(rows: pd.DataFrame, crm: Crm, name: str | None) -> list[str | None]:
    column = crm.title(name, [str(title) for title in rows.columns]) if name else None
    if column is None:
        return [None] * len(rows)
    return [text and crm.lead_id(text) for text in cells(rows[column])]
