"""Rows of leads that are only to be scored: what an import of them would say of each, and what could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from features.agreement.agreement import Agreement
from features.imports.crm import Crm
from features.imports.lead_export import CrmExport


class ReadRows(NamedTuple):
    """Rows of leads: of each its lead and the events that an import of them all would make of it, in order.

    problems: sentences on what could not be read. dates: the moments of the columns of dates by title, one per row.
    """

    leads: list[tuple[str | None, list[dict[str, Any]]]]
    problems: list[str]
    dates: dict[str, list[datetime | None]]


def leads_in(
    rows: pd.DataFrame, agreement: Agreement, as_of: datetime, crm: Crm | None = None, file: str = "the frame"
) -> ReadRows:
    """What rows say of leads, as if they were imported at `as_of`: those that repeat a lead say the same of it.

    So since when a lead is known, won, lost, a customer counts as it does once it is imported; columns of outcome and
    dates may be missing. Raises ExportError, ColumnError, DatesError.
    """
    export = CrmExport(agreement, as_of, file, crm, is_partial=True)
    export.observe(rows)
    leads = list(export.events_by_row(rows))
    return ReadRows(leads, [*export.of_repeats(), *export.problems], export.dates(rows))
