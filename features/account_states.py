"""Account states: what the leads of an account did together, carried on as events come without reading them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np

from features.recurrence import COUNT, DAY_US, LATEST, SUMS, Floats, Ints, Observations, anew, fold


@dataclass(frozen=True)
class AccountState:
    """All behaviours of one account: their states, and the latest occurrences of each with the event that told them.

    states: (behaviours, width), as `recurrence` lays them out before the pairs. latest: (behaviours, LATEST, 3) of
    us, minutes and event. kept: how many of these are in use; -1 where only the whole history can tell which.
    is_anew: made of the whole history, in which something may have been taken back.
    """

    states: Floats
    latest: Floats
    kept: Ints
    is_anew: bool = False

    @classmethod
    def nothing(cls, behaviours: int, half_lives: Sequence[float]) -> AccountState:
        """Of an account that never did anything."""
        width = SUMS + 2 * len(half_lives)
        return cls(np.zeros((behaviours, width)), np.zeros((behaviours, LATEST, 3)), np.zeros(behaviours, np.int64))

    @classmethod
    def whole(cls, observed: Observations, behaviours: int, half_lives: Sequence[float]) -> AccountState:
        """Of an account, from everything that was ever known of it: `observed` is of it alone."""
        made = replace(cls.nothing(behaviours, half_lives), is_anew=True)
        _fold_anew(*_columns(observed), np.asarray(half_lives) * DAY_US, made.states, made.latest, made.kept)
        return made

    def carried_on(self, observed: Observations, half_lives: Sequence[float]) -> AccountState | None:
        """The state once more is known; None where it takes the whole history, as when something was taken back."""
        made = AccountState(self.states.copy(), self.latest.copy(), self.kept.copy())
        carries = _fold_on(*_columns(observed), np.asarray(half_lives) * DAY_US, made.states, made.latest, made.kept)
        return made if carries else None

    def features(self, names: Sequence[str]) -> dict[str, Floats | None]:
        """The state of each behaviour as one array, as views hold it; what never happened is None, or not there."""
        states = {name: self._array(place) for place, name in enumerate(names)}
        return states if self.is_anew else {name: state for name, state in states.items() if state is not None}

    def _array(self, place: int) -> Floats | None:
        if self.states[place, COUNT] <= 0.0:
            return None
        return np.concatenate([self.states[place], self.latest[place, : self.kept[place], :2].ravel()])

    def packed(self) -> bytes:
        """As bytes, leaving out what never happened; `unpacked` reads them."""
        happened = np.flatnonzero(self.states[:, COUNT] > 0.0)
        parts = [np.concatenate([self.states[b], self.latest[b, : self.kept[b]].ravel()]) for b in happened]
        counts = np.where(self.states[:, COUNT] > 0.0, self.kept, -1).astype("<f8")
        return np.concatenate([counts, *parts]).astype("<f8").tobytes()

    @classmethod
    def unpacked(cls, packed: bytes, behaviours: int, half_lives: Sequence[float]) -> AccountState:
        """What `packed` gave."""
        values = np.frombuffer(packed, dtype="<f8")
        made, place = cls.nothing(behaviours, half_lives), behaviours
        width = made.states.shape[1]
        for b in range(behaviours):
            if (kept := int(values[b])) < 0:
                continue
            made.states[b] = values[place : place + width]
            made.latest[b, :kept] = values[place + width : place + width + 3 * kept].reshape(-1, 3)
            made.kept[b] = kept
            place += width + 3 * kept
        return made


def by_account(observed: Observations) -> Iterator[tuple[int, Observations]]:
    """The observations of each account by itself, and its position."""
    ends = np.flatnonzero(observed.is_newest()) + 1
    for start, end in zip(np.append(0, ends)[:-1].tolist(), ends.tolist(), strict=True):
        yield int(observed.lead[start]), observed.taken(slice(start, end))


def _columns(observed: Observations) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    occurred = observed.occurred_us.astype(np.float64)
    return observed.behaviour, observed.event, observed.weight, observed.minutes, occurred


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fold_on(
    behaviour: Ints, event: Ints, weight: Floats, minutes: Floats, occurred: Floats, half_lives: Floats,
    states: Floats, latest: Floats, kept: Ints,
) -> bool:  # fmt: skip
    for i in range(behaviour.size):
        b = behaviour[i]
        if weight[i] < 0.0:
            return False
        kept[b] = fold(states[b], latest[b], kept[b], weight[i], minutes[i], occurred[i], event[i], half_lives)
        if kept[b] < 0:
            return False
    return True


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fold_anew(
    behaviour: Ints, event: Ints, weight: Floats, minutes: Floats, occurred: Floats, half_lives: Floats,
    states: Floats, latest: Floats, kept: Ints,
) -> None:  # fmt: skip
    for b in range(kept.size):
        rows = np.flatnonzero(behaviour == b)
        if rows.size:
            kept[b] = anew(rows, event, weight, minutes, occurred, half_lives, states[b], latest[b])
