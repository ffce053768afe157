"""What a card tells of a lead, read from its events: what to open with, who of us knows it, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.events.trust import is_public
from features.home import tables
from features.home.clock import from_microseconds
from features.records.contacts import contacts
from features.records.lead_record import LeadRecord, lead_record
from features.touches.history import SalesHistory, sales_history
from features.traits.typed_values import flat_traits
from serving.code_words import RESULTS
from serving.handovers.handover import Handover
from serving.handovers.store import open_handovers
from serving.leads.timeline import CountedEvents, counted_events
from serving.notices.short_texts import colleague, moment_text
from serving.pages.card.card import CardFacts
from serving.pages.card.local_zone import zone_of

MOST_OPENERS, MOST_COLLEAGUES, MOST_BEFORE = 3, 4, 4
UNSUBSCRIBED = "Email Unsubscribed"
NO_CONTACT = "no_contact_wanted"
ZONES = ("timezone", "time_zone")
HOW = {
    "Call Attempted": "called",
    "Call Answered": "talked",
    "Voicemail Left": "left a voice mail",
    "Email Sent": "wrote a mail",
    "Letter Sent": "wrote a letter",
    "Message Sent": "wrote a message",
    "Meeting Booked": "booked a meeting",
    "Meeting Held": "met them",
    "Meeting No Show": "had a meeting that nobody came to",
}


@dataclass(frozen=True)
class Reader:
    """For whom and when the facts are told: times in his zone."""

    as_of: datetime
    zone: ZoneInfo

    def moment(self, us: int) -> str:
        return moment_text(from_microseconds(us), self.as_of, self.zone)


def card_facts(connection: Connection, agreement: Agreement, handover: Handover, reader: Reader) -> CardFacts:
    """Everything the owner's card shows of the lead beside the handover itself. Raises UnknownLead, LeadErased."""
    record = lead_record(connection, agreement, handover.lead_id, only_ids=True)
    facts = facts_of_record(record, agreement, reader)
    known = contacts(connection, agreement, [record.lead_id])[record.lead_id]
    return replace(facts, contact=known, colleagues=colleagues_there(connection, agreement, record.lead_id))


def facts_of_record(
    record: LeadRecord, agreement: Agreement, reader: Reader, counted: CountedEvents | None = None
) -> CardFacts:
    """What the record of a lead itself says of that: all but whom to call, and its colleagues.

    counted: `counted_events` of the record, where they are at hand.
    """
    history = sales_history(record, agreement, record.lead_id)
    traits = known_traits(record)
    may_call, may_mail, allowed = what_is_allowed(record, history, traits)
    return CardFacts(
        openers=openers(record, counted or counted_events(record, agreement), reader),
        before=spoke_before(history, reader),
        may_call=may_call,
        may_mail=may_mail,
        allowed=allowed,
        zone=zone_of(
            next((traits[name] for name in ZONES if traits.get(name)), None), traits.get("country"), reader.as_of
        ),
    )


def known_traits(record: LeadRecord) -> dict[str, Any]:
    """The newest value of each trait that the lead's own events give; what trusted sources say stands over others."""
    own = [record.rows[row] for row in record.own if record.rows[row].type == "identify"]
    own.sort(key=lambda row: (not is_public(row.flags), row.occurred_us, row.message_id))
    found: dict[str, Any] = {}
    for row in own:
        body = orjson.loads(row.body)
        told = body.get("traits") or (body.get("context") or {}).get("traits")
        found |= flat_traits(told) if isinstance(told, dict) else {}
    return found


def openers(record: LeadRecord, counted: CountedEvents, reader: Reader) -> list[str]:
    """Up to three things to begin a talk with: what the lead asked, watched and read, the newest first."""
    own = (record.rows[row] for row in counted.behaviours)
    rows = sorted(own, key=lambda row: (row.occurred_us, row.message_id), reverse=True)
    told = [(rank, text) for row in rows if (found := _opener(row, reader)) for rank, text in [found]]
    # An answer of theirs is a better beginning than a page; of one kind the newest.
    best = sorted(range(len(told)), key=lambda place: (told[place][0], place))
    return list(dict.fromkeys(told[place][1] for place in best))[:MOST_OPENERS]


def _opener(row: Any, reader: Reader) -> tuple[int, str] | None:
    properties = orjson.loads(row.body).get("properties")
    said = _OPENERS.get(row.name if row.type == "track" else row.type)
    if said is None or not isinstance(properties, dict) or not (text := said(properties)):
        return None
    rank = 0 if text.startswith(("Asked", "Answered")) else 1 if text.startswith("Watched") else 2
    return rank, f"{text}, {reader.moment(row.occurred_us)}"


def _asked(said: Mapping[str, Any]) -> str:
    words = _text(said, "message", "question", "comment")
    if words:
        return f"Asked: “{words}”"
    form = _text(said, "form_type", "form_name", "form_id")
    return f"Asked by a form: {form}" if form else ""


def _answered(said: Mapping[str, Any]) -> str:
    question, answer = _text(said, "question"), _text(said, "answer")
    return f"Answered “{question}”: “{answer}”" if question and answer else ""


def _watched(said: Mapping[str, Any]) -> str:
    title, minutes = _text(said, "title", "webinar_id"), said.get("minutes_attended")
    so_long = f" for {minutes:.0f} min" if isinstance(minutes, int | float) and not isinstance(minutes, bool) else ""
    return f"Watched “{title}”{so_long}" if title else ""


def _read(said: Mapping[str, Any]) -> str:
    title = _text(said, "title", "name", "path", "content_id")
    return f"Read “{title}”" if title else ""


def _clicked(said: Mapping[str, Any]) -> str:
    subject = _text(said, "email_subject", "subject", "campaign_name")
    return f"Followed a link in the mail “{subject}”" if subject else ""


_OPENERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "Form Submitted": _asked,
    "Survey Answered": _answered,
    "Webinar Attended": _watched,
    "Content Downloaded": _read,
    "page": _read,
    "Email Link Clicked": _clicked,
}


def _text(said: Mapping[str, Any], *names: str) -> str:
    return next(
        (" ".join(value.split())[:120] for name in names if isinstance(value := said.get(name), str) and value), ""
    )


def spoke_before(history: SalesHistory, reader: Reader) -> list[str]:
    """Who of us tried or talked, newest first, each with the note that was written down."""
    told = [
        (touch.occurred_us, f"{reader.moment(touch.occurred_us)}: {colleague(touch.by)} {_how(touch)}")
        for touch in history.touches
        if touch.is_of_person and touch.by
    ]
    told += [
        (word.occurred_us, f"{reader.moment(word.occurred_us)}: {colleague(word.by)} noted “{word.note}”")
        for word in history.feedback
        if word.note and not word.is_status
    ]
    return [text for _, text in sorted(told, reverse=True)][:MOST_BEFORE]


def _how(touch: Any) -> str:
    """What was done and how it went; feedback says only how it went."""
    went = RESULTS.get(touch.result or "")
    if touch.name in HOW:
        is_in_vain = touch.name == "Call Attempted" and touch.result == "no_answer"
        return f"{HOW[touch.name]}, {went}" if is_in_vain else HOW[touch.name]
    return "talked" if touch.result == "talked" else f"tried: {went}" if went else "tried"


def what_is_allowed(
    record: LeadRecord, history: SalesHistory, traits: Mapping[str, Any]
) -> tuple[bool, bool, Sequence[str]]:
    """Whether the lead may be called, whether mails may be sent, and the sentences that say what may not."""
    may_call, may_mail, lines = True, True, list[str]()
    refused = max((reject.occurred_us for reject in history.rejects if reject.reason == NO_CONTACT), default=None)
    if refused is not None and (history.asked_us is None or history.asked_us < refused):
        may_call, may_mail = False, False
        lines.append("Wants no contact: do not call, do not write, unless the lead asks for it.")
    elif _is_unsubscribed(record, traits):
        may_mail = False
        lines.append("Unsubscribed from our mails: call, or answer what was asked; no campaigns and no sequences.")
    return may_call, may_mail, lines


def _is_unsubscribed(record: LeadRecord, traits: Mapping[str, Any]) -> bool:
    told = traits.get("unsubscribed")
    by_trait = told is True or str(told).strip().casefold() in ("true", "1", "yes")
    return by_trait or any(record.rows[row].name == UNSUBSCRIBED for row in record.own)


def colleagues_there(connection: Connection, agreement: Agreement, lead_id: str) -> list[str]:
    """Other open leads of the same company, the likeliest first, and who of ours talks to them."""
    decided = tables.lead_decisions.c
    account = connection.scalar(select(decided.account).where(decided.lead_id == lead_id))
    if not account:
        return []
    is_one = (decided.account == account) & (decided.lead_id != lead_id) & decided.queue.is_not(None)
    others = connection.execute(
        select(decided.lead_id, decided.owner).where(is_one).order_by(decided.probability.desc()).limit(MOST_COLLEAGUES)
    ).all()
    known, handed = (
        contacts(connection, agreement, [row.lead_id for row in others]),
        open_handovers(connection, [row.lead_id for row in others]),
    )
    return list(_colleagues(others, known, handed))


def _colleagues(others: Sequence[Any], known: Mapping[str, Any], handed: Mapping[str, Handover]) -> Iterator[str]:
    for row in others:
        contact = known[row.lead_id]
        who = ", ".join(filter(None, (contact.name or f"lead {row.lead_id}", contact.title)))
        handover = handed.get(row.lead_id)
        owner = handover.owner if handover else row.owner
        yield f"{who}: {colleague(owner)} has this lead" if owner else f"{who}: nobody talks to this person yet"
