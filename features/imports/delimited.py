"""CSV as spreadsheets and CRMs write it, in any common separator and encoding, read some rows at a time."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from features.home.errors import LeadlightError
from features.imports.report_lines import FileLine, header_and_rows, rows_of_table

if TYPE_CHECKING:
    from _csv import Reader


SEPARATORS = ",;\t|"
_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_LONGEST_CELL = 1 << 20  # a longer one is a quotation mark that never closes, not a note about a lead
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHER_FORMATS = {
    b"PAR1": "is a Parquet file; name it .parquet",
    b"PK\x03\x04": "is an Excel workbook or a zip archive; name a workbook .xlsx, or unpack it",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save it as .xlsx or .csv",
    b"\x1f\x8b": "is compressed; unpack it with gunzip",
    b"%PDF": "is a PDF; export the leads as .csv",
    b"<": "is a web page or XML; export the leads as .csv",
    b"{": "holds JSON; name it .jsonl if it has one event a line",
    b"[{": "holds JSON; write one event a line and name it .jsonl",
}


class FileError(LeadlightError):
    """A file that cannot be read as what it is meant to be."""

    code = "file_refused"


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written; `notes` are sentences on what was tolerated."""

    encoding: str
    separator: str
    skipped_lines: int = 0  # Excel's own "sep=;" line
    notes: tuple[str, ...] = ()


def layout_of(path: Path) -> Layout:
    """How a file is written, its encoding checked to the last byte. Raises FileError where it is no text."""
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if not start.strip():
        raise FileError(f"{path.name} is empty; export it again with its rows", code="no_rows")
    plain = start.lstrip()
    for mark, remedy in _OTHER_FORMATS.items():
        if plain.startswith(mark):
            raise FileError(f"{path.name} is no table of text: it {remedy}", code="not_a_table")
    encoding, notes = _encoding_of(path, start)
    sample = start.decode(encoding, errors="ignore")
    if sample.lower().startswith("sep=") and sample[4:5]:
        return Layout(encoding, sample[4], 1, notes)
    return Layout(encoding, _separator_of(sample, whole=len(start) < _SAMPLE), 0, notes)


def _encoding_of(path: Path, start: bytes) -> tuple[str, tuple[str, ...]]:
    marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
    broken = _first_undecodable(path, marked or "utf-8")
    if broken is None:
        return marked or "utf-8", ()
    if marked:
        remedy = "save it again as UTF-8"
        raise FileError(f"{path.name} begins as {marked} but byte {broken:,} is not; {remedy}", code="bad_encoding")
    note = f"{path.name} is not UTF-8 (byte {broken:,}); it was read as Latin-1, the usual Western European encoding"
    # Windows' superset writes quotation marks and the euro sign where Latin-1 has control characters.
    return ("cp1252" if _first_undecodable(path, "cp1252") is None else "latin-1"), (note,)


def _first_undecodable(path: Path, encoding: str) -> int | None:
    """Where the file stops being text in `encoding`, None where it never does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    before = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\0" in block and encoding != "utf-16":
                place = before + block.index(b"\0")
                remedy = "export the leads as .csv, .parquet or .xlsx"
                raise FileError(f"{path.name} is no text: byte {place:,} is 0; {remedy}", code="not_a_table")
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return before + error.start
            before += len(block)
    return before if decoder.getstate()[0] else None


def _separator_of(sample: str, *, whole: bool) -> str:
    lines = sample.splitlines(keepends=True)
    lines = lines if whole or len(lines) < 2 else lines[:-1]
    return max(SEPARATORS, key=lambda separator: _agreement_of_rows(lines, separator))


def _agreement_of_rows(lines: list[str], separator: str) -> tuple[bool, int, float, int]:
    """How well a separator parts the rows alike: whether most are, from how early on, how many, into how many cells.

    The first row that it parts tells how many cells there are: above it may stand the title of a report.
    """
    widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    first = next((place for place, width in enumerate(widths) if width > 1), None)
    if first is None:
        return False, -len(lines), 0.0, 0
    share = sum(width == widths[first] for width in widths) / len(widths)
    return share >= 0.5, -first, share, widths[first]


def delimited_rows(path: Path, rows: int, layout: Layout | None = None) -> Iterator[pd.DataFrame]:
    """The file's rows, up to `rows` at a time, all cells as text; `attrs["notes"]` says what was tolerated.

    Columns without a title at the end are left out. Raises FileError naming the line where a row does not fit.
    """
    layout = layout or layout_of(path)
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=layout.encoding, newline="") as file:
        for _ in range(layout.skipped_lines):
            file.readline()
        reader = csv.reader(file, delimiter=layout.separator)
        try:
            yield from _chunks(reader, rows, layout, path.name)
        except csv.Error as error:
            remedy = "look for a quotation mark that is opened and never closed"
            raise FileError(f"{path.name}: line {reader.line_num:,} cannot be read ({error}); {remedy}") from error


def _chunks(reader: Reader, rows: int, layout: Layout, file: str) -> Iterator[pd.DataFrame]:
    before = layout.skipped_lines
    header, lines, above = header_and_rows((FileLine(reader.line_num + before, row) for row in reader), file)
    titles, notes = _titles(list(header.cells), file)
    short: list[int] = []
    below: list[str] = []
    table = rows_of_table(lines, len(titles), file, below)
    fitted, first = _fitted(table, len(header.cells), layout.separator, file, short), 0
    while chunk := list(islice(fitted, rows)):
        frame = _frame(chunk, titles)
        frame.index = pd.RangeIndex(first, first + len(frame))
        frame.attrs["notes"] = [*layout.notes, *above, *notes, *_of_short(short, file), *below]
        first += len(frame)
        yield frame
    if not first:
        raise FileError(f"{file} has a header and 0 rows; export it again with its rows", code="no_rows")


def _frame(chunk: list[list[str]], titles: list[str]) -> pd.DataFrame:
    """Arrow holds the text: as Python objects a 2 GB file would take many times that."""
    columns = zip(*chunk, strict=True)
    # Columns beyond the last title, such as the one after a trailing comma, are left out.
    named = {title: pa.array(column, pa.string()) for title, column in zip(titles, columns, strict=False)}
    frame: pd.DataFrame = pa.table(named).to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get)
    return frame


def _titles(header: list[str], file: str) -> tuple[list[str], list[str]]:
    """A title for each column up to the last that has one, and notes on what had to be mended."""
    titles = [" ".join(title.replace("\ufeff", "").split()) for title in header]
    while titles and not titles[-1]:
        titles.pop()
    if not titles:
        raise FileError(f"{file} has no column titles in its first line; add them", code="not_a_table")
    titles = [title or f"column {place}" for place, title in enumerate(titles, start=1)]
    unique = unique_titles(titles)
    twice = [(title, new) for title, new in zip(titles, unique, strict=True) if title != new]
    return unique, [f'{file} has two columns titled "{title}"; the later is read as "{new}"' for title, new in twice]


def unique_titles(titles: Iterable[str]) -> list[str]:
    """The titles, a later one that repeats an earlier one numbered: "City", "City (2)"."""
    seen: dict[str, int] = {}
    unique = []
    for title in titles:
        seen[title] = seen.get(title, 0) + 1
        unique.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return unique


def _fitted(lines: Iterable[FileLine], width: int, separator: str, file: str, short: list[int]) -> Iterator[list[str]]:
    """Rows as wide as the header; empty ones are left out, the lines of short ones are noted."""
    for number, row in lines:
        if not any(row):
            continue
        if len(row) > width and any(row[width:]):
            problem = f"has {len(row)} cells where the header has {width}"
            remedy = f'put quotation marks around cells that contain "{separator}"'
            raise FileError(f"{file}: line {number:,} {problem}; {remedy}", code="ragged_row")
        if len(row) < width:
            short.append(number)
        yield list(row) if len(row) == width else [*row, *[""] * width][:width]


def _of_short(short: list[int], file: str) -> list[str]:
    if not short:
        return []
    rows = "1 row has" if len(short) == 1 else f"{len(short):,} rows have"
    return [f"{file}: {rows} fewer cells than the header, the first at line {short[0]:,}; what they lack is empty"]
