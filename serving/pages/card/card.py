"""The card of one handover for the one who has it: what it shows, in which words, and what may be clicked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from features.agreement.people import person_key
from features.agreement.working_time import WorkingTime
from features.records.contacts import Contact
from serving.code_words import KINDS, REJECTS, RESULTS, STATES
from serving.handovers.handover import Handover
from serving.handovers.tries import tries
from serving.notices.short_texts import colleague, left, moment_text, plain, sentence
from serving.notices.wording import ended, next_due, origin

REASONS = {reason: words for reason, words in REJECTS.items() if reason != "wrong_person"}  # it has its own button
NOT_NOW = timedelta(days=90)
NOBODY = Contact()


@dataclass(frozen=True)
class CardFacts:
    """What the card tells of a lead beside its handover; nothing in it was made up.

    openers: what was read, watched, asked. before: who of us spoke to them, and the notes. colleagues: of the same
    company, and who of ours talks to them. allowed: what must not be done. zone: the lead's own, where it is known.
    """

    contact: Contact = NOBODY
    openers: Sequence[str] = ()
    before: Sequence[str] = ()
    colleagues: Sequence[str] = ()
    may_call: bool = True
    may_mail: bool = True
    allowed: Sequence[str] = ()
    zone: ZoneInfo | None = None


@dataclass(frozen=True)
class Viewer:
    """Who looks at a card: its owner, or (person None) whoever reads a channel; in whose hours and zone."""

    person: str | None
    working_time: WorkingTime

    @property
    def zone(self) -> ZoneInfo:
        return self.working_time.zone


@dataclass(frozen=True)
class Due:
    """The one due time of a card."""

    what: str
    at: str
    left: str
    is_over: bool


@dataclass(frozen=True)
class Card:
    """A card as its template shows it. undo_ends_at: until when the newest feedback can be taken back."""

    handover: Handover
    facts: CardFacts
    viewer: Viewer
    as_of: datetime
    undo_ends_at: datetime | None = None

    @property
    def is_owners(self) -> bool:
        """Whether contact data and buttons are for who looks at it."""
        return self.viewer.person is not None

    @property
    def has_buttons(self) -> bool:
        return self.is_owners and self.handover.is_open and not self.handover.is_trial

    @property
    def kind(self) -> str:
        return KINDS[self.handover.kind]

    @property
    def who(self) -> str:
        if not self.is_owners:
            return "A lead"
        return plain(self.facts.contact.name or self.facts.contact.email or f"Lead {self.handover.lead_id}")

    @property
    def role(self) -> str:
        """Title and company."""
        contact = self.facts.contact
        return plain(", ".join(filter(None, (contact.title, contact.company)))) if self.is_owners else ""

    @property
    def why_now(self) -> str:
        offer = self.handover.offer
        if self.handover.asked_at and self.handover.asked_at > self.handover.offered_at:
            return f"Asked again or replied {moment_text(self.handover.asked_at, self.as_of, self.viewer.zone)}"
        return sentence(plain(offer.why_now or self.kind))

    @property
    def why_since(self) -> str:
        """When the words of `why_now` were true: "20 minutes ago" is of the moment of the offer."""
        is_old = self.as_of - self.handover.offered_at > timedelta(minutes=10)
        said = moment_text(self.handover.offered_at, self.as_of, self.viewer.zone)
        return f"as of {said}" if is_old and self.handover.offer.why_now else ""

    @property
    def phone_link(self) -> str | None:
        """What a phone dials: digits, with the plus."""
        return dialled(self.facts.contact.phone) if self.facts.may_call and self.handover.is_open else None

    @property
    def lead_page(self) -> str:
        """The address of the lead's page, from where all pages begin."""
        return f"leads/{quote(self.handover.lead_id, safe='')}"

    @property
    def crm_url(self) -> str | None:
        url = self.handover.offer.crm_url or ""
        return url if url.startswith(("https://", "http://")) else None

    @property
    def origin(self) -> str:
        return origin(self.handover)

    @property
    def reasons(self) -> list[str]:
        return [plain(reason) for reason in self.handover.offer.reasons[:3]]

    @property
    def openers(self) -> list[str]:
        return [plain(fact) for fact in (self.facts.openers or self.handover.offer.last_activity)[:3]]

    @property
    def next_step(self) -> str | None:
        step = self.handover.offer.next_step
        return sentence(plain(step.removeprefix("ask: "))) if step else None

    @property
    def due(self) -> Due | None:
        """Its clock that runs out first; None where none runs."""
        found = next_due(self.handover)
        if found is None:
            return None
        at, what = found
        zone = "" if self.is_owners else f" {at.astimezone(self.viewer.zone):%Z}"
        said = moment_text(at, self.as_of, self.viewer.zone)
        return Due(sentence(what), f"{said}{zone}", left(at, self.as_of), at <= self.as_of)

    @property
    def local_time(self) -> str | None:
        """What time it is with the lead, and whether that is a time to call."""
        return local_time(self.facts.zone, self.as_of)

    @property
    def tries(self) -> str:
        made = tries(self.handover.touches)
        if not made:
            return f"none of {self.handover.tries_of} yet"
        last = made[-1]
        how = RESULTS.get(last.result or "", "done")
        at = moment_text(last.last_at, self.as_of, self.viewer.zone)
        return f"{len(made)} of {self.handover.tries_of}; the last {at} by {colleague(last.by)}: {how}"

    @property
    def effect(self) -> str | None:
        """What became of the last thing that was said here, and what comes next; None before any."""
        handover = self.handover
        if not handover.is_open:
            return f"Closed: {ended(handover)}.{_follow(handover, self)}"
        if handover.undo_to is None:
            return None
        return f"Recorded {self._clock(handover.undo_to.at)}: {self._recorded()}. {self._next()}"

    def _recorded(self) -> str:
        handover = self.handover
        said_at = handover.undo_to.at if handover.undo_to else None
        if handover.touches and handover.touches[-1].at == said_at:
            return RESULTS.get(handover.touches[-1].result or "", "tried")
        return STATES[handover.state]

    def _next(self) -> str:
        due = self.due
        return f"{due.what} due {due.at}, {due.left}." if due else "Nothing more is due."

    def _clock(self, at: datetime) -> str:
        return moment_text(at, self.as_of, self.viewer.zone)

    @property
    def undo_until(self) -> str | None:
        """Until when the one who looks may take back what was said last; None where there is nothing to take back."""
        undo, until = self.handover.undo_to, self.undo_ends_at
        is_his = undo is not None and self.viewer.person is not None and undo.by == person_key(self.viewer.person)
        return self._clock(until) if is_his and until and self.as_of < until else None

    @property
    def call_back_at(self) -> str:
        """The moment that the form proposes: the next morning at ten, where the lead is known to be, else with us."""
        zone = self.viewer.zone
        opens = self.viewer.working_time.working_day(self.as_of, 1).astimezone(zone)
        return opens.replace(hour=10, minute=0).strftime("%Y-%m-%dT%H:%M")

    @property
    def revisit_on(self) -> date:
        return (self.as_of + NOT_NOW).astimezone(self.viewer.zone).date()

    @property
    def reject_reasons(self) -> Mapping[str, str]:
        return REASONS

    @property
    def history(self) -> Iterator[str]:
        yield from (plain(line) for line in self.facts.before)


def dialled(phone: str | None) -> str | None:
    """The link by which a phone dials a number: its digits, with the plus; None for what is no number."""
    signs = "".join(sign for sign in phone or "" if sign.isdigit() or sign == "+")
    return f"tel:{signs}" if len(signs) > 4 else None


def local_time(zone: ZoneInfo | None, as_of: datetime) -> str | None:
    """What the clock says in a zone, and whether that is a time to call; None for an unknown zone."""
    if zone is None:
        return None
    there = as_of.astimezone(zone)
    is_day = there.weekday() < 5 and 8 <= there.hour < 18
    return f"{there:%a} {there.hour}:{there.minute:02}{'' if is_day else ', outside of usual hours'}"


def _follow(handover: Handover, card: Card) -> str:
    follow = handover.follow
    if follow is None:
        return ""
    if follow.redirected_to:
        return " The handover goes on with the right person."
    if follow.only_if_it_asks:
        return " It comes back only if it asks for us."
    if follow.look_again_at and follow.decision == "nurture":
        day = follow.look_again_at.astimezone(card.viewer.zone)
        only = ", once it shows new interest" if follow.needs_behaviour else ""
        return f" It may come back from {day.day} {day:%b %Y} on{only}."
    return " Nothing more is due from you."
