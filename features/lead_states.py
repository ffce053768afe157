"""The newest state of each lead, as derived rows have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from features.agreement import Agreement
from features.clocks import from_microseconds
from features.recurrence import Floats, states
from features.rows import Rows
from features.store.online import LeadState
from features.traits import trait_columns


def newest_states(rows: Rows, agreement: Agreement, ids: frozenset[str], since_us: int = -1) -> Iterator[LeadState]:
    """The states of the leads in `rows` that have one of these ids, without what their accounts did.

    What is none, but was something before, is there as None; what never was anything is not there.
    since_us: only behaviours of which something became known after it, and no traits where none did.
    """
    did, said = _behaviours(rows, agreement, since_us), _traits(rows, agreement, since_us)
    for position, (lead_id, newest_us) in enumerate(zip(rows.found.lead_ids, rows.newest_us.tolist(), strict=True)):
        if lead_id in ids:
            yield LeadState(lead_id, did.get(position, {}), said.get(lead_id, {}), from_microseconds(newest_us))


def _behaviours(rows: Rows, agreement: Agreement, since_us: int) -> dict[int, dict[str, Floats | None]]:
    """The state of each behaviour that a lead ever showed, by the lead's position."""
    observed, names = rows.observed, list(agreement.behaviours)
    last = observed.is_newest()
    folded = states(observed, len(names), agreement.half_lives, last)
    row_of = {lead: row for row, lead in enumerate(observed.lead[last].tolist())}
    found: dict[int, dict[str, Floats | None]] = {lead: {} for lead in row_of}
    new = observed.taken(observed.known_us > since_us)
    shown = np.unique(new.lead * len(names) + new.behaviour) if len(names) else new.lead[:0]
    for lead, behaviour in zip(*(part.tolist() for part in np.divmod(shown, max(len(names), 1))), strict=True):
        state = folded[behaviour].row(row_of[lead])
        found[lead][names[behaviour]] = state if len(state) else None
    return found


def _traits(rows: Rows, agreement: Agreement, since_us: int) -> dict[str, dict[str, Any]]:
    """The last value of each trait that was ever said of a lead, by lead_id."""
    lead_ids = rows.traits["lead_id"].to_numpy()
    starts = np.flatnonzero(np.append(True, lead_ids[1:] != lead_ids[:-1])[: len(lead_ids)])
    found: dict[str, dict[str, Any]] = {lead_id: {} for lead_id in lead_ids[starts]}
    if not len(starts):
        return found
    last, known = np.append(starts[1:], len(lead_ids)) - 1, list(found.values())
    is_new = rows.traits["known_us"].to_numpy()[last] > since_us
    for name in trait_columns(agreement):
        column = rows.traits[name]
        newest = column.to_numpy()[last].tolist()
        for place in np.flatnonzero(np.logical_or.reduceat(column.notna().to_numpy(), starts) & is_new).tolist():
            value = newest[place]
            known[place][name] = None if value != value else value
    return found
