"""What a file is (events, leads, a field history, a warehouse's table), and its rows or events, some at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from features.imports.crm import Crm
from features.imports.delimited import FileError, delimited_rows
from features.imports.event_numbers import number_columns, with_numbers
from features.imports.hubspot import HUBSPOT, recorded_changes
from features.imports.json_lines import holds_records, json_object, lines_in, record_rows, records_in
from features.imports.salesforce import SALESFORCE
from features.imports.warehouse import WarehouseTable, warehouse_table
from features.imports.workbooks import parquet_batches, parquet_columns, parquet_rows, workbook_rows

CRMS = {crm.name: crm for crm in (SALESFORCE, HUBSPOT)}


@dataclass(frozen=True)
class EventFile:
    """A file of events. is_rollup: it is a warehouse's `tracks`, whose events stand in other tables with properties."""

    path: Path
    is_rollup: bool = False


@dataclass(frozen=True)
class LeadFile:
    """A file of leads, one row per lead. crm: whose export it is, None where its columns do not tell."""

    path: Path
    crm: Crm | None = None


@dataclass(frozen=True)
class HistoryFile:
    """A CRM's field history, one row per change.

    columns: the title of each part (lead, field, at, old, new); empty for records of the CRM's API.
    """

    path: Path
    crm: Crm
    columns: Mapping[str, str]

    def chunks(self) -> Iterator[pd.DataFrame]:
        """The changes, some at a time: one row per change with lead, field, at, new and perhaps old."""
        if not self.columns:
            return recorded_changes(self.path, ROWS_AT_ONCE)
        return (self._renamed(rows) for rows in tables_in(self.path))

    def _renamed(self, rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({part: rows[title] for part, title in self.columns.items()})


def source_kinds(path: Path) -> list[EventFile | LeadFile | HistoryFile]:
    """What a file is: of events, of leads, a history, or leads with their history. Raises FileError for any other."""
    if is_event_file(path):
        table = warehouse_of(path)
        return [EventFile(path, table is not None and table.is_rollup)]
    titles = titles_in(path)
    if path.suffix.lower() in JSON_LINES:
        return _of_records(path, titles)
    if history := _history(titles, path):
        return [history]
    return [LeadFile(path, crm_of(titles))]


def crm_of(titles: Sequence[str]) -> Crm | None:
    """The CRM whose export of leads has these columns, None for no CRM that is known here."""
    return next((crm for crm in CRMS.values() if crm.is_export(titles)), None)


def _of_records(path: Path, titles: Sequence[str]) -> list[EventFile | LeadFile | HistoryFile]:
    sources: list[EventFile | LeadFile | HistoryFile] = [LeadFile(path, HUBSPOT)] if HUBSPOT.is_export(titles) else []
    if any(record.get("propertiesWithHistory") for record in records_in(path)):
        sources.append(HistoryFile(path, HUBSPOT, {}))
    if not sources:
        remedy = "ask HubSpot's API for properties with their history, or for lifecyclestage and createdate"
        raise FileError(f"{path.name} holds records without a history or a lifecycle stage; {remedy}", code="no_leads")
    return sources


def _history(titles: Sequence[str], path: Path) -> HistoryFile | None:
    for crm in CRMS.values():
        found = crm.history_columns(titles)
        if found.keys() == crm.history.keys():
            return HistoryFile(path, crm, found)
        if {"field", "old", "new"} <= found.keys():
            lacks = " and ".join(crm.history[part][0] for part in crm.history if part not in found)
            problem = f"looks like a history of {crm.label} but names no {lacks}"
            raise FileError(f"{path.name} {problem}; export LeadHistory with all its columns", code="wrong_table")
    return None


ROWS_AT_ONCE = 20_000
TEXT = frozenset({".csv", ".tsv", ".tab", ".txt"})
PARQUET = frozenset({".parquet", ".pq"})
WORKBOOK = frozenset({".xlsx", ".xlsm"})
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
# What tables call the fields that Segment's events have on the wire.
WIRE_NAMES = {
    "message_id": "messageId", "user_id": "userId", "anonymous_id": "anonymousId", "group_id": "groupId",
    "previous_id": "previousId", "received_at": "receivedAt", "recorded_at": "receivedAt", "sent_at": "sentAt",
    "occurred_at": "timestamp", "original_timestamp": "originalTimestamp",
}  # fmt: skip
NESTED = frozenset({"properties", "traits", "context", "integrations"})


def table_in(path: Path | str) -> pd.DataFrame:
    """The whole table, its values as read: text for csv, held by Arrow. `attrs["notes"]` says what was tolerated.

    Raises FileError as `tables_in` does.
    """
    chunks = list(tables_in(path))
    rows = chunks[0] if len(chunks) == 1 else pd.concat(chunks)
    rows.attrs["notes"] = chunks[-1].attrs.get("notes", [])
    return rows


def tables_in(path: Path | str, rows: int = ROWS_AT_ONCE) -> Iterator[pd.DataFrame]:
    """The table's rows in order, up to `rows` at a time; the index counts them from 0 through the whole file.

    Raises FileError with one sentence: a missing file, an unknown extension, no rows, or where it breaks off.
    """
    path = _existing(path)
    kind = path.suffix.lower()
    if kind in TEXT:
        return delimited_rows(path, rows)
    if kind in PARQUET | WORKBOOK:
        return _numbered(parquet_rows(path, rows) if kind in PARQUET else workbook_rows(path, rows), path.name)
    if kind in JSON_LINES and holds_records(path):
        return _numbered(record_rows(path, rows), path.name)
    raise _unknown(path, "table", TEXT | PARQUET | WORKBOOK)


def sample_in(path: Path | str, most: int, seed: int = 0) -> tuple[pd.DataFrame, int]:
    """Up to `most` rows, drawn evenly from the whole table and in its order; and how many rows the table has."""
    random, kept, total, notes = np.random.default_rng(seed), pd.DataFrame(), 0, []
    for chunk in tables_in(path):
        total += len(chunk)
        notes = chunk.attrs.get("notes", [])
        # Each row keeps one random key for good: the smallest keys of all rows are an even draw.
        keyed = pd.concat([kept, chunk.assign(**{_KEY: random.random(len(chunk))})])
        kept = keyed if len(keyed) <= most else keyed.nsmallest(most, _KEY)
    kept = kept.drop(columns=_KEY).sort_index()
    kept.attrs["notes"] = notes
    return kept, total


_KEY = "\0key"


def _numbered(chunks: Iterator[pd.DataFrame], file: str) -> Iterator[pd.DataFrame]:
    first = 0
    for chunk in chunks:
        chunk.index = pd.RangeIndex(first, first + len(chunk))
        chunk.attrs["notes"] = chunk.attrs.get("notes", [])
        first += len(chunk)
        if len(chunk):
            yield chunk
    if not first:
        raise FileError(f"{file} has 0 rows; export it again with its rows", code="no_rows")


def _existing(path: Path | str) -> Path:
    path = Path(path)
    if path.is_file():
        return path
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a file in it", code="no_such_file")
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, beside, n=1)
    remedy = f"did you mean {near[0]}?" if near else "check its name and folder"
    raise FileError(f"{path} does not exist; {remedy}", code="no_such_file")


def _unknown(path: Path, what: str, known: frozenset[str]) -> FileError:
    remedy = f"its name must end in {', '.join(sorted(known))}"
    return FileError(f"{path.name} is no {what} that can be read; {remedy}", code="unknown_extension")


def titles_in(path: Path | str) -> list[str]:
    """The titles of a table's columns, without its rows. Raises FileError as `tables_in` does."""
    path = _existing(path)
    return parquet_columns(path) if path.suffix.lower() in PARQUET else [*map(str, next(tables_in(path, 1)).columns)]


def is_event_file(path: Path | str) -> bool:
    """Whether a file holds events: JSON lines, a table with a type and somebody's id, or a warehouse's table.

    Raises FileError.
    """
    path = _existing(path)
    if path.suffix.lower() in JSON_LINES:
        return not holds_records(path)
    titles = titles_in(path)
    known = {WIRE_NAMES.get(title, title) for title in titles}
    needed = (known & {"userId", "anonymousId"}, known & {"timestamp", "receivedAt", "messageId"})
    return ("type" in known and all(needed)) or warehouse_table(titles, path) is not None


def events_in(path: Path | str) -> Iterator[dict[str, Any]]:
    """The Segment-shaped events of a file, one at a time, in its order.

    properties, traits and context may be JSON text, nested, or columns such as "properties.path"; a warehouse's tables
    are read by their own columns. Fields that are empty are left out. An event without a messageId gets one made of
    what it says, so that reading twice adds nothing. Raises FileError naming the line that is no event.
    """
    path = _existing(path)
    kind = path.suffix.lower()
    if kind in JSON_LINES:
        return map(_with_id, lines_in(path))
    if kind not in PARQUET | TEXT:
        raise _unknown(path, "file of events", TEXT | PARQUET | JSON_LINES)
    table = warehouse_of(path)
    event: Callable[[Mapping[str, Any]], dict[str, Any]] = table.event if table else partial(_event, file=path.name)
    rows = _rows_of(path, kind)
    if kind in TEXT:
        rows = with_numbers(rows, number_columns(delimited_rows(path, ROWS_AT_ONCE), _trait_columns(path, table)))
    return (_with_id(event(row)) for row in rows)


def _trait_columns(path: Path, table: WarehouseTable | None) -> list[str]:
    """The columns of a file of events that hold traits."""
    places = table.places if table else {title: tuple(title.split(".", 1)) for title in titles_in(path)}
    return [column for column, place in places.items() if place[0] == "traits" and len(place) > 1]


def warehouse_of(path: Path) -> WarehouseTable | None:
    """The warehouse table that a file is, None where it is none. Raises FileError."""
    return None if path.suffix.lower() not in PARQUET | TEXT else warehouse_table(titles_in(path), path)


def _rows_of(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    if kind in PARQUET:
        return (row for batch in parquet_batches(path, ROWS_AT_ONCE) for row in _records(batch))
    return (row for chunk in delimited_rows(path, ROWS_AT_ONCE) for row in _rows(chunk))


def _records(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    names = batch.schema.names
    columns = [_plain(column).to_pylist() for column in batch.columns]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _rows(chunk: pd.DataFrame) -> Iterator[dict[str, Any]]:
    titles = [str(title) for title in chunk.columns]
    columns = [chunk[title].tolist() for title in titles]
    return (dict(zip(titles, values, strict=True)) for values in zip(*columns, strict=True))


def _plain(column: pa.Array) -> pa.Array:
    """Times as ISO 8601 text: ten times as fast as Python's datetimes, and what events have on the wire."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz and "UTC"), safe=False).cast(pa.string())
    return column.cast(pa.string()) if pa.types.is_date(kind) else column


def _event(row: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The event that one row of a table says."""
    event: dict[str, Any] = {}
    for column, value in row.items():
        if value is None or value is pd.NA or value == "" or value != value:
            continue
        part, _, key = column.partition(".")
        if key and part in NESTED:
            event.setdefault(part, {})[key] = value
        elif column in NESTED:
            event[column] = event.get(column, {}) | _nested(value, column, file)
        else:
            event[WIRE_NAMES.get(column, column)] = value
    return event


def _nested(value: Any, column: str, file: str) -> dict[str, Any]:
    if isinstance(value, str):
        value = json_object(value.encode(), f"{file}: {column} {value[:40]!r}")
    return {key: inner for key, inner in value.items() if inner is not None}


def _with_id(event: dict[str, Any]) -> dict[str, Any]:
    if not event.get("messageId"):
        content = orjson.dumps(event, option=orjson.OPT_SORT_KEYS, default=str)
        event["messageId"] = f"file-{hashlib.blake2b(content, digest_size=16).hexdigest()}"
    return event
