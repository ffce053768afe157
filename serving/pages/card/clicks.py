"""What one click on a card says, as the body of POST feedback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from features.home.clock import rfc3339
from features.identity.claims import normal_email
from serving.handovers.handover import Handover
from serving.pages.card.card import REASONS

Given = Mapping[str, str]
FeedbackBody = dict[str, Any]


class BadClick(Exception):
    """What was filled in cannot be used; one sentence for who filled it in."""


def feedback_of(given: Given, handover: Handover, now: datetime) -> FeedbackBody:
    """The body of POST feedback that a click and the fields beside it mean; `now` in the clicker's zone.

    Raises BadClick.
    """
    do = given.get("do", "")
    if do.startswith("rejected_") and do.removeprefix("rejected_") in REASONS:
        said: FeedbackBody = {"kind": "rejected", "reason": do.removeprefix("rejected_")}
    elif do in _CLICKS:
        said = _CLICKS[do](given, handover, now)
    else:
        raise BadClick("This page does not know that button; nothing was recorded.")
    note = " ".join(given.get("note", "").split())
    return {"handover_id": handover.handover_id, **said, **({"note": note} if note else {})}


def _tried(result: str) -> Callable[[Given, Handover, datetime], FeedbackBody]:
    return lambda _given, _handover, _now: {"kind": "tried", "medium": "call", "result": result}


def _talked(_given: Given, _handover: Handover, _now: datetime) -> FeedbackBody:
    return {"kind": "contacted", "medium": "call", "result": "talked"}


def _accepted(_given: Given, _handover: Handover, _now: datetime) -> FeedbackBody:
    return {"kind": "accepted"}


def _call_back(given: Given, _handover: Handover, now: datetime) -> FeedbackBody:
    try:
        at = datetime.fromisoformat(given.get("call_back_at", ""))
    except ValueError:
        raise BadClick("Say when to call back, such as 2026-12-01 10:00; nothing was recorded.") from None
    at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    if at <= now:
        raise BadClick(f"{at:%Y-%m-%d %H:%M} is over; say when to call back. Nothing was recorded.")
    return {"kind": "tried", "medium": "call", "result": "call_back", "call_back_at": rfc3339(at.astimezone(UTC))}


def _not_now(given: Given, _handover: Handover, now: datetime) -> FeedbackBody:
    try:
        day = date.fromisoformat(given.get("revisit_on", ""))
    except ValueError:
        raise BadClick("Say on which day to come back, such as 2027-03-01; nothing was recorded.") from None
    if day <= now.date():
        raise BadClick(f"{day} is not to come; say on which later day to come back. Nothing was recorded.")
    return {"kind": "not_now", "revisit_on": day.isoformat()}


def _wrong_person(given: Given, _handover: Handover, _now: datetime) -> FeedbackBody:
    name, email = given.get("right_name", "").strip(), given.get("right_email", "").strip()
    if name and not email:
        raise BadClick("Give the e-mail address of the right person, or leave both empty; nothing was recorded.")
    if not email:
        return {"kind": "rejected", "reason": "wrong_person"}
    if not normal_email(email):
        raise BadClick(f"{email[:60]!r} is no e-mail address of a person; nothing was recorded.")
    named = {"email": email, **({"name": name} if name else {})}
    return {"kind": "redirected", "redirected_to": named}


def _ended(kind: str) -> Callable[[Given, Handover, datetime], FeedbackBody]:
    return lambda _given, _handover, _now: {"kind": kind}


def _undo(_given: Given, handover: Handover, _now: datetime) -> FeedbackBody:
    if handover.undo_to is None:
        raise BadClick("There is nothing to undo any more.")
    return {"kind": "undo", "undoes": handover.undo_to.feedback_id}


_CLICKS: Mapping[str, Callable[[Given, Handover, datetime], FeedbackBody]] = {
    "no_answer": _tried("no_answer"),
    "voicemail": _tried("voicemail"),
    "talked": _talked,
    "accepted": _accepted,
    "call_back": _call_back,
    "not_now": _not_now,
    "wrong_person": _wrong_person,
    "converted": _ended("converted"),
    "lost": _ended("lost"),
    "undo": _undo,
}
