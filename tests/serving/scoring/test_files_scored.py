"""The rows of a file are scored by what they say, as if they had been imported: whom a file calls won is not called."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from serving.intake.file_import import ingest
from serving.scoring.bulk import FileScores, file_scores, home_scores, open_leads, write_scores
from serving.scoring.call_sheet import SheetNotes
from serving.scoring.reasons import question_next

NOW = datetime(2026, 11, 20, tzinfo=UTC)
AGREED = """
name = "files"
[outcome]
event = "Lead Converted"
[export]
id = "Record ID"
created_at = "Create Date"
outcome = "Lifecycle Stage"
positive = "customer"
[traits]
industry = { kind = "category", column = "Industry", known = "at_creation" }
seats = { kind = "number", column = "Seats" }
[excluded]
customer = { why = "known only after contact", kind = "boolean", column = "Is Customer" }
profiling_opt_out = { why = "a right, no fact", kind = "boolean", column = "Objected" }
[rules]
no_profiling = { profiling_opt_out = true }
existing_customer = { customer = true }
[criteria]
profile.3 = { industry = ["Software"] }
profile.ask = "What do you make?"
[contact]
name = ["first_name last_name"]
company = ["company"]
phone = ["phone"]
"""
ROWS = """Record ID,Industry,Seats,Lifecycle Stage,Is Customer,Objected,Create Date
1,Software,12,lead,,,2026-11-01
2,Software,many,Customer,,,2026-05-01
3,Retail,9,lead,yes,,2026-05-01
4,Software,7,lead,no,yes,2026-05-01
5,Retail,7,lead,no,no,2026-05-01
"""
DECISIONS = ["sales_ready", "with_sales", "existing_customer", "no_profiling", "nurture"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with an agreement alone: the criteria's prior answers."""
    home = Home(tmp_path / "home", Settings())
    save_version(home, Agreement.parse(AGREED), NOW)
    return home


def scored(home: Home, tmp_path: Path, text: str) -> tuple[FileScores, list[dict]]:
    (tmp_path / "leads.csv").write_text(text)
    found = file_scores(home, tmp_path / "leads.csv", NOW)
    return found, [score for chunk in found.scores for score in chunk]


def test_whom_the_file_itself_calls_won_or_a_customer_is_not_recommended(home: Home, tmp_path: Path) -> None:
    _, scores = scored(home, tmp_path, ROWS)
    assert [score["decision"] for score in scores] == DECISIONS
    assert scores[3]["status"] == "no_profiling"
    assert [score["lead_id"] for score in open_leads(scores)] == ["1", "5"]


def test_a_row_is_scored_as_it_is_from_the_home(home: Home, tmp_path: Path) -> None:
    _, by_row = scored(home, tmp_path, ROWS)
    kept = save_version(home, Agreement.parse(AGREED), NOW)
    ingest(home, [tmp_path / "leads.csv"], kept, NOW)
    of_home = [score for chunk in home_scores(home, datetime(2026, 11, 20, 0, 0, 1, tzinfo=UTC)) for score in chunk]
    same = ("lead_id", "status", "decision", "decision_code", "probability", "score", "criteria")
    assert [[score[name] for name in same] for score in of_home] == [[score[name] for name in same] for score in by_row]


def test_rows_without_outcome_and_dates_are_scored_too(home: Home, tmp_path: Path) -> None:
    found, scores = scored(home, tmp_path, "Record ID,Industry,Seats\n1,Software,12\n,Retail,3\n")
    assert [score["decision"] for score in scores] == ["sales_ready", "nurture"]
    assert [score["lead_id"] for score in scores] == ["1", None]
    assert found.problems == []


def test_a_lead_in_several_rows_is_scored_once_and_every_row_comes_back(home: Home, tmp_path: Path) -> None:
    again = "5,,,customer,,,\n1,,,lead,,,\n,Retail,3,lead,,,\n,Retail,3,lead,,,\n"
    found, scores = scored(home, tmp_path, ROWS + again)
    assert [score["lead_id"] for score in scores] == ["1", "2", "3", "4", "5", "5", "1", None, None]
    assert scores[0] == scores[6]
    assert scores[4]["decision"] == scores[5]["decision"] == "with_sales"  # it converted by one of its rows
    assert [score["lead_id"] for score in open_leads(scores)] == ["1", None, None]
    assert "leads.csv: 2 rows have a Record ID that came before; of each lead the last row counts" in found.problems[0]
    write_scores(scores, tmp_path / "sheet.xlsx", found.rows, SheetNotes(Agreement.parse(AGREED), found.contacts))
    facts = dict(openpyxl.load_workbook(tmp_path / "sheet.xlsx")["About"].iter_rows(values_only=True))
    assert facts["leads"] == 7


def test_what_could_not_be_read_of_a_file_is_said(home: Home, tmp_path: Path) -> None:
    found, _ = scored(home, tmp_path, ROWS)
    assert any('column "Seats": 1 cell is no number, such as "many"' in problem for problem in found.problems)
    found, _ = scored(home, tmp_path, "Record ID,Industry\n1,Software\n")
    assert found.problems == ['leads.csv: it has no column "Seats", so nothing is known of it']


def test_a_call_sheet_says_whom_to_call_first_and_what_to_ask(home: Home, tmp_path: Path) -> None:
    text = "Record ID,First Name,Last Name,Company,Phone,Industry,Seats,Lifecycle Stage,Create Date\n"
    text += "1,Ann,Lee,Acme,+1 555 0100,,3,lead,2026-11-01\n2,Bo,Ek,Borealis,,Software,3,customer,2026-05-01\n"
    text += "3,Cy,Orr,=Cobalt(),+1 555 0102,Software,3,lead,2026-05-02\n"
    found, scores = scored(home, tmp_path, text)
    agreed, path = Agreement.parse(AGREED), tmp_path / "sheet.xlsx"
    write_scores(scores, path, found.rows, SheetNotes(agreed, found.contacts, found.dates))
    book = openpyxl.load_workbook(path)
    sheet = book["Leads"]
    rows = [
        dict(zip([cell.value for cell in sheet[1]], line, strict=True)) for line in sheet.iter_rows(2, values_only=True)
    ]
    assert [(row["decision"], row["name"], row["company"]) for row in rows] == [
        ("sales_ready", "Cy Orr", "'=Cobalt()"),
        ("nurture", "Ann Lee", "Acme"),
        ("with_sales", "Bo Ek", "Borealis"),
    ]
    assert [row["phone"] for row in rows] == ["+1 555 0102", "+1 555 0100", None]
    assert [row["ask_next"] for row in rows] == [None, "What do you make?", None]
    assert [row["Create Date"] for row in rows] == [datetime(2026, 5, 2), datetime(2026, 11, 1), datetime(2026, 5, 1)]
    assert rows[0]["as_of"] == NOW.replace(tzinfo=None)
    assert (sheet.freeze_panes, sheet.auto_filter.ref[:3]) == ("A2", "A1:")
    assert {"latest_source", "model_version", "agreement_version"} <= rows[0].keys()
    assert ("agreement", "files, version 1") in list(book["About"].values)


def test_a_lost_lead_is_asked_nothing() -> None:
    nurtured = {"criteria": {"ask_next": "need"}, "decision": "nurture"}
    assert question_next(nurtured | {"decision_code": "below_bar"}, None) == "need"
    assert question_next(nurtured | {"decision_code": "lost"}, None) is None
