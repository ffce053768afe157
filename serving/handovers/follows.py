"""What follows for a lead once its handover is closed: which decision holds, and from when on it may come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from features.agreement.agreement import Agreement
from features.home.dates import moment
from serving.handovers.handover import Follow

# How long a lead rests where nobody named a date.
AFTER_NO_ANSWER = timedelta(days=30)
AFTER_NOT_NOW = timedelta(days=90)
AFTER_LOST = timedelta(days=180)
NEVER_LEADS = ("duplicate", "bad_data", "already_customer", "wrong_person")


def at_once(code: str, at: datetime) -> Follow:
    """Back to the front of the backlog: nobody tried, and that is no fault of the lead's."""
    return Follow(code, look_again_at=at, goes_first=True)


def unanswered(code: str, at: datetime) -> Follow:
    """Nobody was reached, or nobody said what became of it: it returns with new behaviour."""
    return Follow(code, look_again_at=at + AFTER_NO_ANSWER, needs_behaviour=True)


def not_now(at: datetime, until: datetime | None) -> Follow:
    """It named a date, or nobody did: it returns by itself."""
    return Follow("not_now", look_again_at=until or at + AFTER_NOT_NOW)


def lost(at: datetime, until: datetime | None) -> Follow:
    """The deal is lost: nurture until the date named, else for 180 days."""
    return Follow("lost", look_again_at=until or at + AFTER_LOST)


def converted() -> Follow:
    """The agreed outcome came."""
    return Follow("converted", decision="converted")


def rejected(reason: str, at: datetime, until: datetime | None) -> Follow:
    """What follows from a reject, by its reason."""
    return _BY_REASON[reason](f"rejected_{reason}", at, until)


def _later(code: str, at: datetime, until: datetime | None) -> Follow:
    return Follow(code, look_again_at=until or at + AFTER_NOT_NOW, needs_behaviour=code == "rejected_too_early")


def _closed(code: str, _at: datetime, _until: datetime | None) -> Follow:
    return Follow(code, decision="disqualified")


def _customer(code: str, at: datetime, _until: datetime | None) -> Follow:
    return Follow(code, decision="existing_customer", look_again_at=at + AFTER_LOST)


def _left_alone(code: str, at: datetime, _until: datetime | None) -> Follow:
    return Follow(code, look_again_at=at + AFTER_LOST, only_if_it_asks=True)


_BY_REASON: Mapping[str, Callable[[str, datetime, datetime | None], Follow]] = {
    "too_early": _later,
    "no_budget": _later,
    "not_a_fit": _closed,
    "no_contact_wanted": _left_alone,
    "wrong_person": _closed,
    "duplicate": _closed,
    "bad_data": _closed,
    "already_customer": _customer,
}


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
