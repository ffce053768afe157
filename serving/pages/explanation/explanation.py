"""The explanation of one lead, for the lead itself (GDPR, article 15): what is known, what counted, what followed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, version_in_force
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import reading
from features.home.settings import Home
from features.records.contacts import contacts
from features.records.lead_record import LeadRecord, lead_record
from features.touches.history import sales_history
from features.traits.typed_values import flat_traits
from serving.leads.timeline import counted_events
from serving.pages.explanation.explanation_words import CLOSED, CONTACT, DECISIONS, SOURCES, TRIES, WHY, rights
from serving.pages.page import html_page
from serving.scoring.reasons import LeadEvidence, times, trait_words

# As `serving.scoring.scorer.Scorer.scores`: leads, as_of, how many reasons.
ScoresOf = Callable[[list[dict[str, Any]], datetime, int | None], list[dict[str, Any]]]
SMALLEST = 0.5  # points: smaller parts stand together in one line


def explanation(home: Home, scores_of: ScoresOf, name: str, now: datetime) -> dict[str, Any]:
    """What is known of a lead, what counted how much, what followed, and what it may ask, as one document.

    The points are those of the score itself. Contact data are the lead's own: nobody else is named, no colleague and
    nobody of ours. Raises UnknownLead, LeadErased and NamesTwoLeads.
    """
    agreed = version_in_force(home)
    with reading(home) as connection:
        lead = _ToldLead(connection, agreed.agreement, lead_record(connection, agreed.agreement, name), now)
        (score,) = scores_of([{"lead_id": lead.record.lead_id}], now, None)
        return {
            "lead_id": lead.record.lead_id,
            "made_at": now,
            "known": lead.known(),
            "counted": _counted(score, agreed),
            "followed": lead.followed(),
            "rights": list(rights(agreed, score["status"])),
        }


def explanation_page(document: Mapping[str, Any]) -> str:
    """The page of an explanation, which loads nothing and is complete as a file."""
    return html_page("explanation.html.j2", lead=document)


def explanation_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The same for a terminal."""
    known, counted = document["known"], document["counted"]
    yield f"What is known of {known['contact'].get('name') or document['lead_id']}, on {_day(document['made_at'])}"
    yield from _section("Who you are", [f"{one['label']}: {one['value']}" for one in known["you"]])
    yield from _section("What we noted", [_with_origin(one, "value") for one in known["facts"]])
    yield from _section("What you did", [f"{one['what']}: {one['times']}, {one['when']}" for one in known["did"]])
    yield from _section("Where it comes from", [f"{one['source']}: {one['what']}" for one in known["sources"]])
    lines = [f"{one['shown']:>+4d}  {one['text']}" for one in counted["lines"]]
    yield from _section("What counted how much", [*counted["sentences"], *lines])
    yield from _section("What followed", [f"{one['day']}: {one['text']}" for one in document["followed"]])
    yield from _section("What you may ask", document["rights"])


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from (f"  {line}" for line in lines or ["nothing"])


def _with_origin(one: Mapping[str, Any], value: str) -> str:
    return f"{one['label']}: {one[value]}" + (f" ({one['origin']})" if one["origin"] else "")


@dataclass(frozen=True)
class _ToldLead:
    """A lead's record, read for the lead itself."""

    connection: Connection
    agreement: Agreement
    record: LeadRecord
    now: datetime

    def known(self) -> dict[str, Any]:
        contact = contacts(self.connection, self.agreement, [self.record.lead_id])[self.record.lead_id].as_json()
        return {
            "contact": contact,
            "you": [{"label": CONTACT[name], "value": value} for name, value in contact.items() if value],
            "facts": list(self._facts()),
            "did": list(self._did()),
            "sources": list(self._sources()),
        }

    def _facts(self) -> Iterator[dict[str, Any]]:
        """Each fact that was agreed to be of use, with its value, and where and when it came from."""
        own = self.record.derived.rows.traits
        newest = own[own["lead_id"] == self.record.lead_id].tail(1).to_dict("records")
        values = {str(name): None if value != value else value for one in newest for name, value in one.items()}
        evidence, origins = LeadEvidence(self.agreement, {}, values, 0), self._origins()
        for name, trait in self.agreement.traits.items():
            value = trait_words(name, evidence)[1]["value"] if values.get(name) is not None else None
            if value is not None:
                yield {"name": name, "label": trait.label, "value": value, "origin": origins.get(name, "")}

    def _origins(self) -> dict[str, str]:
        """By trait, where its newest value came from and when."""
        found = {}
        for row in sorted((self.record.rows[row] for row in self.record.own), key=lambda row: row.occurred_us):
            body = orjson.loads(row.body) if row.type == "identify" else {}
            told = body.get("traits") or (body.get("context") or {}).get("traits")
            for name in flat_traits(told) if isinstance(told, dict) else ():
                found[name] = f"{_source(row.source)}, {_day(from_microseconds(row.occurred_us))}"
        return found

    def _did(self) -> Iterator[dict[str, Any]]:
        moments: dict[str, list[int]] = defaultdict(list)
        for row, behaviours in counted_events(self.record, self.agreement).behaviours.items():
            for behaviour in behaviours:
                moments[behaviour].append(self.record.rows[row].occurred_us)
        for name in (name for name in self.agreement.behaviours if name in moments):
            first, last = (from_microseconds(choose(moments[name])) for choose in (min, max))
            when = _day(last) if first.date() == last.date() else f"{_day(first)} to {_day(last)}"
            what = self.agreement.behaviours[name].label
            yield {"name": name, "what": what, "times": times(len(moments[name])), "count": len(moments[name]),
                   "first_at": first, "last_at": last, "when": when}  # fmt: skip

    def _sources(self) -> Iterator[dict[str, Any]]:
        moments: dict[str, list[int]] = defaultdict(list)
        for row in self.record.own:
            moments[_source(self.record.rows[row].source)].append(self.record.rows[row].occurred_us)
        for source, us in sorted(moments.items()):
            first, last = from_microseconds(min(us)), from_microseconds(max(us))
            notes = "1 entry" if len(us) == 1 else f"{len(us):,} entries"
            what = f"{notes}, {_day(first)}" + ("" if first.date() == last.date() else f" to {_day(last)}")
            yield {"source": source, "entries": len(us), "first_at": first, "last_at": last, "what": what}

    def followed(self) -> list[dict[str, Any]]:
        """What was decided, whom it was given to and who tried to reach it, by role alone, the oldest first."""
        told = [*self._decisions(), *self._handovers(), *self._tries()]
        dated = [(from_microseconds(us), text) for us, text in sorted(told)]
        return [{"at": at, "day": _day(at), "text": text} for at, text in dated]

    def _decisions(self) -> Iterator[tuple[int, str]]:
        before = None
        for row in self._kept(tables.decisions, "decided_us"):
            said = DECISIONS.get(row.decision, row.decision.replace("_", " "))
            why = WHY.get(row.code)
            text = f"decided: {said}" + (f", because {why}" if why else "")
            if text != before:
                yield row.decided_us, text
            before = text

    def _handovers(self) -> Iterator[tuple[int, str]]:
        for row in self._kept(tables.handovers, "offered_us"):
            if row.is_trial:  # nobody heard of it
                continue
            yield row.offered_us, "given to one of our sales people, with the reasons above, to get in touch"
            if row.closed_us is not None:
                yield row.closed_us, f"that ended: {CLOSED.get(str(row.code), 'it was closed')}"

    def _tries(self) -> Iterator[tuple[int, str]]:
        for touch in sales_history(self.record, self.agreement, self.record.lead_id).touches:
            if touch.is_of_person:
                yield touch.occurred_us, f"one of our people {TRIES.get(touch.name, 'tried to reach you')}"

    def _kept(self, table: Any, order: str) -> Sequence[Any]:
        ids = sorted({value for kind, value in self.record.names if kind in ("user", "lead")} | {self.record.lead_id})
        return self.connection.execute(select(table).where(table.c.lead_id.in_(ids)).order_by(table.c[order])).all()


def _counted(score: Mapping[str, Any], agreed: AgreementVersion) -> dict[str, Any]:
    """The score's own numbers, exact, and lines of whole points that add up to the score that is shown."""
    parts = [{name: one[name] for name in ("name", "points", "text")} for one in score["reasons"]]
    numbers = {name: score.get(name) for name in ("status", "score", "probability", "base_points", "horizon_days")}
    document = {**numbers, "parts": parts, "model": score["model"], "agreement": score["agreement"]}
    if score.get("score") is None:
        objects = "You objected to being assessed by a computer, so there is no score of you."
        nothing = "Too little is known of you for a score."
        return {**document, "sentences": [objects if score["status"] == "no_profiling" else nothing], "lines": []}
    return {**document, "sentences": list(_sentences(score)), "lines": list(_lines(score, parts))}


def _sentences(score: Mapping[str, Any]) -> Iterator[str]:
    of_hundred = score["probability"] * 100
    likely = f"about {of_hundred:.0f} of 100" if of_hundred >= 1 else "fewer than 1 of 100"
    days = score.get("horizon_days")
    within = f" within {days:.0f} days" if days else ""
    yield f"Your score is {score['score']}, on a scale from 1 to 99; an average person has 50."
    yield f"It says: of people like you, {likely} go on to do business with us{within}."
    yield "Our marketing and sales people see it, and choose by it whom to get in touch with first."
    learned = "what people did before they became customers"
    by = learned if score["model"] else "what our marketing and sales people agreed"
    yield f"A computer adds it up, by {by}. This is all that went into it, in points:"


def _lines(score: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    exact = score["base_points"] + sum(part["points"] for part in parts)
    shown = [(round(score["base_points"]), "where everybody begins")]
    shown += [(round(part["points"]), part["text"]) for part in parts if abs(part["points"]) >= SMALLEST]
    rest = round(exact) - sum(points for points, _ in shown)
    shown += [(rest, "many small things together, and rounding")] if rest else []
    beyond = score["score"] - round(exact)
    shown += [(beyond, "the scale ends at 1 and 99")] if beyond else []
    yield from ({"shown": points, "text": text} for points, text in shown)
    yield {"shown": score["score"], "text": "together: your score"}


def _source(source: str) -> str:
    return SOURCES.get(source, source.replace("_", " "))


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"
