"""Interval arithmetic on periods in which something was known; and the order of events that happened at one moment."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable


def group_ids(*keys: Any) -> Ints:
    """A number per row: two rows have the same number where all of their keys are the same."""
    order = np.lexsort(keys)
    new = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        new |= key[order[1:]] != key[order[:-1]]
    found = np.zeros(len(order), dtype=np.int64)
    found[order[1:]] = np.cumsum(new)
    return found


def tie_break_ranks(table: EventTable, row: Ints, occurred_us: Ints, group: Ints) -> Ints:
    """A rank per row that orders rows of the same group and moment by the message id of their event; else 0.

    row: the event of each row, -1 for a row that no single event says, which ranks first. Only message ids of ties are
    read, since reading each one takes long.
    """
    order = np.lexsort((row, occurred_us, group))
    same = (np.diff(group[order]) == 0) & (np.diff(occurred_us[order]) == 0)
    found = np.zeros(len(row), dtype=np.int64)
    # Of one event alone there is nothing to order.
    if not (same & (np.diff(row[order]) != 0)).any():
        return found
    tied = order[np.append(False, same) | np.append(same, False)]
    ids = {i: table.message_id[i] if i >= 0 else "" for i in np.unique(row[tied]).tolist()}
    place = {message_id: rank for rank, message_id in enumerate(sorted(set(ids.values())))}
    found[tied] = [place[ids[i]] for i in row[tied].tolist()]
    return found


def strongest_known(values: Sequence[tuple[int, int, int, int]], nothing: int) -> Iterator[tuple[int, int]]:
    """One entry per moment at which a value came or went: the moment, and the strongest value known then.

    values: (known_us, until_us, strength, value) of each, sorted by known_us. nothing: stands for no value.
    """
    standing: list[tuple[int, int, int]] = []  # strength from the highest, until_us, value
    place = 0
    for moment in sorted({value[0] for value in values} | {value[1] for value in values} - {NOT_YET}):
        while place < len(values) and values[place][0] <= moment:
            _, until_us, strength, value = values[place]
            heapq.heappush(standing, (-strength, until_us, value))
            place += 1
        while standing and standing[0][1] <= moment:
            heapq.heappop(standing)
        yield moment, standing[0][2] if standing else nothing


Period = tuple[int, int]  # from when, and until when, in microseconds; NOT_YET: it stands


def union(periods: Iterable[Period]) -> list[Period]:
    """The moments that are in any of the periods: [(1, 3), (2, 5), (7, 9)] is [(1, 5), (7, 9)]."""
    whole: list[Period] = []
    for start, end in sorted(periods):
        if start >= end:
            continue
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def intersection(first: Period, second: Period) -> Period:
    """The moments that are in both periods; where there are none, the result ends before it starts."""
    return max(first[0], second[0]), min(first[1], second[1])


def subtract(period: Period, gone: Iterable[Period]) -> list[Period]:
    """The parts of `period` that are in none of `gone`: (1, 9) without [(2, 3)] is [(1, 2), (3, 9)]."""
    left, (start, end) = [], period
    for out, back in union(gone):
        if start < min(out, end):
            left.append((start, min(out, end)))
        start = max(start, back)
    return [*left, (start, end)] if start < end else left


def latest_wins(period: Period, newest_first: Iterable[tuple[bool, Period]]) -> list[Period]:
    """The parts of `period` in which the newest statement that we knew says yes.

    newest_first: what each statement says, and the period in which we knew it; the one that happened last stands first.
    "with sales" is known from 5 on, and "given back", which happened later, from 8 on: within (0, 20) the answer is
    [(5, 8)].
    """
    yes: list[Period] = []
    open_still = [period]
    for says, known in newest_first:
        if says:
            yes += [intersection(part, known) for part in open_still]
        open_still = [left for part in open_still for left in subtract(part, [known])]
        if not open_still:
            break
    return union(yes)


EVER = -(2**63)  # the beginning of a stay that nothing came before
