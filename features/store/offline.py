"""The offline door: states written as Parquet, and read back as they were known at a moment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.recurrence import Ints, Ragged
from features.store.repository import ACCOUNT, LEAD, Repository, seen

MOMENT = pa.timestamp("us", tz="UTC")  # Feast's materialize fails on nanoseconds
KINDS = {"number": pa.float64(), "date": pa.float64(), "boolean": pa.bool_()}


def state_schema(repository: Repository, view: str) -> pa.Schema:
    """The columns of the file behind a view of behaviour states: of leads, or of accounts."""
    key = ACCOUNT if view == repository.account_view else LEAD
    states = [(name, pa.list_(pa.float64())) for name in repository.behaviours]
    return pa.schema([(key, pa.string()), ("event_timestamp", MOMENT), (seen(view), pa.int64()), *states])


def state_rows(schema: pa.Schema, ids: Sequence[str], known_us: Ints, states: Sequence[Ragged]) -> pa.Table:
    """Rows of that file: row i is ids[i] as known at known_us[i], an array per behaviour."""
    known = pa.array(known_us, pa.int64())
    arrays = [pa.ListArray.from_arrays(ragged.offsets.astype(np.int32), ragged.values) for ragged in states]
    return pa.table([pa.array(ids, pa.string()), known.cast(MOMENT), known, *arrays], schema=schema)


def trait_schema(repository: Repository) -> pa.Schema:
    """The columns of the file behind the view of traits."""
    said = [(name, KINDS.get(kind, pa.string())) for name, kind in repository.traits.items()]
    view = repository.trait_view
    return pa.schema([(LEAD, pa.string()), ("event_timestamp", MOMENT), (seen(view), pa.int64()), *said])


def trait_rows(repository: Repository, traits: pd.DataFrame) -> pa.Table:
    """Rows of that file: one row per lead and moment, as `features.traits.trait_states` gives them."""
    schema = trait_schema(repository)
    known = pa.array(traits["known_us"].to_numpy(np.int64))
    said = [pa.array(traits[name], schema.field(name).type, from_pandas=True) for name in repository.traits]
    return pa.table([pa.array(traits["lead_id"], pa.string()), known.cast(MOMENT), known, *said], schema=schema)


def write_rows(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
    """Write a table some rows at a time, beside, then switch: a reader never sees half a file.

    The same rows in the same parts are the same bytes: nothing in the file says when it was written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part, row_group_size=max(part.num_rows, 1))
    os.replace(beside, path)


def newest_rows(path: Path, key: str, at_once: int = 20_000) -> Iterator[pa.Table]:
    """The last row of each lead or account in a file that is sorted by `key` and time, some at a time."""
    held: pa.Table | None = None
    for batch in pq.ParquetFile(path).iter_batches(batch_size=at_once):
        rows = pa.Table.from_batches([batch])
        rows = rows if held is None else pa.concat_tables([held, rows])
        ids = rows[key].combine_chunks()
        is_last = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
        yield rows.slice(0, len(ids) - 1).filter(is_last)
        held = rows.slice(len(ids) - 1)  # the next batch may know more of it
    if held is not None:
        yield held


def states_at(repository: Repository, moments: pd.DataFrame) -> pa.Table:
    """Each lead's states as known just before each moment, through Feast's point-in-time join.

    moments: lead_id, snapshot_us. returns: one row per row of `moments`, in that order: lead_id, snapshot_us,
    an array per behaviour (null: never), the traits, and as `account_<behaviour>` the arrays of the account that the
    lead was known to be in.
    """
    found = _joined(repository, repository.references(), LEAD, moments["lead_id"].to_numpy(), moments)
    found = found.append_column("snapshot_us", pa.array(moments["snapshot_us"].to_numpy(np.int64)))
    shared = _accounts_at(repository, found, moments)
    for name, column in zip(repository.behaviours, shared, strict=True):
        found = found.append_column(f"account_{name}", column)
    return found


def _accounts_at(repository: Repository, found: pa.Table, moments: pd.DataFrame) -> list[pa.ChunkedArray]:
    """The arrays of the account of each row of `found`, by behaviour; null where there is no account."""
    accounts = np.array(found["account"].to_pylist() if "account" in found.column_names else [None] * len(found))
    has = np.flatnonzero([account is not None for account in accounts])
    kind = pa.list_(pa.float64())
    if not len(has):
        return [pa.chunked_array([pa.nulls(len(accounts), kind)]) for _ in repository.behaviours]
    states = _joined(repository, repository.account_references(), ACCOUNT, accounts[has], moments.iloc[has])
    place = np.full(len(accounts), -1, dtype=np.int64)
    place[has] = np.arange(len(has))
    taken = pa.array(place, mask=place < 0)
    return [states[name].combine_chunks().cast(kind).take(taken) for name in repository.behaviours]


def _joined(
    repository: Repository, features: list[str], key: str, ids: npt.NDArray[np.object_], moments: pd.DataFrame
) -> pa.Table:
    """Feast's point-in-time join of some features to ids and moments, in their order."""
    asked = pd.DataFrame(
        {
            key: ids,
            # Feast's join includes the moment itself; known just before it is one microsecond earlier.
            "event_timestamp": pd.to_datetime(moments["snapshot_us"].to_numpy(np.int64) - 1, unit="us", utc=True),
            "position": np.arange(len(moments)),
        }
    )
    if not features:
        return pa.table({key: pa.array(ids, pa.string())})
    found = repository.store.get_historical_features(entity_df=asked, features=features).to_arrow()
    return found.sort_by("position").drop_columns(["position", "event_timestamp"])


def ragged(column: pa.ChunkedArray) -> Ragged:
    """A list column as rows of floats; null is an empty row."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths = np.nan_to_num(array.value_lengths().to_numpy(zero_copy_only=False).astype(np.float64)).astype(np.int64)
    offsets: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(offsets, array.flatten().to_numpy(zero_copy_only=False))
