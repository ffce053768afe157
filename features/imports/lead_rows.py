"""Rows of an export as leads: several rows of one lead are one, of which the last row counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.agreement.learning import Export
from features.imports.cells import CellReader
from features.imports.columns import cell_texts
from features.imports.crm import Crm, exported_status, loss_event

_Hashes = np.ndarray[Any, np.dtype[np.uint64]]


class CrmRecord(NamedTuple):
    """A lead's ids in the CRM, and when its record was changed last."""

    contact_id: str | None = None
    merged_into: str | None = None
    modified_at: datetime | None = None

    def before(self, later: CrmRecord) -> CrmRecord:
        """Both records as one: what the later leaves empty stays."""
        return CrmRecord(
            later.contact_id or self.contact_id,
            later.merged_into or self.merged_into,
            later.modified_at or self.modified_at,
        )


NO_RECORD = CrmRecord()


def crm_records(rows: pd.DataFrame, crm: Crm, reader: CellReader) -> list[CrmRecord]:
    """One record per row; `reader` has observed the column of last changes."""
    contacts, survivors = (_ids(rows, crm, name) for name in (crm.contact_id, crm.merged_into))
    column = modified_column(rows, crm)
    if column is None or not any(survivors):
        return [CrmRecord(contact, survivor) for contact, survivor in zip(contacts, survivors, strict=True)]
    modified = reader.moments(column, cell_texts(rows[column]), day_ends=True)
    return [CrmRecord(*ids) for ids in zip(contacts, survivors, modified, strict=True)]


def modified_column(rows: pd.DataFrame, crm: Crm) -> str | None:
    """The column that says when a record was changed last, None where there is none."""
    return crm.title(crm.modified_at, [str(title) for title in rows.columns]) if crm.modified_at else None


def _ids(rows: pd.DataFrame, crm: Crm, name: str | None) -> list[str | None]:
    column = crm.title(name, [str(title) for title in rows.columns]) if name else None
    if column is None:
        return [None] * len(rows)
    return [text and crm.lead_id(text) for text in cell_texts(rows[column])]


class ExportedLead(NamedTuple):
    """What one row tells of its lead. status: what stands in the column of statuses.

    won_at, lost_at: when it converted, and when it was lost.
    """

    lead: str
    created_at: datetime | None
    won_at: datetime | None
    lost_at: datetime | None
    status: str | None
    converted: bool
    traits: Mapping[str, object]
    record: CrmRecord = NO_RECORD

    def before(self, later: ExportedLead) -> ExportedLead:
        """Both rows of one lead as one: what the later leaves empty stays, and who converted in either did convert.

        It came at the earlier of both moments, and converted at the earlier of those of the rows that say so. It was
        lost when the later row says.
        """
        won = [row for row in (self, later) if row.converted]
        return ExportedLead(
            self.lead,
            min((row.created_at for row in (self, later) if row.created_at), default=None),
            min((row.won_at for row in won or (self, later) if row.won_at), default=None),
            later.lost_at or self.lost_at,
            (won[-1] if won else later).status or self.status,
            bool(won),
            {**self.traits, **later.traits},
            self.record.before(later.record),
        )


def standing(
    row: ExportedLead, columns: Export, exported_at: datetime, record: Mapping[str, object]
) -> Iterator[dict[str, Any]]:
    """The event that says where a lead stands that did not convert, if the export says so; lost leads since their loss.

    record: the properties that name its record in the CRM.
    """
    if row.status and columns.names_statuses:
        said = {"status": row.status, "field": columns.status_column}
        at = row.lost_at or row.won_at if columns.is_lost(row.status) else row.won_at
        yield exported_status(row.lead, at, exported_at, {**record, **said})
    elif row.lost_at and not columns.names_statuses:
        yield loss_event(row.lead, row.lost_at, record)


def id_hashes(leads: Sequence[str | None]) -> _Hashes:
    """One number per lead id: a file of millions of leads is counted without holding their ids."""
    hashes: _Hashes = pd.util.hash_array(np.array(leads, dtype=object))
    return hashes


@dataclass
class RepeatedLeads:
    """Reads the ids of a file in two passes: `observe` them all, then ask for the rows `as_leads`."""

    _hashes: list[_Hashes] = field(default_factory=list)
    _waiting: dict[str, tuple[int, ExportedLead]] = field(default_factory=dict)

    def observe(self, leads: Sequence[str | None]) -> None:
        """First pass: the ids of some rows, None where a row has none."""
        self._hashes.append(id_hashes([lead for lead in leads if lead]))

    @cached_property
    def _counts(self) -> tuple[int, dict[int, int]]:
        hashes, counts = np.unique(np.concatenate(self._hashes or [id_hashes([])]), return_counts=True)
        again = counts > 1
        return len(hashes), dict(zip(hashes[again].tolist(), counts[again].tolist(), strict=True))

    @property
    def leads(self) -> int:
        """How many leads there are; asked for once all rows were observed."""
        return self._counts[0]

    def as_leads(self, rows: Sequence[ExportedLead]) -> Iterator[ExportedLead]:
        """Second pass: the leads of some rows, each once the last row that names it was read."""
        repeated = self._counts[1]
        for row, name in zip(rows, id_hashes([row.lead for row in rows]).tolist(), strict=True):
            if name not in repeated:
                yield row
                continue
            seen, earlier = self._waiting.pop(row.lead, (0, row))
            merged = earlier.before(row) if seen else row
            if seen + 1 == repeated[name]:
                yield merged
            else:
                self._waiting[row.lead] = seen + 1, merged


def distinct_ids(parts: Iterable[_Hashes]) -> int:
    """How many leads some hashes are of."""
    every = [*parts]
    return len(np.unique(np.concatenate(every))) if every else 0
