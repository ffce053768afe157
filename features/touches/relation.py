"""The relation of sales to a lead: while a handover is worked, an opportunity is open, or a rep's own touch is fresh.

An attempt is no relation: letters and mails of marketing, calls of inside sales while it qualifies, and what a sequence
sends leave a lead as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.events.event_table import EventTable
from features.events.feedback_values import CLOSED, GIVEN, LOST, OFFERED, REJECTED, feedback_kind
from features.identity.intervals import Period, union
from features.touches.agreed_terms import Terms
from features.touches.sales_events import REPLIED, SalesEvent, text_of, touch_of
from features.touches.touch import Touch
from features.touches.tries import HOUR_US

OPENED, WON = "Opportunity Created", "Opportunity Won"
_WORKED_BY = frozenset({"accepted", "tried", "contacted", "qualified"})
_GIVEN_BACK_BY = frozenset({"rejected", "lost", "not_now", "redirected"})


@dataclass(frozen=True, slots=True)
class RepWork:
    """That a person of sales works a lead on his own: touches with no gap longer than he keeps it.

    last_try_us: when his newest try began; what he does within an hour of it is the same one.
    """

    by: str | None
    first_us: int
    last_us: int
    last_try_us: int
    tries: int = 1
    is_contacted: bool = False

    def until_us(self, terms: Terms) -> int:
        """Until when it is fresh: so long after the last touch, and at most the tries and the time of a handover."""
        if self.is_contacted:
            return self.last_us + terms.keeps_us
        if self.tries >= terms.tries:
            return self.last_us
        return min(self.last_us + terms.keeps_us, self.first_us + terms.within_us)

    def with_touch(self, touch: Touch) -> RepWork:
        """The work after one more touch."""
        is_new = touch.occurred_us - self.last_try_us >= HOUR_US
        last_try_us = touch.occurred_us if is_new else self.last_try_us
        contacted = self.is_contacted or touch.is_contact
        return RepWork(touch.by, self.first_us, touch.occurred_us, last_try_us, self.tries + is_new, contacted)


@dataclass(frozen=True, slots=True)
class OpenOpportunity:
    """An opportunity that was neither won nor lost: since when, whose, and when anybody last worked on it."""

    opened_us: int
    owner: str | None
    last_us: int


@dataclass(frozen=True, slots=True)
class Relation:
    """What sales has to do with a lead, as the events up to one say it.

    handovers: those that are open, and whether each is worked. is_begun: whether sales ever had to do with it.
    is_converted: whether the agreed outcome came.
    """

    handovers: dict[str, bool] = field(default_factory=dict)
    opportunity: OpenOpportunity | None = None
    rep: RepWork | None = None
    is_begun: bool = False
    is_converted: bool = False

    @property
    def is_handover_worked(self) -> bool:
        """Whether sales has begun on a handover that is open; one that is only offered is nobody's yet."""
        return any(self.handovers.values())

    def opportunity_until_us(self, terms: Terms) -> int:
        """Until when its opportunity stands: silent for twice `stale_after`, it is given up; 0 for none."""
        return self.opportunity.last_us + 2 * terms.stale_us if self.opportunity else 0

    def until_us(self, terms: Terms) -> int:
        """Until when the lead is with sales if nothing more happens: NOT_YET without an end, 0 where it is not."""
        if self.is_handover_worked:
            return NOT_YET
        own = self.rep.until_us(terms) if self.rep else 0
        return max(own, self.opportunity_until_us(terms))


class RelationAt(NamedTuple):
    """What was known of the relation from a moment on, until the next one."""

    known_us: int
    relation: Relation


@dataclass(frozen=True)
class RelationReader:
    """Reads the relation of sales to leads from their events.

    `outcome` is the event that means converted.
    """

    table: EventTable
    terms: Terms
    outcome: str
    agreement: Agreement | None = None

    def relation(self, events: Sequence[SalesEvent]) -> Relation:
        """The relation after some events, in the order in which they happened."""
        relation = Relation()
        for one in events:
            relation = self.after(relation, one)
        return relation

    def known_relations(self, events: Sequence[SalesEvent]) -> list[RelationAt]:
        """The relation as it was known from each moment on at which something became known or ceased to be.

        ann's call of Monday that became known on Wednesday gives one entry, of Wednesday.
        """
        if all(one.known[1] == NOT_YET for one in events) and _is_in_order(events):
            return list(self._in_order(events))
        moments = sorted({us for one in events for us in one.known} - {NOT_YET})
        known = ([one for one in events if one.known[0] <= us < one.known[1]] for us in moments)
        return [RelationAt(us, self.relation(some)) for us, some in zip(moments, known, strict=True)]

    def _in_order(self, events: Sequence[SalesEvent]) -> Iterator[RelationAt]:
        """The same where events became known in the order in which they happened: one step for each."""
        relation = Relation()
        for place, one in enumerate(events):
            relation = self.after(relation, one)
            if place + 1 == len(events) or events[place + 1].known[0] > one.known[0]:
                yield RelationAt(one.known[0], relation)

    def with_sales(self, events: Sequence[SalesEvent]) -> list[Period]:
        """The periods in which the lead was known to be with sales."""
        return with_sales_periods(self.known_relations(events), self.terms)

    def after(self, relation: Relation, one: SalesEvent) -> Relation:
        """The relation after one more event."""
        name = one.name
        if name in (OFFERED, CLOSED):
            return _after_handover(relation, one)
        if name == OPENED:
            opened = OpenOpportunity(one.occurred_us, _owner(one), one.occurred_us)
            relation = replace(relation, opportunity=relation.opportunity or opened, is_begun=True)
        elif name == WON:
            relation = replace(relation, opportunity=None)
        elif name in (REJECTED, LOST):
            relation = Relation(is_begun=True, is_converted=relation.is_converted)
        elif name == REPLIED:
            relation = _reached(_active(relation, one.occurred_us))
        elif name == GIVEN:
            relation = _after_feedback(relation, one)
        if name == self.outcome:
            return replace(relation, handovers={}, is_begun=True, is_converted=True)
        touch = touch_of(one, self.table, self.agreement)
        return self._after_touch(relation, touch) if touch and touch.is_of_rep else relation

    def _after_touch(self, relation: Relation, touch: Touch) -> Relation:
        named = touch.handover_id if touch.handover_id in relation.handovers else None
        handovers = {one: is_worked or named in (None, one) for one, is_worked in relation.handovers.items()}
        rep = relation.rep
        goes_on = rep is not None and touch.occurred_us - rep.last_us <= self.terms.keeps_us
        begun = RepWork(touch.by, touch.occurred_us, touch.occurred_us, touch.occurred_us, 1, touch.is_contact)
        rep = rep.with_touch(touch) if rep is not None and goes_on else begun
        return replace(_active(relation, touch.occurred_us), handovers=handovers, rep=rep, is_begun=True)


def known_periods(known: Sequence[RelationAt]) -> Iterator[tuple[RelationAt, int]]:
    """What was known of the relation, each with the moment until when nothing newer was known."""
    yield from zip(known, [*(at.known_us for at in known), NOT_YET][1:], strict=True)


def with_sales_periods(known: Sequence[RelationAt], terms: Terms) -> list[Period]:
    """The periods in which a lead was known to be with sales, from what was known of the relation when."""
    return union((at.known_us, min(end, at.relation.until_us(terms))) for at, end in known_periods(known))


def _is_in_order(events: Sequence[SalesEvent]) -> bool:
    return all(one.known[0] <= other.known[0] for one, other in pairwise(events))


def _after_handover(relation: Relation, one: SalesEvent) -> Relation:
    named = text_of(one.properties, "handover_id") or ""
    if one.name == OFFERED:
        return replace(relation, handovers={**relation.handovers, named: relation.handovers.get(named, False)})
    left = {other: is_worked for other, is_worked in relation.handovers.items() if other != named}
    # What its owner did for it is over with it: a touch from now on is of a rep who works the lead on his own.
    return replace(relation, handovers=left, rep=None)


def _after_feedback(relation: Relation, one: SalesEvent) -> Relation:
    kind, named = feedback_kind(one.properties), text_of(one.properties, "handover_id")
    if kind in _GIVEN_BACK_BY:
        left = {other: is_worked for other, is_worked in relation.handovers.items() if named not in (None, other)}
        return replace(relation, handovers=left, rep=None)
    if kind in _WORKED_BY:
        worked = {one: is_worked or named == one for one, is_worked in relation.handovers.items()}
        relation = replace(relation, handovers=worked, is_begun=relation.is_begun or any(worked.values()))
    return _reached(relation) if kind == "contacted" else relation


def _reached(relation: Relation) -> Relation:
    return replace(relation, rep=replace(relation.rep, is_contacted=True)) if relation.rep else relation


def _active(relation: Relation, us: int) -> Relation:
    opened = relation.opportunity
    return replace(relation, opportunity=replace(opened, last_us=max(us, opened.last_us))) if opened else relation


def _owner(one: SalesEvent) -> str | None:
    return text_of(one.properties, "owner") or text_of(one.properties, "by")
