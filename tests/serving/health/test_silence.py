"""A stream is silent when its healthy self would hardly be so quiet; weekends and rare events are no silence."""

from __future__ import annotations

import numpy as np
import pytest

from serving.health.silence import usual_rate

WEEKS = 56


def windows(events, quiet: int = 0) -> list[int]:
    """Events in each of the last 56 days, the newest first; `events` says how many a day had, by its place."""
    return [0 if place < quiet else events(place) for place in range(WEEKS)]


def test_a_steady_stream_is_silent_after_one_day_without_an_event() -> None:
    assert not usual_rate(windows(lambda _: 100), WEEKS).is_silent
    stopped = usual_rate(windows(lambda _: 100, quiet=1), WEEKS)
    assert stopped.is_silent
    assert stopped.per_day == 100
    assert stopped.missed == pytest.approx(100)  # one quiet day


def test_a_weekend_is_no_silence_and_the_monday_after_it_is() -> None:
    def workdays(place: int) -> int:
        return 0 if place % 7 in (1, 2) else 50  # yesterday and the day before it were the weekend

    sunday = [0, 0] + [0 if place % 7 in (0, 1) else 50 for place in range(2, WEEKS)]
    assert not usual_rate(sunday, WEEKS).is_silent
    assert usual_rate([0, *windows(workdays)[1:]], WEEKS).is_silent


def test_one_webinar_a_week_may_be_missed_once_but_not_three_times() -> None:
    def weekly(place: int) -> int:
        return 200 if place % 7 == 6 else 0

    missed = [usual_rate(windows(weekly, quiet=7 * times), WEEKS).is_silent for times in (0, 1, 3)]
    assert missed == [False, False, True]


def test_longer_silence_is_never_less_silent() -> None:
    chances = [usual_rate(windows(lambda place: 5 + place % 3, quiet=days), WEEKS).chance for days in range(20)]
    assert chances == sorted(chances, reverse=True)


def test_a_young_stream_has_no_usual_rate_and_a_rare_one_is_quiet_by_chance() -> None:
    assert usual_rate([0, *[100] * 5], 6).per_day is None
    assert not usual_rate([0] * 5 + [1] + [0] * 49 + [1], WEEKS).is_silent


@pytest.mark.parametrize("rate", [0.5, 2.0, 5.0, 20.0])
def test_a_healthy_stream_hardly_ever_passes_for_silent(rate: float) -> None:
    draws = np.random.default_rng(7)
    alarms = sum(usual_rate(draws.poisson(rate, WEEKS).tolist(), WEEKS).is_silent for _ in range(1_000))
    assert alarms <= 20
