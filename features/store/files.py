"""The files of a build: what stands behind the Feast views, the leads, and the observations as a table to look into."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.agreement import Agreement
from features.log import Log
from features.recurrence import Bools, Ints, Observations, states
from features.rows import Rows, parts_in_order
from features.store.offline import state_rows, state_schema, trait_rows, trait_schema, write_rows
from features.store.repository import Repository

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


def write_files(repository: Repository, rows: Rows, leads: pd.DataFrame, log: Log, agreement: Agreement) -> None:
    """Write everything that was derived, in an order that the ledger's does not change: by id, then by known_at."""
    folder = repository.folder
    order = np.array(sorted(range(len(rows.found.lead_ids)), key=rows.found.lead_ids.__getitem__), dtype=np.int64)
    behaviours, traits = repository.behaviour_view, repository.trait_view
    parts = _states(repository, behaviours, rows.found.lead_ids, (rows.observed, order), agreement)
    write_rows(repository.source_of(behaviours), state_schema(repository, behaviours), parts)
    write_rows(repository.source_of(traits), trait_schema(repository), _traits(repository, rows, order))
    accounts = np.array(sorted(rows.shared_accounts().tolist(), key=rows.account_ids.__getitem__), dtype=np.int64)
    parts = _states(repository, repository.account_view, rows.account_ids, (rows.accounts, accounts), agreement)
    write_rows(repository.source_of(repository.account_view), state_schema(repository, repository.account_view), parts)
    leads.iloc[order].reset_index(drop=True).to_parquet(folder / "leads.parquet")
    write_rows(folder / "observations.parquet", OBSERVATIONS, _observed(rows, log, order, agreement))


def _states(
    repository: Repository, view: str, ids: Sequence[str], ordered: tuple[Observations, Ints], agreement: Agreement
) -> Iterator[pa.Table]:
    schema, behaviours = state_schema(repository, view), len(agreement.behaviours)
    for positions, observed in parts_in_order(*ordered, AT_ONCE):
        for some in _some(observed.is_last_known()):
            named = [ids[position] for position in positions[observed.lead[some]].tolist()]
            folded = states(observed, behaviours, agreement.half_lives, some)
            yield state_rows(schema, named, observed.known_us[some], folded)


def _some(stands: Bools) -> Iterator[Bools]:
    """The rows after which a state stands, not too many at once: one account may have a hundred thousand."""
    places = np.flatnonzero(stands)
    for start in range(0, len(places), AT_ONCE):
        some = np.zeros(len(stands), dtype=bool)
        some[places[start : start + AT_ONCE]] = True
        yield some


def _traits(repository: Repository, rows: Rows, order: Ints) -> Iterator[pa.Table]:
    ranked = pd.Index(np.array(rows.found.lead_ids, dtype=object)[order]).get_indexer(pd.Index(rows.traits["lead_id"]))
    places = np.lexsort((rows.traits["known_us"].to_numpy(np.int64), ranked))
    for start in range(0, len(places), AT_ONCE):
        yield trait_rows(repository, rows.traits.iloc[places[start : start + AT_ONCE]])


def _observed(rows: Rows, log: Log, order: Ints, agreement: Agreement) -> Iterator[pa.Table]:
    """Grain: one thing learned of one occurrence. sign: +1 (+n) it happened, 0 its minutes became known or more of
    them, -1 (-n) it is taken back. account: the lead's at that moment, as it was known."""
    names, event_id = np.array(list(agreement.behaviours), dtype=object), np.asarray(log.event_id, dtype=np.int64)
    for positions, observed in parts_in_order(rows.observed, order, 10 * AT_ONCE):
        leads = positions[observed.lead]
        ids = [rows.found.lead_ids[lead] for lead in leads.tolist()]
        columns = [
            ids,
            rows.accounts_at(leads, observed.known_us),
            names[observed.behaviour],
            observed.minutes,
            observed.occurred_us,
            observed.known_us,
            observed.weight.astype(np.int64),
            event_id[observed.event],
        ]
        arrays = [
            pa.array(column, pa.int64()).cast(field.type) if "_at" in field.name else pa.array(column, field.type)
            for column, field in zip(columns, OBSERVATIONS, strict=True)
        ]
        yield pa.table(arrays, schema=OBSERVATIONS)


def digest(folder: Path) -> str:
    """Of all files of a build that are derived from the ledger alone: the same ledger gives the same."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.parquet")):
        found.update(file.name.encode() + b"\0")
        with file.open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return f"sha256:{found.hexdigest()}"
