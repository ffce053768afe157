"""The delta file goes out and comes back: what was written beside leads is feedback, all of it or nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from command_line import Shell
from handmade_events import identify
from offered_handovers import AGREEMENT, ANN, BEN, handover_of
from openpyxl import load_workbook

from commands.options import home, now
from features.agreement.versions import save_version
from features.home import tables
from features.home.clock import microseconds
from features.home.database import migrate, reading, writing
from features.ledger.ledger import Ledger
from serving.handovers.handover import Handover
from serving.handovers.store import newest_handovers, write

LEADS = ("u1", "u2", "u3")
Rows = list[dict[str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    opened, at = home(), now() - timedelta(days=3)
    migrate(opened)
    save_version(opened, AGREEMENT, at)
    told = [identify(lead, 1, email=f"{lead}@buyer.example", name=f"Name {lead}") for lead in LEADS]
    list(Ledger(opened).append(told, source="crm", received_at=at))
    offered = [handover_of(owner=BEN if lead == "u2" else ANN, at=at, lead_id=lead) for lead in LEADS]
    with writing(opened) as connection:
        write(connection, [(None, handover) for handover in offered])
        for handover in offered:
            row = {"lead_id": handover.lead_id, "decision_id": "de_1", "decided_us": microseconds(at), "since_us": 1}
            row |= {"decision": "sales_ready", "code": "probability_and_fit", "queue": "sales", "arrived_us": 1}
            row |= {"owner": handover.owner, "handover_id": handover.handover_id, "policy_digest": "x"}
            connection.execute(tables.lead_decisions.insert().values(**row))
            known = {"kind": "salesforce", "value": f"00Q{handover.lead_id}", "lead_id": handover.lead_id}
            connection.execute(tables.identities.insert().values(**known))
    made = Shell(capfd)
    assert "3 leads changed" in made("score", "--changed-since", "2020-01-01", "--out", "changed.csv").out
    return made


def handovers() -> dict[str, Handover]:
    with reading(home()) as connection:
        return newest_handovers(connection, LEADS)


def filled(change: Callable[[Rows], Rows], path: str = "changed.csv") -> None:
    """The file as a person leaves it."""
    with Path(path).open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["lead_id"])
    rows = change(rows)
    with Path(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def said(**cells: str) -> Callable[[Rows], Rows]:
    """u1=... and so on: the status of a lead, and perhaps more, parted by a bar."""

    def change(rows: Rows) -> Rows:
        titles = ("feedback_status", "feedback_reason", "feedback_date", "feedback_note")
        for row in rows:
            row |= dict(zip(titles, cells.get(row["lead_id"], "").split("|"), strict=False))
        return rows

    return change


def test_the_delta_file_names_leads_as_the_crm_does(shell: Shell) -> None:
    with Path("changed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["crm"], row["crm_lead_id"], row["decision"]) for row in rows} == {
        ("salesforce", f"00Q{lead}", "sales_ready") for lead in LEADS
    }
    tomorrow = (now() + timedelta(days=1)).isoformat()
    assert "0 leads changed" in shell("score", "--changed-since", tomorrow, "--out", "none.csv").out
    assert "needs a file" in shell("score", "--changed-since", "2020-01-01").err
    assert "no kind of file" in shell("score", "--changed-since", "2020-01-01", "--out", "x.pdf").err


def test_what_was_written_beside_leads_is_feedback_and_twice_adds_nothing(shell: Shell) -> None:
    filled(said(u1="no answer|||rang long", u2="rejected|too_early|2099-03-01", u3="Talked"))
    assert "3 rows are feedback now" in shell("ingest", "changed.csv").out
    states = {lead: handover.state for lead, handover in handovers().items()}
    assert states == {"u1": "working", "u2": "rejected", "u3": "contacted"}
    follow = handovers()["u2"].follow
    assert follow is not None
    assert follow.look_again_at is not None
    assert follow.look_again_at.year == 2099
    again = shell("ingest", "changed.csv", "--json").json["files"][0]
    assert (again["accepted"], again["duplicates"]) == (0, 3)


def test_a_workbook_comes_back_as_well_whatever_the_order_of_its_rows(shell: Shell) -> None:
    assert shell("score", "--changed-since", "2020-01-01", "--out", "changed.xlsx").status == 0
    book = load_workbook("changed.xlsx")
    sheet = book.active
    assert sheet is not None
    titles = [cell.value for cell in sheet[1]]
    rows = [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
    sheet.delete_rows(2, 3)
    for row in rows[::-1]:
        row[titles.index("feedback_status")] = "accepted" if row[0] == "u1" else None
        sheet.append(row)
    book.save("changed.xlsx")
    printed = shell("ingest", "changed.xlsx")
    assert printed.status == 0, printed.err
    assert handovers()["u1"].state == "accepted"


def sorted_alone(rows: Rows) -> Rows:
    names = [row["name"] for row in rows][::-1]
    return [row | {"name": name, "feedback_status": "accepted"} for row, name in zip(rows, names, strict=True)]


BROKEN: list[tuple[Callable[[Rows], Rows], str]] = [
    (sorted_alone, "cells of another row"),
    (lambda rows: [row | {"lead_id": "", "feedback_status": "accepted"} for row in rows], "lost its lead_id"),
    (lambda rows: said(u1="accepted", u2="lost")([*rows, {**rows[0]}]), "u1 is in 2 rows"),
    (said(u1="accepted", u2="rejected"), "a reject has no reason"),
    (said(u1="accepted", u2="rejected|dull"), "'dull'"),
    (said(u1="accepted", u2="wonderful"), "'wonderful'"),
    (said(u1="accepted", u2="not_now||someday"), "'someday'"),
    (lambda rows: said(u1="accepted", u2="lost")([row | {"owner": ""} for row in rows]), "feedback_by"),
]


@pytest.mark.parametrize(("change", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_a_sheet_that_was_sorted_cut_or_doubled_is_refused_whole(
    shell: Shell, change: Callable[[Rows], Rows], says: str
) -> None:
    before = handovers()
    filled(change)
    printed = shell("ingest", "changed.csv")
    assert printed.status == 1
    assert says in printed.err
    assert "nothing of the sheet was written" in printed.err
    assert handovers() == before


def test_a_handover_that_was_closed_meanwhile_refuses_the_whole_sheet(shell: Shell) -> None:
    filled(said(u3="lost"))
    shell("ingest", "changed.csv")
    filled(said(u1="accepted", u3="accepted"))
    printed = shell("ingest", "changed.csv")
    assert "row 4: this handover was closed" in printed.err
    assert handovers()["u1"].state == "offered"
