"""What strangers put into a campaign's name reaches files, lists and terminals as text, and breaks none of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pandas as pd
import pytest
from api_in_process import call, served
from command_line import Shell
from home_of_two_leads import NOW

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.errors import LeadlightError
from features.home.printed_text import UNPRINTABLE
from features.home.settings import Home, Settings
from serving.intake.file_import import ingest
from serving.scoring.bulk import home_scores, write_scores

HOSTILE = "spring\x1b[2J\x1b]0;owned\x07\x9b31m\x01 :fire: [red]"
SHOWN = "spring␛[2J␛]0;owned␇\ufffd31m␁ :fire: [red]"
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two leads, whose first touches are a campaign of control characters and one that is a formula."""
    folder = tmp_path_factory.mktemp("hostile")
    events = [
        {
            "type": "page", "userId": f"L-{number}", "messageId": f"m{number}", "timestamp": "2026-11-18T10:00:00Z",
            "properties": {"path": "/pricing", "title": HOSTILE},
            "context": {"campaign": {"source": "mail", "name": name}},
        }
        for number, name in enumerate((HOSTILE, FORMULA))
    ]  # fmt: skip
    events.append({"type": f"page{HOSTILE}", "userId": "L-0", "messageId": "failed"})
    (folder / "events.jsonl").write_bytes(b"\n".join(orjson.dumps(event) for event in events))
    home = Home(folder / "home", Settings()).created()
    ingest(home, [folder / "events.jsonl"], save_version(home, Agreement.default(), NOW), NOW)
    return home


@pytest.fixture(scope="module")
def scored(home: Home) -> list[dict[str, Any]]:
    return [score for chunk in home_scores(home, NOW) for score in chunk]


def campaigns(path: Path) -> list[Any]:
    if path.suffix == ".jsonl":
        return [json.loads(line)["campaign"] for line in path.read_text().splitlines()]
    if path.suffix == ".xlsx":
        rows = list(openpyxl.load_workbook(path).active.values)
        return [row[rows[0].index("campaign")] for row in rows[1:]]
    return list((pd.read_csv if path.suffix == ".csv" else pd.read_parquet)(path)["campaign"])


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl", "parquet"])
def test_a_file_of_scores_is_whole_whatever_a_campaign_is_called(scored, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"scores.{ending}"
    write_scores(scored, path)
    # Spreadsheets show text and run formulas; the others hand on to programs what came.
    is_sheet = ending in ("csv", "xlsx")
    assert campaigns(path) == ([SHOWN, f"'{FORMULA}"] if is_sheet else [HOSTILE, FORMULA])
    assert not UNPRINTABLE.search(path.read_bytes().decode("utf-8", "ignore")) or ending in ("xlsx", "parquet", "jsonl")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_titles_of_a_file_that_was_scored_are_no_formulas_either(scored, tmp_path: Path, ending: str) -> None:
    beside = pd.DataFrame({FORMULA: ["a", "b"], "kind": pd.Categorical([FORMULA, HOSTILE])})
    path = tmp_path / f"scores.{ending}"
    write_scores(scored, path, beside)
    if ending == "csv":
        rows = list(csv.reader(path.read_text().splitlines()))
    else:
        sheet = openpyxl.load_workbook(path).active
        assert not [cell for row in sheet for cell in row if cell.data_type == "f"]
        begin = list(next(sheet.values)).index(f"'{FORMULA}")  # what a person reads first stands before the file's own
        rows = [row[begin:] for row in sheet.values]
    assert [row[:2] for row in map(list, rows)] == [[f"'{FORMULA}", "kind"], ["a", f"'{FORMULA}"], ["b", SHOWN]]


def test_scores_that_cannot_be_written_leave_the_file_of_yesterday(scored, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "scores.xlsx"
    write_scores(scored, path)
    before = path.read_bytes()

    def breaks(book: openpyxl.Workbook, place: Path) -> None:
        place.write_bytes(b"half")
        raise LeadlightError("the writer broke")

    monkeypatch.setattr(openpyxl.Workbook, "save", breaks)
    with pytest.raises(LeadlightError):
        write_scores(scored, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [("score",), ("score", "--lead", "L-0"), ("score", "--json"), ("export", "L-0"), ("failed-events", "list"),
     ("failed-events", "list", "--json"), ("failed-events", "replay"), ("doctor",), ("doctor", "--json"),
     ("export", "NO\x1b[2JBODY"), ("score", "--lead", "NO\x1b[2JBODY"), ("erase", "NO\x1b[2JBODY", "--json")],
    ids=lambda words: " ".join(words).replace("\x1b", "ESC"),
)  # fmt: skip
def test_no_command_sends_control_characters_to_a_terminal(home: Home, monkeypatch, capfd, words) -> None:
    monkeypatch.setenv("LEADLIGHT_HOME", str(home.path))
    told = Shell(capfd)(*words)
    assert not UNPRINTABLE.search(told.out + told.err)
    if words == ("score",):
        assert SHOWN in told.out
    if words == ("score", "--json"):  # the same values, escaped
        assert [score["campaign"] for score in told.json["data"]] == [HOSTILE, FORMULA]


def test_lists_and_timelines_over_http_hold_what_came_as_json(home: Home) -> None:
    _, app = served(home)
    events = call(app, "GET", "/v1/leads/L-0/timeline")
    assert events.json()["data"][0]["touch"]["name"] == HOSTILE
    failed = call(app, "GET", "/v1/failed-events")
    assert failed.json()["data"][0]["raw"]["type"] == f"page{HOSTILE}"
    assert "\x1b" not in events.text + failed.text
