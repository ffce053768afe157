"""The wording of messages: a title and a few short lines of plain text, read from the handover as it stands now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from features.agreement.agreement import Agreement
from features.agreement.people import person_key
from features.agreement.versions import current_version
from features.home.database import reading, writing
from features.home.printed_text import visible_line
from features.home.settings import Home
from features.records.contacts import Contact, contacts
from serving.code_words import CLOCKS, MOVES, ended_words
from serving.handovers.handover import Handover
from serving.handovers.store import handover_by_id
from serving.notices.card_links import link_of, signer
from serving.notices.notice import ABOUT_OPEN_HANDOVERS
from serving.notices.outbox import Waiting
from serving.notices.short_texts import colleague, left, moment_text, plain, sentence

STALE = timedelta(minutes=10)  # after it, "a minute ago" is said with the moment it was true at
NOBODY = Contact()


class NoLongerTrue(Exception):
    """What a message would tell is no longer so; the text says why."""


@dataclass(frozen=True)
class MessageFacts:
    """All that a message is worded from. person: None where several read it; then it names nobody of theirs."""

    waiting: Waiting
    agreement: Agreement
    as_of: datetime
    zone: ZoneInfo
    handover: Handover | None = None
    contact: Contact = NOBODY
    link: str | None = None
    is_channel: bool = False
    known: Mapping[str, Contact] = field(default_factory=dict)

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.waiting.facts

    @property
    def lead(self) -> Handover:
        if self.handover is None:
            raise NoLongerTrue("the handover is gone")
        return self.handover


def worded(home: Home, waiting: Waiting, is_channel: bool, as_of: datetime) -> tuple[str, str]:
    """The title and the text of a message to one recipient. Raises NoLongerTrue where it is better not sent."""
    told = _told(home, waiting, is_channel, as_of)
    _check_still_true(told)
    title, lines = _WORDS[waiting.kind](told)
    return visible_line(title)[:200], "\n".join(visible_line(line) for line in lines if line)


def _told(home: Home, waiting: Waiting, is_channel: bool, as_of: datetime) -> MessageFacts:
    agreement = current_version(home).agreement
    rep = agreement.people.rep(waiting.recipient)
    zone = ZoneInfo((rep and rep.time_zone) or agreement.time_zone)
    if waiting.handover_id is None:
        listed = [lead for part in waiting.facts.get("parts", ()) for lead, _ in part["lines"] if lead is not None]
        listed += [waiting.lead_id] if waiting.lead_id else []
        with reading(home) as connection:
            known = contacts(connection, agreement, listed) if listed and not is_channel else {}
        return MessageFacts(waiting, agreement, as_of, zone, is_channel=is_channel, known=known)
    with writing(home) as connection:  # the first link makes the key
        key = signer(connection)
    with reading(home) as connection:
        handover = handover_by_id(connection, waiting.handover_id)
        known = {} if is_channel or handover is None else contacts(connection, agreement, [handover.lead_id])
    if handover is None:
        raise NoLongerTrue("the handover is gone")
    is_owners = not is_channel and person_key(handover.owner or "") == person_key(waiting.recipient)
    link = link_of(home.settings, key, handover.handover_id, waiting.recipient if is_owners else None)
    contact = known.get(handover.lead_id, NOBODY)
    return MessageFacts(waiting, agreement, as_of, zone, handover, contact, link, is_channel)


def _check_still_true(told: MessageFacts) -> None:
    kind, handover = told.waiting.kind, told.handover
    until = told.facts.get("until")
    if until and told.as_of >= datetime.fromisoformat(until):
        raise NoLongerTrue("its day is over")
    if handover is None or kind not in ABOUT_OPEN_HANDOVERS:
        return
    if not handover.is_open:
        raise NoLongerTrue("the handover is closed")
    is_owners = not told.is_channel and kind != "escalated" and told.waiting.recipient not in _above(told.agreement)
    if is_owners and person_key(handover.owner or "") != person_key(told.waiting.recipient):
        raise NoLongerTrue("somebody else has it now")
    if kind in ("overdue", "escalated") and not handover.is_overdue(told.as_of):
        raise NoLongerTrue("it was done meanwhile")


def _above(agreement: Agreement) -> tuple[str, ...]:
    return agreement.people.escalate_to


def _handover(told: MessageFacts) -> tuple[str, Iterator[str]]:
    return f"{_urgency(told.lead)}: {_who(told, short=True)}", _five_lines(told)


def _urgency(handover: Handover) -> str:
    if handover.is_inbound:
        return "Asked for us"
    return "A lead to qualify" if handover.queue == "inside_sales" else "A lead to call"


def _five_lines(told: MessageFacts, first: str = "") -> Iterator[str]:
    """Who and why now; three reasons; where it comes from; what is due; where to go on."""
    handover, offer = told.lead, told.lead.offer
    yield ". ".join(filter(None, (first, _who(told), _why_now(told))))
    reasons = "; ".join(plain(reason) for reason in offer.reasons[:3])
    yield f"Why: {reasons}" if reasons else "Why: sent by marketing" if handover.kind == "sent_by_marketing" else ""
    yield f"From: {origin(handover)}"
    yield _due(told)
    yield _where(told)


def _who(told: MessageFacts, short: bool = False) -> str:
    """Whom to call; in a channel nobody is named."""
    contact, offer = told.contact, told.lead.offer
    if told.is_channel:
        who = f"A lead with score {offer.score}" if offer.score is not None else "A lead"
        return f"{who} ({offer.grade})" if offer.grade else who
    name = contact.name or f"lead {told.lead.lead_id}"
    parts = (name, contact.company) if short else (name, contact.title, contact.company)
    return plain(", ".join(filter(None, parts)))


def _why_now(told: MessageFacts) -> str:
    why = sentence(plain(told.lead.offer.why_now or ""))
    offered_at = told.lead.offered_at
    # "20 minutes ago" was true when it was offered; the office may have been closed since.
    return (
        f"{why} (as of {moment_text(offered_at, told.as_of, told.zone)})"
        if why and told.as_of - offered_at > STALE
        else why
    )


def origin(handover: Handover) -> str:
    """Where a lead came from first, and lately where that is another source."""
    offer = handover.offer
    first = _source(offer.source, offer.campaign)
    latest = _source(offer.latest_source, offer.latest_campaign)
    return first if latest in (first, NO_SOURCE) else f"{first}; lately {latest}"


NO_SOURCE = "source unknown"


def _source(source: str | None, campaign: str | None) -> str:
    if not source and not campaign:
        return NO_SOURCE
    said = plain(source) if source else NO_SOURCE
    return f"{said}, campaign {plain(campaign)}" if campaign else said


def _due(told: MessageFacts) -> str:
    handover = told.lead
    owner = f"With {colleague(handover.owner)}" if told.is_channel and handover.owner else ""
    if told.is_channel and not handover.owner:
        owner = "Nobody has it yet"
    found = next_due(handover)
    if found is None:
        return owner
    due_at, what = found
    # A channel is read in several zones.
    zone = f" {due_at.astimezone(told.zone):%Z}" if told.is_channel else ""
    due = f"{sentence(what)} due {moment_text(due_at, told.as_of, told.zone)}{zone}, {left(due_at, told.as_of)}"
    return ". ".join(filter(None, (owner, due)))


def next_due(handover: Handover) -> tuple[datetime, str] | None:
    """When the first of its running clocks runs out, and what is due then; None where none runs."""
    places = {name: place for place, name in enumerate(CLOCKS)}
    running = [(clock.due_at, places[name], name) for name, clock in handover.clocks.items() if clock.is_running]
    if not running or not handover.is_open:
        return None
    due_at, _, name = min(running)
    return due_at, CLOCKS[name]


def _where(told: MessageFacts) -> str:
    if told.link:
        return told.link
    return told.lead.offer.crm_url or f"Lead {told.lead.lead_id}"


def _moved_away(told: MessageFacts) -> tuple[str, Iterator[str]]:
    def lines() -> Iterator[str]:
        now = told.facts.get("now")
        why = MOVES.get(str(told.facts.get("why")), "")
        yield f"{_who(told)} is no longer yours{f': {why}' if why else ''}."
        yield f"{colleague(now)} has it now." if now else "Nobody has it yet."

    return f"No longer yours: {_who(told, short=True)}", lines()


def _overdue(told: MessageFacts) -> tuple[str, Iterator[str]]:
    what = CLOCKS.get(str(told.facts.get("clock")), "next step")
    return f"Overdue: {_who(told, short=True)}", _five_lines(told, f"{sentence(what)} is overdue")


def _escalated(told: MessageFacts) -> tuple[str, Iterator[str]]:
    owner = told.lead.owner
    with_whom = f"it is with {colleague(owner)}" if owner else "nobody has it"
    return (
        f"Asked for us and waits: {_who(told, short=True)}",
        _five_lines(told, f"Nobody has answered yet; {with_whom}"),
    )


def _outcome_asked(told: MessageFacts) -> tuple[str, Iterator[str]]:
    ask = "Nothing was heard of it for a while: won, lost, or back to marketing?"
    return f"What became of {_who(told, short=True)}?", iter((_who(told), ask, _where(told)))


def _replied(told: MessageFacts) -> tuple[str, Iterator[str]]:
    return f"Replied: {_who(told, short=True)}", _five_lines(told, "The lead wrote back to you")


def _asked_again(told: MessageFacts) -> tuple[str, Iterator[str]]:
    return f"Asked again: {_who(told, short=True)}", _five_lines(told, "The lead asked for us once more")


def _withdrawn(told: MessageFacts) -> tuple[str, Iterator[str]]:
    return f"Nothing to do any more: {_who(told, short=True)}", iter((f"{_who(told)}: {ended(told.lead)}.",))


def ended(handover: Handover) -> str:
    """In words, why a handover is closed."""
    return ended_words(handover.code or handover.state)


def _correction(told: MessageFacts) -> tuple[str, Iterator[str]]:
    def lines() -> Iterator[str]:
        handover = told.lead
        yield f"What you were told of {_who(told)} was taken back."
        now = f"it is with {colleague(handover.owner)}" if handover.owner else "nobody has it"
        yield f"It is open again; {now}." if handover.is_open else f"It stays closed: {ended(handover)}."
        yield _due(told) if handover.is_open else ""
        yield _where(told)

    return f"Correction: {_who(told, short=True)}", lines()


def _morning(told: MessageFacts) -> tuple[str, Iterator[str]]:
    return str(told.facts["title"]), _lists(told)


def _lists(told: MessageFacts) -> Iterator[str]:
    for part in told.facts["parts"]:
        yield f"{part['heading']} ({part['count']})"
        for lead_id, text in part["lines"]:
            yield f"- {plain(text)}" if lead_id is None else f"- {_named(told, lead_id)}: {plain(text)}"
        if part["count"] > len(part["lines"]):
            yield f"- and {part['count'] - len(part['lines'])} more"


def _named(told: MessageFacts, lead_id: str) -> str:
    contact = told.known.get(lead_id, NOBODY)
    return plain(", ".join(filter(None, (contact.name or f"lead {lead_id}", contact.company))))


def _agreement_changed(told: MessageFacts) -> tuple[str, Iterator[str]]:
    facts = told.facts
    name, by = facts["name"], facts.get("by")

    def lines() -> Iterator[str]:
        yield f"Version {facts['version']} of the agreement “{name}” holds now{f', changed by {by}' if by else ''}."
        if facts.get("changed_since_signed"):
            yield "It changed since it was signed: read it, and sign it or say what is wrong."
        yield "See it: leadlight agreement show"

    return f"The agreement “{name}” changed", lines()


def _acceptance_low(told: MessageFacts) -> tuple[str, Iterator[str]]:
    facts = told.facts
    share, floor = f"{facts['accepted']} of {facts['offered']}", f"{facts['at_least']:.0%}"

    def lines() -> Iterator[str]:
        yield f"Sales accepted {share} leads of the last {facts['days']} days; at least {floor} was agreed."
        if facts.get("reasons"):
            yield f"Rejected as: {', '.join(f'{plain(reason)} ({count})' for reason, count in facts['reasons'])}"
        yield "Talk about it: is the bar too low, or are good leads turned away?"

    return "Sales accepts fewer leads than agreed", lines()


def _opportunity_stale(told: MessageFacts) -> tuple[str, Iterator[str]]:
    days = told.facts.get("days")
    silent = f"Nothing has happened for {days} days" if days else "Nothing has happened for long"
    after = "Won, lost, or still open? If nothing is heard it goes back to marketing."
    who = sentence(_named(told, str(told.waiting.lead_id)))
    return f"A silent opportunity: {who}", iter((f"{who}: {silent}.", after))


_WORDS: Mapping[str, Callable[[MessageFacts], tuple[str, Iterator[str]]]] = {
    "handover": _handover,
    "moved_away": _moved_away,
    "overdue": _overdue,
    "escalated": _escalated,
    "outcome_asked": _outcome_asked,
    "replied": _replied,
    "asked_again": _asked_again,
    "withdrawn": _withdrawn,
    "correction": _correction,
    "morning": _morning,
    "team": _morning,
    "agreement_changed": _agreement_changed,
    "acceptance_low": _acceptance_low,
    "opportunity_stale": _opportunity_stale,
}
