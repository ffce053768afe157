"""The call sheet: scores as a workbook for people, best first, with whom to call, why, and what to ask."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from features.agreement.agreement import Agreement
from features.home.errors import LeadlightError
from features.home.printed_text import spreadsheet_cell
from features.records.contacts import Contact
from serving.code_words import decision_words
from serving.scoring.answer import COLUMN_TYPES, MOMENT
from serving.scoring.points import AVERAGE
from serving.scoring.reasons import IN_HAND, question_next

MOST_ROWS = 1_048_575  # that a sheet of Excel has below its header
LONGEST_CELL = 32_767
NOBODY = Contact()
# What a person reads first, in this order; then the columns of the file that was scored, then the rest.
FIRST = ("score", "grade", "decision", "name", "company", "title", "phone", "email", "reasons", "ask_next", "owner",
         "probability", "source", "campaign", "latest_source", "latest_campaign", "trend", "look_again_at",
         "lead_id")  # fmt: skip
LAST = ("model_version", "agreement_version", "as_of")
FORMATS = {"probability": "0.0%", "if_tried_now": "0.0%", "threshold": "0.0%", "base_rate": "0.0%"}
PHONE = re.compile(r"\+\d[\d ()./-]{4,30}")
NARROWEST, WIDEST, MEASURED = 8, 60, 200  # widths in characters, from so many rows


@dataclass(frozen=True)
class SheetNotes:
    """What a call sheet says beside the scores.

    contacts: one per score. dates: of the file that was scored, the moments of its columns of dates, one per row, by
    title. order: the field that leads are sorted by. agreement: what to ask, and the time zone of all times.
    """

    agreement: Agreement | None = None
    contacts: Sequence[Contact] = ()
    dates: Mapping[str, Sequence[datetime | None]] = field(default_factory=dict)
    order: str = "probability"


def write_call_sheet(
    table: pd.DataFrame, scored: Sequence[Mapping[str, Any]], path: Path, notes: SheetNotes, beside: pd.DataFrame | None
) -> None:
    """Write one row per score, best first: leads in hand by their probability, then those that are others'.

    table: one row per score, in their order. beside: the rows that were scored. Raises LeadlightError for more rows
    than a sheet has.
    """
    if len(table) > MOST_ROWS:
        raise LeadlightError(f"a sheet has {MOST_ROWS:,} rows at most, and these are {len(table):,}; write a .csv")
    zone = ZoneInfo(notes.agreement.time_zone if notes.agreement else "UTC")
    shown = _columns(table, scored, notes, zone, beside)
    order = sorted(range(len(scored)), key=lambda row: _place(scored[row], notes.order))
    book = Workbook()
    book.remove(book.worksheets[0])
    _leads(book.create_sheet("Leads"), shown, order)
    _about(book.create_sheet("About"), list(_facts(scored, notes, zone)))
    book.save(path)


def best_first(score: Mapping[str, Any], order: str = "probability") -> tuple[bool, float, str]:
    """What scores are sorted by: `order`, the highest first; without that figure after all others, by probability."""
    figure = score[order]
    return figure is None, -((score["probability"] or 0.0) if figure is None else figure), str(score["lead_id"])


def one_per_lead(scored: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The scores without those of rows that repeat a lead; a row that names nobody is a lead of its own."""
    first: dict[str | int, Mapping[str, Any]] = {}
    for place, score in enumerate(scored):
        first.setdefault(place if score["lead_id"] is None else score["lead_id"], score)
    return [*first.values()]


def _place(score: Mapping[str, Any], order: str) -> tuple[bool, bool, tuple[bool, float, str]]:
    is_mine = score["decision"] in IN_HAND
    return not is_mine, score["decision"] != "sales_ready", best_first(score, order)


def _columns(
    table: pd.DataFrame, scored: Sequence[Mapping[str, Any]], notes: SheetNotes, zone: ZoneInfo,
    beside: pd.DataFrame | None,
) -> dict[str, list[Any]]:  # fmt: skip
    """The cells of each column by its title, in the order in which people read them."""
    ours: dict[str, list[Any]] = {str(name): table[name].tolist() for name in table}
    ours |= {
        name: [_local(value, zone) for value in ours[name]] for name, kind in COLUMN_TYPES.items() if kind == MOMENT
    }
    ours["reasons"] = [readable_reasons(score) for score in scored]
    ours["ask_next"] = [question_next(score, notes.agreement) for score in scored]
    contacts = [contact.as_json() for contact in (notes.contacts or [NOBODY] * len(scored))]
    for name in NOBODY.as_json():
        values = [contact[name] for contact in contacts]
        ours |= {name: values} if any(values) else {}
    given = {} if beside is None else {str(title): beside[title].tolist() for title in beside}
    for title, moments in notes.dates.items():
        given[title] = [_local(moment, zone) or text for moment, text in zip(moments, given[title], strict=True)]
    named = {name: f"leadlight_{name}" if name in given else name for name in ours}
    first = [name for name in FIRST if name in ours]
    rest = [name for name in ours if name not in FIRST + LAST]
    columns = {named[name]: ours[name] for name in first} | given
    return columns | {named[name]: ours[name] for name in (*rest, *LAST) if name in ours}


def readable_reasons(score: Mapping[str, Any]) -> str:
    """The reasons of a score in one line for people: "on pricing pages 3 times (+12); no webinars yet (-3)"."""
    return "; ".join(f"{reason['text']} ({reason['points']:+.0f})" for reason in score["reasons"])


def _local(value: Any, zone: ZoneInfo) -> datetime | None:
    """A moment as the clock on the wall of a time zone, which is what a sheet can hold."""
    if not value:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _leads(sheet: Worksheet, columns: Mapping[str, list[Any]], order: Sequence[int]) -> None:
    """The rows below a header that stays in sight, with a filter."""
    cells = {title: _writer(sheet, title, values) for title, values in columns.items()}
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(order) + 1}"
    for place, (title, values) in enumerate(columns.items(), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = _width(
            title, [values[row] for row in order[:MEASURED]]
        )
    sheet.append([_header(sheet, title) for title in columns])
    for row in order:
        sheet.append([cells[title](values[row]) for title, values in columns.items()])


def _header(sheet: Worksheet, text: str) -> Cell:
    cell = Cell(sheet, 1, 1, spreadsheet_cell(text))
    cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6F0")
    cell.alignment = Alignment(vertical="top")
    return cell


def _writer(sheet: Worksheet, title: str, values: Sequence[Any]) -> Callable[[Any], Any]:
    """What makes a cell of a column, by the kind of its values."""
    moments = [value for value in values if isinstance(value, datetime)]
    is_day = all(moment.time() == datetime.min.time() for moment in moments)
    has_fraction = any(isinstance(value, float) and value % 1 for value in values)
    known = FORMATS.get(title.removeprefix("leadlight_"), "0.0" if has_fraction else "General")
    style = ("yyyy-mm-dd" if is_day else "yyyy-mm-dd hh:mm") if moments else known

    def made(value: Any) -> Any:
        if title in ("decision", "leadlight_decision") and value == "sales_ready":
            cell = Cell(sheet, 1, 1, value)
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="CDEBCB")
            return cell
        if value is None or value is pd.NA or value is pd.NaT or value != value:
            return None
        if isinstance(value, str):
            # A number to call is text here and no formula: it needs no quote.
            return value if PHONE.fullmatch(value) else spreadsheet_cell(value)[:LONGEST_CELL]
        if style == "General" or isinstance(value, bool):
            return value
        cell = Cell(sheet, 1, 1, value)
        cell.number_format = style
        return cell

    return made


def _width(title: str, values: Sequence[Any]) -> int:
    longest = max((_length(value) for value in values), default=0)
    return min(max(len(title) + 3, longest + 2, NARROWEST), WIDEST)


def _length(value: Any) -> int:
    """About how many characters a cell shows."""
    if value is None or value != value:
        return 0
    return 16 if isinstance(value, datetime) else 6 if isinstance(value, float) else len(str(value))


def _facts(scored: Sequence[Mapping[str, Any]], notes: SheetNotes, zone: ZoneInfo) -> Iterator[tuple[str, Any]]:
    """What holds for the whole sheet, as pairs of a name and a value."""
    leads = one_per_lead(scored)
    yield "leads", len(leads)
    if len(leads) < len(scored):
        yield "rows", f"{len(scored):,}, of which some repeat a lead, with its one score"
    for (decision, status), count in Counter((s["decision"], s["status"]) for s in leads).most_common():
        yield f"of them {decision_words(decision or status)}", count
    for score in scored[:1]:
        yield "scored as of", _local(score["as_of"], zone)
        model, agreed = score["model"], score["agreement"]
        yield "model", f"{model['name']}, version {model['version']}" if model else "none yet: the criteria answer"
        yield "agreement", f"{agreed['name']}, version {agreed['version']}"
    yield "times are in", str(zone) if zone != UTC else "UTC"
    yield "score", f"{AVERAGE} is the average lead, and every 10 points double the odds"
    yield "reasons", "in brackets, the points that each adds to the score or takes from it"
    cautions = dict.fromkeys(warning["message"] for score in scored for warning in score["warnings"])
    yield from (("know before use", caution) for caution in cautions)


def _about(sheet: Worksheet, facts: Sequence[tuple[str, Any]]) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 100
    for name, value in facts:
        cell = Cell(sheet, 1, 1, spreadsheet_cell(value))
        cell.alignment = Alignment(horizontal="left", wrap_text=True, vertical="top")
        cell.number_format = "yyyy-mm-dd hh:mm" if isinstance(value, datetime) else "General"
        sheet.append([_header(sheet, name), cell])
