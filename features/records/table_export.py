"""The export of a home's tables as Parquet files, for people who analyse them with tools of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, Table, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import reading
from features.home.progress import Progress
from features.home.settings import Home
from features.home.whole_files import FOR_ITS_OWNER, whole_file
from features.store.materialize import materialized

AT_ONCE = 100_000
# Keys, digests that only these keys can read, and answers that are stored for a day.
NOT_EXPORTED = frozenset({"secrets", "erased", "retired", "api_keys", "idempotency_keys"})
FILES = ("leads", "behaviour", "account", "traits", "observations")  # of a build, as training reads them


def write_tables(home: Home, agreement: Agreement, folder: Path, progress: Progress = lambda _: None) -> dict[str, int]:
    """Write each table of the home into `folder`, one Parquet file each; how many rows each has, by name.

    Beside the tables of the database: observations, and the states as training reads them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # all there is on everybody
    written = {}
    for table in tables.metadata.sorted_tables:
        if table.name not in NOT_EXPORTED:
            progress(f"writing {table.name}")
            written[table.name] = _write(folder / f"{table.name}.parquet", _schema(table), _row_chunks(home, table))
    repository = materialized(home, agreement, progress).repository
    for name in FILES:
        file = repository.folder / f"{name}.parquet"
        if file.exists():
            with whole_file(folder / file.name, FOR_ITS_OWNER) as beside:
                shutil.copyfile(file, beside)
            written[name] = pq.read_metadata(file).num_rows
    return written


def _row_chunks(home: Home, table: Table) -> Iterator[Sequence[Mapping[str, Any]]]:
    with reading(home) as connection:
        ordered = select(table).order_by(*table.primary_key.columns)
        found = connection.execution_options(yield_per=AT_ONCE).execute(ordered)
        for rows in found.mappings().partitions(AT_ONCE):
            yield [dict(row) for row in rows]


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(column.name, _kind(column.type)) for column in table.columns])


def _kind(kind: object) -> pa.DataType:
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, BigInteger | Integer):
        return pa.int64()
    if isinstance(kind, Float):
        return pa.float64()
    return pa.binary() if isinstance(kind, LargeBinary) else pa.string()


def _write(path: Path, schema: pa.Schema, chunks: Iterator[Sequence[Mapping[str, Any]]]) -> int:
    rows = 0
    with whole_file(path, FOR_ITS_OWNER) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as writer:
        for chunk in chunks:
            writer.write_table(pa.Table.from_pylist(list(chunk), schema=schema))
            rows += len(chunk)
    return rows
