"""The worklist as a file: what the page shows, for a spreadsheet, where nothing that a stranger wrote is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from features.home.printed_text import spreadsheet_cell
from serving.pages.worklist.worklist import WorklistRow

COLUMNS = ("name", "role", "left", "due", "overdue", "grade", "why_now", "state", "origin", "owner", "lead_id", "plan")


def csv_file(rows: Sequence[WorklistRow]) -> bytes:
    """The rows as csv in UTF-8, with the mark by which Excel knows that."""
    text = io.StringIO()
    csv.writer(text).writerows(_table(rows))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xlsx_file(rows: Sequence[WorklistRow]) -> bytes:
    """The rows as one sheet of a workbook."""
    from openpyxl import Workbook  # where one is asked for

    book = Workbook(write_only=True)
    sheet = book.create_sheet("worklist")
    for row in _table(rows):
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _table(rows: Sequence[WorklistRow]) -> Iterator[list[str]]:
    yield list(COLUMNS)
    for row in rows:
        late = "yes" if row.is_late else ""
        cells = (row.name, row.role, row.left, row.due, late, row.grade, row.why, row.state, row.origin, row.owner)
        yield [spreadsheet_cell(cell) for cell in (*cells, row.lead_id, row.plan)]
