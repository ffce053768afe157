"""The feature columns of a lead's states at a moment, and of what the rest of its account did."""

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
TOTALS = 4  # columns of a behaviour that know no half-life
_DAY_US = float(DAY_US)
_NONE = Ragged(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class BehaviourState:
    """One behaviour of one lead; `features.behaviour.decayed_counters` says how `state` is laid out."""

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
    """The feature columns of what each lead did: decayed counts and minutes, totals, days since the first and the last.

    rows:         by behaviour, a Ragged of states: one row per lead and moment.
    as_of_us:     the moment of each row.
    with_minutes: behaviours that have minutes; the others get no column of minutes.

    Each column has one value per row. Counts and minutes halve every half-life; `days_since_*` is NEVER before the
    first occurrence. Where ann was on the pricing page on day 1 and on day 5, her row of day 8 has
    pricing_page_count_total 2, days_since_first_pricing_page 7 and days_since_pricing_page 3.
    """
    columns: dict[str, Floats] = {}
    moments, halves = as_of_us.astype(np.float64), np.asarray(half_lives, dtype=np.float64)
    spans = tuple(half_lives)
    for name, states in rows.items():
        filled = np.empty((2 * len(halves) + TOTALS, len(states)))
        _fill(states.values, states.offsets, _NONE.values, _NONE.offsets, moments, halves, _DAY_US, filled)
        places = _places(name, spans, name in with_minutes, False)
        columns |= {column: filled[place] for column, place in places.items()}
    return columns


def account_rest_columns(
    own: Mapping[str, Ragged],
    account: Mapping[str, Ragged],
    as_of_us: Ints,
    half_lives: Sequence[float],
    with_minutes: Collection[str] = (),
) -> dict[str, Floats]:
    """The feature columns of what the rest of each lead's account did: decayed counts and minutes, total, days since.

    own, account: by behaviour, a Ragged of states: one row per lead and moment, as known at that moment. `own` holds
                  what the lead did, `account` what all leads of its account did; empty for a lead without an account.
    with_minutes: behaviours that have minutes; the others get no column of minutes.

    Each column has one value per row. `days_since_account_*` is NEVER where nobody else of the account did it. Where
    ann was on the pricing page on day 5 and her colleague bob on day 3, ann's row of day 10 has
    account_pricing_page_count_total 1 and days_since_account_pricing_page 7.
    """
    columns: dict[str, Floats] = {}
    # Models learned from ages divided by half-lives in microseconds: days would round otherwise.
    moments, halves_us = as_of_us.astype(np.float64), np.asarray(half_lives, dtype=np.float64) * DAY_US
    spans = tuple(half_lives)
    for name, states in account.items():
        mine, filled = own[name], np.empty((2 * len(halves_us) + TOTALS, len(states)))
        _fill(states.values, states.offsets, mine.values, mine.offsets, moments, halves_us, 1.0, filled)
        places = _places(name, spans, name in with_minutes, True)
        columns |= {column: filled[place] for column, place in places.items()}
    return columns


@lru_cache(maxsize=1_000)
def _places(name: str, half_lives: tuple[float, ...], has_minutes: bool, is_rest: bool) -> dict[str, int]:
    """The columns of a behaviour, and which row of what `_fill` fills each is."""
    name = f"account_{name}" if is_rest else name
    decayed = [f"{name}_{what}_hl{half_life:g}d" for what in ("count", "minutes") for half_life in half_lives]
    totals = (f"{name}_count_total", f"{name}_minutes_total", f"days_since_first_{name}", f"days_since_{name}")
    # A rest has neither: the first of the account may be the lead's own.
    left_out = set(totals[1:3]) if is_rest else set()
    places = {column: place for place, column in enumerate((*decayed, *totals)) if column not in left_out}
    return {column: place for column, place in places.items() if has_minutes or "_minutes_" not in column}


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fill(
    values: Floats, offsets: Ints, own: Floats, own_offsets: Ints, as_of: Floats, half_lives: Floats, unit: float,
    filled: Floats,
) -> None:  # fmt: skip
    """Fill one row per column of a behaviour, one value per state of `values` without that of `own`, which may be none.

    unit: how many microseconds the half-lives' unit has.
    """
    is_rest = own_offsets.size > 0
    totals = 2 * half_lives.size
    for row in range(as_of.size):
        start, end = offsets[row], offsets[row + 1]
        own_start, own_end = (own_offsets[row], own_offsets[row + 1]) if is_rest else (0, 0)
        has_own = own_start < own_end
        count = values[start + COUNT] - (own[own_start + COUNT] if has_own else 0.0) if start < end else 0.0
        if start == end or (is_rest and count < 0.5):  # nobody: no residue of sums may move a tree's leaf
            filled[: totals + 2, row] = 0.0
            filled[totals + 2 :, row] = NEVER
            continue
        age = max(as_of[row] - values[start + REFERENCE], 0.0) / unit
        own_age = max(as_of[row] - own[own_start + REFERENCE], 0.0) / unit if has_own else 0.0
        for h in range(totals):
            half_life = half_lives[h % half_lives.size]
            total = values[start + SUMS + h] * np.exp2(-age / half_life)
            if has_own:
                total -= own[own_start + SUMS + h] * np.exp2(-own_age / half_life)
            filled[h, row] = _or_nothing(total)
        filled[totals, row] = count
        filled[totals + 1, row] = _or_nothing(values[start + MINUTES])
        filled[totals + 2, row] = max(as_of[row] - values[start + FIRST], 0.0) / DAY_US
        pairs = SUMS + totals
        last_us = _last(own[own_start:own_end], values[start:end], pairs) if is_rest else values[end - 2]
        filled[totals + 3, row] = max(as_of[row] - last_us, 0.0) / DAY_US


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _or_nothing(total: float) -> float:
    return 0.0 if abs(total) < NOTHING else total


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _last(mine: Floats, whole: Floats, pairs: int) -> float:
    """When the rest of the account last did it: the newest of its latest 32 occurrences that is not the lead's own.

    Where the lead did all 32 itself, the rest's last one is older; the oldest of the 32 stands for it.
    """
    own = mine.size - 2
    for place in range(whole.size - 2, pairs - 1, -2):
        while own >= pairs and mine[own] > whole[place]:
            own -= 2
        if own < pairs or mine[own] != whole[place]:
            return float(whole[place])
        own -= 2
    return float(whole[pairs])


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
