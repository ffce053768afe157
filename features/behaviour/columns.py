"""The feature columns of a lead's states at a moment, and of what the rest of its account does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np

from features.arrays import DAY_US, Floats, Ints, Ragged
from features.behaviour.decayed_counters import COUNT, FIRST, MINUTES, REFERENCE, SUMS

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


def behaviour_columns(
    rows: Mapping[str, Ragged], as_of_us: Ints, half_lives: Sequence[float], with_minutes: Collection[str]
) -> dict[str, Floats]:
    """Decayed counts and minutes, totals, days since first and last, of each behaviour at each row's moment.

    rows: a Ragged of states per behaviour, one row a lead and moment. with_minutes: behaviours that have minutes.
    returns: by name, one value per moment; counts and minutes halve every half-life, `days_since_*` is NEVER before
    the first.
    """
    columns: dict[str, Floats] = {}
    moments, halves = as_of_us.astype(np.float64), np.asarray(half_lives, dtype=np.float64)
    for name, states in rows.items():
        found = np.empty((2 * len(halves) + 4, len(states)))
        _read(states.values, states.offsets, moments, halves, found)
        columns |= {column: found[place] for place, column in _kept(name, tuple(half_lives), name in with_minutes)}
    return columns


@lru_cache(maxsize=1_000)
def _kept(name: str, half_lives: tuple[float, ...], has_minutes: bool) -> list[tuple[int, str]]:
    named = enumerate(_names(name, half_lives))
    return [(place, column) for place, column in named if has_minutes or "_minutes_" not in column]


def _names(name: str, half_lives: tuple[float, ...]) -> tuple[str, ...]:
    """The columns of a behaviour, as `_read` fills them."""
    decayed = [f"{name}_{what}_hl{half_life:g}d" for what in ("count", "minutes") for half_life in half_lives]
    return (*decayed, f"{name}_count_total", f"{name}_minutes_total", f"days_since_first_{name}", f"days_since_{name}")


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _read(values: Floats, offsets: Ints, as_of: Floats, half_lives: Floats, found: Floats) -> None:
    spans = half_lives.size
    totals = 2 * spans
    for row in range(as_of.size):
        start, end = offsets[row], offsets[row + 1]
        if start == end:
            found[: totals + 2, row] = 0.0
            found[totals + 2 :, row] = NEVER
            continue
        age = max(as_of[row] - values[start + REFERENCE], 0.0) / DAY_US
        for h in range(totals):
            half_life = half_lives[h % spans]
            found[h, row] = _or_nothing(values[start + SUMS + h] * np.exp2(-age / half_life))
        found[totals, row] = values[start + COUNT]
        found[totals + 1, row] = _or_nothing(values[start + MINUTES])
        found[totals + 2, row] = max(as_of[row] - values[start + FIRST], 0.0) / DAY_US
        found[totals + 3, row] = max(as_of[row] - values[end - 2], 0.0) / DAY_US


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _or_nothing(total: float) -> float:
    return 0.0 if abs(total) < NOTHING else total


def week_before(state: Floats, as_of_us: int, half_lives: Floats, days: float = 7.0) -> Floats:
    """The state as it stood `days` before `as_of_us`: the occurrences since then are taken out again.

    Exact while fewer than 33 happened since; `REFERENCE` moves back so that ages come out right.
    """
    return np.asarray(_before(state, as_of_us - days * DAY_US, half_lives))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _before(state: Floats, moment: float, half_lives: Floats) -> Floats:
    spans = half_lives.size
    pairs = SUMS + 2 * spans
    since = pairs  # where the occurrences since then begin
    while since < state.size and state[since] < moment:
        since += 2
    if state.size == 0 or state[COUNT] - (state.size - since) // 2 <= 0.0:
        return np.empty(0)
    earlier = state[: max(since, pairs + 2)].copy()
    earlier[COUNT] -= (state.size - since) // 2
    for pair in range(since, state.size, 2):
        earlier[MINUTES] -= state[pair + 1]
        age = (state[REFERENCE] - state[pair]) / DAY_US
        for h in range(spans):
            decay = np.exp2(-age / half_lives[h])
            earlier[SUMS + h] -= decay
            earlier[SUMS + spans + h] -= decay * state[pair + 1]
    if state[REFERENCE] > moment:
        for h in range(2 * spans):
            earlier[SUMS + h] *= np.exp2((state[REFERENCE] - moment) / DAY_US / half_lives[h % spans])
        earlier[REFERENCE] = moment
    return earlier


def rest_columns(
    own: Mapping[str, Ragged],
    account: Mapping[str, Ragged],
    as_of_us: Ints,
    half_lives: Sequence[float],
    with_minutes: Collection[str] = (),
) -> dict[str, Floats]:
    """Decayed counts and minutes, total count and days since the last of each behaviour of a lead's colleagues.

    own, account: a Ragged of states per behaviour, one row a lead and moment, both as known at that moment.
    with_minutes: behaviours that have minutes. returns: by name, one value per moment; `days_since_account_*` is NEVER
    where nobody else of the account did it. Of a lead without an account, the account's states are empty.
    """
    columns: dict[str, Floats] = {}
    moments, halves = as_of_us.astype(np.float64), np.asarray(half_lives, dtype=np.float64)
    for name, states in account.items():
        found = np.empty((2 * len(halves) + 2, len(states)))
        _read_rest(own[name].values, own[name].offsets, states.values, states.offsets, moments, halves, found)
        columns |= {column: found[place] for place, column in _kept_rest(name, tuple(half_lives), name in with_minutes)}
    return columns


@lru_cache(maxsize=1_000)
def _kept_rest(name: str, half_lives: tuple[float, ...], has_minutes: bool) -> list[tuple[int, str]]:
    named = enumerate(_rest_names(name, half_lives))
    return [(place, column) for place, column in named if has_minutes or "_minutes_" not in column]


def _rest_names(name: str, half_lives: tuple[float, ...]) -> tuple[str, ...]:
    """The columns of a behaviour, as `_read_rest` fills them."""
    decayed = [f"account_{name}_{what}_hl{half_life:g}d" for what in ("count", "minutes") for half_life in half_lives]
    return (*decayed, f"account_{name}_count_total", f"days_since_account_{name}")


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _read_rest(
    own: Floats, own_offsets: Ints, values: Floats, offsets: Ints, as_of: Floats, half_lives: Floats, found: Floats
) -> None:
    totals = 2 * half_lives.size
    for row in range(as_of.size):
        mine, whole = own[own_offsets[row] : own_offsets[row + 1]], values[offsets[row] : offsets[row + 1]]
        count = whole[COUNT] - (mine[COUNT] if mine.size else 0.0) if whole.size else 0.0
        if count < 0.5:  # nobody else: no residue of sums may move a tree from one leaf to another
            found[:, row] = 0.0
            found[totals + 1, row] = NEVER
            continue
        for h in range(totals):
            half_life = half_lives[h % half_lives.size] * DAY_US
            total = _decayed(whole, h, as_of[row], half_life) - _decayed(mine, h, as_of[row], half_life)
            found[h, row] = 0.0 if abs(total) < NOTHING else total
        found[totals, row] = count
        found[totals + 1, row] = max(as_of[row] - _last(mine, whole, SUMS + totals), 0.0) / DAY_US


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _decayed(state: Floats, h: int, as_of: float, half_life_us: float) -> float:
    if state.size == 0:
        return 0.0
    return float(state[SUMS + h] * np.exp2(-max(as_of - state[REFERENCE], 0.0) / half_life_us))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _last(mine: Floats, whole: Floats, pairs: int) -> float:
    """When the others last did it: the newest of the account's latest that is not the lead's own.

    Where the lead did all of the latest 32 itself, the others' last is older than these; it is taken for the oldest.
    """
    own = mine.size - 2
    for place in range(whole.size - 2, pairs - 1, -2):
        while own >= pairs and mine[own] > whole[place]:
            own -= 2
        if own < pairs or mine[own] != whole[place]:
            return float(whole[place])
        own -= 2
    return float(whole[pairs])
