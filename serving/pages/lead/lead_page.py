"""The page of one lead as its template shows it: each part read from what the API and the commands compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select

from features.home import tables
from features.home.clock import microseconds
from features.home.errors import LeadlightError
from features.records.contacts import Contact, contacts
from features.records.lead_record import LeadRecord
from serving.code_words import code_words, decision_words, queue_words
from serving.decisions.changes import changes_of_record
from serving.decisions.history import score_history
from serving.decisions.lists import decisions_of
from serving.decisions.served_then import ServedThen
from serving.handovers.feedback import undo_until
from serving.handovers.handover import Handover
from serving.leads.timeline import CountedEvents, Place, counted_events
from serving.notices.card_links import is_over
from serving.notices.short_texts import colleague, moment_text, plain, sentence
from serving.pages.card.card import Card, CardFacts, Viewer, dialled, local_time
from serving.pages.card.card_facts import Reader, facts_of_record
from serving.pages.lead.company import Colleague, colleagues, of_company
from serving.pages.lead.decision_rows import (
    DecisionRow,
    HandoverRow,
    decision_rows,
    handover_rows,
    handovers_of,
    scores_of,
)
from serving.pages.lead.meaning import Meaning, meaning
from serving.pages.lead.score_chart import ScoreChart, score_chart
from serving.pages.lead.timeline_rows import TimelinePage, event_words, timeline_page
from serving.pages.lead.why import Why, why
from serving.pages.plan_words import plan_words, planned_question
from serving.pages.visits import NotForYou, Visit
from serving.process import ServedHome
from serving.scoring.reasons import criterion_meaning, question_next

MOST_DECISIONS = 40
STEPS: Mapping[str, str] = {
    "time": "Time",
    "corrections": "Corrected",
    "activity": "Activity",
    "traits": "Facts",
    "model": "Model",
    "agreement": "Agreement",
}
STANDINGS: Mapping[str, str] = {
    "disqualified": "Nobody of ours contacts it to sell.",
    "not_a_lead": "It is answered elsewhere, and nobody calls it to sell.",
    "existing_customer": "The account's owner looks after it; new business leaves it alone.",
    "converted": "There is nothing left to do here, unless it comes back for something new.",
    "no_profiling": "It is handed over all the same as soon as it asks for us.",
}
NOT_YOURS = "This lead is another's. You see your own leads here and those that nobody has."
NOT_ON_YOUR_LISTS = "This lead is on no list of your role; ask whoever runs this service."


@dataclass(frozen=True)
class CriterionRow:
    """One criterion: how many of its points the lead has, what they say, and the question where it has none."""

    name: str
    points: str
    meaning: str
    question: str


@dataclass(frozen=True)
class StepInWords:
    """One step of what changed, in whole points."""

    step: str
    text: str
    points: str


@dataclass(frozen=True)
class Changed:
    """What changed since a moment; problem: why that cannot be told."""

    sentence: str = ""
    steps: Sequence[StepInWords] = ()
    problem: str | None = None


@dataclass(frozen=True)
class LeadPage:
    """All that the page of one lead shows to one visitor. Times are in his zone.

    then: what answered at past moments. since: the moment from which changes are told; None: since the last decision.
    """

    served: ServedHome
    visit: Visit
    record: LeadRecord
    then: ServedThen
    since: datetime | None = None

    @property
    def lead_id(self) -> str:
        return self.record.lead_id

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.visit.as_of, self.visit.zone)

    @cached_property
    def newest(self) -> Any:
        """Its row among the newest decisions; None where it was not decided yet."""
        columns = tables.lead_decisions.c
        wanted = select(tables.lead_decisions).where(columns.lead_id == self.lead_id)
        return self.visit.connection.execute(wanted).first()

    @cached_property
    def handovers(self) -> list[Handover]:
        return handovers_of(self.visit.connection, self.lead_id)

    @cached_property
    def handover(self) -> Handover | None:
        """The one that is open."""
        return next((one for one in self.handovers if one.is_open), None)

    @property
    def owner(self) -> str | None:
        if self.handover:
            return self.handover.owner
        return self.newest.owner if self.newest else None

    def check(self) -> None:
        """Raises NotForYou for who may not read this lead."""
        once = [had.owner for one in self.handovers for had in one.owners]
        owners = {self.owner, *once, *(one.owner for one in self.handovers)}
        queue = self.newest.queue if self.newest else "marketing"
        visitor = self.visit.visitor
        if not visitor.may_read(queue, owners):
            raise NotForYou(NOT_ON_YOUR_LISTS if visitor.sees_everybody else NOT_YOURS)

    @cached_property
    def score(self) -> dict[str, Any]:
        (score,) = self.served.scorer.scores([{"lead_id": self.lead_id}], self.visit.as_of, None)
        return score

    @cached_property
    def facts(self) -> CardFacts:
        found = facts_of_record(self.record, self.visit.agreement, self.reader, self.counted)
        openers, before = ([plain(line) for line in lines] for lines in (found.openers, found.before))
        return replace(found, contact=self._contacts[self.lead_id], openers=openers, before=before)

    @cached_property
    def counted(self) -> CountedEvents:
        return counted_events(self.record, self.visit.agreement)

    @cached_property
    def _company(self) -> tuple[Sequence[Any], int]:
        account = self.newest.account if self.newest else None
        return of_company(self.visit.connection, account, self.lead_id)

    @cached_property
    def _contacts(self) -> dict[str, Contact]:
        """Whom to call: the lead and the others of its company, read at once."""
        asked = [self.lead_id, *(row.lead_id for row in self._company[0])]
        return contacts(self.visit.connection, self.visit.agreement, asked)

    @property
    def name(self) -> str:
        return plain(self.facts.contact.name or f"Lead {self.lead_id}")

    @property
    def role(self) -> str:
        """Title and company."""
        return plain(", ".join(filter(None, (self.facts.contact.title, self.facts.contact.company))))

    @property
    def sees_contact(self) -> bool:
        return self.visit.visitor.sees_contact(self.owner)

    @cached_property
    def card(self) -> Card | None:
        """The card of the newest handover, for the one who has it: its parts and its buttons stand here, too.

        Once it is closed it tells for a day what became of it, and how to undo that.
        """
        handover = self.handovers[0] if self.handovers else None
        if handover is None or is_over(handover, self.visit.as_of) or not self.visit.visitor.is_own(handover.owner):
            return None
        until = None
        if handover.undo_to:
            until = undo_until(handover.undo_to.at, handover.undo_to.by, self.visit.agreement)
        viewer = Viewer(handover.owner, self.visit.hours)
        return Card(handover, self.facts, viewer, self.visit.as_of, until)

    @cached_property
    def meaning(self) -> Meaning:
        return meaning(self.score, self.visit.agreement)

    @property
    def phone_link(self) -> str | None:
        """What a phone dials."""
        return dialled(self.facts.contact.phone) if self.facts.may_call else None

    @property
    def local_time(self) -> str | None:
        """What time it is with the lead, and whether that is a time to call."""
        return local_time(self.facts.zone, self.visit.as_of)

    @property
    def crm_url(self) -> str | None:
        """The lead's record in the CRM, as its newest handover has it."""
        url = next((one.offer.crm_url for one in self.handovers if one.offer.crm_url), None)
        return url if url and url.startswith(("https://", "http://")) else None

    @property
    def card_address(self) -> str:
        """The card of the open handover, from where all pages begin."""
        return self.visit.card_of(self.handover) if self.handover else ""

    @property
    def cautions(self) -> list[str]:
        return [sentence(warning["message"]) for warning in self.score["warnings"]]

    @property
    def decision(self) -> str:
        return sentence(decision_words(self.score["decision"])) if self.score["decision"] else "Not decided yet"

    @property
    def standing(self) -> str | None:
        """What everybody must know before anything else: that it is no lead for new business, and why."""
        told = STANDINGS.get(self.score["decision"] or "")
        if told is None:
            return None
        said = dict.fromkeys((self.decision, sentence(code_words(self.score["decision_code"]))))
        return f"{'. '.join(said)}. {told}"

    @property
    def decided(self) -> list[tuple[str, str]]:
        """(name, words): why it was decided so, since when, whose it is, and what comes next."""
        score = self.score
        told = [("Why", code_words(score["decision_code"]) if score["decision_code"] else "")]
        told += [("Since", self._moment(score["decided_at"])), ("Whose turn", self._whose())]
        told += [("Looked at again", self._moment(score["look_again_at"]))]
        told += plan_words(score["nurture"], self.visit.agreement, self.reader)
        if would_be := score["would_be"]:
            now = f"{decision_words(would_be['decision'])}: {code_words(would_be['decision_code'])}"
            told.append(("By today's numbers", now))
        return [(name, words) for name, words in told if words]

    def _whose(self) -> str:
        queue = self.score["queue"]
        if queue is None:
            return "nobody: it is closed"
        return f"{queue_words(queue)}, {colleague(self.owner)}" if self.owner else queue_words(queue)

    def _moment(self, at: str | None) -> str:
        return moment_text(datetime.fromisoformat(at), self.visit.as_of, self.visit.zone) if at else ""

    @cached_property
    def why(self) -> Why | None:
        return why(self.score)

    @property
    def origin(self) -> list[tuple[str, str]]:
        """Where it came from first, and lately."""
        said = [("First", "source", "campaign"), ("Lately", "latest_source", "latest_campaign")]
        told = [(when, ", ".join(filter(None, (self.score[a], self.score[b])))) for when, a, b in said]
        return [(when, plain(words)) for when, words in told if words]

    @cached_property
    def criteria(self) -> list[CriterionRow]:
        levels = (self.score["criteria"] or {}).get("levels", {})
        agreed = self.visit.agreement.criteria
        return [
            CriterionRow(
                sentence(name.replace("_", " ")),
                f"{level or 0} of {agreed[name].most}",
                criterion_meaning(name, level),
                plain(agreed[name].ask or "") if level is None else "",
            )
            for name, level in levels.items()
            if name in agreed
        ]

    @property
    def ask_next(self) -> str | None:
        """The question of the plan, which it was never asked; without a plan that of the criteria."""
        if self.score["nurture"]:
            return planned_question(self.score["nurture"])
        asked = question_next(self.score, self.visit.agreement)
        return sentence(plain(asked)) if asked else None

    @cached_property
    def others(self) -> tuple[list[Colleague], int]:
        rows, more = self._company
        return list(colleagues(self.visit, rows, self._contacts)) if rows else [], more

    @cached_property
    def _log(self) -> tuple[list[Any], list[dict[str, Any]]]:
        rows = decisions_of(self.visit.connection, self.lead_id, MOST_DECISIONS)
        return rows, score_history(self.then, rows) if rows else []

    @property
    def _events(self) -> dict[str, str]:
        return {str(row.event_id): event_words(row.type, row.name) for row in self.record.rows}

    @property
    def is_objecting(self) -> bool:
        """Whether it objects to profiling: then no score of before is shown either."""
        return bool(self.score["status"] == "no_profiling")

    @cached_property
    def decisions(self) -> list[DecisionRow]:
        rows, history = self._log
        shown = [{**one, "score": None} for one in history] if self.is_objecting else history
        return list(decision_rows(rows, shown, self._events, self.reader))

    @cached_property
    def chart(self) -> ScoreChart | None:
        if self.score["score"] is None:
            return None
        now, before = (self.visit.as_of, self.score["score"]), scores_of(*self._log)
        return score_chart([*before, now], self.meaning.bar, self.visit.zone)

    @property
    def handover_rows(self) -> list[HandoverRow]:
        return list(handover_rows(self.handovers, self.reader))

    @cached_property
    def changed(self) -> Changed:
        """What moved the score since `since`, by the steps of GET /v1/leads/{id}/changes.

        Without a `since` it is told of the last decision; where no point moved since, nothing needs to be computed.
        """
        if self.since is None and (unmoved := self._unmoved()):
            return unmoved
        begin_us = None if self.since is None else microseconds(self.since)
        try:
            found = changes_of_record(self.then, self.record, microseconds(self.visit.as_of), (begin_us, None))
        except LeadlightError as error:
            return Changed(problem=f"{sentence(str(error))}.")
        if found["difference"] is None:
            return Changed(problem=f"{sentence(found['text'])}.")
        before, after = found["from"]["score"], found["to"]["score"]
        went = f"went from {before} to {after}" if before != after else f"has stayed at {after}"
        steps = [
            StepInWords(STEPS[step["step"]], plain(step["text"]), _signed(step["points"]))
            for step in found["steps"]
            if round(step["points"])
        ]
        return Changed(f"Since {self._moment(found['from']['at'])} the score {went}.", steps)

    def _unmoved(self) -> Changed | None:
        """What is said where the score is that of the last decision, by the same model; None where it is not."""
        rows, history = self._log
        is_same = bool(rows) and history[0]["score"] == self.score["score"]
        model = self.score["model"]
        if not is_same or rows[0].model_digest != (model and model["digest"]):
            return None
        since = self._moment(history[0]["at"])
        return Changed(f"Since {since} the score has stayed at {self.score['score']}.")

    def timeline(self, before: Place | None) -> TimelinePage:
        return timeline_page(self, self.visit.agreement, self.reader, before)

    @property
    def made_by(self) -> str:
        """Which model and which agreement answered, and up to when what it did is known."""
        model, agreement = self.score["model"], self.score["agreement"]
        by = f"model version {model['version']}" if model else "the agreed points, for no model has learned yet"
        through = self._moment(self.score["data_through"])
        known = f", with what was known by {through}" if through else ""
        return f"Scored by {by}, under version {agreement['version']} of the agreement “{agreement['name']}”{known}."

    @property
    def first_seen(self) -> str:
        us = min((self.record.rows[row].occurred_us for row in self.record.own), default=None)
        return "" if us is None else self.reader.moment(us)


def _signed(points: float) -> str:
    return f"{round(points):+d}".replace("-", "\N{MINUS SIGN}")
