"""Whether a stream of events fell silent, judged by what it usually does on the same weekdays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_DAYS = 7  # of history; a stream that is younger has no usual rate
UNLIKELY_CHANCE = 0.02  # so rarely would a healthy stream be quiet so long
PRIOR_DAYS = 0.5  # days that all days count for beside the same weekdays
LEAST_MISSED = 5.0  # events that should have come meanwhile; a stream of few is quiet by chance


@dataclass(frozen=True)
class UsualRate:
    """How many events a stream usually has, and how unlikely its silence is.

    per_day: events a day before it became quiet; None where the stream is too young to say. missed: how many
    should have come since the last event. chance: that a healthy stream is so quiet.
    """

    per_day: float | None
    missed: float = 0.0
    chance: float = 1.0

    @property
    def is_silent(self) -> bool:
        return self.missed >= LEAST_MISSED and self.chance < UNLIKELY_CHANCE


def usual_rate(windows: Sequence[int], age_days: int) -> UsualRate:
    """The usual rate of a stream. windows: its events in each of the last 24 hours, the newest first.

    Each quiet day is compared with the same weekday of earlier weeks, shrunk towards all days where those are few. The
    chance counts days with any event, not events: a campaign's thousand on one day promise nothing for the next.
    Example: a webinar that has attendees each Thursday is not silent on Sunday; after two Thursdays without any it is.
    """
    quiet = next((place for place, events in enumerate(windows) if events), len(windows))
    before = windows[quiet : max(age_days, quiet)]
    if len(before) < LEAST_DAYS:
        return UsualRate(None)
    share = (sum(events > 0 for events in before) + 0.5) / (len(before) + 1)
    mean = sum(before) / len(before)
    days = [[windows[same] for same in range(place % 7, len(windows), 7) if quiet <= same < age_days]
            for place in range(quiet)]  # fmt: skip
    chance = math.prod(1 - _towards(share, [float(events > 0) for events in same]) for same in days)
    missed = sum(_towards(mean, [float(events) for events in same]) for same in days)
    return UsualRate(mean, missed, chance)


def _towards(all_days: float, same_days: Sequence[float]) -> float:
    return (sum(same_days) + PRIOR_DAYS * all_days) / (len(same_days) + PRIOR_DAYS)
