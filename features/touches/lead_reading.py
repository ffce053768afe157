"""What a lead read of ours, what it was sent, and which questions it was asked, as the ledger says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.events.touch_values import TOUCHES, normal_word
from features.home.json_text import shallow_value
from features.identity.identities import Identities

ANSWERED = "Survey Answered"
# Whatever tells of reading or asking has one of these in its body; most events have none, and are not parsed.
_TELLING = ('"content_id"', '"topic"', '"webinar_id"', '"question"')
_REACHED = ("", "talked")  # results of touches in which a question was really asked: a written one has none


@dataclass(frozen=True)
class LeadReading:
    """topics: what it read about, the topic read most first, of two the one read last. seen: ids of what it read.

    sent: ids of what our side sent it. asked: criteria, traits or texts of the questions that it was asked, in lower
    case; answered: those of them that it answered.
    """

    topics: tuple[str, ...] = ()
    seen: frozenset[str] = frozenset()
    sent: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()


NOTHING_READ = LeadReading()


def lead_readings(events: Sequence[Any], found: Identities, lead_ids: Collection[str]) -> dict[str, LeadReading]:
    """The reading of each of these leads that has any, by its id.

    events: rows of the ledger, in the order in which `found` tells whose each is.
    """
    wanted = {place: lead for place, lead in enumerate(found.lead_ids) if lead in lead_ids}
    notes: dict[str, _Notes] = {}
    for row, lead in zip(events, found.lead.tolist(), strict=True):
        if lead in wanted and any(word in row.body for word in _TELLING):
            said = shallow_value(row.body).get("properties")
            if isinstance(said, Mapping):
                notes.setdefault(wanted[lead], _Notes()).add(row.name, row.occurred_us, said)
    return {lead: one.reading() for lead, one in notes.items()}


class _Notes:
    """What one lead's events said so far."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._seen: set[str] = set()
        self._sent: set[str] = set()
        self._asked: set[str] = set()
        self._answered: set[str] = set()

    def add(self, name: str, at_us: int, said: Mapping[str, Any]) -> None:
        is_ours = name in TOUCHES
        (self._sent if is_ours else self._seen).update(_texts(said, "content_id", "webinar_id"))
        if not is_ours:
            for topic in _texts(said, "topic"):
                self._times[topic.lower()] += 1
                self._last[topic.lower()] = max(at_us, self._last.get(topic.lower(), at_us))
        if not is_ours or normal_word(said.get("result")) in _REACHED:
            names = {question_key(text) for text in _texts(said, "question", "trait")} if said.get("question") else ()
            self._asked.update(names)
            if name == ANSWERED:
                self._answered.update(names)

    def reading(self) -> LeadReading:
        topics = sorted(self._times, key=lambda topic: (-self._times[topic], -self._last[topic], topic))
        sets = (self._seen, self._sent, self._asked, self._answered)
        return LeadReading(tuple(topics), *map(frozenset, sets))


def question_key(text: str) -> str:
    """A question as it is remembered: its words, whatever their case, spaces and the sign at their end."""
    return " ".join(text.lower().split()).rstrip("?!. ")


def _texts(said: Mapping[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        value = said.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            yield str(value).strip()
