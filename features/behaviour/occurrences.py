"""Occurrences: each time a lead showed a behaviour, from when until when that counts; not while sales has the lead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numba
import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import Floats, Ints
from features.behaviour.bots import crawler_rows, mail_scanner_flags
from features.behaviour.sales_handling import AnsweredCall, calls_while_with_sales
from features.events.event_table import EventTable
from features.identity.identities import Identities


@dataclass(frozen=True)
class Occurrences:
    """One row per event, lead, behaviour and period in which the event counts as that behaviour of that lead.

    row:                the event's position. behaviour: its position in the agreement.
    weight:             1, or the number of occurrences of which only the first moment is known.
    minutes:            of each occurrence, where the event itself has them.
    known_us, until_us: the period; until_us is NOT_YET while the event counts.
    """

    row: Ints
    lead: Ints
    behaviour: Ints
    weight: Floats
    minutes: Floats
    occurred_us: Ints
    known_us: Ints
    until_us: Ints

    def __len__(self) -> int:
        return len(self.row)

    def taken(self, rows: Any) -> Occurrences:
        """Some of the rows, by mask or position."""
        return Occurrences(*(getattr(self, column.name)[rows] for column in fields(self)))


def occurrences(table: EventTable, resolved: Identities, agreement: Agreement) -> Occurrences:
    """The occurrences of all leads: by people and not by machines, without mails of sales and calls with sales."""
    hits = np.array(table.matches, dtype=np.float64).reshape(-1, 3)
    hits = np.insert(hits, 2, 1.0, axis=1)
    hits = hits[_is_counted(table)[hits[:, 0].astype(np.int64)]]
    moments = table.occurred_us()[hits[:, 0].astype(np.int64)]
    if table.retained_totals:
        retained = list(_retained_occurrences(table, list(agreement.behaviours)))
        hits = np.concatenate([hits, np.array([row[:4] for row in retained], dtype=np.float64).reshape(-1, 4)])
        moments = np.concatenate([moments, np.array([row[4] for row in retained], dtype=np.int64)])
    rows = hits[:, 0].astype(np.int64)
    at = resolved.attribute(rows)
    hits = hits[at.place]
    counted = Occurrences(
        rows[at.place], at.lead, hits[:, 1].astype(np.int64), hits[:, 2], hits[:, 3], moments[at.place], at.known_us,
        at.until_us,
    )  # fmt: skip
    flags = mail_scanner_flags(table, resolved)
    machines = np.stack([flags.row, flags.lead, flags.known_us, flags.until_us], axis=1)
    calls = calls_while_with_sales(table, resolved, _answered_calls(counted, agreement), agreement)
    return _unblocked(counted, np.concatenate([machines, calls]))


def _answered_calls(counted: Occurrences, agreement: Agreement) -> list[AnsweredCall]:
    calls = [i for i, behaviour in enumerate(agreement.behaviours.values()) if behaviour.event == "Call Answered"]
    some = counted.taken(np.flatnonzero(np.isin(counted.behaviour, calls)))
    columns = (some.row, some.lead, some.occurred_us, some.known_us, some.until_us)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [AnsweredCall(row, lead, us, (known_us, until_us)) for row, lead, us, known_us, until_us in rows]


def _is_counted(table: EventTable) -> Any:
    """By event, whether it may count: not those that name a crawler as their agent, nor mails of sales."""
    counted = np.ones(len(table), dtype=bool)
    counted[crawler_rows(table)] = False
    counted[[row for row, name, _ in table.crm if name == "sales mail"]] = False
    return counted


def _retained_occurrences(table: EventTable, behaviours: Sequence[str]) -> Iterator[tuple[int, int, float, float, int]]:
    """(row, behaviour, weight, minutes of each, occurred_us) of the events that retention deleted and summed up."""
    for row, properties in table.retained_totals:
        for name, totals in (properties.get("behaviours") or {}).items():
            if name not in behaviours:
                continue
            latest = [(int(us), float(minutes)) for us, minutes in totals["latest"]]
            yield from ((row, behaviours.index(name), 1.0, minutes, us) for us, minutes in latest)
            if (more := int(totals["count"]) - len(latest)) > 0:
                left = max(float(totals["minutes"]) - sum(minutes for _, minutes in latest), 0.0)
                yield row, behaviours.index(name), float(more), left / more, int(totals["first_us"])


def _unblocked(counted: Occurrences, blocked: Ints) -> Occurrences:
    """The occurrences without the periods in which they were blocked; one that counts again later becomes two rows.

    blocked: rows of (event, lead, from when, until when).
    """
    if not len(blocked):
        return counted
    blocked = blocked[np.lexsort((blocked[:, 2], blocked[:, 1], blocked[:, 0]))]
    touched = np.flatnonzero(np.isin(counted.row, blocked[:, 0]))
    some = counted.taken(touched)
    first, last = (np.searchsorted(blocked[:, 0], some.row, side=side) for side in ("left", "right"))
    place, known_us, until_us = _unblocked_parts(some.lead, some.known_us, some.until_us, blocked, first, last)
    rest = np.ones(len(counted), dtype=bool)
    rest[touched] = False
    both = counted.taken(rest), replace(some.taken(place), known_us=known_us, until_us=until_us)
    columns = [column.name for column in fields(Occurrences)]
    return Occurrences(*(np.concatenate([getattr(one, name) for one in both]) for name in columns))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _unblocked_parts(
    lead: Ints, known_us: Ints, until_us: Ints, blocked: Ints, first: Ints, last: Ints
) -> tuple[Ints, Ints, Ints]:
    """One entry per period in which an occurrence is not blocked: its place, from when, until when.

    first, last: where its event begins and ends in `blocked`.
    """
    found, count = np.empty((lead.size + (last - first).sum(), 3), np.int64), 0
    for place in range(lead.size):
        start = known_us[place]
        for k in range(first[place], last[place]):
            if blocked[k, 1] != lead[place]:
                continue
            if start < min(blocked[k, 2], until_us[place]):
                found[count] = place, start, min(blocked[k, 2], until_us[place])
                count += 1
            start = max(start, blocked[k, 3])
        if start < until_us[place]:
            found[count] = place, start, until_us[place]
            count += 1
    return found[:count, 0].copy(), found[:count, 1].copy(), found[:count, 2].copy()
