"""The one compiled recurrence: from observations in the order they became known to a behaviour's state.

A state is one array of floats, empty while the behaviour never happened:

    [count, minutes, first_us, reference_us, count per half-life ..., minutes per half-life ..., us, minutes, us, ...]

The decayed sums stand as of `reference_us`, the newest occurrence folded in; multiplying by 2^(-age / half_life)
makes them exact at any later moment. The pairs at the end are the latest 32 occurrences, oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

DAY_US = 86_400_000_000
COUNT, MINUTES, FIRST, REFERENCE, SUMS = 0, 1, 2, 3, 4  # where each part of a state starts
LATEST = 32
NOT_YET = np.iinfo(np.int64).max  # a moment that has not come

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Rows of floats of different lengths: row i is `values[offsets[i]:offsets[i + 1]]`."""

    offsets: Ints
    values: Floats

    @classmethod
    def of(cls, rows: Sequence[Sequence[float] | Floats | None]) -> Ragged:
        """Rows from lists; None is an empty row."""
        lengths = [0 if row is None else len(row) for row in rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        filled = [np.asarray(row, dtype=np.float64) for row in rows if row is not None and len(row)]
        return cls(offsets, np.concatenate(filled) if filled else np.empty(0))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, index: int) -> Floats:
        return self.values[self.offsets[index] : self.offsets[index + 1]]


@dataclass(frozen=True)
class Observations:
    """One row per thing known of a lead's behaviour, sorted by lead, then `known_us`, then occurrence and event.

    lead, behaviour: positions. weight: +1 an occurrence, 0 minutes that became known later, -1 a retraction.
    """

    lead: Ints
    behaviour: Ints
    weight: Floats
    minutes: Floats
    occurred_us: Ints
    known_us: Ints

    def is_last_known(self) -> npt.NDArray[np.bool_]:
        """Rows after which the lead's state stands: the last of each (lead, known_us)."""
        last = np.ones(len(self.lead), dtype=bool)
        if len(last):
            last[:-1] = (self.lead[1:] != self.lead[:-1]) | (self.known_us[1:] != self.known_us[:-1])
        return last


def states(observed: Observations, behaviours: int, half_lives: Sequence[float]) -> list[Ragged]:
    """The states after each distinct (lead, known_us): one Ragged per behaviour, rows as in `is_last_known`."""
    stands = observed.is_last_known()
    rows = int(stands.sum())
    half_lives_us = np.asarray(half_lives, dtype=np.float64) * DAY_US
    arguments = (
        observed.lead, observed.behaviour, observed.weight, observed.minutes, observed.occurred_us, stands,
        half_lives_us, behaviours,
    )  # fmt: skip
    sizes = np.zeros((behaviours, rows), dtype=np.int64)
    nothing = np.zeros((behaviours, 1), dtype=np.int64)
    _scan(*arguments, sizes, nothing, np.empty(0), False)
    # Sizes first, values after: a list that grows inside compiled code is slower than scanning twice.
    starts = np.concatenate([np.zeros((behaviours, 1), dtype=np.int64), np.cumsum(sizes, axis=1)], axis=1)
    bases = np.concatenate([[0], np.cumsum(starts[:, -1])]).astype(np.int64)
    values = np.empty(bases[-1])
    _scan(*arguments, sizes, starts + bases[:-1, None], values, True)
    return [Ragged(starts[b], values[bases[b] : bases[b + 1]]) for b in range(behaviours)]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def fold(
    state: Floats, pairs: Floats, kept: int, weight: float, minutes: float, occurred: float, half_lives: Floats
) -> int:
    """Fold one observation into `state` and its latest `pairs` in place; how many pairs there are now.

    state: COUNT, MINUTES, FIRST, REFERENCE and the sums. pairs: (LATEST, 2), the first `kept` rows in use.
    """
    spans = half_lives.size
    if state[COUNT] == 0.0 and weight > 0.0:
        state[FIRST] = occurred
        state[REFERENCE] = occurred
    elif state[COUNT] == 0.0:
        return kept  # minutes or a retraction of something never counted
    state[COUNT] += weight
    state[MINUTES] += weight * minutes if weight != 0.0 else minutes
    signed = weight * minutes if weight != 0.0 else minutes
    gap = occurred - state[REFERENCE]
    for h in range(spans):
        if gap >= 0.0:
            decay = 2.0 ** (-gap / half_lives[h])
            state[SUMS + h] = state[SUMS + h] * decay + weight
            state[SUMS + spans + h] = state[SUMS + spans + h] * decay + signed
        else:
            decay = 2.0 ** (gap / half_lives[h])
            state[SUMS + h] += weight * decay
            state[SUMS + spans + h] += signed * decay
    state[REFERENCE] = max(state[REFERENCE], occurred)
    state[FIRST] = min(state[FIRST], occurred) if weight > 0.0 else state[FIRST]
    kept = _remember(pairs, kept, weight, minutes, occurred)
    if state[COUNT] <= 0.0:  # a residue of 1e-17 would move a tree from one leaf to another
        state[:] = 0.0
        return 0
    if weight < 0.0 and state[COUNT] == kept:
        state[FIRST] = pairs[0, 0]
    return kept


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _remember(pairs: Floats, kept: int, weight: float, minutes: float, occurred: float) -> int:
    if weight > 0.0:
        if kept == pairs.shape[0]:
            if occurred <= pairs[0, 0]:
                return kept
            pairs[: kept - 1] = pairs[1:kept].copy()
            kept -= 1
        place = kept
        while place > 0 and pairs[place - 1, 0] > occurred:
            pairs[place] = pairs[place - 1]
            place -= 1
        pairs[place, 0] = occurred
        pairs[place, 1] = minutes
        return kept + 1
    for i in range(kept - 1, -1, -1):
        if pairs[i, 0] == occurred and (weight == 0.0 or pairs[i, 1] == minutes):
            if weight == 0.0:
                pairs[i, 1] += minutes
                return kept
            pairs[i : kept - 1] = pairs[i + 1 : kept].copy()
            return kept - 1
    return kept


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _scan(
    lead: Ints, behaviour: Ints, weight: Floats, minutes: Floats, occurred: Ints, stands: Any,
    half_lives: Floats, behaviours: int, sizes: Ints, starts: Ints, values: Floats, write: bool,
) -> None:  # fmt: skip
    width = SUMS + 2 * half_lives.size
    state = np.zeros((behaviours, width))
    pairs = np.zeros((behaviours, LATEST, 2))
    kept = np.zeros(behaviours, dtype=np.int64)
    row = 0
    for i in range(lead.size):
        if i > 0 and lead[i] != lead[i - 1]:
            state[:] = 0.0
            kept[:] = 0
        b = behaviour[i]
        kept[b] = fold(state[b], pairs[b], kept[b], weight[i], minutes[i], float(occurred[i]), half_lives)
        if not stands[i]:
            continue
        for b in range(behaviours):
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
