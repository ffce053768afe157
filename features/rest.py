"""The rest of an account: what its other leads do, which is the account's state less the lead's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import numba
import numpy as np

from features.behaviour import NEVER, NOTHING
from features.recurrence import COUNT, DAY_US, REFERENCE, SUMS, Floats, Ints, Ragged


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
        _read(own[name].values, own[name].offsets, states.values, states.offsets, moments, halves, found)
        columns |= {column: found[place] for place, column in _kept(name, tuple(half_lives), name in with_minutes)}
    return columns


@lru_cache(maxsize=1_000)
def _kept(name: str, half_lives: tuple[float, ...], has_minutes: bool) -> list[tuple[int, str]]:
    named = enumerate(_names(name, half_lives))
    return [(place, column) for place, column in named if has_minutes or "_minutes_" not in column]


def _names(name: str, half_lives: tuple[float, ...]) -> tuple[str, ...]:
    """The columns of a behaviour, as `_read` fills them."""
    decayed = [f"account_{name}_{what}_hl{half_life:g}d" for what in ("count", "minutes") for half_life in half_lives]
    return (*decayed, f"account_{name}_count_total", f"days_since_account_{name}")


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _read(
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
