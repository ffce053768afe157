"""What touches need of the agreement: how long a relation of sales holds, free of anybody's hours and holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from features.agreement.agreement import Agreement
from features.agreement.lengths import Span
from features.arrays import DAY_US

_UNITS_US = {"minutes": 60_000_000, "days": DAY_US, "working_days": DAY_US * 7 // 5}


@dataclass(frozen=True)
class Terms:
    """How long sales keeps a lead, in microseconds.

    keeps_us: after the last touch of a rep who works it on his own. tries, within_us: at most so many tries, and so
    long, unless the lead was reached. stale_us: an opportunity is stale after so long without activity; after twice
    that it is given up.

    Working days count as calendar days, seven for five, so that entering a holiday changes nothing that was derived.
    """

    keeps_us: int
    tries: int
    within_us: int
    stale_us: int

    @classmethod
    def of(cls, agreement: Agreement) -> Terms:
        """The terms that an agreement has."""
        handover = agreement.handover
        within_us = whole_us(handover.tries.within)
        return cls(_span_us(handover.rep_keeps), handover.tries.count, within_us, _span_us(handover.stale_after))


def whole_us(length: timedelta) -> int:
    """A length of time in microseconds."""
    return length // timedelta(microseconds=1)


def _span_us(span: Span) -> int:
    return round(span.count * _UNITS_US[span.unit])
