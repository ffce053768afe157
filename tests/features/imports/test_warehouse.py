"""Tables of Segment's and RudderStack's warehouses are read as the calls that they were, none twice, none bare."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from home_of_two_leads import empty_home
from vendor_exports import people, warehouse

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.events.event import event
from features.imports.delimited import FileError
from features.imports.files import events_in, is_event_file
from features.imports.warehouse import warehouse_table
from features.imports.workbooks import parquet_batches
from features.ledger.ledger import Ledger
from serving.intake.file_import import Ingested, ingest

NOW = datetime(2025, 9, 1, tzinfo=UTC)
SEGMENT = {
    "id": "m1",
    "user_id": "u1",
    "anonymous_id": "a1",
    "received_at": "2025-03-01 10:00:05.250",
    "sent_at": "2025-03-01 10:00:05",
    "original_timestamp": "2025-03-01 10:00:00",
    "timestamp": "2025-03-01 10:00:00",
    "uuid_ts": "2025-03-02",
}
TRACK = SEGMENT | {"event": "webinar_attended", "event_text": "Webinar Attended"}


def written(folder: Path, name: str, *rows: dict[str, Any]) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def only_event(path: Path) -> dict[str, Any]:
    [said] = events_in(path)
    return said


def test_a_track_row_is_the_call_that_it_was(tmp_path: Path) -> None:
    row = TRACK | {"minutes_attended": 41, "context_campaign_source": "ads", "context_user_agent": "Firefox"}
    said = only_event(written(tmp_path, "webinar_attended.csv", row))
    taken = event(said, source="file", received_at=NOW)
    assert (taken.message_id, taken.name, taken.user_id, taken.anonymous_id) == ("m1", "Webinar Attended", "u1", "a1")
    assert taken.occurred_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert taken.recorded_at == datetime(2025, 3, 1, 10, 0, 5, 250_000, tzinfo=UTC)
    assert taken.flags == ()
    assert taken.body["properties"] == {"minutes_attended": "41"}
    assert taken.body["context"] == {"campaign": {"source": "ads"}, "userAgent": "Firefox"}


def test_flattened_contexts_are_nested_back() -> None:
    columns = {
        "context_page_url": ("page", "url"),
        "context_traits_first_name": ("traits", "first_name"),
        "context_campaign_name": ("campaign", "name"),
        "context_ip": ("ip",),
        "context_user_agent": ("userAgent",),
        "context_auto_track_page_page_view_id": ("autoTrack", "page", "pageViewId"),
        "context_group_id": ("groupId",),
        "context_user_agent_data_mobile": ("user_agent_data_mobile",),
        "context_consent_category_preferences_advertising": ("consent", "categoryPreferences", "advertising"),
    }
    table = warehouse_table([*SEGMENT, *columns, "path"], Path("pages.csv"))
    assert table
    assert {column: table.places[column] for column in columns} == {c: ("context", *at) for c, at in columns.items()}


@pytest.mark.parametrize(
    ("name", "more", "kind"),
    [
        ("tracks.csv", {"event": "x", "event_text": "X"}, "track"),
        ("signed_up.csv", {"event": "signed_up", "event_text": "Signed Up", "path": "/"}, "track"),
        ("pages_shared.csv", {"event": "pages_shared", "event_text": "Pages Shared"}, "track"),
        ("pages.csv", {"title": "Pricing"}, "page"),
        ("prod_screens_2025.csv", {"title": "Pricing"}, "screen"),
        ("identifies/part-00000.csv", {"title": "VP"}, "identify"),
        ("unload.csv", {"url": "https://us.example/"}, "page"),
        ("unload.csv", {"email": "ann@firm.example"}, "identify"),
        ("unload.csv", {"group_id": "g1", "name": "Firm"}, "group"),
        ("unload.csv", {"previous_id": "a1"}, "alias"),
    ],
)
def test_columns_and_names_tell_of_which_call_a_table_is(tmp_path: Path, name: str, more: Any, kind: str) -> None:
    path = written(tmp_path, name, SEGMENT | more)
    assert is_event_file(path)
    assert only_event(path)["type"] == kind


def test_traits_groups_and_aliases_go_where_the_calls_have_them(tmp_path: Path) -> None:
    identify = only_event(written(tmp_path, "identifies.csv", SEGMENT | {"email": "ann@firm.example"}))
    assert identify["traits"] == {"email": "ann@firm.example"}
    group = only_event(written(tmp_path, "groups.csv", SEGMENT | {"group_id": "g1", "name": "Firm"}))
    assert (group["groupId"], group["traits"]) == ("g1", {"name": "Firm"})
    alias = only_event(written(tmp_path, "aliases.csv", SEGMENT | {"previous_id": "a0"}))
    assert (alias["userId"], alias["previousId"]) == ("u1", "a0")


def test_upper_case_columns_and_null_marks_of_a_warehouse_are_understood(tmp_path: Path) -> None:
    row = {key.upper(): value for key, value in (TRACK | {"minutes_attended": 41, "webinar_id": "\\N"}).items()}
    said = only_event(written(tmp_path, "webinar_attended.csv", row))
    assert said["properties"] == {"minutes_attended": "41"}


def test_parquet_and_csv_say_the_same(tmp_path: Path) -> None:
    row = TRACK | {"minutes_attended": 41}
    times = {name: pd.Timestamp(row[name]) for name in ("timestamp", "received_at", "sent_at", "original_timestamp")}
    pd.DataFrame([row | times]).to_parquet(tmp_path / "webinar_attended.parquet")
    from_text = only_event(written(tmp_path, "webinar_attended.csv", row))
    from_parquet = only_event(tmp_path / "webinar_attended.parquet")
    first, second = (event(said, source="file", received_at=NOW) for said in (from_text, from_parquet))
    assert (first.occurred_at, first.recorded_at) == (second.occurred_at, second.recorded_at)
    assert str(first.body["properties"]["minutes_attended"]) == str(second.body["properties"]["minutes_attended"])


def test_a_property_called_type_does_not_make_it_another_kind_of_file(tmp_path: Path) -> None:
    said = only_event(written(tmp_path, "signed_up.csv", TRACK | {"type": "trial"}))
    assert (said["type"], said["properties"]) == ("track", {"type": "trial"})


def test_events_with_their_own_message_ids_are_no_warehouse_table(tmp_path: Path) -> None:
    plain = {"type": "page", "message_id": "m", "user_id": "u", "received_at": "2025-03-01", "id": "7"}
    assert only_event(written(tmp_path, "events.csv", plain))["messageId"] == "m"


BAD = {
    "users.csv": ({"id": "u1", "received_at": "2025-03-01", "context_ip": "192.0.2.1", "email": "a@b.example"},
                  "users.csv holds only the newest traits of each user; give the table identifies instead"),
    "tracks.csv": ({**SEGMENT, "context_ip": "192.0.2.1"}, "tracks.csv has no column event_text; export it with all"),
    "unload.csv": ({**SEGMENT, "size": "3"}, "unload.csv is a warehouse table, but neither its name nor its columns"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    row, sentence = BAD[name]
    with pytest.raises(FileError, match=sentence):
        is_event_file(written(tmp_path, name, row))


def ingested(folder: Path, files: list[Path]) -> list[Ingested]:
    home = empty_home(folder)
    return ingest(home, files, save_version(home, Agreement.default(), NOW), NOW)


def said_of(folder: Path, name: str) -> list[str]:
    return [row.body for chunk in Ledger(empty_home(folder)).chunks() for row in chunk if row.name == name]


@pytest.mark.parametrize("order", [1, -1])
def test_a_track_that_its_own_table_has_comes_once_and_keeps_its_properties(tmp_path: Path, order: int) -> None:
    leads = people(8)
    files = warehouse(tmp_path, leads)[::order]
    webinars = [person for person in leads if person.webinar_at]
    done = {file.file: file for file in ingested(tmp_path, files)}
    assert list(done) == [path.name for path in files]
    assert done["webinar_attended.csv"].appended.accepted == len(webinars)
    assert (done["tracks.csv"].appended.accepted, done["tracks.csv"].appended.duplicates) == (0, len(webinars))
    bodies = said_of(tmp_path, "Webinar Attended")
    assert len(bodies) == len(webinars)
    assert all("minutes_attended" in body for body in bodies)


def test_a_track_without_a_table_of_its_own_is_kept_and_said(tmp_path: Path) -> None:
    [done] = ingested(tmp_path, warehouse(tmp_path, people(8))[:1])
    assert done.appended.accepted == 4
    [sentence] = done.sentences
    assert sentence.startswith("tracks.csv: 4 of its events came without properties; if they have any, give the tables")


def test_a_second_import_adds_nothing(tmp_path: Path) -> None:
    files = warehouse(tmp_path, people(8))
    ingested(tmp_path, files)
    again = ingested(tmp_path, files)
    assert all(file.appended.accepted == file.appended.refused == 0 for file in again)
    assert not any(file.sentences for file in again)


def test_a_row_without_a_receipt_counts_as_assumed(tmp_path: Path) -> None:
    row = {key: value for key, value in TRACK.items() if key != "received_at"}
    ingested(tmp_path, [written(tmp_path, "webinar_attended.csv", row | {"minutes_attended": 41})])
    assert Ledger(empty_home(tmp_path)).count_flagged("assumed") == 1


def test_a_large_table_is_never_held_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [TRACK | {"id": f"m{number}", "minutes_attended": number} for number in range(1_000)]
    pd.DataFrame(rows).to_parquet(tmp_path / "webinar_attended.parquet", row_group_size=100)
    monkeypatch.setattr("features.imports.files.ROWS_AT_ONCE", 100)
    held: list[int] = []

    def watched(path: Path, most: int) -> Iterator[pa.RecordBatch]:
        for batch in parquet_batches(path, most):
            held.append(len(batch))
            yield batch

    monkeypatch.setattr("features.imports.files.parquet_batches", watched)
    events = events_in(tmp_path / "webinar_attended.parquet")
    next(events)
    assert held == [100]
    assert sum(1 for _ in events) == 999
