"""Files in: events (jsonl, csv, Parquet) and tables of leads (csv, Parquet, xlsx), some rows at a time."""

from __future__ import annotations

import hashlib
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from features.delimited import FileRefused, delimited_rows, unique_titles
from features.events import TYPES

ROWS_AT_ONCE = 20_000
TEXT, PARQUET, WORKBOOK = frozenset({".csv", ".tsv", ".tab", ".txt"}), frozenset({".parquet", ".pq"}), frozenset({".xlsx", ".xlsm"})
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
# The names that Segment's events have on the wire, by the ones that tables and warehouses give them.
WIRE = {
    "message_id": "messageId", "user_id": "userId", "anonymous_id": "anonymousId", "group_id": "groupId",
    "previous_id": "previousId", "received_at": "receivedAt", "recorded_at": "receivedAt", "sent_at": "sentAt",
    "occurred_at": "timestamp", "original_timestamp": "originalTimestamp",
}  # fmt: skip
NESTED = ("properties", "traits", "context", "integrations")


def table_in(path: Path | str) -> pd.DataFrame:
    """The whole table, its values as read (text for csv, held by Arrow); `attrs["notes"]` says what was tolerated."""
    chunks = list(tables_in(path))
    rows = chunks[0] if len(chunks) == 1 else pd.concat(chunks)
    rows.attrs["notes"] = chunks[-1].attrs.get("notes", [])
    return rows


def tables_in(path: Path | str, rows: int = ROWS_AT_ONCE) -> Iterator[pd.DataFrame]:
    """The table's rows in order, up to `rows` at a time; the index counts them from 0 through the whole file.

    Raises FileRefused with one sentence: a missing file, an unknown extension, no rows, or what breaks it off.
    """
    path = _existing(path)
    kind = path.suffix.lower()
    if kind in TEXT:
        return delimited_rows(path, rows)
    if kind in PARQUET:
        return _numbered(_parquet_rows(path, rows), path)
    if kind in WORKBOOK:
        return _numbered(_workbook_rows(path, rows), path)
    known = ", ".join(sorted(TEXT | PARQUET | WORKBOOK))
    raise FileRefused(f"{path.name} is no table that can be read; its name must end in {known}", code="unknown_extension")


def _numbered(chunks: Iterator[pd.DataFrame], path: Path) -> Iterator[pd.DataFrame]:
    first = 0
    for chunk in chunks:
        chunk.index = pd.RangeIndex(first, first + len(chunk))
        first += len(chunk)
        if len(chunk):
            yield chunk
    if not first:
        raise FileRefused(f"{path.name} has 0 rows; export it again with its rows", code="no_rows")


def _existing(path: Path | str) -> Path:
    path = Path(path)
    if path.is_file():
        return path
    if path.is_dir():
        raise FileRefused(f"{path} is a folder; name a file in it", code="no_such_file")
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, beside, n=1)
    raise FileRefused(f"{path} does not exist; {f'did you mean {near[0]}?' if near else 'check its name'}", code="no_such_file")


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        problem = "has 0 bytes" if not path.stat().st_size else f"is no complete Parquet file ({_first_line(error)})"
        raise FileRefused(f"{path.name} {problem}; it may be half-written: export it again", code="broken_file") from error


def _batches(path: Path, rows: int) -> Iterator[pa.RecordBatch]:
    try:
        yield from _parquet(path).iter_batches(batch_size=rows)
    except (pa.ArrowException, OSError) as error:
        problem = f"breaks off ({_first_line(error)})"
        raise FileRefused(f"{path.name} {problem}; it may be half-written: export it again", code="broken_file") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")


def _parquet_rows(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    text = pd.StringDtype("pyarrow")
    for batch in _batches(path, rows):
        flat = pa.table({name: _flat(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)})
        chunk = flat.to_pandas(types_mapper={pa.string(): text, pa.large_string(): text}.get)
        chunk.attrs["notes"] = []
        yield chunk


def _flat(column: pa.Array) -> pa.Array:
    """A column of lists or structures as JSON text, any other as it is: a cell of a table is one value."""
    if not pa.types.is_nested(column.type):
        return column
    written = [None if value is None else orjson.dumps(value, default=str).decode() for value in column.to_pylist()]
    return pa.array(written, pa.string())


def _workbook_rows(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """The first sheet of a workbook; its first row has the titles."""
    lines = _lines(path)
    titles = ["" if title is None else " ".join(str(title).split()) for title in next(lines, ())]
    while titles and not titles[-1]:
        titles.pop()
    if not titles:
        raise FileRefused(f"{path.name} has no column titles in the first row of its first sheet; add them", code="not_a_table")
    titles = unique_titles(title or f"column {place}" for place, title in enumerate(titles, start=1))
    filled = (line for line in lines if any(cell is not None for cell in line))
    while chunk := [(*line, *[None] * len(titles))[: len(titles)] for line in islice(filled, rows)]:
        frame = pd.DataFrame(chunk, columns=titles, dtype=object)
        frame.attrs["notes"] = []
        yield frame


def _lines(path: Path) -> Iterator[tuple[Any, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and validation that we do not read
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
            problem = f"is no complete Excel workbook ({_first_line(error)})"
            raise FileRefused(f"{path.name} {problem}; save it again as .xlsx", code="broken_file") from error
        yield from book.worksheets[0].iter_rows(values_only=True)
        book.close()
