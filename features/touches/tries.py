"""Tries: what one person does within an hour is one try; and whether all of us together reach out too often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from features.agreement.agreement import Agreement
from features.events.touch_values import Result, Side
from features.touches.agreed_terms import whole_us
from features.touches.touch import Medium, Touch

HOUR_US = 3_600_000_000
# Of what a try's touches came to, the one that says most: who was reached at 9:40 was reached, whatever came before.
_MOST_TOLD: tuple[Result, ...] = ("talked", "call_back", "gatekeeper", "voicemail", "no_answer", "bounced")


@dataclass(frozen=True, slots=True)
class Try:
    """One try of one person to reach a lead: a call, a voice mail and a mail within an hour are one.

    at_us: of its first touch. media: in the order in which they were used, each once.
    """

    at_us: int
    by: str | None
    side: Side
    media: tuple[Medium, ...]
    result: Result | None


def tries(touches: Iterable[Touch], since_us: int = 0) -> list[Try]:
    """The tries of people of sales and inside sales from a moment on, the earliest first.

    ann calls at 9:00, leaves a voice mail at 9:05 and writes at 9:50: one try. Her call of 10:10 is the next one.
    """
    found: list[Try] = []
    place: dict[tuple[str | None, Side], int] = {}
    for touch in sorted(touches, key=lambda touch: (touch.occurred_us, touch.event_id)):
        if not touch.is_of_person or touch.occurred_us < since_us:
            continue
        whose = touch.by, touch.side
        last = place.get(whose)
        if last is not None and touch.occurred_us - found[last].at_us < HOUR_US:
            found[last] = _joined(found[last], touch)
        else:
            place[whose] = len(found)
            found.append(Try(touch.occurred_us, touch.by, touch.side, (touch.medium,), touch.result))
    return found


def _joined(one: Try, touch: Touch) -> Try:
    media = one.media if touch.medium in one.media else (*one.media, touch.medium)
    results = [result for result in _MOST_TOLD if result in (one.result, touch.result)]
    return replace(one, media=media, result=results[0] if results else None)


def over_cap(touches: Iterable[Touch], at_us: int, agreement: Agreement) -> bool:
    """Whether the lead was reached out to so often, by all sides together, that the next touch has to wait.

    By `[touches] at_most = "2 in 7 days"` two touches within the last 7 days are as many as there may be. What one
    person does within an hour counts once, and so does what one machine does; a call that the lead answered was wanted,
    and a mail that bounced never came.
    """
    return next_allowed_us(touches, at_us, agreement) > at_us


def next_allowed_us(touches: Iterable[Touch], at_us: int, agreement: Agreement) -> int:
    """From when on the next touch is within the cap; `at_us` where it is now, or where no cap is agreed."""
    at_most = agreement.touches.at_most
    if at_most is None:
        return at_us
    within_us = whole_us(at_most.within)
    recent = [us for us in outreach_us(touches, at_us) if us > at_us - within_us]
    if len(recent) < at_most.count:
        return at_us
    return recent[len(recent) - at_most.count] + within_us


def outreach_us(touches: Iterable[Touch], at_us: int) -> Sequence[int]:
    """When each outreach up to a moment began, the earliest first; a talk is none, nor is a mail that bounced."""
    counted: list[int] = []
    last: dict[tuple[str | None, Side, str], int] = {}
    for touch in sorted(touches, key=lambda touch: (touch.occurred_us, touch.event_id)):
        if touch.occurred_us > at_us or touch.is_contact or touch.result == "bounced":
            continue
        whose = touch.by, touch.side, touch.actor
        if whose not in last or touch.occurred_us - last[whose] >= HOUR_US:
            last[whose] = touch.occurred_us
            counted.append(touch.occurred_us)
    return counted
