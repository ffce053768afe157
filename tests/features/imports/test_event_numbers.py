"""Numbers in text files of events have one reading a column, as in exports."""

from pathlib import Path

from features.imports.files import events_in

HEADER = "type,userId,timestamp,messageId,traits.pages,traits.plan\n"


def traits_in(path: Path, *cells: str) -> list[object]:
    rows = (f"identify,u{row},2026-03-01,m{row},{cell},2.0.1\n" for row, cell in enumerate(cells))
    path.write_text(HEADER + "".join(rows))
    return [event["traits"].get("pages") for event in events_in(path)]


def test_a_column_of_traits_is_read_by_the_sign_that_its_rows_show(tmp_path: Path) -> None:
    assert traits_in(tmp_path / "events.csv", "2.636", "4.7", "12", "") == [2.636, 4.7, 12, None]
    assert traits_in(tmp_path / "events.csv", '"2,636"', '"4,7"') == [2.636, 4.7]


def test_where_no_row_shows_a_sign_texts_stay_as_they_came(tmp_path: Path) -> None:
    assert traits_in(tmp_path / "events.csv", "2.636", "7.263") == ["2.636", "7.263"]
    assert traits_in(tmp_path / "events.csv", "12", "583") == ["12", "583"]
