"""What follows for a lead once its handover is closed: which decision holds, and from when on it may come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds, microseconds
from features.home.dates import moment
from serving.handovers.handover import Follow
from serving.scoring.past import COMES_BACK_BY_BEHAVIOUR, CONTACT_UNWANTED, look_again_us


def at_once(code: str, at: datetime) -> Follow:
    """Back to the front of the backlog: nobody tried, and that is no fault of the lead's."""
    return Follow(code, look_again_at=at, goes_first=True)


def waits(code: str, at: datetime, until: datetime | None, agreement: Agreement) -> Follow:
    """It waits for the date that was named, else so long as its decision says; after some codes for new behaviour too.

    no_answer, no_outcome: nobody was reached, or nobody said what became of it.
    """
    named_us = microseconds(until) if until else None
    again = from_microseconds(look_again_us(code, microseconds(at), named_us, agreement))
    is_unwanted = code == CONTACT_UNWANTED
    return Follow(code, "nurture", again, code in COMES_BACK_BY_BEHAVIOUR, only_if_it_asks=is_unwanted)


def converted() -> Follow:
    """The agreed outcome came."""
    return Follow("converted", decision="converted")


def rejected(reason: str, at: datetime, until: datetime | None, agreement: Agreement) -> Follow:
    """What follows from a reject, by its reason."""
    code = f"rejected_{reason}"
    if reason in _CLOSES:
        return Follow(code, decision="disqualified")
    follow = waits(code, at, until, agreement)
    return replace(follow, decision="existing_customer") if reason == "already_customer" else follow


_CLOSES = ("not_a_fit", "wrong_person", "duplicate", "bad_data")


def named_date(agreement: Agreement, revisit_on: date | None, learned: Mapping[str, Any]) -> datetime | None:
    """When a lead comes back by the date that was named, or by one that was learned and the agreement comes back to.

    A contract that ends on 2027-06-30 brings the lead back 90 days before, where `come_back` says so.
    """
    if revisit_on is not None:
        return datetime.combine(revisit_on, time(), UTC)
    told = ((_day(learned.get(name)), before) for name, before in agreement.nurture.come_back.items())
    return min((day - before for day, before in told if day), default=None)


def _day(value: object) -> datetime | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value if isinstance(value, datetime) else moment(value) if isinstance(value, str) else None
