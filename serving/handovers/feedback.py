"""Feedback: what a person of ours says of a lead or its handover, checked before anything of it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.people import is_person, person_key
from features.home.clock import AHEAD, rfc3339
from features.home.dates import moment
from features.home.errors import LeadlightError
from features.identity.claims import normal_email
from serving.handovers.acts import FEEDBACK_KINDS, REASONS, RESULTS, Act, FeedbackAct, NamedPerson, UndoAct
from serving.handovers.clocks import working_times
from serving.handovers.handover import Handover

GIVEN, UNDONE = "Feedback Given", "Feedback Undone"
SOURCE = "feedback"  # of the events that feedback is
MEDIA = ("call", "email", "letter", "meeting", "message")
LONGEST_NOTE = 2_000
FARTHEST = timedelta(days=36_525)  # how far ahead a date may lie: a year with a digit too many is a mistake
DATED_BEFORE = timedelta(days=1)  # before its offer: sheets say days, and a day begins before what was offered on it
_STATUS = {
    "unknown_lead": 404,
    "erased": 410,
    "unknown_handover": 404,
    "not_yours": 403,
    "nobody_waits": 409,
    "closed_handover": 409,
}
_STATUS |= {"superseded": 409, "taken": 409, "changed_meanwhile": 409}


class FeedbackRefused(LeadlightError):
    """Feedback of which nothing was written; one sentence says what is wrong."""

    @property
    def status(self) -> int:
        """As HTTP says it."""
        return _STATUS.get(self.code, 422)


@dataclass(frozen=True)
class FeedbackSaid:
    """One feedback as it was given, every value read and known to mean something.

    message_id: names the event for good. handover_id: None where a lead is worked without one. undoes: of an undo, the
    messageId of the feedback that it takes back; None for the newest one.
    """

    lead_id: str
    message_id: str
    by: str
    kind: str
    at: datetime
    handover_id: str | None = None
    reason: str | None = None
    medium: str | None = None
    result: str | None = None
    note: str | None = None
    revisit_on: date | None = None
    call_back_at: datetime | None = None
    redirected_to: NamedPerson | None = None
    learned: Mapping[str, Any] = field(default_factory=dict)
    undoes: str | None = None

    def event(self, lead_id: str, handover_id: str | None, undoes: str | None) -> dict[str, Any]:
        """The raw event that the ledger keeps of it."""
        said: dict[str, Any] = {"handover_id": handover_id, "by": self.by}
        if self.kind == "undo":
            said["undoes"] = undoes
        else:
            said |= {"kind": self.kind, "reason": self.reason, "medium": self.medium, "result": self.result}
            said |= {"note": self.note, "revisit_on": self.revisit_on and self.revisit_on.isoformat()}
            said |= {"call_back_at": self.call_back_at and rfc3339(self.call_back_at)}
            said |= {"redirected_to": self.redirected_to and _person_json(self.redirected_to)}
            said |= {"learned": dict(self.learned) or None}
        properties = {key: value for key, value in said.items() if value is not None}
        name = UNDONE if self.kind == "undo" else GIVEN
        event = {"type": "track", "event": name, "messageId": self.message_id, "timestamp": rfc3339(self.at)}
        return event | {"userId": lead_id, "properties": properties}

    def act(self, event_id: int, undoes: str | None) -> Act:
        """What it does to the handover."""
        if self.kind == "undo":
            return UndoAct(self.at, self.by, event_id, undoes or "")
        kind: Any = self.kind
        return FeedbackAct(
            self.at,
            self.by,
            event_id,
            kind,
            reason=self.reason,
            medium=self.medium,
            result=self.result,
            revisit_on=self.revisit_on,
            call_back_at=self.call_back_at,
            redirected_to=self.redirected_to,
            learned=self.learned,
            feedback_id=self.message_id,
        )


def _person_json(person: NamedPerson) -> dict[str, str]:
    said = {"email": person.email, "name": person.name, "title": person.title, "lead_id": person.lead_id}
    return {key: value for key, value in said.items() if value}


def feedback_said(body: Mapping[str, Any], lead_id: str, message_id: str, now: datetime) -> FeedbackSaid:
    """The feedback in a body, every value read. Raises FeedbackRefused with one sentence for what means nothing."""
    kind = _word(body, "kind", FEEDBACK_KINDS)
    if kind is None:
        raise FeedbackRefused(f"kind is missing; give one of {', '.join(FEEDBACK_KINDS)}", code="missing_kind")
    said = FeedbackSaid(
        lead_id=lead_id,
        message_id=message_id,
        by=_by(body),
        kind=kind,
        at=_at(body, now),
        handover_id=_text(body, "handover_id", 100),
        reason=_word(body, "reason", REASONS),
        medium=_word(body, "medium", MEDIA),
        result=_word(body, "result", RESULTS),
        note=_text(body, "note", LONGEST_NOTE),
        revisit_on=_revisit_on(body, now),
        call_back_at=_call_back_at(body, now),
        redirected_to=_redirected_to(body),
        learned=_learned(body),
        undoes=_text(body, "undoes", 100),
    )
    _check_together(said)
    return said


def _check_together(said: FeedbackSaid) -> None:
    if said.kind == "rejected" and said.reason is None:
        reasons = ", ".join(REASONS)
        raise FeedbackRefused(f"a reject has no reason; give one of {reasons}", code="missing_reason")
    if said.kind != "rejected" and said.reason is not None:
        problem = f"reason {said.reason!r} comes with kind {said.kind!r}; only a reject has a reason"
        raise FeedbackRefused(problem, code="reason_without_reject")
    if said.kind == "redirected" and not said.redirected_to:
        problem = 'redirected names nobody; give redirected_to such as {"email": "ben@buyer.example"}'
        raise FeedbackRefused(problem, code="missing_person")


def _word(body: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str | None:
    written = body.get(name)
    if written is None or written == "":
        return None
    word = "_".join(str(written).strip().lower().replace("-", " ").split())
    if word not in known:
        near = get_close_matches(word, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"give one of {', '.join(known)}"
        raise FeedbackRefused(f"{name} is {str(written)[:60]!r}, which is none; {remedy}", code=f"unknown_{name}")
    return word


def _text(body: Mapping[str, Any], name: str, longest: int) -> str | None:
    written = body.get(name)
    if written is None or written == "":
        return None
    text = str(written).replace("\0", "").strip()
    if len(text) > longest:
        raise FeedbackRefused(f"{name} has {len(text):,} characters; give at most {longest:,}", code=f"bad_{name}")
    return text or None


def _by(body: Mapping[str, Any]) -> str:
    by = _text(body, "by", 255)
    if by is None or not is_person(by):
        found = "is missing" if by is None else f"is {by[:60]!r}, which names nobody"
        raise FeedbackRefused(f"by {found}; give an e-mail address or an id of the CRM", code="unknown_person")
    return person_key(by)


def _at(body: Mapping[str, Any], now: datetime) -> datetime:
    written = body.get("at")
    at = now if written is None else moment(written)
    if at is None:
        raise FeedbackRefused(f"at is {str(written)[:40]!r}; give a time such as 2026-03-01T09:00:00Z", code="bad_at")
    if at > now + AHEAD:
        problem = f"at is {rfc3339(at)}, which is to come; what was done is dated in the past"
        raise FeedbackRefused(problem, code="future_touch")
    return min(at, now)


def _revisit_on(body: Mapping[str, Any], now: datetime) -> date | None:
    written = body.get("revisit_on")
    if written is None or written == "":
        return None
    at = datetime.combine(written, time(), UTC) if type(written) is date else moment(written)
    if at is None:
        problem = f"revisit_on is {str(written)[:40]!r}; give a day such as 2027-03-01"
        raise FeedbackRefused(problem, code="bad_revisit_on")
    if at.date() < now.date():
        problem = f"revisit_on is {at.date()}, which is over; give a day to come"
        raise FeedbackRefused(problem, code="bad_revisit_on")
    check_is_near("revisit_on", at.date(), now)
    return at.date()


def _call_back_at(body: Mapping[str, Any], now: datetime) -> datetime | None:
    written = body.get("call_back_at")
    if written is None or written == "":
        return None
    at = moment(written)
    if at is None or at <= now - timedelta(days=1):
        problem = f"call_back_at is {str(written)[:40]!r}; give a time to come such as 2027-03-01T09:00:00Z"
        raise FeedbackRefused(problem, code="bad_call_back_at")
    check_is_near("call_back_at", at.date(), now)
    return at


def check_is_near(name: str, day: date, now: datetime) -> None:
    """Check that a day to come is one that somebody may live to see. Raises FeedbackRefused."""
    if day > now.date() + FARTHEST:
        problem = f"{name} is {day}, more than a hundred years ahead; give a nearer day"
        raise FeedbackRefused(problem, code=f"bad_{name}")


def _redirected_to(body: Mapping[str, Any]) -> NamedPerson | None:
    said = body.get("redirected_to")
    if not said:
        return None
    email = normal_email(said.get("email")) if isinstance(said, Mapping) else None
    if not email or not isinstance(said, Mapping):
        problem = 'redirected_to has no e-mail address; give for example {"email": "ben@buyer.example"}'
        raise FeedbackRefused(problem, code="missing_person")
    return NamedPerson(email, _text(said, "name", 200), _text(said, "title", 200))


def _learned(body: Mapping[str, Any]) -> Mapping[str, Any]:
    learned = body.get("learned")
    if not learned:
        return {}
    is_plain = isinstance(learned, Mapping) and all(
        isinstance(value, str | int | float | bool) for value in learned.values()
    )
    if not is_plain or len(learned) > 50:
        problem = 'learned gives each trait one value, at most 50 of them: {"timeframe": "3 months"}'
        raise FeedbackRefused(problem, code="bad_learned")
    return dict(learned)


def check_named(said: FeedbackSaid, agreement: Agreement) -> None:
    """Check that whom the lead named is a buyer, and no colleague of ours. Raises FeedbackRefused."""
    email = said.redirected_to.email if said.redirected_to else None
    if email and email.rpartition("@")[2] in agreement.our_domains:
        problem = f"{email} is one of us; name a buyer, or pass the handover on to your colleague"
        raise FeedbackRefused(problem, code="own_person")


def check_fits(said: FeedbackSaid, handover: Handover) -> None:
    """Check that the handover can take this feedback now. Raises FeedbackRefused."""
    if said.kind == "undo":
        return
    if said.at < handover.offered_at - DATED_BEFORE:
        problem = f"at is {rfc3339(said.at)}, before this handover was offered on {handover.offered_at:%Y-%m-%d}"
        raise FeedbackRefused(f"{problem}; give when it was done", code="bad_at")
    if not handover.is_open:
        problem = f"this handover was closed on {handover.closed_at:%Y-%m-%d} ({handover.code}); nothing was written"
        raise FeedbackRefused(problem, code="closed_handover")
    if said.kind == "accepted" and handover.owner not in (None, said.by):
        raise FeedbackRefused(f"{handover.owner} has this handover; nothing was written", code="taken")


def undone_feedback(said: FeedbackSaid, handover: Handover, agreement: Agreement) -> str:
    """The messageId of the feedback that an undo takes back. Raises FeedbackRefused: superseded, not_yours."""
    way_back = handover.undo_to
    if way_back is None or said.undoes not in (None, way_back.feedback_id):
        problem = (
            "something happened on this handover since, so this cannot be undone; say what is right as new feedback"
        )
        raise FeedbackRefused(problem, code="superseded")
    if way_back.by != said.by:
        raise FeedbackRefused(f"{way_back.by} said this, and only he takes it back; ask him", code="not_yours")
    check_undo_in_time(said, way_back.at, agreement)
    return way_back.feedback_id


def check_undo_in_time(said: FeedbackSaid, given_at: datetime, agreement: Agreement) -> None:
    """Check that what was given at a moment may still be taken back. Raises FeedbackRefused: superseded."""
    if said.at >= undo_until(given_at, said.by, agreement):
        problem = "the time to undo this ended with the next working day; say what is right as new feedback"
        raise FeedbackRefused(problem, code="superseded")


def undo_until(given_at: datetime, by: str, agreement: Agreement) -> datetime:
    """Until when a person may take feedback back: the end of his next working day."""
    working = working_times(agreement.people, agreement.time_zone)(by)
    day = working.working_day(given_at, 1).astimezone(working.zone).date()
    return datetime.combine(day, working.hours.closes, working.zone).astimezone(UTC)
