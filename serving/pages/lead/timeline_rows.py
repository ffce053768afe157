"""The rows of a timeline in words: when, what happened, how many minutes, and what it counts as or why it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from features.agreement.agreement import Agreement
from features.records.lead_record import LeadRecord
from serving.code_words import CLOCKS, KINDS, RESULTS, STATES, code_words, reject_words
from serving.leads.timeline import CountedEvents, Place, cursor_of, timeline
from serving.notices.short_texts import colleague, moment_text, plain
from serving.pages.card.card_facts import Reader

SHOWN = 50  # events of one page
TYPES = {
    "page": "Page",
    "screen": "Screen",
    "identify": "Said who it is",
    "alias": "Said who it is",
    "group": "Said its company",
}
# What of an event's properties says what it was about, the first that it has.
ABOUT = ("title", "name", "subject", "email_subject", "form_type", "form_name", "question", "path", "url", "content_id",
         "webinar_id", "campaign_name", "stage", "status")  # fmt: skip
# Codes in the properties of events of ours, and the words of each.
WORDS: Mapping[str, Mapping[str, str]] = {"kind": KINDS, "state": STATES, "result": RESULTS, "clock": CLOCKS}
PEOPLE = ("by", "owner")
LONGEST_TRAITS = 6


@dataclass(frozen=True)
class TimelineRow:
    """One event. counts: the behaviours that it counts as; why_not: why it is none."""

    when: str
    what: str
    about: str
    minutes: str
    counts: str
    why_not: str
    origin: str


class LeadEvents(Protocol):
    """A lead's record, and what its events count as."""

    @property
    def record(self) -> LeadRecord: ...
    @property
    def counted(self) -> CountedEvents: ...


@dataclass(frozen=True)
class TimelinePage:
    """Some events, the newest first; next: the cursor of the page after."""

    rows: tuple[TimelineRow, ...]
    next: str | None


def timeline_page(lead: LeadEvents, agreement: Agreement, reader: Reader, before: Place | None) -> TimelinePage:
    """One page of a lead's timeline, in words."""
    events, last = list[TimelineRow](), None
    for place, event in timeline(lead.record, agreement, before, lead.counted):
        if len(events) == SHOWN:
            return TimelinePage(tuple(events), cursor_of(last) if last else None)
        events.append(_row(event, agreement, reader))
        last = place
    return TimelinePage(tuple(events), None)


def _row(event: Mapping[str, Any], agreement: Agreement, reader: Reader) -> TimelineRow:
    labels = (agreement.behaviours[name].label for name in event["behaviours"])
    minutes, touch = event["minutes"], event["touch"] or {}
    said = filter(None, (event["source"], touch.get("source"), touch.get("name")))
    return TimelineRow(
        moment_text(event["occurred_at"], reader.as_of, reader.zone),
        event_words(event["type"], event["name"]),
        plain(", ".join(_about(event))),
        f"{minutes:.0f}" if minutes and minutes >= 0.5 else "",
        ", ".join(labels),
        str(event["why_not"] or ""),
        plain(", ".join(dict.fromkeys(str(one) for one in said))),
    )


def event_words(type: str, name: str) -> str:
    """What an event is called: of a call of the client's that has no name of its own, what it says."""
    return TYPES.get(type) or plain(name)


def _about(event: Mapping[str, Any]) -> Iterator[str]:
    """What it was about: a title or a path; of what our people did, how it went and who it was; of traits, which."""
    said = event["properties"]
    if event["traits"]:
        more = len(event["traits"]) - LONGEST_TRAITS
        yield from (name.replace("_", " ") for name in event["traits"][:LONGEST_TRAITS])
        yield from [f"{more} more"] if more > 0 else []
    about = next((said[name] for name in ABOUT if isinstance(said.get(name), str | int) and said[name]), None)
    yield from [str(about)] if about is not None else []
    if isinstance(reason := said.get("reason"), str) and reason:
        yield reject_words(reason)
    if isinstance(code := said.get("code"), str) and code:
        yield code_words(code)
    for name, words in WORDS.items():
        if isinstance(value := said.get(name), str) and value in words:
            yield words[value]
    yield from (f"by {colleague(said[name])}" for name in PEOPLE if isinstance(said.get(name), str) and said[name])
