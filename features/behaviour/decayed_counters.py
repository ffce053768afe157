"""Decayed counters: the compiled recurrence from observations, in the order they became known, to a behaviour's state.

A state is one array of floats, empty while the behaviour never happened:

    [count, minutes, first_us, reference_us, count per half-life ..., minutes per half-life ..., us, minutes, us, ...]

The decayed sums stand as of `reference_us`, the newest occurrence folded in; multiplying by 2^(-age / half_life)
makes them exact at any later moment. The pairs at the end are the latest 32 occurrences, oldest first; of those at the
same moment the one with fewer minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np

from features.arrays import DAY_US, Bools, Floats, Ints, Ragged

COUNT, MINUTES, FIRST, REFERENCE, SUMS = 0, 1, 2, 3, 4  # where each part of a state starts
LATEST = 32


@dataclass(frozen=True)
class Observations:
    """One row per thing learned of a lead's behaviour, sorted by lead, known_us and occurred_us.

    lead, behaviour: positions.
    event:           a number that tells the occurrences of one behaviour apart.
    weight:          +1 for an occurrence (+n for n of which only the first moment is known), 0 for minutes of it that
                     became known later, -1 (-n) for its retraction, which takes back all rows of that event before.
    minutes:         of each occurrence.
    """

    lead: Ints
    behaviour: Ints
    event: Ints
    weight: Floats
    minutes: Floats
    occurred_us: Ints
    known_us: Ints

    def __len__(self) -> int:
        return len(self.lead)

    def is_last_known(self) -> Bools:
        """Whether a row is the last of its (lead, known_us): after it, the lead's state of that moment is complete."""
        last = np.ones(len(self), dtype=bool)
        last[:-1] = (self.lead[1:] != self.lead[:-1]) | (self.known_us[1:] != self.known_us[:-1])
        return last

    def is_newest(self) -> Bools:
        """Whether a row is the last of its lead: after it, the lead's state is that of now."""
        last = np.ones(len(self), dtype=bool)
        last[:-1] = self.lead[1:] != self.lead[:-1]
        return last

    def taken(self, rows: Any) -> Observations:
        """Some of the rows, by mask, slice or position."""
        return Observations(*(getattr(self, column.name)[rows] for column in fields(self)))

    def parts(self, rows: int) -> Iterator[Observations]:
        """Slices of about `rows` rows, no lead in two of them: states take more memory than observations."""
        ends = np.flatnonzero(self.is_newest()) + 1
        start = 0
        while start < len(self):
            end = int(ends[min(int(np.searchsorted(ends, start + rows)), len(ends) - 1)])
            yield self.taken(slice(start, end))
            start = end


def behaviour_states(
    observed: Observations, behaviours: int, half_lives: Sequence[float], stands: Bools | None = None
) -> list[Ragged]:
    """The states after some rows of `observed`: a Ragged per behaviour, with one row per True in `stands`.

    stands: `observed.is_last_known()` unless given; `observed.is_newest()` for the newest states alone.
    """
    stands = observed.is_last_known() if stands is None else stands
    rows = int(stands.sum())
    half_lives_us = np.asarray(half_lives, dtype=np.float64) * DAY_US
    arguments = (
        observed.lead, observed.behaviour, observed.event, observed.weight, observed.minutes,
        observed.occurred_us.astype(np.float64), stands, half_lives_us, behaviours,
    )  # fmt: skip
    sizes = np.zeros((behaviours, rows), dtype=np.int64)
    nothing = np.zeros((behaviours, 1), dtype=np.int64)
    scan(*arguments, sizes, nothing, np.empty(0), False)
    # Sizes first, values after: a list that grows inside compiled code is slower than scanning twice.
    starts = np.concatenate([np.zeros((behaviours, 1), dtype=np.int64), np.cumsum(sizes, axis=1)], axis=1)
    bases = np.concatenate([[0], np.cumsum(starts[:, -1])]).astype(np.int64)
    values = np.empty(bases[-1])
    scan(*arguments, sizes, starts + bases[:-1, None], values, True)
    return [Ragged(starts[b], values[bases[b] : bases[b + 1]]) for b in range(behaviours)]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def fold(
    state: Floats, pairs: Floats, kept: int, weight: float, minutes: float, occurred: float, event: int,
    half_lives: Floats,
) -> int:  # fmt: skip
    """Add an occurrence, or minutes of one, to `state` and to its latest `pairs`, in place.

    pairs: (LATEST, 3) of us, minutes and event, of which the first `kept` rows are in use. Returns how many are in use
    then, or -1 where only the whole history shows which occurrences are the latest.
    """
    _add(state, weight, minutes, occurred, half_lives)
    return int(keep_latest(pairs, kept, weight, minutes, occurred, event))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _add(state: Floats, weight: float, minutes: float, occurred: float, half_lives: Floats) -> None:
    spans = half_lives.size
    if state[COUNT] == 0.0:
        if weight == 0.0:
            return  # minutes of something never counted
        state[FIRST] = occurred
        state[REFERENCE] = occurred
    more = weight * minutes if weight > 0.0 else minutes
    state[COUNT] += weight
    state[MINUTES] += more
    gap = occurred - state[REFERENCE]
    for h in range(spans):
        if gap >= 0.0:
            decay = 2.0 ** (-gap / half_lives[h])
            state[SUMS + h] = state[SUMS + h] * decay + weight
            state[SUMS + spans + h] = state[SUMS + spans + h] * decay + more
        else:
            decay = 2.0 ** (gap / half_lives[h])
            state[SUMS + h] += weight * decay
            state[SUMS + spans + h] += more * decay
    state[REFERENCE] = max(state[REFERENCE], occurred)
    state[FIRST] = min(state[FIRST], occurred)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def keep_latest(pairs: Floats, kept: int, weight: float, minutes: float, occurred: float, event: int) -> int:
    """Put an occurrence, or minutes of one, into the latest `pairs`, in place; returns what `fold` does."""
    full = kept == pairs.shape[0]
    if weight > 0.0:
        if full:
            if occurred < pairs[0, 0] or (occurred == pairs[0, 0] and minutes <= pairs[0, 1]):
                return kept
            pairs[: kept - 1] = pairs[1:kept].copy()
            kept -= 1
        pairs[kept, 0], pairs[kept, 1], pairs[kept, 2] = occurred, minutes, event
        sift(pairs, kept, kept + 1)
        return kept + 1
    if full and occurred == pairs[0, 0]:
        return -1  # another of that moment may have been pushed out, and have more minutes now
    for i in range(kept - 1, -1, -1):
        if pairs[i, 0] == occurred and pairs[i, 2] == event:
            pairs[i, 1] += minutes
            sift(pairs, i, kept)
            break
    return kept


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def sift(pairs: Floats, place: int, kept: int) -> None:
    """Move the pair at `place` so that pairs are sorted by moment, then by minutes."""
    us, minutes, event = pairs[place, 0], pairs[place, 1], pairs[place, 2]
    while place > 0 and (pairs[place - 1, 0] > us or (pairs[place - 1, 0] == us and pairs[place - 1, 1] > minutes)):
        pairs[place] = pairs[place - 1]
        place -= 1
    while place < kept - 1 and pairs[place + 1, 0] == us and pairs[place + 1, 1] < minutes:
        pairs[place] = pairs[place + 1]
        place += 1
    pairs[place, 0], pairs[place, 1], pairs[place, 2] = us, minutes, event


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def refold(
    rows: Ints, event: Ints, weight: Floats, minutes: Floats, occurred: Floats, half_lives: Floats, state: Floats,
    pairs: Floats,
) -> int:  # fmt: skip
    """Fold one behaviour's `rows` from an empty state, without those that were taken back; how many pairs there are.

    Subtracting a retraction would leave residues in the sums, and could not bring back an older pair.
    """
    state[:] = 0.0
    left = _standing_rows(rows, event, weight)
    counted = left[weight[left] > 0.0]
    order = np.argsort(event[counted], kind="mergesort")
    events, totals = event[counted][order], minutes[counted].copy()
    for i in left:
        _add(state, weight[i], minutes[i], occurred[i], half_lives)
        if weight[i] == 0.0:
            place = np.searchsorted(events, event[i])
            if place < events.size and events[place] == event[i]:
                totals[order[place]] += minutes[i]
    by_minutes = np.argsort(totals, kind="mergesort")
    latest = by_minutes[np.argsort(occurred[counted][by_minutes], kind="mergesort")][-pairs.shape[0] :]
    for place in range(latest.size):
        i = latest[place]
        pairs[place, 0], pairs[place, 1], pairs[place, 2] = occurred[counted[i]], totals[i], event[counted[i]]
    return int(latest.size)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _standing_rows(rows: Ints, event: Ints, weight: Floats) -> Ints:
    """The rows that no later row takes back."""
    gone = rows[weight[rows] < 0.0]
    gone = gone[np.argsort(event[gone], kind="mergesort")]
    events = event[gone]
    left = np.ones(rows.size, dtype=np.bool_)
    for place in range(rows.size):
        i = rows[place]
        last = np.searchsorted(events, event[i], side="right") - 1
        left[place] = weight[i] >= 0.0 and not (last >= 0 and events[last] == event[i] and gone[last] > i)
    return rows[left]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def scan(
    lead: Ints, behaviour: Ints, event: Ints, weight: Floats, minutes: Floats, occurred: Floats, stands: Bools,
    half_lives: Floats, behaviours: int, sizes: Ints, starts: Ints, values: Floats, write: bool,
) -> None:  # fmt: skip
    """Fold all rows in their order: the size of each state in `stands`, or with `write` its values from `starts` on."""
    width = SUMS + 2 * half_lives.size
    state = np.zeros((behaviours, width))
    pairs = np.zeros((behaviours, LATEST, 3))
    kept = np.zeros(behaviours, dtype=np.int64)  # -1: the state does not stand any more
    row, first = 0, 0
    for i in range(lead.size):
        if i > 0 and lead[i] != lead[i - 1]:
            state[:] = 0.0
            kept[:] = 0
            first = i
        b = behaviour[i]
        if weight[i] < 0.0:
            kept[b] = -1
        elif kept[b] >= 0:
            kept[b] = fold(state[b], pairs[b], kept[b], weight[i], minutes[i], occurred[i], event[i], half_lives)
        if not stands[i]:
            continue
        for b in range(behaviours):
            if kept[b] < 0:
                rows = first + np.flatnonzero(behaviour[first : i + 1] == b)
                kept[b] = refold(rows, event, weight, minutes, occurred, half_lives, state[b], pairs[b])
            if state[b, COUNT] <= 0.0:
                continue
            if not write:
                sizes[b, row] = width + 2 * kept[b]
                continue
            at = starts[b, row]
            values[at : at + width] = state[b]
            for k in range(kept[b]):
                values[at + width + 2 * k] = pairs[b, k, 0]
                values[at + width + 2 * k + 1] = pairs[b, k, 1]
        row += 1
