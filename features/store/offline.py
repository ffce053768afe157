"""The offline door: states written as Parquet, and read back as they were known at a moment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.recurrence import Ints, Ragged
from features.store.repository import LEAD, Repository

MOMENT = pa.timestamp("us", tz="UTC")  # Feast's materialize fails on nanoseconds
KINDS = {"number": pa.float64(), "date": pa.float64(), "boolean": pa.bool_()}


def write_behaviour_states(
    repository: Repository, lead_ids: Sequence[str], known_us: Ints, states: Sequence[Ragged]
) -> None:
    """The file behind the behaviour view: row i is lead_ids[i] as known at known_us[i], an array per behaviour."""
    columns: dict[str, pa.Array] = {LEAD: pa.array(lead_ids, pa.string()), "event_timestamp": _moments(known_us)}
    for name, ragged in zip(repository.behaviours, states, strict=True):
        columns[name] = pa.ListArray.from_arrays(ragged.offsets.astype(np.int32), ragged.values)
    _write(pa.table(columns), repository.source_of(repository.behaviour_view))


def write_trait_states(repository: Repository, trait_states: pd.DataFrame) -> None:
    """The file behind the trait view: one row per lead and moment, as `features.traits.trait_states` gives them."""
    columns: dict[str, pa.Array] = {
        LEAD: pa.array(trait_states["lead_id"], pa.string()),
        "event_timestamp": _moments(trait_states["known_us"].to_numpy(np.int64)),
    }
    for name, kind in repository.traits.items():
        columns[name] = pa.array(trait_states[name], KINDS.get(kind, pa.string()), from_pandas=True)
    _write(pa.table(columns), repository.source_of(repository.trait_view))


def states_at(repository: Repository, moments: pd.DataFrame) -> pa.Table:
    """Each lead's states as known just before each moment, through Feast's point-in-time join.

    moments: lead_id, snapshot_us. returns: one row per row of `moments`, in that order: lead_id, snapshot_us,
    an array per behaviour (null: never), and the traits.
    """
    asked = pd.DataFrame(
        {
            LEAD: moments["lead_id"].to_numpy(),
            # Feast's join includes the moment itself; known just before it is one microsecond earlier.
            "event_timestamp": pd.to_datetime(moments["snapshot_us"].to_numpy(np.int64) - 1, unit="us", utc=True),
            "position": np.arange(len(moments)),
        }
    )
    found = repository.store.get_historical_features(entity_df=asked, features=repository.references()).to_arrow()
    found = found.sort_by("position")
    return found.drop_columns(["position", "event_timestamp"]).append_column(
        "snapshot_us", pa.array(moments["snapshot_us"].to_numpy(np.int64))
    )


def ragged(column: pa.ChunkedArray) -> Ragged:
    """A list column as rows of floats; null is an empty row."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths = np.nan_to_num(array.value_lengths().to_numpy(zero_copy_only=False).astype(np.float64)).astype(np.int64)
    offsets: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(offsets, array.flatten().to_numpy(zero_copy_only=False))


def _moments(us: Ints) -> pa.Array:
    return pa.array(us, pa.int64()).cast(MOMENT)


def _write(table: pa.Table, path: Path) -> None:
    """Write beside, then switch: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    pq.write_table(table, beside, compression="zstd", row_group_size=100_000)
    os.replace(beside, path)
