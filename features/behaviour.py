"""Behaviour features: what the states of `recurrence` say at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.recurrence import COUNT, DAY_US, FIRST, MINUTES, REFERENCE, SUMS, Floats, Ints, Ragged

NEVER = 9_999.0  # days since something that never happened: large and finite, so that an event only ever lowers it
NOTHING = 1e-6  # a decayed sum below this reads as 0, or its residue would move a tree from one leaf to another


@dataclass(frozen=True, slots=True)
class BehaviourState:
    """One behaviour of one lead; `state` is laid out as in `recurrence`."""

    state: Floats
    half_lives: int

    @property
    def latest(self) -> Floats:
        """The latest 32 occurrences: (us, minutes) a row, oldest first."""
        return self.state[SUMS + 2 * self.half_lives :].reshape(-1, 2)

    @property
    def count(self) -> int:
        return round(float(self.state[COUNT])) if self.state.size else 0

    @property
    def minutes(self) -> float:
        return float(self.state[MINUTES]) if self.state.size else 0.0

    def last_us(self) -> int | None:
        """When it last happened."""
        return int(self.latest[-1, 0]) if self.state.size and len(self.latest) else None

    def within(self, days: float, as_of_us: int) -> Floats:
        """The occurrences of the last `days` before `as_of_us`, of the latest 32."""
        latest = self.latest
        return latest[(latest[:, 0] >= as_of_us - days * DAY_US) & (latest[:, 0] < as_of_us)]


def behaviour_features(
    rows: Mapping[str, Ragged], as_of_us: Ints, half_lives: Sequence[float], with_minutes: Sequence[str]
) -> pd.DataFrame:
    """Decayed counts and minutes, totals, days since first and last, of each behaviour at each row's moment.

    rows: a Ragged of states per behaviour, one row a lead and moment. with_minutes: behaviours that have minutes.
    returns: one row per moment; counts and minutes halve every half-life, `days_since_*` is NEVER before the first.
    """
    columns: dict[str, Floats] = {}
    for name, states in rows.items():
        columns |= _features_of(name, states, as_of_us, half_lives, name in with_minutes)
    return pd.DataFrame(columns)


def _features_of(
    name: str, states: Ragged, as_of_us: Ints, half_lives: Sequence[float], has_minutes: bool
) -> dict[str, Floats]:
    start, happened = states.offsets[:-1], np.diff(states.offsets) > 0
    spans = len(half_lives)

    def part(place: int) -> Floats:
        taken = np.zeros(len(happened))
        taken[happened] = states.values[start[happened] + place]
        return taken

    age_days = np.maximum(as_of_us - part(REFERENCE), 0.0) / DAY_US
    columns = {}
    for h, half_life in enumerate(half_lives):
        decay = np.exp2(-age_days / half_life)
        columns[f"{name}_count_hl{half_life:g}d"] = _read(part(SUMS + h) * decay)
        if has_minutes:
            columns[f"{name}_minutes_hl{half_life:g}d"] = _read(part(SUMS + spans + h) * decay)
    columns[f"{name}_count_total"] = part(COUNT)
    if has_minutes:
        columns[f"{name}_minutes_total"] = _read(part(MINUTES))
    columns[f"days_since_first_{name}"] = _days_since(part(FIRST), happened, as_of_us)
    columns[f"days_since_{name}"] = _days_since(_last_us(states, happened), happened, as_of_us)
    return columns


def _read(sums: Floats) -> Floats:
    return np.where(np.abs(sums) < NOTHING, 0.0, sums)


def _days_since(us: Floats, happened: np.ndarray, as_of_us: Ints) -> Floats:
    return np.where(happened, np.maximum(as_of_us - us, 0.0) / DAY_US, NEVER)


def _last_us(states: Ragged, happened: np.ndarray) -> Floats:
    last = np.zeros(len(happened))
    last[happened] = states.values[states.offsets[1:][happened] - 2]
    return last


def week_before(state: Floats, as_of_us: int, half_lives: Sequence[float], days: float = 7.0) -> Floats:
    """The state as it stood `days` before `as_of_us`: the occurrences since then are taken out again.

    Exact while fewer than 33 happened since; `REFERENCE` moves back so that ages come out right.
    """
    if not state.size:
        return state
    spans, moment = len(half_lives), as_of_us - days * DAY_US
    latest = state[SUMS + 2 * spans :].reshape(-1, 2)
    since = latest[latest[:, 0] >= moment]
    count = state[COUNT] - len(since)
    if count <= 0:
        return np.empty(0)
    ages = (state[REFERENCE] - since[:, 0]) / DAY_US
    kept = latest[latest[:, 0] < moment]
    earlier = state.copy()
    earlier[COUNT], earlier[MINUTES] = count, state[MINUTES] - since[:, 1].sum()
    for h, half_life in enumerate(half_lives):
        decay = np.exp2(-ages / half_life)
        grown = np.exp2((state[REFERENCE] - moment) / DAY_US / half_life) if state[REFERENCE] > moment else 1.0
        earlier[SUMS + h] = (state[SUMS + h] - decay.sum()) * grown
        earlier[SUMS + spans + h] = (state[SUMS + spans + h] - (decay * since[:, 1]).sum()) * grown
    earlier[REFERENCE] = min(state[REFERENCE], moment)
    return np.concatenate([earlier[: SUMS + 2 * spans], (kept if len(kept) else since[:1]).ravel()])
