"""Merging, exporting and erasing a lead, and the doctor, as operators type them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from command_line import Shell
from home_of_two_leads import EVENTS


@pytest.fixture
def leadlight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "home"))
    shell = Shell(capfd)
    rows = [event | {"messageId": f"m{i}", "receivedAt": event["timestamp"]} for i, event in enumerate(EVENTS)]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    assert shell("ingest", "events.jsonl").status == 0
    return shell


def test_a_merge_is_made_listed_and_undone(leadlight: Shell) -> None:
    assert leadlight("merge").out == "no leads were merged\n"
    made = leadlight("merge", "ann@buyer.example", "eu/L 2", "--json").json
    assert (made["lead_id"], made["previous"], made["undone_at"]) == ("L-1", "eu/L 2", None)
    (listed,) = leadlight("merge", "--json").json
    assert listed["merge_id"] == made["merge_id"]
    assert leadlight("merge", "--undo", made["merge_id"]).out == "eu/L 2 and L-1 are two leads again\n"
    assert ", undone 2" in leadlight("merge").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("merge", "L-1"), "L-1 is one lead; name the lead to merge into and then the one"),
        (("merge", "L-1", "L-1"), "are one lead already"),
        (("merge", "--undo", "m"), "there is no merge 'm'; `leadlight merge` lists them"),
        (("erase", "zoe"), "no lead is named 'zoe'; give a lead id, an e-mail address or an id of your CRM"),
        (("export",), "say what to export: a lead, as in `leadlight export u_42`, or --tables DIR"),
        (("export", "L-1", "--tables", "x"), "say what to export"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(leadlight: Shell, words: tuple[str, ...], said: str) -> None:
    told = leadlight(*words)
    assert (told.status, told.err.count("\n")) == (1, 1)
    assert said in told.err


def test_what_is_held_on_a_lead_is_written_for_its_owner_only(leadlight: Shell, tmp_path: Path) -> None:
    assert leadlight("export", "ann@buyer.example").json["lead_id"] == "L-1"
    assert leadlight("export", "L-1", "--out", "ann.json").out == "wrote ann.json\n"
    assert stat.S_IMODE((tmp_path / "ann.json").stat().st_mode) == 0o600
    document = json.loads((tmp_path / "ann.json").read_text())
    assert [event["message_id"] for event in document["events"]] == ["m2", "m1", "m0"]


def test_the_tables_of_a_home_are_parquet(leadlight: Shell, tmp_path: Path) -> None:
    written = leadlight("export", "--tables", "out", "--json").json["rows"]
    assert written["events"] == 4
    assert {"events", "observations", "leads", "behaviour", "traits", "identities"} <= written.keys()
    assert not {"secrets", "api_keys", "erased", "idempotency_keys"} & written.keys()
    assert {path.stem for path in (tmp_path / "out").iterdir()} == written.keys()
    assert {name: pq.read_metadata(tmp_path / "out" / f"{name}.parquet").num_rows for name in written} == written
    observed = pq.read_table(tmp_path / "out" / "observations.parquet").to_pylist()
    assert {(row["lead_id"], row["behaviour"]) for row in observed if row["sign"] > 0} == {("L-1", "pricing_page")}


def test_an_erased_lead_is_gone_from_all_that_can_be_asked(leadlight: Shell, tmp_path: Path) -> None:
    assert leadlight("erase", "ann@buyer.example", "--json").json == {
        "erased": True, "events": 3, "identifiers": 2, "failed_events": 0, "mentions": 0
    }  # fmt: skip
    again = leadlight("erase", "L-1")
    assert (again.status, "was erased" in again.err) == (1, True)
    assert [score["lead_id"] for score in leadlight("score", "--json").json["data"]] == ["eu/L 2"]
    taken = leadlight("ingest", "events.jsonl", "--json").json["files"][0]
    assert (taken["accepted"], taken["duplicates"]) == (0, 1)  # the export still has the lead, and it stays gone
    leadlight("export", "--tables", "out")
    assert b"buyer.example" not in b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_old_events_go_with_a_rebuild_and_it_says_so(leadlight: Shell, tmp_path: Path) -> None:
    old = {"type": "page", "userId": "old", "messageId": "old", "timestamp": "2011-02-03T00:00:00Z"}
    (tmp_path / "old.jsonl").write_bytes(orjson.dumps(old | {"properties": {"path": "/pricing"}}))
    assert leadlight("ingest", "old.jsonl").status == 0
    assert "older than 1,095 days" in leadlight("doctor").out
    gone = {"events": 1, "leads": 1, "failed_events": 0, "decisions": 0}
    assert leadlight("rebuild", "--json").json["retained"] == gone
    assert "older than" not in leadlight("doctor").out
    read = [pq.read_table(file) for file in (tmp_path / "home" / "features").rglob("observations.parquet")]
    assert {event_id for table in read for event_id in table["event_id"].to_pylist()} == {2, 3, 6}  # the old one was 5
    assert leadlight("export", "old").json["behaviours"]["pricing_page"]["count"] == 1


def test_the_doctor_tells_people_and_programs_the_same(leadlight: Shell) -> None:
    told, shown = leadlight("doctor", "--json"), leadlight("doctor")
    assert told.status == shown.status == 1  # no model is served yet
    for check in told.json:
        assert check["sentence"] in shown.out
    assert "pricing_page" in shown.out.splitlines()[-1]
