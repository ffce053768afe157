"""What the compiled law takes: plain arrays under their names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.recurrence import Floats, Ints

NEVER = np.iinfo(np.int64).max  # a moment that does not come


class Law(NamedTuple):
    """Of each kind of active day: the tenths it adds, and its share while browsing and while buying.

    raised: log-hazard that a purchase gains on every day that begins at `raised_from_us` or later.
    """

    fast_adds: Ints
    slow_adds: Ints
    browsing: Floats
    buying: Floats
    raised: float = 0.0
    raised_from_us: int = NEVER


class Records(NamedTuple):
    """Active days as they were recorded, sorted by lead and time; lead i has rows `starts[i]` to `starts[i + 1]`.

    day: the lead's own, 0 when it was known; -1 is the visit that made it known. at_us: its first step was recorded.
    """

    starts: Ints
    day: Ints
    kind: Ints
    at_us: Ints


class Walkers(NamedTuple):
    """What decides how each lead goes on; one row per lead.

    fit: tenths. opened_us: when it was known. visits: the chance to look around on each day before that. arrival: the
    kind of the visit that made it known. days: how long it is followed. is_buyer: False where a purchase cannot happen.
    """

    fit: Ints
    opened_us: Ints
    visits: Floats
    arrival: Ints
    days: Ints
    is_buyer: npt.NDArray[np.bool_]
