"""The offline store: a build's states as Parquet files, and the point-in-time join that reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.agreement.agreement import Agreement
from features.arrays import Bools, Ints, Ragged
from features.behaviour.decayed_counters import Observations, behaviour_states
from features.derived import DerivedRows, observation_batches
from features.events.event_table import EventTable
from features.home.whole_files import whole_file
from features.store.feast_views import ACCOUNT, LEAD, FeastRepository, known_us_feature

AT_ONCE = 10_000  # rows that are folded and written at once: a state takes a hundred times the room of an observation
OBSERVATIONS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("account", pa.string()),
        ("behaviour", pa.string()),
        ("minutes", pa.float64()),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("known_at", pa.timestamp("us", tz="UTC")),
        ("sign", pa.int64()),
        ("event_id", pa.int64()),
    ]
)


def write_files(
    repository: FeastRepository, rows: DerivedRows, leads: pd.DataFrame, table: EventTable, agreement: Agreement
) -> None:
    """Write the Parquet files of a build, sorted by id and then by known-at time, whatever the order of the ledger."""
    folder, lead_ids = repository.folder, rows.identities.lead_ids
    order = np.array(sorted(range(len(lead_ids)), key=lead_ids.__getitem__), dtype=np.int64)
    behaviours, traits = repository.behaviour_view, repository.trait_view
    parts = _states(repository, behaviours, lead_ids, (rows.observed, order), agreement)
    write_rows(repository.source_of(behaviours), state_schema(repository, behaviours), parts)
    write_rows(repository.source_of(traits), trait_schema(repository), _traits(repository, rows, order))
    accounts = np.array(sorted(rows.shared_accounts().tolist(), key=rows.account_ids.__getitem__), dtype=np.int64)
    parts = _states(repository, repository.account_view, rows.account_ids, (rows.accounts, accounts), agreement)
    write_rows(repository.source_of(repository.account_view), state_schema(repository, repository.account_view), parts)
    with whole_file(folder / "leads.parquet") as beside:
        leads.iloc[order].reset_index(drop=True).to_parquet(beside)
    write_rows(folder / "observations.parquet", OBSERVATIONS, _observation_rows(rows, table, order, agreement))


def _states(
    repository: FeastRepository, view: str, ids: Sequence[str], ordered: tuple[Observations, Ints], agreement: Agreement
) -> Iterator[pa.Table]:
    schema, behaviours = state_schema(repository, view), len(agreement.behaviours)
    for positions, observed in observation_batches(*ordered, AT_ONCE):
        for stands in _batched_mask(observed.is_last_known()):
            named = [ids[position] for position in positions[observed.lead[stands]].tolist()]
            folded = behaviour_states(observed, behaviours, agreement.half_lives, stands)
            yield state_rows(schema, named, observed.known_us[stands], folded)


def _batched_mask(stands: Bools) -> Iterator[Bools]:
    """The rows with the last observation of a known-at time, `AT_ONCE` at a time: an account may have 100,000."""
    places = np.flatnonzero(stands)
    for start in range(0, len(places), AT_ONCE):
        batch = np.zeros(len(stands), dtype=bool)
        batch[places[start : start + AT_ONCE]] = True
        yield batch


def _traits(repository: FeastRepository, rows: DerivedRows, order: Ints) -> Iterator[pa.Table]:
    lead_ids = pd.Index(np.array(rows.identities.lead_ids, dtype=object)[order])
    ranked = lead_ids.get_indexer(pd.Index(rows.traits["lead_id"]))
    places = np.lexsort((rows.traits["known_us"].to_numpy(np.int64), ranked))
    for start in range(0, len(places), AT_ONCE):
        yield trait_rows(repository, rows.traits.iloc[places[start : start + AT_ONCE]])


def _observation_rows(rows: DerivedRows, table: EventTable, order: Ints, agreement: Agreement) -> Iterator[pa.Table]:
    """One row per thing that became known of one occurrence, with the account that the lead was known to be in.

    sign: +1 (+n for n of them) it happened, 0 its minutes, or more of them, became known, -1 (-n) it is taken back.
    """
    names, event_id = np.array(list(agreement.behaviours), dtype=object), np.asarray(table.event_id, dtype=np.int64)
    for positions, observed in observation_batches(rows.observed, order, 10 * AT_ONCE):
        leads = positions[observed.lead]
        ids = [rows.identities.lead_ids[lead] for lead in leads.tolist()]
        columns: list[Any] = [ids, rows.accounts_at(leads, observed.known_us), names[observed.behaviour]]
        columns += [observed.minutes, observed.occurred_us, observed.known_us]
        columns += [observed.weight.astype(np.int64), event_id[observed.event]]
        arrays = [
            pa.array(column, pa.int64()).cast(field.type) if "_at" in field.name else pa.array(column, field.type)
            for column, field in zip(columns, OBSERVATIONS, strict=True)
        ]
        yield pa.table(arrays, schema=OBSERVATIONS)


def files_digest(folder: Path) -> str:
    """The digest of a build's Parquet files; the same ledger gives the same digest."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.parquet")):
        found.update(file.name.encode() + b"\0")
        with file.open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return f"sha256:{found.hexdigest()}"


_ASKED = "__asked"  # the place of a row: names of an agreement begin with a letter
MOMENT = pa.timestamp("us", tz="UTC")  # Feast's materialize fails on nanoseconds
KINDS = {"number": pa.float64(), "date": pa.float64(), "boolean": pa.bool_()}


def state_schema(repository: FeastRepository, view: str) -> pa.Schema:
    """The columns of the file behind a view of behaviour states: of leads, or of accounts."""
    key = ACCOUNT if view == repository.account_view else LEAD
    states = [(name, pa.list_(pa.float64())) for name in repository.behaviours]
    return pa.schema([(key, pa.string()), ("event_timestamp", MOMENT), (known_us_feature(view), pa.int64()), *states])


def state_rows(schema: pa.Schema, ids: Sequence[str], known_us: Ints, states: Sequence[Ragged]) -> pa.Table:
    """Rows of that file: row i is ids[i] as known at known_us[i], with an array per behaviour."""
    known = pa.array(known_us, pa.int64())
    arrays = [pa.ListArray.from_arrays(ragged.offsets.astype(np.int32), ragged.values) for ragged in states]
    return pa.table([pa.array(ids, pa.string()), known.cast(MOMENT), known, *arrays], schema=schema)


def trait_schema(repository: FeastRepository) -> pa.Schema:
    """The columns of the file behind the view of traits."""
    columns = [(name, KINDS.get(kind, pa.string())) for name, kind in repository.traits.items()]
    view = repository.trait_view
    return pa.schema([(LEAD, pa.string()), ("event_timestamp", MOMENT), (known_us_feature(view), pa.int64()), *columns])


def trait_rows(repository: FeastRepository, traits: pd.DataFrame) -> pa.Table:
    """Rows of that file: one row per lead and moment, as `features.traits.history.trait_history` gives them."""
    schema = trait_schema(repository)
    known = pa.array(traits["known_us"].to_numpy(np.int64))
    columns = [pa.array(traits[name], schema.field(name).type, from_pandas=True) for name in repository.traits]
    return pa.table([pa.array(traits["lead_id"], pa.string()), known.cast(MOMENT), known, *columns], schema=schema)


def write_rows(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
    """Write a table part by part to another file, then rename it: a reader never sees half a file.

    The same rows in the same parts give the same bytes: the file does not hold the time of writing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part, row_group_size=max(part.num_rows, 1))


def newest_rows(path: Path, key: str, at_once: int = 20_000) -> Iterator[pa.Table]:
    """The last row of each lead or account in a file that is sorted by `key` and time, in parts."""
    carried: pa.Table | None = None
    for batch in pq.ParquetFile(path).iter_batches(batch_size=at_once):
        rows = pa.Table.from_batches([batch])
        rows = rows if carried is None else pa.concat_tables([carried, rows])
        ids = rows[key].combine_chunks()
        is_last = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
        yield rows.slice(0, len(ids) - 1).filter(is_last)
        carried = rows.slice(len(ids) - 1)  # the next batch may know more of it
    if carried is not None:
        yield carried


def states_at(repository: FeastRepository, moments: pd.DataFrame) -> pa.Table:
    """The states of each lead as they were known just before each moment, by Feast's point-in-time join.

    Lead u7 visits the pricing page on Monday at 10:00, which we learn on Tuesday at 9:00. At Tuesday 9:00 the visit
    does not count yet; one microsecond later it does.

    moments: lead_id, snapshot_us. returns: one row per row of `moments`, in that order: lead_id, snapshot_us,
    an array per behaviour (null: never), the traits, and as `account_<behaviour>` the arrays of the account that the
    lead was known to be in.
    """
    found = _point_in_time_join(repository, repository.references(), LEAD, moments["lead_id"].to_numpy(), moments)
    found = found.append_column("snapshot_us", pa.array(moments["snapshot_us"].to_numpy(np.int64)))
    shared = _accounts_at(repository, found, moments)
    for name, column in zip(repository.behaviours, shared, strict=True):
        found = found.append_column(f"account_{name}", column)
    return found


def objecting_leads(repository: FeastRepository) -> frozenset[str]:
    """The leads that object to profiling by the newest that is known of them."""
    known = known_us_feature(repository.trait_view)
    columns = [LEAD, known, "profiling_opt_out"]
    rows = pq.read_table(repository.source_of(repository.trait_view), columns=columns).to_pandas()
    newest = rows.sort_values(known, kind="stable").drop_duplicates(LEAD, keep="last")
    return frozenset(newest.loc[newest["profiling_opt_out"].eq(True), LEAD].astype(str))


def _accounts_at(repository: FeastRepository, matched: pa.Table, moments: pd.DataFrame) -> list[pa.ChunkedArray]:
    """The arrays of the account of each row of `matched`, by behaviour; null where there is no account."""
    accounts = np.array(matched["account"].to_pylist() if "account" in matched.column_names else [None] * len(matched))
    has = np.flatnonzero([account is not None for account in accounts])
    kind = pa.list_(pa.float64())
    if not len(has):
        return [pa.chunked_array([pa.nulls(len(accounts), kind)]) for _ in repository.behaviours]
    states = _point_in_time_join(repository, repository.account_references(), ACCOUNT, accounts[has], moments.iloc[has])
    place = np.full(len(accounts), -1, dtype=np.int64)
    place[has] = np.arange(len(has))
    taken = pa.array(place, mask=place < 0)
    return [states[name].combine_chunks().cast(kind).take(taken) for name in repository.behaviours]


def _point_in_time_join(
    repository: FeastRepository, features: list[str], key: str, ids: npt.NDArray[np.object_], moments: pd.DataFrame
) -> pa.Table:
    """Feast's point-in-time join of some features to ids and moments, in their order."""
    if not features:
        return pa.table({key: pa.array(ids, pa.string())})
    # Feast's join includes the moment itself; known just before it is one microsecond earlier.
    before = pd.to_datetime(moments["snapshot_us"].to_numpy(np.int64) - 1, unit="us", utc=True)
    asked = pd.DataFrame({key: ids, "event_timestamp": before, _ASKED: np.arange(len(moments))})
    found = repository.store.get_historical_features(entity_df=asked, features=features).to_arrow()
    return found.sort_by(_ASKED).drop_columns([_ASKED, "event_timestamp"])


def ragged(column: pa.ChunkedArray) -> Ragged:
    """A list column as rows of floats; null is an empty row."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths = np.nan_to_num(array.value_lengths().to_numpy(zero_copy_only=False).astype(np.float64)).astype(np.int64)
    offsets: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(offsets, array.flatten().to_numpy(zero_copy_only=False))
