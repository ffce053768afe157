"""What events came to, in a form that outlives them: totals and latest moments of behaviour, and traits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from features.agreement import Agreement
from features.behaviour import BehaviourState
from features.clocks import from_microseconds
from features.log import Log
from features.recurrence import DAY_US, FIRST, NOT_YET, states
from features.rows import Rows
from features.sayings import FIRST as FIRST_TOUCHES
from features.sayings import Sayings, sayings
from features.traits import trait_columns

History = dict[str, Any]  # the properties of an event "History Kept"


def kept_history(log: Log, rows: Rows, agreement: Agreement, events: Sequence[int]) -> dict[int, History]:
    """By lead (its position), what these events (rows of the log) came to; nothing for leads of which nothing is left.

    {"behaviours": {name: {"count", "minutes", "first_us", "latest": [[us, minutes], ...]}},
     "traits": {name: [value, occurred_us]}}
    """
    found: dict[int, History] = {}
    for lead, name, said in _behaviours(rows, agreement, events):
        found.setdefault(lead, {"behaviours": {}, "traits": {}})["behaviours"][name] = said
    for lead, name, value in _traits(log, rows, agreement, events):
        found.setdefault(lead, {"behaviours": {}, "traits": {}})["traits"][name] = value
    return found


def _behaviours(rows: Rows, agreement: Agreement, events: Sequence[int]) -> Iterator[tuple[int, str, History]]:
    """By the very recurrence that folds them into features."""
    observed = rows.observed.taken(np.isin(rows.observed.event, np.asarray(events, dtype=np.int64)))
    newest = observed.is_newest()[observed.is_last_known()]
    folded = states(observed, len(agreement.behaviours), agreement.half_lives)
    leads = observed.lead[observed.is_newest()].tolist()
    for place, lead in zip(np.flatnonzero(newest).tolist(), leads, strict=True):
        for name, ragged in zip(agreement.behaviours, folded, strict=True):
            if len(state := ragged.row(place)):
                yield lead, name, _behaviour(BehaviourState(state, len(agreement.half_lives)))


def _behaviour(state: BehaviourState) -> History:
    latest = [[int(us), minutes] for us, minutes in state.latest.tolist()]
    return {"count": state.count, "minutes": state.minutes, "first_us": int(state.state[FIRST]), "latest": latest}


def _traits(log: Log, rows: Rows, agreement: Agreement, events: Sequence[int]) -> Iterator[tuple[int, str, Any]]:
    """Of each trait the newest word among these events, of first touches the oldest."""
    columns = trait_columns(agreement)
    said = sayings(log, rows.found, agreement, rows.observed, rows.members, columns)
    names, kinds = list(columns), list(columns.values())
    chosen: dict[tuple[int, int], tuple[tuple[int, str], int]] = {}
    stands = np.isin(said.row, np.asarray(events, dtype=np.int64)) & (said.until_us == NOT_YET)
    for place in np.flatnonzero(stands).tolist():
        key = int(said.lead[place]), int(said.trait[place])
        rank = int(said.occurred_us[place]), str(log.message_id[int(said.row[place])])
        before = chosen.get(key)
        is_first = names[key[1]] in FIRST_TOUCHES
        if before is None or (rank < before[0] if is_first else rank > before[0]):
            chosen[key] = rank, place
    for (lead, trait), ((us, _), place) in sorted(chosen.items()):
        yield lead, names[trait], [_value(said, place, kinds[trait]), us]


def _value(said: Sayings, place: int, kind: str) -> Any:
    value = said.values[said.value[place]]
    if kind == "date" and value is not None:
        return from_microseconds(round(value * DAY_US)).isoformat()
    return value
