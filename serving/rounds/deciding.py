"""Deciding: leads, their handovers, messages and events of the ledger in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from features.events.trust import OURSELVES
from features.events.validation import Source, validate
from features.home.clock import microseconds
from features.home.database import wait_for_writers
from features.ledger.ledger import append
from serving.decisions.backlog import line
from serving.decisions.bar import BarInForce, newest_bar
from serving.decisions.rows import lead_decision
from serving.decisions.store import before, store, versions
from serving.handovers.handover import Handover
from serving.handovers.ledger_acts import ledger_events
from serving.handovers.owners import room_left
from serving.handovers.recording import Step
from serving.handovers.store import open_handovers, write
from serving.notices.occasions import Change, tell
from serving.nurture.kept_plans import kept_text
from serving.rounds.causes import CauseOf, named_cause
from serving.rounds.decided_by import DecidedBy
from serving.rounds.handing_over import (
    asked_again,
    ended_by,
    followed,
    handed_over,
    open_handover,
    qualifier,
    withdrawn,
)
from serving.scoring.decision import decided
from serving.scoring.lead_now import Cause, Decided, DecidedUnder, LeadDecision, LeadNow, WaitingLine

TRIAL = "trial_ended"  # why a handover of the trial is withdrawn
OUR_EVENTS = Source(OURSELVES, clock="platform")


@dataclass(frozen=True)
class LeadChange:
    """What one lead's decision writes: its row, and each step of its handovers."""

    before: LeadDecision | None
    row: LeadDecision
    steps: tuple[Step, ...] = ()

    @property
    def lead_id(self) -> str:
        return self.row.lead_id


@dataclass
class Deciding:
    """The decisions of one transaction.

    room: how many more leads the reps take today, None where there is no limit. It is read as the line is, for the
    first lead that depends on it: most do not.
    """

    connection: Connection
    by: DecidedBy
    under: DecidedUnder
    befores: Mapping[str, LeadDecision]
    handovers: Mapping[str, Handover]
    room: int | None = None
    standing: WaitingLine | None = None
    changes: list[LeadChange] = field(default_factory=list)

    def decide(self, lead: LeadNow, cause: Cause) -> LeadChange:
        """The decision on one lead, what it makes of its handover, and the row that remembers it."""
        lead_id = str(lead.lead_id)
        handover, was = self.handovers.get(lead_id), self.befores.get(lead_id)
        cause = named_cause(cause, was, self.under)
        if handover and handover.is_trial and self.by.is_live:
            # What the trial handed over begins in the line, whatever made it due just now.
            steps, cause = withdrawn(self.by, handover, TRIAL), Cause("live", cause.ref)
        else:
            steps = followed(self.connection, self.by, handover, lead) if handover else []
        newest = steps[-1].after if steps else handover
        lead = replace(lead, before=was, handover=open_handover(newest), ended=ended_by(steps))
        found = decided(self.by.agreement, lead, self.under, self.by.as_of, cause)
        if found.in_backlog or (found.hands_over and found.hands_over != "inbound"):
            found = decided(self.by.agreement, lead, self._under_line(), self.by.as_of, cause)
        if newest and newest.is_open and found.withdraws:
            steps += withdrawn(self.by, newest, found.withdraws)
        elif newest and newest.is_open and found.asks_again:
            steps += asked_again(self.by, newest, lead)
        return self._change(lead, found, cause, steps)

    def _under_line(self) -> DecidedUnder:
        if self.standing is None:
            self.room = room_left(self.connection, self.by.agreement, self.by.as_of)
            self.standing = line(self.connection, self.by.agreement, self.by.as_of, self.room)
        has_room = self.room is None or self.room > 0
        return replace(self.under, line=replace(self.standing, has_room=has_room))

    def _change(self, lead: LeadNow, found: Decided, cause: Cause, steps: list[Step]) -> LeadChange:
        owner = qualifier(self.connection, self.by, lead, found)
        row = _row(self.by, lead, replace(found, owner=owner), self.under, cause)
        newest = steps[-1].after if steps else self.handovers.get(row.lead_id)
        if found.hands_over and not (newest and newest.is_open):
            newest = handed_over(self.connection, self.by, lead, found, row)
            steps = [*steps, Step(None, newest)]
            row = replace(row, reason=newest.offer.why_now)
            if self.room is not None and found.queue == "sales":
                self.room -= 1
        row = replace(row, has_sales_history=row.has_sales_history or bool(steps))
        change = LeadChange(lead.before, _with_handover(row, newest), tuple(steps))
        self.changes.append(change)
        return change


def _row(by: DecidedBy, lead: LeadNow, found: Decided, under: DecidedUnder, cause: Cause) -> LeadDecision:
    """The row that remembers a decision, with what is planned for its lead."""
    row = lead_decision(lead, found, under, by.as_of, cause)
    return replace(row, nurture=kept_text(by.agreement, lead, found, by.as_of, by.scoring.done_by_then))


def _with_handover(row: LeadDecision, handover: Handover | None) -> LeadDecision:
    """The row with the handover that is open, its owner, and the first date of either."""
    if handover is None or not handover.is_open:
        return replace(row, handover_id=None)
    due_us = [us for us in (row.next_due_us, _us(handover.next_due_at)) if us is not None]
    owner = handover.owner or row.owner
    return replace(row, handover_id=handover.handover_id, owner=owner, next_due_us=min(due_us, default=None))


def _us(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)


@dataclass(frozen=True)
class SeenLeads:
    """What was known of leads when they were looked at, outside of any lock.

    under: by what they were decided then; None where there was no bar yet. ready: the changes that depend on nothing
    but the lead itself, made then.
    """

    under: DecidedUnder | None
    befores: Mapping[str, LeadDecision]
    handovers: Mapping[str, Handover]
    ready: Mapping[str, LeadChange]

    def changed(self, connection: Connection, lead_ids: Sequence[str]) -> set[str]:
        """Those of these leads whose decision or open handover another has written since."""
        then = {lead_id: was.version for lead_id, was in self.befores.items()}
        now, is_open = versions(connection, lead_ids), open_handovers(connection, lead_ids)
        return {
            lead_id
            for lead_id in lead_ids
            if now.get(lead_id) != then.get(lead_id) or is_open.get(lead_id) != self.handovers.get(lead_id)
        }

    def joined(self, connection: Connection, into: Collection[str]) -> SeenLeads:
        """The same once leads became part of these, whose handovers may be the other's now."""
        handovers = {lead_id: one for lead_id, one in self.handovers.items() if lead_id not in into}
        ready = {lead_id: change for lead_id, change in self.ready.items() if lead_id not in into}
        return replace(self, handovers=handovers | open_handovers(connection, sorted(into)), ready=ready)


def seen(connection: Connection, by: DecidedBy, leads: Sequence[LeadNow], cause_of: CauseOf) -> SeenLeads:
    """What is known of leads now, and what can be decided before the lock that all writers wait for.

    connection: reads the same state of the database as the leads were read from.
    """
    ids = [str(lead.lead_id) for lead in leads]
    bar = newest_bar(connection, by.scoring.digest, by.agreement.policy_digest)
    under = _under(by, bar) if bar else None
    befores, handovers = before(connection, ids), open_handovers(connection, ids)
    alone = [lead for lead in leads if under and lead.lead_id not in handovers]
    changes = (_settled(by, under, lead, befores.get(str(lead.lead_id)), cause_of) for lead in alone if under)
    return SeenLeads(under, befores, handovers, {change.lead_id: change for change in changes if change})


def _settled(
    by: DecidedBy, under: DecidedUnder, lead: LeadNow, was: LeadDecision | None, cause_of: CauseOf
) -> LeadChange | None:
    """The decision on a lead without a handover; None where it takes a place in the line, a handover or a colleague."""
    cause = named_cause(cause_of(str(lead.lead_id)), was, under)
    lead = replace(lead, before=was)
    found = decided(by.agreement, lead, under, by.as_of, cause)
    if found.hands_over or found.in_backlog or found.queue == "inside_sales":
        return None
    return LeadChange(was, _with_handover(_row(by, lead, found, under, cause), None))


def decide_leads(
    connection: Connection, by: DecidedBy, leads: Sequence[LeadNow], cause_of: CauseOf, then: SeenLeads
) -> set[str]:
    """Decide on leads and write all that follows, in the caller's transaction; those that another decided on meanwhile.

    leads: without what was decided before, ordered by id. then: what was known of them when they were looked at.
    """
    # Before any row is locked: whoever appends events locks rows after it, and two of them could wait for each other.
    wait_for_writers(connection)
    ids, under = [str(lead.lead_id) for lead in leads], under_now(connection, by)
    lost = then.changed(connection, ids)
    ready = [then.ready[lead_id] for lead_id in ids if lead_id in then.ready and lead_id not in lost]
    if under != then.under:
        ready = []
    rest = sorted(set(ids) - lost - {change.lead_id for change in ready})
    deciding = Deciding(connection, by, under, then.befores, then.handovers)  # of these nothing has changed since
    by_id = {str(lead.lead_id): lead for lead in leads}
    for lead_id in rest:
        deciding.decide(by_id[lead_id], cause_of(lead_id))
    return lost | write_changes(connection, by, [*ready, *deciding.changes])


def under_now(connection: Connection, by: DecidedBy) -> DecidedUnder:
    """By what leads are decided now, with the bar in force."""
    return _under(by, by.bar.in_force(connection, by))


def _under(by: DecidedBy, bar: BarInForce) -> DecidedUnder:
    return DecidedUnder(by.scoring.digest, by.agreement.policy_digest, bar.bar_id, bar.bar, by.is_live)


def write_changes(connection: Connection, by: DecidedBy, changes: Sequence[LeadChange]) -> set[str]:
    """Write rows, handovers, messages and events; the leads whose row or handover another changed meanwhile.

    Of these nothing is written: they stay due.
    """
    lost = store(connection, [(change.before, change.row) for change in changes])
    kept = [change for change in changes if change.lead_id not in lost and change.steps]
    if not kept:
        return lost
    ends = [pair for change in kept for pair in _ends(change.steps)]
    # What closes first: a lead may have one that is open, and may get another's or a new one.
    beaten = write(connection, [pair for pair in ends if not pair[1].is_open])
    beaten |= write(connection, [pair for pair in ends if pair[1].is_open])
    if beaten:
        raise HandoverBeaten(sorted(beaten))
    steps = [step for change in kept for step in change.steps]
    events = [event for step in steps for event in ledger_events(step.before, step.after, step.act)]
    if events:
        append(connection, [validate(events, OUR_EVENTS, by.as_of)], lambda: by.as_of, marks_due=False)
    for step in steps:
        tell(connection, Change(step.before, step.after, step.act, by.as_of), by.agreement)
    return lost


class HandoverBeaten(RuntimeError):
    """A handover was changed by another while it was decided on: all is rolled back, and tried again."""


def _ends(steps: Sequence[Step]) -> list[tuple[Handover | None, Handover]]:
    """Of each handover, as it was before all steps and as it is after them."""
    found: dict[str, tuple[Handover | None, Handover]] = {}
    for step in steps:
        first = found[step.after.handover_id][0] if step.after.handover_id in found else step.before
        found[step.after.handover_id] = (first, step.after)
    return list(found.values())
