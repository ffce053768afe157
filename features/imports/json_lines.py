"""JSON Lines: events, or a CRM's records, one object a line, with the line named where it is no object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from features.imports.delimited import FileError


def lines_in(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file, in its order. Raises FileError naming the line that is no object, or for an empty file."""
    found = False
    with path.open("rb") as file:
        for place, line in enumerate(file, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if place == 1 else line.strip()
            if text:
                found = True
                yield json_object(text, f"{path.name}: line {place:,}")
    if not found:
        raise FileError(f"{path.name} has 0 events; export it again with its events", code="no_rows")


def json_object(text: bytes, where: str) -> dict[str, Any]:
    """The object that a text writes. Raises FileError, which calls the place `where`."""
    remedy = "write one JSON object a line, in UTF-8"
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            # Clients put NaN and Infinity into JSON: one bad value must not cost the event.
            found = json.loads(text, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            problem = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"is not JSON ({error})"
            raise FileError(f"{where} {problem}; {remedy}", code="broken_file") from error
    if not isinstance(found, dict):
        shown = text[:30].decode(errors="replace")
        raise FileError(f"{where} is no event but {shown!r}; {remedy}", code="broken_file")
    return found


def holds_records(path: Path) -> bool:
    """Whether the lines are a CRM's records, each an id with its properties, or pages of them; and not events."""
    first = next(lines_in(path))
    return "type" not in first and (isinstance(first.get("results"), list) or {"id", "properties"} <= first.keys())


def records_in(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file for which `holds_records` is true, one a line or in pages. Raises FileError."""
    for place, line in enumerate(lines_in(path), start=1):
        for record in line["results"] if isinstance(line.get("results"), list) else [line]:
            if not isinstance(record, dict) or not isinstance(record.get("properties"), dict) or not record.get("id"):
                remedy = "write what the API answers, one record a line"
                raise FileError(f"{path.name}: record {place:,} has no id and properties; {remedy}", code="broken_file")
            yield record


def record_rows(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """One row per record with its id and properties, up to `rows` at a time; every chunk has all columns."""
    titles = list(dict.fromkeys(title for record in records_in(path) for title in ("id", *record["properties"])))
    records = records_in(path)
    while chunk := [record["properties"] | {"id": record["id"]} for record in islice(records, rows)]:
        yield pd.DataFrame(chunk, columns=titles, dtype=object)
