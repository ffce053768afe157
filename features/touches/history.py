"""Sales history of a lead: its touches, replies, feedback, handovers, opportunity and outcome, as the ledger says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.events.event_table import EventTable
from features.events.feedback_values import CLOSED, GIVEN, OFFERED, REASON_IF_NONE, REJECTED, feedback_kind
from features.events.touch_values import Result, moment_us, normal_word
from features.identity.identities import Identities
from features.touches.agreed_terms import Terms
from features.touches.relation import OpenOpportunity, Relation, RelationReader
from features.touches.sales_events import REPLIED, SalesEvent, sales_events, text_of, touch_of
from features.touches.touch import Touch, person_named
from features.touches.tries import Try, tries

STATUS = "Lead Status Changed"


class DerivedEvents(Protocol):
    """What is derived of some events: of whom each is, and what the leads did."""

    @property
    def table(self) -> EventTable: ...
    @property
    def identities(self) -> Identities: ...
    @property
    def observed(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Opportunity:
    """The opportunity of a lead that is neither won nor lost.

    last_us: when sales last worked on it or the lead replied.
    """

    opened_us: int
    owner: str | None
    last_us: int

    def is_stale(self, as_of_us: int, agreement: Agreement) -> bool:
        """Whether it was silent for `stale_after`: it is named, and its owner and manager hear."""
        return as_of_us >= self.last_us + Terms.of(agreement).stale_us

    def given_up_us(self, agreement: Agreement) -> int:
        """When it is given up, if nothing more is heard of it: after twice `stale_after`."""
        return self.last_us + 2 * Terms.of(agreement).stale_us


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said of a lead, or a CRM's status said for him. kind: None where it says no kind that there is.

    learned: traits. is_status: whether it is a status of a CRM and no feedback that somebody gave.
    """

    event_id: int
    message_id: str
    occurred_us: int
    known_us: int
    kind: str | None
    by: str | None
    handover_id: str | None
    reason: str | None
    medium: str | None
    result: Result | None
    note: str | None
    revisit_us: int | None
    redirected_to: dict[str, Any] | None
    learned: dict[str, Any]
    call_back_us: int | None = None
    is_status: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """That a lead answered a mail of ours."""

    event_id: int
    occurred_us: int
    known_us: int


@dataclass(frozen=True, slots=True)
class Reject:
    """That a lead was rejected, by the CRM or by feedback."""

    event_id: int
    occurred_us: int
    known_us: int
    reason: str
    by: str | None
    handover_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """That a CRM moved a lead to another status."""

    event_id: int
    occurred_us: int
    known_us: int
    status: str
    crm: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class HandoverEvent:
    """That a handover was offered or closed, as we wrote it into the ledger; look_again_us: when its lead returns."""

    event_id: int
    occurred_us: int
    known_us: int
    handover_id: str
    is_closed: bool
    state: str | None
    code: str | None
    owner: str | None
    look_again_us: int | None = None


@dataclass(frozen=True)
class SalesHistory:
    """All that sales has to do with one lead, as it is known now; each tuple in the order in which it happened.

    outcome_us: when the agreed outcome came first, None where it did not. asked_us: when the lead last asked for us, by
    the rule `sales_ready` of the agreement. lost_us: when an opportunity, or the lead itself, was last lost.
    newest_event_id: of all these events; 0 where there are none.
    """

    lead_id: str
    touches: tuple[Touch, ...] = ()
    replies: tuple[Reply, ...] = ()
    opportunity: Opportunity | None = None
    feedback: tuple[Feedback, ...] = ()
    statuses: tuple[StatusChange, ...] = ()
    outcome_us: int | None = None
    outcome_event_id: int | None = None
    rejects: tuple[Reject, ...] = ()
    handover_events: tuple[HandoverEvent, ...] = ()
    asked_us: int | None = None
    lost_us: int | None = None
    newest_event_id: int = 0
    relation: Relation = field(default_factory=Relation)

    def is_with_sales(self, as_of_us: int, agreement: Agreement) -> bool:
        """Whether a handover is worked, an opportunity is open, or a rep's own touch is fresh."""
        return self.with_sales_until_us(agreement) > as_of_us

    def with_sales_until_us(self, agreement: Agreement) -> int:
        """Until when it is with sales if nothing more happens: NOT_YET without an end, 0 where it is not."""
        return self.relation.until_us(Terms.of(agreement))

    def rep_until_us(self, agreement: Agreement) -> int:
        """Until when a rep who works it on his own keeps it; 0 where nobody does."""
        return self.relation.rep.until_us(Terms.of(agreement)) if self.relation.rep else 0

    @property
    def rep(self) -> str | None:
        """Who of sales touched it last on his own, since it was last given back."""
        return self.relation.rep.by if self.relation.rep else None

    @property
    def last_of_sales(self) -> Touch | None:
        """The last touch by a person of sales."""
        return next((touch for touch in reversed(self.touches) if touch.is_of_rep), None)

    @property
    def last_by_person(self) -> Touch | None:
        """The last touch by a person of sales or inside sales."""
        return next((touch for touch in reversed(self.touches) if touch.is_of_person), None)

    def tries_since(self, since_us: int) -> list[Try]:
        """The tries of people of sales and inside sales from a moment on."""
        return tries(self.touches, since_us)


def sales_histories(
    rows: DerivedEvents, agreement: Agreement, lead_ids: Collection[str] | None = None
) -> dict[str, SalesHistory]:
    """The sales history of each lead, by its id, one for leads without any as well.

    lead_ids: of these leads alone; None: of all. What sales and CRM say is read once, whatever the number of leads.
    """
    ids = rows.identities.lead_ids
    wanted = [place for place, lead_id in enumerate(ids) if lead_ids is None or lead_id in lead_ids]
    by_lead = sales_events(rows.table, rows.identities, wanted)
    reader = _HistoryReader(rows.table, agreement)
    asked = _asked_us(rows.observed, agreement, set(wanted))
    return {ids[lead]: reader.history(ids[lead], by_lead.get(lead, ()), asked.get(lead)) for lead in wanted}


def sales_history(rows: DerivedEvents, agreement: Agreement, lead_id: str) -> SalesHistory:
    """The sales history of one lead; an empty one where nobody knows the lead."""
    return sales_histories(rows, agreement, {lead_id}).get(lead_id) or SalesHistory(lead_id)


def asking_behaviours(agreement: Agreement) -> set[str]:
    """The behaviours by which a lead asks for us: those that the rule `sales_ready` names."""
    rule = agreement.rules.get("sales_ready")
    return {clause.name for clauses in rule.any_of for clause in clauses} if rule else set()


def _asked_us(observed: Any, agreement: Agreement, leads: set[int]) -> dict[int, int]:
    """When each lead last asked for us, by what the rule `sales_ready` names."""
    names = asking_behaviours(agreement)
    asking = [place for place, name in enumerate(agreement.behaviours) if name in names]
    asks = np.flatnonzero(np.isin(observed.behaviour, asking)) if asking else np.empty(0, dtype=np.int64)
    standing: dict[tuple[int, int, int], int] = {}
    columns = (observed.lead, observed.behaviour, observed.event, observed.weight, observed.occurred_us)
    for lead, behaviour, event, weight, us in zip(*(column[asks].tolist() for column in columns), strict=True):
        if weight > 0:
            standing[lead, behaviour, event] = us
        elif weight < 0:
            standing.pop((lead, behaviour, event), None)
    newest: dict[int, int] = {}
    for (lead, _, _), us in standing.items():
        if lead in leads:
            newest[lead] = max(us, newest.get(lead, us))
    return newest


class _HistoryReader:
    """Reads the sales histories of leads from one table of events."""

    def __init__(self, table: EventTable, agreement: Agreement) -> None:
        self._table, self._agreement = table, agreement
        self._outcome = agreement.outcome.event
        self._reader = RelationReader(table, Terms.of(agreement), self._outcome, agreement)

    def history(self, lead_id: str, events: Sequence[SalesEvent], asked_us: int | None) -> SalesHistory:
        """The history that the events of one lead are, in the order in which they happened."""
        now = [one for one in events if one.known[1] == NOT_YET]
        if not now:
            return SalesHistory(lead_id, asked_us=asked_us)
        relation = self._reader.relation(now)
        touches = (touch_of(one, self._table, self._agreement) for one in now)
        outcome = next((one for one in now if one.name == self._outcome), None)
        lost = [one.occurred_us for one in now if one.name == "Opportunity Lost"]
        return SalesHistory(
            lead_id,
            touches=tuple(touch for touch in touches if touch),
            replies=tuple(Reply(*self._known(one)) for one in now if one.name == REPLIED),
            opportunity=_opportunity(relation.opportunity),
            feedback=tuple(self._feedback(one) for one in now if one.name == GIVEN),
            statuses=tuple(self._status(one) for one in now if one.name == STATUS),
            outcome_us=outcome.occurred_us if outcome else None,
            outcome_event_id=self._table.event_id[outcome.row] if outcome else None,
            rejects=tuple(self._reject(one) for one in now if one.name == REJECTED),
            handover_events=tuple(self._handover(one) for one in now if one.name in (OFFERED, CLOSED)),
            asked_us=asked_us,
            lost_us=lost[-1] if lost else None,
            newest_event_id=max(self._table.event_id[one.row] for one in now),
            relation=relation,
        )

    def _known(self, one: SalesEvent) -> tuple[int, int, int]:
        return self._table.event_id[one.row], one.occurred_us, one.known[0]

    def _feedback(self, one: SalesEvent) -> Feedback:
        said = one.properties
        learned, person = said.get("learned"), said.get("redirected_to")
        touch = touch_of(one, self._table, self._agreement)
        return Feedback(
            event_id=self._table.event_id[one.row],
            message_id=one.message_id,
            occurred_us=one.occurred_us,
            known_us=one.known[0],
            kind=feedback_kind(said),
            by=person_named(said),
            handover_id=text_of(said, "handover_id"),
            reason=normal_word(said.get("reason")) or None,
            medium=touch.medium if touch else text_of(said, "medium"),
            result=touch.result if touch else None,
            note=text_of(said, "note"),
            revisit_us=moment_us(said.get("revisit_on")),
            redirected_to=person if isinstance(person, dict) else None,
            learned=learned if isinstance(learned, dict) else {},
            call_back_us=moment_us(said.get("call_back_at")),
            is_status=self._table.feedback.get(one.message_id) != one.row,
        )

    def _reject(self, one: SalesEvent) -> Reject:
        said = one.properties
        reason = normal_word(said.get("reason")) or REASON_IF_NONE
        return Reject(*self._known(one), reason, person_named(said), text_of(said, "handover_id"))

    def _status(self, one: SalesEvent) -> StatusChange:
        said = one.properties
        status, owner = text_of(said, "status") or "", text_of(said, "owner")
        return StatusChange(*self._known(one), status, text_of(said, "crm"), owner)

    def _handover(self, one: SalesEvent) -> HandoverEvent:
        said = one.properties
        named, is_closed = text_of(said, "handover_id") or "", one.name == CLOSED
        state, code, owner = (text_of(said, key) for key in ("state", "code", "owner"))
        again_us = moment_us(said.get("look_again_at"))
        return HandoverEvent(*self._known(one), named, is_closed, state, code, owner, again_us)


def _opportunity(opened: OpenOpportunity | None) -> Opportunity | None:
    return Opportunity(opened.opened_us, opened.owner, opened.last_us) if opened else None
