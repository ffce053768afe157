"""Parquet files and Excel workbooks, whose cells have types, read some rows at a time."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from features.imports.delimited import FileError, unique_titles
from features.imports.report_lines import FileLine, header_and_rows, rows_of_table

_TEXT = pd.StringDtype("pyarrow")


def parquet_columns(path: Path) -> list[str]:
    """The names of a Parquet file's columns. Raises FileError for a half-written file."""
    return list(_parquet(path).schema_arrow.names)


def parquet_batches(path: Path, rows: int) -> Iterator[pa.RecordBatch]:
    """A Parquet file's rows, up to `rows` at a time. Raises FileError where it breaks off."""
    try:
        yield from _parquet(path).iter_batches(batch_size=rows)
    except (pa.ArrowException, OSError) as error:
        raise _half_written(path, f"breaks off ({_first_line(error)})") from error


def parquet_rows(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """A Parquet file's rows as frames, up to `rows` at a time; a list or structure in a cell becomes JSON text."""
    for batch in parquet_batches(path, rows):
        flat = pa.table({name: _flat(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)})
        chunk: pd.DataFrame = flat.to_pandas(types_mapper={pa.string(): _TEXT, pa.large_string(): _TEXT}.get)
        yield chunk


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        problem = f"is no complete Parquet file ({_first_line(error)})" if path.stat().st_size else "has 0 bytes"
        raise _half_written(path, problem) from error


def _half_written(path: Path, problem: str) -> FileError:
    return FileError(f"{path.name} {problem}; it may be half-written: export it again", code="broken_file")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")


def _flat(column: pa.Array) -> pa.Array:
    if not pa.types.is_nested(column.type):
        return column
    written = [None if value is None else orjson.dumps(value, default=str).decode() for value in column.to_pylist()]
    return pa.array(written, pa.string())


def workbook_rows(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """The rows of a workbook's first sheet, whose first filled row has the titles; cells as Excel keeps them.

    `attrs["notes"]` says which lines of a report stood above and below the table.
    """
    book = _workbook(path)
    try:
        cells = book.worksheets[0].iter_rows(values_only=True)
        header, lines, notes = header_and_rows(map(FileLine, count(1), cells), path.name)
        titles = _titles(header.cells, path.name)
        filled = (line.cells for line in rows_of_table(lines, len(titles), path.name, notes) if line.texts)
        while chunk := [(*line, *[None] * len(titles))[: len(titles)] for line in islice(filled, rows)]:
            frame = pd.DataFrame(chunk, columns=titles, dtype=object)
            frame.attrs["notes"] = list(notes)
            yield frame
    finally:
        book.close()


def _workbook(path: Path) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validation, which we do not read
        try:
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
            problem = f"is no complete Excel workbook ({_first_line(error)})"
            raise FileError(f"{path.name} {problem}; save it again as .xlsx", code="broken_file") from error


def _titles(header: Sequence[Any], file: str) -> list[str]:
    titles = ["" if title is None else " ".join(str(title).split()) for title in header]
    while titles and not titles[-1]:
        titles.pop()
    if not titles:
        raise FileError(f"{file} has no column titles in the first row of its first sheet; add them", code="no_rows")
    return unique_titles(title or f"column {place}" for place, title in enumerate(titles, start=1))
