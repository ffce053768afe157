"""Lengths of time that are agreed: plain ones, those that run in office hours, and so many within a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from features.agreement.conditions import duration
from features.agreement.messages import refusal

SpanUnit = Literal["minutes", "working_days", "days"]

_WORKING_DAYS = re.compile(r"\s*(\d+)\s+working days?\s*")
_COUNTED = re.compile(r"\s*(\d+)\s+in\s+(.+?)\s*")
_MOST_WORKING_DAYS = 1_000


@dataclass(frozen=True)
class Span:
    """A length of time as somebody at work counts it.

    Minutes and hours run inside office hours; a working day ends at the same time on the next one; plain days are
    calendar days. `features.agreement.working_time` says when one that begins at a moment ends.

    >>> Span.parse("2 hours"), Span.parse("1 working day")
    (Span(count=120.0, unit='minutes'), Span(count=1.0, unit='working_days'))
    """

    count: float
    unit: SpanUnit

    @classmethod
    def parse(cls, text: str) -> Span:
        """The span that `text` says. Raises ValueError where it says none."""
        if (match := _WORKING_DAYS.fullmatch(text)) and int(match[1]) <= _MOST_WORKING_DAYS:
            return cls(float(match[1]), "working_days")
        length = duration(text)
        if re.search(r"minute|hour", text):
            return cls(length / timedelta(minutes=1), "minutes")
        return cls(length / timedelta(days=1), "days")

    def __str__(self) -> str:
        """As the agreement writes it: "90 minutes", "1 working day", "10 days"."""
        count, unit = self.count, self.unit.replace("_", " ")
        if unit == "minutes" and count % 60 == 0 and count:
            count, unit = count / 60, "hours"
        return f"{count:g} {unit.removesuffix('s') if count == 1 else unit}"


@dataclass(frozen=True)
class CountWithin:
    """So many within a length of time, in calendar days: "6 in 21 days"."""

    count: int
    within: timedelta

    def __str__(self) -> str:
        """As the agreement writes it."""
        days = self.within / timedelta(days=1)
        return f"{self.count} in {days:g} {'day' if days == 1 else 'days'}"


def _length(value: Any) -> timedelta:
    try:
        return duration(value)
    except (TypeError, ValueError):
        raise refusal("is no length of time", 'write for example "30 minutes", "7 days" or "3 years"') from None


def _length_before(value: Any) -> timedelta:
    if isinstance(value, str) and value.endswith(" before"):
        return _length(value.removesuffix(" before"))
    raise refusal("does not say how long before the date", 'write for example "90 days before"')


def _span(value: Any) -> Span:
    try:
        return value if isinstance(value, Span) else Span.parse(value)
    except (TypeError, ValueError):
        remedy = 'write for example "30 minutes", "1 working day" or "10 days"'
        raise refusal("is no length of time", remedy) from None


def _count_within(value: Any) -> CountWithin:
    if isinstance(value, CountWithin):
        return value
    match = _COUNTED.fullmatch(value) if isinstance(value, str) else None
    try:
        within = duration(match[2]) if match else timedelta(0)
    except ValueError:
        within = timedelta(0)
    if match is None or not within:
        raise refusal("does not say how many within how long", 'write for example "6 in 21 days"')
    if not 1 <= int(match[1]) <= 1_000:
        raise refusal("allows none or too many", "write a number from 1 to 1000")
    return CountWithin(int(match[1]), within)


Length = Annotated[timedelta, BeforeValidator(_length)]
LengthBefore = Annotated[timedelta, BeforeValidator(_length_before)]
AgreedSpan = Annotated[Span, BeforeValidator(_span)]
AgreedCount = Annotated[CountWithin, BeforeValidator(_count_within)]
