"""One lead to decide on: what its decision rests on, and the shapes that a decision takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from numbers import Real
from typing import Any, Literal

from features.agreement.agreement import Agreement
from features.agreement.conditions import BehaviourClause, Clause, FactClause, Facts, MinutesClause, holds
from features.home.clock import from_microseconds, microseconds
from serving.scoring.lead_now import Cause, Decided, DecidedUnder, DecisionName, HandoverKind, LeadNow, Queue
from serving.scoring.past import STALE, Past, past_of

# The rule, the status and the decision of who objected to profiling.
OBJECTED: Literal["no_profiling"] = "no_profiling"
ASK_RULE, OPPORTUNITY_RULE = "sales_ready", "with_sales"  # rules of the agreement
A_DAY = timedelta(days=1)
CODES_OF_KINDS: dict[str, str] = {
    "inbound": "asked_for_sales",
    "qualified": "qualified",
    "sent_by_marketing": "sent_by_marketing",
    "explored": "explored",
    "crossing": "probability_and_fit",
}


def objects(agreement: Agreement, facts: Facts) -> bool:
    """Whether the lead objected to profiling: then it has no numbers."""
    return OBJECTED in agreement.rules and holds(agreement.rules[OBJECTED], facts)


@dataclass(frozen=True)
class Case:
    """One lead to decide on, and all that the decision rests on."""

    agreement: Agreement
    lead: LeadNow
    under: DecidedUnder
    as_of: datetime
    cause: Cause

    @cached_property
    def past(self) -> Past:
        return past_of(self.lead, self.agreement, self.as_of_us)

    @property
    def as_of_us(self) -> int:
        return microseconds(self.as_of)

    @property
    def facts(self) -> Facts:
        return self.lead.numbers.facts

    def says(self, rule: str) -> bool:
        """Whether a rule of the agreement holds."""
        return rule in self.agreement.rules and holds(self.agreement.rules[rule], self.facts)

    @property
    def has_opportunity(self) -> bool:
        """Whether an opportunity is open and not given up: by its events, else by a rule on what the CRM says."""
        past = self.past
        if past.opportunity is not None:
            return past.given_up_us is not None and self.as_of_us < past.given_up_us
        return self.says(OPPORTUNITY_RULE) and not (past.ended and past.ended.code == STALE)

    def decided(
        self, decision: DecisionName, code: str, queue: Queue | None, look_again_at: datetime | None, **more: Any
    ) -> Decided:
        """A decision with all that the lead's numbers say; its facts are those of the `rule` that is named."""
        numbers, rule = self.lead.numbers, more.pop("rule", None)
        facts = more.pop("facts", None) or (stood_on(self.agreement, rule, self.facts) if rule else {"rule": code})
        return Decided(
            decision,
            code,
            queue,
            more.pop("owner", None),
            look_again_at,
            more.pop("goes_to", None),
            numbers.probability,
            self.under.bar,
            numbers.points,
            facts,
            **more,
        )

    def nurture(self, code: str, look_again_at: datetime | None = None, rule: str | None = None) -> Decided:
        """It stays with marketing, until a date that lies ahead."""
        if look_again_at is None or look_again_at <= self.as_of:
            look_again_at = next_look_at(self.agreement, self.facts, self.as_of)
        return self.decided("nurture", code, "marketing", look_again_at, rule=rule)

    def closed(self, decision: DecisionName, code: str, rule: str | None = None, withdraws: bool = True) -> Decided:
        """It is nobody's any more; whoever has it hears."""
        ends = code if withdraws and self.lead.handover else None
        return self.decided(decision, code, None, None, rule=rule, withdraws=ends)

    def with_owner(self, asks_again: bool = False) -> Decided:
        """It is with whom its open handover is."""
        handover, before = self.lead.handover, self.lead.before
        assert handover is not None
        look_again_at = max(from_microseconds(handover.offered_us), self.as_of) + A_DAY
        more: dict[str, Any] = {"owner": handover.owner, "asks_again": asks_again}
        if handover.state != "offered":
            return self.decided("with_sales", "handover_open", handover.queue, look_again_at, **more)
        code = CODES_OF_KINDS.get(handover.kind, "probability_and_fit")
        if before and before.decision == "sales_ready" and not before.in_backlog and not asks_again:
            code = before.code
        rule = ASK_RULE if code == "asked_for_sales" else None
        return self.decided("sales_ready", code, handover.queue, look_again_at, rule=rule, **more)

    def over(self, code: str, kind: HandoverKind, queue: Queue = "sales", rule: str | None = None) -> Decided:
        """It goes over to sales now."""
        return self.decided("sales_ready", code, queue, self.as_of + A_DAY, rule=rule, hands_over=kind)

    @property
    def qualifiers(self) -> Queue:
        """Who asks leads what is missing: inside sales, where there is any."""
        return "inside_sales" if self.agreement.people.inside_sales else "marketing"

    def kept_owner(self, queue: Queue) -> str | None:
        """The person who has the lead in this queue already."""
        before = self.lead.before
        return before.owner if before and before.queue == queue else None


def stood_on(agreement: Agreement, rule: str, facts: Facts) -> dict[str, Any]:
    """A rule, and the behaviours and traits of its first alternative that holds."""
    condition = agreement.rules.get(rule)
    clauses = next((c for c in condition.any_of if all(one.holds(facts) for one in c)), ()) if condition else ()
    behaviours = {clause.name: _counted(clause, facts) for clause in clauses if not isinstance(clause, FactClause)}
    traits = {clause.name: facts.traits.get(clause.name) for clause in clauses if isinstance(clause, FactClause)}
    return {"rule": rule, "behaviours": behaviours, "traits": traits}


def _counted(clause: Clause, facts: Facts) -> float:
    if isinstance(clause, MinutesClause):
        return facts.minutes_within(clause.name, clause.days)
    assert isinstance(clause, BehaviourClause)
    return facts.count_within(clause.name, clause.days)


def next_look_at(agreement: Agreement, facts: Facts, as_of: datetime) -> datetime:
    """The next date that the agreement or the lead named, else the next touch of the nurture rhythm."""
    return come_back_at(agreement, facts, as_of) or as_of + agreement.nurture.every


def come_back_at(agreement: Agreement, facts: Facts, as_of: datetime) -> datetime | None:
    """The next date that the agreement or the lead named, by `come_back`; None where none lies ahead."""
    return min(_dates(agreement, facts, as_of), default=None)


def _dates(agreement: Agreement, facts: Facts, as_of: datetime) -> Iterator[datetime]:
    for name, before in agreement.nurture.come_back.items():
        at = date_moment(facts.traits.get(name), before)
        if at and at > as_of:
            yield at


def date_moment(value: object, before: timedelta) -> datetime | None:
    """`before` ahead of a date trait's value: a moment, a day, or days since 1970 as trait states hold it."""
    try:
        if isinstance(value, Real):
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=float(value)) - before
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)) - before
        return datetime.combine(value, time(), UTC) - before if isinstance(value, date) else None
    except (OverflowError, ValueError):  # year 1 or a NaN: no date to come back on
        return None
