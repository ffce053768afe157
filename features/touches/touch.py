"""Touches: what our side did to reach a lead, of which side and by whom or what, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from features.agreement.agreement import Agreement
from features.events.touch_values import (
    ACTORS,
    CALL_ANSWERED,
    RESULTS,
    SIDE_FLAGS,
    SIDES,
    TOUCHES,
    Actor,
    Result,
    Side,
    moment_us,
    normal_word,
)

Medium = Literal["call", "email", "letter", "meeting", "message"]
WRITTEN = frozenset({"Email Sent", "Letter Sent", "Message Sent"})  # a machine can send these to many at once
MEDIA: dict[str, Medium] = {
    "Call Attempted": "call", "Call Answered": "call", "Voicemail Left": "call", "Email Sent": "email",
    "Letter Sent": "letter", "Message Sent": "message", "Meeting Booked": "meeting", "Meeting Held": "meeting",
    "Meeting No Show": "meeting",
}  # fmt: skip
USUAL_RESULTS: dict[str, Result] = {
    "Call Attempted": "no_answer", "Voicemail Left": "voicemail", "Call Answered": "talked", "Meeting Held": "talked",
    "Meeting No Show": "no_answer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Touch:
    """What our side did once to reach a lead.

    ann's call of Monday 10:00 that rang through is ("Call Attempted", side "sales", actor "person", "no_answer").
    known_us: since when it is known of this lead. by: a CRM's id of a person or an e-mail address, None where nobody is
    named. call_back_us: when the lead asked to be called.
    """

    event_id: int
    name: str
    occurred_us: int
    known_us: int
    side: Side
    actor: Actor
    result: Result | None
    by: str | None
    medium: Medium
    call_back_us: int | None = None
    handover_id: str | None = None

    @property
    def is_of_person(self) -> bool:
        """Whether a person of sales or inside sales tried: this stops a first-contact clock, and nothing else does."""
        return self.actor == "person" and self.side != "marketing"

    @property
    def is_of_rep(self) -> bool:
        """Whether a person of sales tried: while that is fresh, the lead is with sales."""
        return self.actor == "person" and self.side == "sales"

    @property
    def is_contact(self) -> bool:
        """Whether the lead was reached."""
        return self.result == "talked"


def is_from_crm(properties: Mapping[str, Any]) -> bool:
    """Whether a CRM says an event: it names itself, or the lead's record in it."""
    return bool(properties.get("crm") or properties.get("crm_lead_id"))


def touch_side(name: str, properties: Mapping[str, Any], flags: str, agreement: Agreement | None) -> Side:
    """Whose touch it is: as it says, by the key's side, by whose list has the person, by where it comes from.

    A call or a meeting of which nobody says more is of a person of sales, but an answered call: that is inside sales'
    qualifying. A mail, a letter or a message that names nobody and comes from no CRM was sent to many, by marketing.
    """
    said = normal_word(properties.get("side"))
    if said in SIDES:
        return said
    if flags and (keyed := next((SIDE_FLAGS[flag] for flag in flags.split(",") if flag in SIDE_FLAGS), None)):
        return keyed
    if normal_word(properties.get("sent_by")) == "sales":
        return "sales"
    by = person_named(properties)
    if agreement and by and (listed := agreement.people.side_of(by)):
        return listed
    if by or is_from_crm(properties):
        return "sales"
    return "marketing" if name in WRITTEN else "inside_sales" if name == CALL_ANSWERED else "sales"


def touch_actor(name: str, properties: Mapping[str, Any], side: Side) -> Actor:
    """Who or what did it: as it says; a sequence where it names one, and of mails that marketing sends to many."""
    said = normal_word(properties.get("actor"))
    if said in ACTORS:
        return said
    if properties.get("sequence") or properties.get("sequence_id") or properties.get("automated") is True:
        return "sequence"
    is_bulk = side == "marketing" and name in WRITTEN and not person_named(properties)
    return "sequence" if is_bulk else "person"


def touch_result(name: str, properties: Mapping[str, Any]) -> Result | None:
    """How it went: as it says, else as the event's name does."""
    said = normal_word(properties.get("result"))
    if said in RESULTS:
        return said
    if call_back_us(properties) is not None:
        return "call_back"
    return USUAL_RESULTS.get(name)


def is_by_rep(name: str, properties: Mapping[str, Any], flags: str = "", agreement: Agreement | None = None) -> bool:
    """Whether an event is a touch by a person of sales."""
    if name not in TOUCHES:
        return False
    side = touch_side(name, properties, flags, agreement)
    return side == "sales" and touch_actor(name, properties, side) == "person"


def person_named(properties: Mapping[str, Any]) -> str | None:
    """The person in `by`: an e-mail address in lower case, a CRM's id as it is."""
    by = properties.get("by")
    text = str(by).strip() if isinstance(by, str | int) and not isinstance(by, bool) else ""
    return (text.lower() if "@" in text else text) or None


def call_back_us(properties: Mapping[str, Any]) -> int | None:
    """When the lead asked to be called, None where it did not or the time cannot be read."""
    return moment_us(properties.get("call_back_at"))
