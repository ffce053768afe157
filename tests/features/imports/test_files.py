"""Files are read as people and programs write them, and refused in one sentence that says what to do."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from features.events.event import event
from features.home.errors import LeadlightError
from features.imports.delimited import FileError
from features.imports.files import events_in, is_event_file, sample_in, table_in, tables_in

LEADS = "Lead Number,City,Converted\n1,Köln,1\n2,Mumbai,0\n3,Select,0\n"
ROWS = {"Lead Number": ["1", "2", "3"], "City": ["Köln", "Mumbai", "Select"], "Converted": ["1", "0", "0"]}
EVENT = {
    "type": "track",
    "messageId": "m1",
    "userId": "u1",
    "event": "Webinar Attended",
    "timestamp": "2024-03-01T10:00:00Z",
    "receivedAt": "2024-03-01T10:00:05Z",
    "properties": {"webinar_id": "w", "minutes_attended": 41},
}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def as_lists(rows: pd.DataFrame) -> dict[str, list[object]]:
    return {str(title): rows[title].tolist() for title in rows.columns}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_common_separator_is_found(tmp_path: Path, separator: str) -> None:
    path = written(tmp_path, "leads.csv", LEADS.replace(",", separator))
    assert as_lists(table_in(path)) == ROWS


def test_a_comma_inside_cells_does_not_hide_the_real_separator(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", "name;revenue;won\nA, Ltd;1,5;1\nB, Ltd;2,5;0\n")
    assert as_lists(table_in(path))["revenue"] == ["1,5", "2,5"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_with_or_without_a_byte_order_mark_reads_the_same(tmp_path: Path, encoding: str) -> None:
    rows = table_in(written(tmp_path, "leads.csv", LEADS.encode(encoding)))
    assert as_lists(rows) == ROWS
    assert rows.attrs["notes"] == []


def test_latin_1_is_read_and_said(tmp_path: Path) -> None:
    rows = table_in(written(tmp_path, "leads.csv", LEADS.encode("latin-1")))
    assert as_lists(rows) == ROWS
    assert rows.attrs["notes"] == [
        "leads.csv is not UTF-8 (byte 30); it was read as Latin-1, the usual Western European encoding"
    ]


def test_a_trailing_column_without_a_title_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", LEADS.replace("\n", ",\n"))
    assert as_lists(table_in(path)) == ROWS


def test_quoted_cells_may_hold_line_ends_and_separators(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", 'id,note\n1,"two\nlines, one comma"\n2,\n')
    assert as_lists(table_in(path)) == {"id": ["1", "2"], "note": ["two\nlines, one comma", ""]}


def test_excels_own_separator_line_is_no_header(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", "sep=;\n" + LEADS.replace(",", ";"))
    assert as_lists(table_in(path)) == ROWS


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    assert as_lists(table_in(written(tmp_path, "leads.csv", LEADS + "\n,,\n\n"))) == ROWS


def test_two_columns_of_one_title_are_told_apart(tmp_path: Path) -> None:
    rows = table_in(written(tmp_path, "leads.csv", "id,City,City\n1,a,b\n"))
    assert as_lists(rows) == {"id": ["1"], "City": ["a"], "City (2)": ["b"]}
    assert rows.attrs["notes"] == ['leads.csv has two columns titled "City"; the later is read as "City (2)"']


def test_a_row_cut_short_is_kept_and_said(tmp_path: Path) -> None:
    rows = table_in(written(tmp_path, "leads.csv", LEADS + "4,Pune"))
    assert rows.iloc[-1].tolist() == ["4", "Pune", ""]
    [note] = rows.attrs["notes"]
    assert note.startswith("leads.csv: 1 row has fewer cells than the header, the first at line 5")


def test_chunks_are_the_table_and_count_its_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", "id\n" + "".join(f"{n}\n" for n in range(10)))
    chunks = list(tables_in(path, 4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert pd.concat(chunks).index.tolist() == list(range(10))
    assert pd.concat(chunks)["id"].tolist() == table_in(path)["id"].tolist()


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    # A file that breaks at its end still gives its first rows: it was never read whole.
    path = written(tmp_path, "leads.csv", "id,city\n1,a\n2,b\n3,c,d,e\n")
    chunks = tables_in(path, 2)
    assert next(chunks)["id"].tolist() == ["1", "2"]
    with pytest.raises(FileError, match="line 4 has 4 cells"):
        next(chunks)


def test_a_sample_is_drawn_from_the_whole_file_in_its_order(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", "id\n" + "".join(f"{n}\n" for n in range(1000)))
    rows, total = sample_in(path, 100)
    ids = [int(value) for value in rows["id"]]
    assert (total, len(ids)) == (1000, 100)
    assert ids == sorted(ids)
    assert ids[0] < 100
    assert ids[-1] > 900
    assert sample_in(path, 100)[0]["id"].tolist() == rows["id"].tolist()


def test_parquet_and_excel_give_the_same_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS)
    frame.to_parquet(tmp_path / "leads.parquet")
    frame.to_excel(tmp_path / "leads.xlsx", index=False)
    assert as_lists(table_in(tmp_path / "leads.parquet")) == ROWS
    assert as_lists(table_in(tmp_path / "leads.xlsx")) == ROWS


def test_a_nested_cell_of_parquet_is_json_text(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1], "tags": [["a", "b"]]}).to_parquet(tmp_path / "leads.parquet")
    assert as_lists(table_in(tmp_path / "leads.parquet")) == {"id": [1], "tags": ['["a","b"]']}


def half_of_a_parquet_file() -> bytes:
    path = pd.DataFrame({"id": range(10_000)}).to_parquet()
    return path[: len(path) // 2]


BAD = {
    "empty.csv": (b"", "empty.csv is empty; export it again with its rows"),
    "header.csv": (b"id,city\n", "header.csv has a header and 0 rows; export it again with its rows"),
    "untitled.csv": (b",,\n1,2,3\n", "untitled.csv has no column titles in its first line; add them"),
    "binary.csv": (b"id,city\n1,\0\0\n", "binary.csv is no text: byte 10 is 0; export the leads as"),
    "page.csv": (b"<html>login</html>", "page.csv is no table of text: it is a web page or XML; export the leads"),
    "book.csv": (b"PK\x03\x04rest", "book.csv is no table of text: it is an Excel workbook or a zip archive"),
    "ragged.csv": (b"a,b\n1,2\n1,2,3\n", "ragged.csv: line 3 has 3 cells where the header has 2; put quotation marks"),
    "zero.parquet": (b"", "zero.parquet has 0 bytes; it may be half-written: export it again"),
    "half.parquet": (half_of_a_parquet_file(), "half.parquet is no complete Parquet file"),
    "broken.xlsx": (b"PK\x03\x04rest", "broken.xlsx is no complete Excel workbook"),
    "leads.sav": (b"x", "leads.sav is no table that can be read; its name must end in .csv, .parquet"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    content, sentence = BAD[name]
    with pytest.raises(LeadlightError) as refusal:
        table_in(written(tmp_path, name, content))
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


def test_a_parquet_file_without_rows_is_said(tmp_path: Path) -> None:
    pd.DataFrame({"id": []}).to_parquet(tmp_path / "none.parquet")
    with pytest.raises(FileError, match=r"none.parquet has 0 rows"):
        table_in(tmp_path / "none.parquet")


def test_parquet_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [f"lead {n}" for n in range(50_000)]})
    content = bytearray(frame.to_parquet())
    content[len(content) // 3 : len(content) // 3 + 4_000] = b"\xff" * 4_000
    with pytest.raises(FileError, match=r"leads.parquet breaks off .*export it again"):
        table_in(written(tmp_path, "leads.parquet", bytes(content)))


def test_a_quotation_mark_that_never_closes_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "leads.csv", 'id,note\n1,"open\n' + "2,fine and quite long\n" * 60_000)
    with pytest.raises(FileError, match="look for a quotation mark that is opened and never closed"):
        table_in(path)


def test_a_missing_file_names_the_near_one(tmp_path: Path) -> None:
    written(tmp_path, "leads.csv", LEADS)
    with pytest.raises(FileError, match=r"leads.cvs does not exist; did you mean leads.csv\?"):
        table_in(tmp_path / "leads.cvs")
    with pytest.raises(FileError, match="is a folder; name a file in it"):
        table_in(tmp_path)


def test_an_excel_workbook_that_is_a_plain_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "leads.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    with pytest.raises(FileError, match="is no complete Excel workbook"):
        table_in(tmp_path / "leads.xlsx")


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "leads.xlsx")
    with pytest.raises(FileError, match="has no column titles in the first row of its first sheet"):
        table_in(tmp_path / "leads.xlsx")


def test_events_are_the_same_from_every_kind_of_file(tmp_path: Path) -> None:
    line = json.dumps(EVENT)
    flat = {**EVENT, "properties": json.dumps(EVENT["properties"])}
    times = {key: pd.Timestamp(EVENT[key]) for key in ("timestamp", "receivedAt")}
    pd.DataFrame([{**flat, "traits": None}]).to_csv(tmp_path / "events.csv", index=False)
    pd.DataFrame([{**EVENT, **times}]).to_parquet(tmp_path / "events.parquet")
    written(tmp_path, "events.jsonl", f"\ufeff{line}\n\n")
    files = [tmp_path / f"events.{kind}" for kind in ("jsonl", "csv", "parquet")]
    now = datetime(2024, 6, 1, tzinfo=UTC)
    found = [[event(raw, source="file", received_at=now) for raw in events_in(path)] for path in files]
    assert found[0] == found[1] == found[2]
    assert found[0][0].occurred_at == datetime(2024, 3, 1, 10, tzinfo=UTC)


def test_columns_of_warehouses_and_dotted_properties_are_understood(tmp_path: Path) -> None:
    titles = "type,message_id,anonymous_id,received_at,properties.path"
    path = written(tmp_path, "events.csv", f"{titles}\npage,m,a,2024-03-01,/pricing\n")
    assert list(events_in(path)) == [
        {
            "type": "page",
            "messageId": "m",
            "anonymousId": "a",
            "receivedAt": "2024-03-01",
            "properties": {"path": "/pricing"},
        }
    ]


def test_an_event_without_an_id_gets_the_same_one_every_time(tmp_path: Path) -> None:
    nameless = {key: value for key, value in EVENT.items() if key != "messageId"}
    path = written(tmp_path, "events.jsonl", f"{json.dumps(nameless)}\n{json.dumps({**nameless, 'userId': 'u2'})}\n")
    first, second = (raw["messageId"] for raw in events_in(path))
    assert first != second
    assert [raw["messageId"] for raw in events_in(path)] == [first, second]


def test_a_nan_in_json_costs_that_value_only(tmp_path: Path) -> None:
    path = written(tmp_path, "events.jsonl", '{"type": "track", "messageId": "m", "properties": {"a": NaN, "b": 2}}\n')
    assert next(events_in(path))["properties"] == {"a": None, "b": 2}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"type": "tra', "line 2 is not JSON"),
        (b"[1, 2]", "line 2 is no event"),
        (b'{"a": "\xe9"}', "line 2 is not UTF-8"),
    ],
)
def test_a_broken_line_of_events_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    path = written(tmp_path, "events.jsonl", json.dumps(EVENT).encode() + b"\n" + line)
    with pytest.raises(FileError, match=rf"events.jsonl: {problem}.*write one JSON object a line"):
        list(events_in(path))


def test_event_files_are_told_from_tables_of_leads(tmp_path: Path) -> None:
    assert is_event_file(written(tmp_path, "events.jsonl", json.dumps(EVENT)))
    assert is_event_file(written(tmp_path, "events.csv", "type,userId,timestamp\ntrack,u,2024-01-01\n"))
    assert not is_event_file(written(tmp_path, "leads.csv", LEADS))
    assert not is_event_file(written(tmp_path, "typed.csv", "id,type,timestamp\n1,customer,2024-01-01\n"))
    with pytest.raises(FileError, match="is no file of events"):
        events_in(written(tmp_path, "events.sav", "x"))
    with pytest.raises(FileError, match="has 0 events"):
        list(events_in(written(tmp_path, "none.jsonl", "\n")))


def test_records_of_an_api_are_a_table_of_their_properties(tmp_path: Path) -> None:
    records = [{"id": "7", "properties": {"city": "Pune"}}, {"id": "8", "properties": {"size": "3"}}]
    lines = written(tmp_path, "records.jsonl", "\n".join(map(json.dumps, records)))
    assert not is_event_file(lines)
    expected = {"id": ["7", "8"], "city": ["Pune", None], "size": [None, "3"]}
    assert as_lists(table_in(lines).replace({float("nan"): None})) == expected
    page = written(tmp_path, "page.jsonl", json.dumps({"results": records, "paging": {}}))
    assert as_lists(table_in(page).replace({float("nan"): None})) == expected


def test_a_record_without_an_id_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "records.jsonl", '{"id": "7", "properties": {}}\n{"properties": {"city": "Pune"}}\n')
    with pytest.raises(
        FileError, match=r"records.jsonl: record 2 has no id and properties; write what the API answers"
    ):
        table_in(path)
