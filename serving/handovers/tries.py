"""Tries: what one person did within an hour is one try, whatever the order in which we heard of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.handovers.handover import TouchMark

ONE_TRY = timedelta(hours=1)
CONTACT = "talked"


@dataclass(frozen=True)
class HandoverTry:
    """One try of one person: from when until when, and how its last touch went; a talk is what it came to."""

    begun_at: datetime
    last_at: datetime
    by: str | None
    result: str | None


def tries(touches: Iterable[TouchMark]) -> list[HandoverTry]:
    """The tries that these touches are, the oldest first.

    A call at 9:00, a voice mail at 9:02 and a mail at 9:40 by one person are one try; her call at 10:05 is the next.
    """
    by_person: dict[str | None, list[HandoverTry]] = {}
    for touch in sorted(touches, key=lambda touch: (touch.at, touch.event_id)):
        own = by_person.setdefault(touch.by, [])
        if own and touch.at - own[-1].begun_at < ONE_TRY:
            result = CONTACT if own[-1].result == CONTACT else touch.result or own[-1].result
            own[-1] = HandoverTry(own[-1].begun_at, touch.at, touch.by, result)
        else:
            own.append(HandoverTry(touch.at, touch.at, touch.by, touch.result))
    return sorted((each for own in by_person.values() for each in own), key=lambda each: each.begun_at)
