"""The recurrence equals the formula it stands for, whatever the order in which things became known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from features.arrays import DAY_US, Ragged
from features.behaviour.columns import NEVER, NOTHING, behaviour_columns, week_before
from features.behaviour.decayed_counters import LATEST, SUMS, Observations, behaviour_states

HALF_LIVES = (1.0, 7.0, 30.0)


@dataclass(frozen=True)
class Seen:
    """One thing learned: +1 an occurrence, 0 minutes of one, -1 a retraction of one with all its minutes."""

    day: float
    known: float
    weight: float = 1.0
    minutes: float = 0.0
    event: int | None = None  # which occurrence, where several are of one day

    @property
    def told_of(self) -> int:
        return round(self.day * 10) if self.event is None else self.event


def observed(seen: Sequence[Seen]) -> Observations:
    """What was learned of one behaviour of one lead."""
    order = sorted(seen, key=lambda s: (s.known, s.day, s.weight >= 0, s.weight == 0))
    zeros = np.zeros(len(order), dtype=np.int64)
    return Observations(
        lead=zeros,
        behaviour=zeros,
        event=np.array([s.told_of for s in order], dtype=np.int64),
        weight=np.array([s.weight for s in order], dtype=np.float64),
        minutes=np.array([s.minutes for s in order], dtype=np.float64),
        occurred_us=np.array([round(s.day * DAY_US) for s in order], dtype=np.int64),
        known_us=np.array([round(s.known * DAY_US) for s in order], dtype=np.int64),
    )


def folded(seen: Sequence[Seen]) -> Ragged:
    """The states of one behaviour of one lead after each moment at which something became known."""
    return behaviour_states(observed(seen), 1, HALF_LIVES)[0]


def latest(states: Ragged, row: int = -1) -> list[list[float]]:
    """The latest occurrences in a state, as (day, minutes)."""
    pairs = states.row(row % len(states))[SUMS + 2 * len(HALF_LIVES) :].reshape(-1, 2)
    return [[us / DAY_US, minutes] for us, minutes in pairs]


def read(states: Ragged, row: int, day: float) -> dict[str, float]:
    """The features of one state at a moment."""
    one = Ragged.of([states.row(row)])
    columns = behaviour_columns({"visit": one}, np.array([round(day * DAY_US)]), HALF_LIVES, ["visit"])
    return {name: float(values[0]) for name, values in columns.items()}


def brute(seen: Sequence[Seen], day: float) -> dict[str, float]:
    """count(t) = sum of sign * 2^-((t - occurred) / half-life), and the rest by looking at every occurrence."""
    count = sum(s.weight for s in seen)
    if count <= 0:
        return dict.fromkeys(names(), 0.0) | {"days_since_first_visit": NEVER, "days_since_visit": NEVER}
    found = {"visit_count_total": count, "visit_minutes_total": sum((s.weight or 1.0) * s.minutes for s in seen)}
    for half_life in HALF_LIVES:
        decays = [2 ** -((day - s.day) / half_life) for s in seen]
        found[f"visit_count_hl{half_life:g}d"] = sum(s.weight * d for s, d in zip(seen, decays, strict=True))
        minutes = ((s.weight or 1.0) * s.minutes * d for s, d in zip(seen, decays, strict=True))
        found[f"visit_minutes_hl{half_life:g}d"] = sum(minutes)
    left = surviving(seen)
    return found | {"days_since_first_visit": day - min(left), "days_since_visit": day - max(left)}


def surviving(seen: Sequence[Seen]) -> list[float]:
    days = [s.day for s in seen if s.weight > 0]
    for retracted in (s.day for s in seen if s.weight < 0):
        days.remove(retracted)
    return sorted(days)


def names() -> list[str]:
    return list(behaviour_columns({"visit": Ragged.of([None])}, np.array([0]), HALF_LIVES, ["visit"]))


def agrees(found: dict[str, float], expected: dict[str, float]) -> bool:
    """Within 1e-9; a decayed sum about NOTHING may read as 0."""
    assert found.keys() == expected.keys()
    return all(
        math.isclose(found[name], value, rel_tol=1e-9, abs_tol=1e-11)
        or (found[name] == 0 and abs(value) <= NOTHING * (1 + 1e-6))
        for name, value in expected.items()
    )


days = st.integers(0, 4_000).map(lambda tenth: tenth / 10)
lags = st.sampled_from([0.0, 0.0, 0.5, 3.0, 40.0, 200.0])


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> list[Seen]:
    """Occurrences, each perhaps heard of late, perhaps with minutes that are learned later, perhaps taken back."""
    seen: list[Seen] = []
    for day in draw(st.lists(days, min_size=1, max_size=most, unique=True)):
        known, minutes = day + draw(lags), float(draw(st.integers(0, 90)))
        seen.append(Seen(day, known, 1.0, minutes))
        if draw(st.booleans()):
            known += draw(lags)
            more = float(draw(st.integers(-int(minutes), 60)))
            seen.append(Seen(day, known, 0.0, more))
            minutes += more
        if draw(st.booleans()):
            seen.append(Seen(day, known + 1 + draw(lags), -1.0, minutes))
    return seen


@given(histories(), st.sampled_from([0.0, 0.3, 5.0, 60.0]))
@example([Seen(10, 10), Seen(3, 12), Seen(10, 20, -1)], 0.0)  # late, and the newest one taken back
def test_every_state_is_the_brute_force_sum_of_what_was_known(seen: list[Seen], after: float) -> None:
    states = folded(seen)
    for row, known in enumerate(sorted({s.known for s in seen})):
        before = [s for s in seen if s.known <= known]
        day = max(s.day for s in before) + after
        assert agrees(read(states, row, day), brute(before, day)), (known, before)


@given(histories(most=70), st.integers(0, 40))
def test_after_a_retraction_a_state_is_that_of_what_is_left(seen: list[Seen], kept: int) -> None:
    """The first, the latest 32 and every sum, also where more than 32 had happened."""
    gone = [Seen(s.day, 5_000 + i, -1.0, _minutes(seen, s.day)) for i, s in enumerate(seen) if s.weight > 0][kept:]
    taken_back = {s.told_of for s in [*gone, *(s for s in seen if s.weight < 0)]}
    left = [s for s in seen if s.told_of not in taken_back]
    found, expected = folded([*seen, *gone]), folded(left)
    row = found.row(len(found) - 1)
    np.testing.assert_allclose(row, expected.row(len(expected) - 1) if left else np.empty(0), rtol=1e-9, atol=0)


same_day = st.tuples(st.integers(0, 3), st.sampled_from([0.0, 2.0, 5.0]), st.sampled_from([0.0, 0.0, 1.5, -1.0]))


@given(
    st.lists(same_day, min_size=1, max_size=70).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told)))
)
@example(([(1, 0.0, 5.0), *[(1, 0.0, 0.0)] * 40], [*[(1, 0.0, 0.0)] * 40, (1, 0.0, 5.0)]))
@example(([(1, 5.0, -5.0), *[(1, 1.0, 0.0)] * 40], [*[(1, 1.0, 0.0)] * 40, (1, 5.0, -5.0)]))
def test_which_are_the_latest_does_not_depend_on_the_order_of_arrival(
    orders: tuple[list[tuple[int, float, float]], ...],
) -> None:
    """Many at one moment, some with minutes that are learned later, more of them than are kept."""
    heard = []
    for told in orders:
        first = [Seen(day, 10 + i, 1.0, minutes, event=i) for i, (day, minutes, _) in enumerate(told)]
        later = [Seen(day, 200 + i, 0.0, more, event=i) for i, (day, _, more) in enumerate(told) if more]
        heard.append(folded([*first, *later]))
    np.testing.assert_allclose(*(states.row(len(states) - 1) for states in heard), rtol=1e-9, atol=1e-12)


def test_many_of_which_only_the_first_moment_is_known_count_as_many() -> None:
    states = folded([Seen(7, 30, 5.0, 4.0), Seen(14, 30, minutes=6.0)])
    found = read(states, 0, 21)
    assert (found["visit_count_total"], found["visit_minutes_total"]) == (6, 26)
    assert (found["visit_count_hl7d"], found["visit_minutes_hl7d"]) == (5 / 4 + 1 / 2, 20 / 4 + 6 / 2)
    assert (found["days_since_first_visit"], found["days_since_visit"]) == (14, 7)
    assert latest(states) == [[7, 4], [14, 6]]


def test_what_is_taken_back_and_told_again_counts_again() -> None:
    states = folded([Seen(1, 1, minutes=3), Seen(1, 2, 0.0, 2.0), Seen(1, 4, -1, minutes=5), Seen(1, 6, minutes=7)])
    assert [len(states.row(i)) > 0 for i in range(4)] == [True, True, False, True]
    assert latest(states) == [[1, 7]]
    assert read(states, 3, 8)["visit_minutes_total"] == 7


def test_at_one_moment_a_retraction_stands_before_what_is_new() -> None:
    """An event that moves from one lead of an account to another counts once before and once after."""
    states = folded([Seen(1, 1, minutes=3), Seen(1, 4, -1, minutes=3), Seen(1, 4, minutes=3)])
    assert read(states, 1, 8)["visit_count_total"] == 1


@given(histories(most=20))
def test_the_newest_states_are_the_last_of_all(seen: list[Seen]) -> None:
    whole = observed(seen)
    (newest,) = behaviour_states(whole, 1, HALF_LIVES, whole.is_newest())
    every = folded(seen)
    assert newest.row(0).tobytes() == every.row(len(every) - 1).tobytes()


@given(st.lists(histories(most=6), min_size=1, max_size=6), st.integers(1, 30))
def test_a_part_at_a_time_folds_to_the_same_bits(leads: list[list[Seen]], rows: int) -> None:
    told = [replace(observed(seen), lead=np.full(len(seen), i, dtype=np.int64)) for i, seen in enumerate(leads)]
    columns = [name.name for name in fields(Observations)]
    whole = Observations(*(np.concatenate([getattr(one, name) for one in told]) for name in columns))
    parts = list(whole.parts(rows))
    assert np.concatenate([part.lead for part in parts]).tolist() == whole.lead.tolist()
    assert not {*parts[0].lead.tolist()} & {lead for part in parts[1:] for lead in part.lead.tolist()}
    folded = [behaviour_states(part, 1, HALF_LIVES)[0].values for part in parts]
    assert np.concatenate(folded).tobytes() == behaviour_states(whole, 1, HALF_LIVES)[0].values.tobytes()


def test_of_nothing_there_are_no_states() -> None:
    nothing = observed([])
    assert len(behaviour_states(nothing, 1, HALF_LIVES)[0]) == 0
    assert not list(nothing.parts(10))


@given(histories(), st.randoms())
def test_the_order_of_arrival_changes_nothing_once_all_is_known(seen: list[Seen], random) -> None:
    told_late = list(seen)
    random.shuffle(told_late)
    # Every occurrence heard of in another order, always before what is said of it.
    rank = {id(s): position for position, s in enumerate(told_late)}
    again = [Seen(s.day, 1_000 + rank[id(s)] + 100 * (1 - s.weight), s.weight, s.minutes) for s in seen]
    first, second = folded(seen), folded(again)
    assert agrees(read(second, len(second) - 1, 2_000), read(first, len(first) - 1, 2_000))


@given(histories())
def test_a_lifetime_count_of_zero_leaves_nothing_at_all(seen: list[Seen]) -> None:
    gone = [Seen(s.day, 5_000 + i, -1.0, _minutes(seen, s.day)) for i, s in enumerate(seen) if s.weight > 0]
    kept = [s for s in seen if s.weight >= 0]
    states = folded([*kept, *gone])
    assert not states.row(len(states) - 1).size
    assert read(states, len(states) - 1, 6_000) == read(Ragged.of([None]), 0, 6_000)


def _minutes(seen: Sequence[Seen], day: float) -> float:
    return sum(s.minutes for s in seen if s.day == day and s.weight >= 0)


def test_what_comes_back_after_zero_starts_anew() -> None:
    states = folded([Seen(1, 1, minutes=3), Seen(1, 2, -1, minutes=3), Seen(50, 50, minutes=4)])
    found = read(states, 2, 51)
    assert found["visit_count_total"] == 1
    assert found["visit_count_hl1d"] == 0.5
    assert (found["days_since_first_visit"], found["visit_minutes_total"]) == (1, 4)


def test_minutes_or_retractions_of_what_was_never_counted_are_nothing() -> None:
    assert not folded([Seen(1, 1, 0.0, 12.0)]).values.size
    assert not folded([Seen(1, 1, -1.0, 12.0)]).values.size


def test_minutes_learned_later_count_from_when_they_were_spent() -> None:
    states = folded([Seen(0, 0), Seen(7, 7), Seen(0, 9, 0.0, 16.0)])
    assert read(states, 1, 14)["visit_minutes_hl7d"] == 0
    assert read(states, 2, 14)["visit_minutes_hl7d"] == 4.0  # 16 minutes, two half-lives ago
    assert read(states, 2, 14)["visit_count_hl7d"] == 0.75


@given(st.lists(st.tuples(days, lags), min_size=1, max_size=60, unique_by=lambda pair: pair[0]))
def test_the_latest_32_occurrences_are_kept_oldest_first(told: list[tuple[float, float]]) -> None:
    states = folded([Seen(day, day + lag, minutes=day) for day, lag in told])
    expected = sorted(day for day, _ in told)[-LATEST:]
    assert latest(states) == [[day, day] for day in expected]


@given(histories(most=20), st.floats(0, 30))
def test_a_week_before_equals_the_brute_force_a_week_earlier(seen: list[Seen], after: float) -> None:
    seen = [s for s in seen if s.weight >= 0]
    states = folded(seen)
    now = max(s.day for s in seen) + after
    earlier = week_before(states.row(len(states) - 1), round(now * DAY_US), np.asarray(HALF_LIVES))
    expected = brute([s for s in seen if round(s.day * DAY_US) < round(now * DAY_US) - 7 * DAY_US], now - 7)
    found = read(Ragged.of([earlier.tolist()]), 0, now - 7)
    # Taking recent visits out again costs digits: 2^7 of them at a half-life of a day.
    assert all(math.isclose(found[n], v, rel_tol=1e-7, abs_tol=2 * NOTHING) for n, v in expected.items()), (
        found,
        expected,
    )


def test_a_week_before_the_first_visit_nothing_had_happened() -> None:
    state = folded([Seen(10, 10), Seen(12, 12)]).row(1)
    assert not week_before(state, 13 * DAY_US, np.asarray(HALF_LIVES)).size
    assert not week_before(np.empty(0), 13 * DAY_US, np.asarray(HALF_LIVES)).size


def test_states_of_leads_and_behaviours_do_not_mix() -> None:
    """Two leads, two behaviours, interleaved in time: each lead's rows stand where that lead learned something."""
    observed = Observations(
        lead=np.array([0, 0, 1, 1]),
        behaviour=np.array([0, 1, 1, 1]),
        event=np.arange(4),
        weight=np.ones(4),
        minutes=np.zeros(4),
        occurred_us=np.array([1, 2, 3, 4]) * DAY_US,
        known_us=np.array([1, 2, 3, 4]) * DAY_US,
    )
    first, second = behaviour_states(observed, 2, HALF_LIVES)
    assert [len(first.row(i)) > 0 for i in range(4)] == [True, True, False, False]
    assert [float(second.row(i)[0]) if second.row(i).size else 0.0 for i in range(4)] == [0, 1, 1, 2]


def test_one_ledger_folds_to_the_very_same_bits() -> None:
    seen = [Seen(day, day + lag, minutes=3.3) for day, lag in [(1, 0), (2.5, 9), (4, 0.5), (8, 0), (7.9, 2)]]
    assert folded(seen).values.tobytes() == folded(list(reversed(seen))).values.tobytes()
