"""The delta file: leads whose decision changed since a moment, with the CRM's ids and columns to say what became."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.home.errors import LeadlightError
from features.home.printed_text import spreadsheet_cell
from features.home.whole_files import whole_file, write_whole
from features.records.contacts import contacts
from serving.handovers.acts import REASONS
from serving.handovers.crm_records import crm_ids

CHECKED = ("lead_id", "handover_id", "name", "company", "email")  # a row in which one of these moved is another's
CHECK = "leadlight_check"
# What a person writes beside a lead; `leadlight ingest` reads it as feedback.
STATUS, REASON, DATE, NOTE, BY = "feedback_status", "feedback_reason", "feedback_date", "feedback_note", "feedback_by"
STATUSES = ("accepted", "no_answer", "voicemail", "talked", "call_back", "not_now", "rejected", "qualified", "lost",
            "converted")  # fmt: skip
COLUMNS = ("decision", "code", "queue", "owner", "decided_at", "look_again_at", "score", "grade", "probability",
           "reason", "source", "campaign")  # fmt: skip
TO_FILL = (STATUS, REASON, DATE, NOTE, BY)


def changed_leads(connection: Connection, agreement: Agreement, since: datetime) -> list[dict[str, Any]]:
    """One row per lead whose decision, code, queue or owner changed since a moment, the newest change first.

    With the lead's ids in the CRM, whom to call, the columns to fill, and a check that tells a row whose cells moved.
    """
    decided = tables.lead_decisions
    is_new = decided.c.decided_us >= microseconds(since)
    rows = connection.execute(select(decided).where(is_new).order_by(decided.c.decided_us.desc(), decided.c.lead_id))
    found = [dict(row) for row in rows.mappings()]
    people = contacts(connection, agreement, [row["lead_id"] for row in found])
    ids = crm_ids(connection, [row["lead_id"] for row in found])
    return [_row(row, people[row["lead_id"]].as_json(), ids.get(row["lead_id"], {})) for row in found]


def _row(decided: Mapping[str, Any], contact: Mapping[str, str | None], ids: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"lead_id": decided["lead_id"]}
    row |= {"crm": ", ".join(ids), "crm_lead_id": ", ".join(ids.values()), **contact}
    moments = {"decided_at": decided["decided_us"], "look_again_at": decided["look_again_us"]}
    told = {**decided, **{name: us and rfc3339(from_microseconds(us)) for name, us in moments.items()}}
    row |= {name: told[name] for name in COLUMNS} | {"handover_id": decided["handover_id"]}
    return row | dict.fromkeys(TO_FILL) | {CHECK: row_check(row)}


def row_check(row: Mapping[str, Any]) -> str:
    """What tells a row whose cells were moved, such as by sorting one column alone."""
    plain = "\0".join(" ".join(str(row.get(name) or "").removeprefix("'").split()) for name in CHECKED)
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def write_changed(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as .csv, .xlsx or .jsonl. Raises LeadlightError for another kind of file."""
    kind = path.suffix.lower()
    if kind == ".jsonl":
        write_whole(path, b"".join(orjson.dumps(row) + b"\n" for row in rows))
        return
    writers: dict[str, Callable[[Sequence[Mapping[str, Any]], Path], None]] = {".csv": _csv, ".xlsx": _workbook}
    if kind not in writers:
        remedy = "end it in .csv, .xlsx or .jsonl"
        raise LeadlightError(f"{path.name} is no kind of file that changed decisions are written to; {remedy}")
    with whole_file(path) as part:
        writers[kind](rows, part)


TITLES = ("lead_id", "crm", "crm_lead_id", "name", "title", "company", "phone", "email", *COLUMNS, "handover_id",
          *TO_FILL, CHECK)  # fmt: skip


def _csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, TITLES)
        writer.writeheader()
        writer.writerows({title: spreadsheet_cell(row[title]) for title in TITLES} for row in rows)


def _workbook(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Changed"
    sheet.append(list(TITLES))
    for row in rows:
        sheet.append([spreadsheet_cell(row[title]) for title in TITLES])
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    for place, title in enumerate(TITLES, start=1):
        letter, color = get_column_letter(place), "FFF2CC" if title in TO_FILL else "DDE6F0"
        sheet[f"{letter}1"].font, sheet[f"{letter}1"].fill = Font(bold=True), PatternFill("solid", fgColor=color)
        sheet.column_dimensions[letter].width = max(len(title) + 3, 14)
        words = {STATUS: STATUSES, REASON: REASONS}.get(title)
        if words and rows:
            choice = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
            choice.add(f"{letter}2:{letter}{len(rows) + 1}")
            sheet.add_data_validation(choice)
    book.save(path)
