"""Observations: what was learned of each lead's and each account's behaviour, in the order in which it was known."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Floats, Ints
from features.behaviour.decayed_counters import Observations
from features.behaviour.dwell_time import dwell_time
from features.behaviour.occurrences import occurrences
from features.events.event_table import EventTable
from features.identity.accounts import AccountPeriods
from features.identity.identities import Identities


def observations(table: EventTable, resolved: Identities, agreement: Agreement) -> Observations:
    """One row per thing learned of a lead's behaviour: an occurrence (weight +1), its minutes (0), its retraction (-1).

    An occurrence is taken back when it turns out to be another lead's, or a machine's. The rows do not depend on the
    order of the events, and those known by a moment follow from the events recorded by then alone. Where a click of
    day 3 is known on day 3, and on day 9 turns out to be a scanner's, it has two rows: +1 known on day 3, -1 on day 9.
    """
    counted = occurrences(table, resolved, agreement)
    learned = dwell_time(table, resolved, counted)
    place = learned.place
    gone = np.flatnonzero(counted.until_us != NOT_YET)
    return ordered_observations(
        lead=_stacked(counted.lead, place, gone),
        behaviour=_stacked(counted.behaviour, place, gone),
        event=_stacked(counted.row, place, gone),
        weight=np.concatenate([counted.weight, np.zeros(len(place)), -counted.weight[gone]]),
        minutes=np.concatenate([counted.minutes, learned.minutes, (counted.minutes + learned.total)[gone]]),
        occurred_us=_stacked(counted.occurred_us, place, gone),
        known_us=np.concatenate([counted.known_us, learned.known_us, counted.until_us[gone]]),
    )


def account_observations(observed: Observations, members: AccountPeriods) -> Observations:
    """The observations of an account's leads while they were known to be in it; `lead` is the account's position.

    An occurrence counts from when both it and the stay in the account are known, until the stay ends. Where ann visits
    on day 2, is known to be of firm.example from day 5, and is found on day 9 to be of another company, firm.example
    has +1 known on day 5 and -1 known on day 9.
    """
    row, stay = _observations_in_stays(observed, members)
    end = np.minimum(_taken_back_us(observed)[row], members.until_us[stay])
    start = np.maximum(observed.known_us[row], members.known_us[stay])
    counts = (observed.weight[row] >= 0) & (start < end)
    row, stay, start, end = row[counts], stay[counts], start[counts], end[counts]
    gone = np.flatnonzero((end != NOT_YET) & (observed.weight[row] > 0))
    minutes = observed.minutes[row]
    return ordered_observations(
        lead=np.append(members.account[stay], members.account[stay[gone]]),
        behaviour=np.append(observed.behaviour[row], observed.behaviour[row[gone]]),
        event=np.append(observed.event[row], observed.event[row[gone]]),
        weight=np.append(observed.weight[row], -observed.weight[row[gone]]),
        minutes=np.append(minutes, _minutes_by_then(observed, row, stay, end)[gone]),
        occurred_us=np.append(observed.occurred_us[row], observed.occurred_us[row[gone]]),
        known_us=np.append(start, end[gone]),
    )


def _observations_in_stays(observed: Observations, members: AccountPeriods) -> tuple[Ints, Ints]:
    """One pair per observation and stay of its lead in an account, as positions in both."""
    first = np.searchsorted(members.lead, observed.lead, side="left")
    count = np.searchsorted(members.lead, observed.lead, side="right") - first
    row = np.repeat(np.arange(len(observed)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)


def _taken_back_us(observed: Observations) -> Ints:
    """When each observation was taken back, NOT_YET where it never was."""
    until = np.full(len(observed), NOT_YET, dtype=np.int64)
    again = dict[tuple[int, int, int], int]()
    columns = (observed.lead, observed.behaviour, observed.event)
    some = np.flatnonzero(np.isin(observed.event, observed.event[observed.weight < 0]))[::-1]
    for row, *what in zip(some.tolist(), *(column[some].tolist() for column in columns), strict=True):
        if observed.weight[row] < 0:
            again[tuple(what)] = int(observed.known_us[row])
        else:
            until[row] = again.get(tuple(what), NOT_YET)
    return until


def _minutes_by_then(observed: Observations, row: Ints, stay: Ints, end: Ints) -> Floats:
    """The minutes of each occurrence, with all changes known before `end`."""
    minutes = observed.minutes[row]
    ends = np.flatnonzero(end != NOT_YET)
    if len(ends):
        keys = np.stack([stay, end, observed.behaviour[row], observed.event[row]])[:, ends]
        _, same = np.unique(keys, axis=1, return_inverse=True)
        later = np.where(observed.weight[row[ends]] == 0, minutes[ends], 0.0)
        minutes[ends] += np.bincount(same, weights=later)[same]
    return minutes


def _stacked(column: Ints, place: Ints, gone: Ints) -> Ints:
    return np.concatenate([column, column[place], column[gone]])


def ordered_observations(**columns: Any) -> Observations:
    """Observations by lead, known_us and occurred_us; ties are sorted so that the ledger's order changes nothing.

    Of ties, retractions come first, then occurrences, then minutes.
    """
    rows = Observations(**columns)
    keys = (rows.occurred_us, rows.known_us, rows.lead)
    order = np.lexsort(keys)
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    tied = np.flatnonzero(np.append(False, same) | np.append(same, False))
    if len(tied):
        kind = np.where(rows.weight < 0, 0, np.where(rows.weight > 0, 1, 2))
        finer = (rows.weight, rows.minutes, rows.behaviour, kind, *keys)
        some = order[tied]
        order[tied] = some[np.lexsort([key[some] for key in finer])]
    return rows.taken(order)
