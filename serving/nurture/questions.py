"""The one question to ask a lead next: of what is not known yet, and never one that it was asked before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.conditions import FactClause
from features.agreement.criteria import CriteriaPoints
from features.touches.lead_reading import LeadReading, question_key

_TOLD_BY = {"seniority": "job_title", "department": "job_title"}  # derived facts, and the trait that a person can tell


@dataclass(frozen=True)
class Question:
    """criterion: what its answer gives points for. trait: where the answer belongs; None where no trait takes it."""

    criterion: str
    question: str
    trait: str | None

    def as_json(self) -> dict[str, Any]:
        return {"criterion": self.criterion, "question": self.question, "trait": self.trait}


def next_question(agreement: Agreement, points: CriteriaPoints, read: LeadReading) -> Question | None:
    """The first question of the agreement whose criterion has no points and that the lead was never asked."""
    return next(iter(open_questions(agreement, points, read)), None)


def open_questions(agreement: Agreement, points: CriteriaPoints, read: LeadReading) -> list[Question]:
    """All questions that a lead may still be asked, in the order of the agreement."""
    known = read.asked | read.answered
    found = []
    for name, level in points.levels.items():
        asks = agreement.criteria[name].ask
        if level is None and asks:
            question = Question(name, asks, answer_trait(agreement, name))
            names = {question_key(name), question_key(asks), question_key(question.trait or name)}
            if not names & known:
                found.append(question)
    return found


def unanswerable(agreement: Agreement) -> Iterator[str]:
    """A sentence for each question whose answer can give no points: its criterion asks for no trait."""
    for name, criterion in agreement.criteria.items():
        if criterion.ask and answer_trait(agreement, name) is None:
            said = f'criteria.{name}.ask "{criterion.ask}": no answer gives points, since its lines ask for no trait'
            yield f'{said}; add a line such as {name}.1 = {{ {name} = "known" }}, with {name} in [traits]'


def answer_trait(agreement: Agreement, criterion: str) -> str | None:
    """The trait that an answer to a criterion's question fills: the one that most of its lines ask for."""
    lines = (line for _, line in agreement.criteria[criterion].lines)
    named = [clause.name for line in lines for some in line.any_of for clause in some if isinstance(clause, FactClause)]
    traits = Counter(trait for name in named if (trait := _told_by(agreement, name)))
    return max(traits, key=lambda trait: traits[trait], default=None)


def _told_by(agreement: Agreement, name: str) -> str | None:
    told = name if name in agreement.traits else _TOLD_BY.get(name)
    return told if told in agreement.traits else None
