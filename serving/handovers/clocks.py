"""Clocks of a handover: when each promise is due in the owner's office hours, and when something is to be done next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from features.agreement.agreement import Agreement
from features.agreement.handover import HandoverTerms
from features.agreement.lengths import Span
from features.agreement.people import People
from features.agreement.working_time import WorkingTime
from serving.handovers.handover import ClockName, Handover, HandoverClock
from serving.handovers.tries import ONE_TRY, tries

WorkingTimeOf = Callable[[str | None], WorkingTime]


@dataclass(frozen=True)
class ClockTerms:
    """What was agreed of handovers, and in whose hours clocks run: by owner, None for nobody's."""

    agreement: Agreement
    working_time_of: WorkingTimeOf

    @classmethod
    def of(cls, agreement: Agreement) -> ClockTerms:
        """The terms of an agreement, with the working time of each of its people."""
        return cls(agreement, working_times(agreement.people, agreement.time_zone))

    @property
    def handover(self) -> HandoverTerms:
        return self.agreement.handover

    def after(self, owner: str | None, at: datetime, span: Span) -> datetime:
        """When a span that begins at a moment is over for this owner."""
        return self.working_time_of(owner).after(at, span)

    def acceptance(self, owner: str | None, at: datetime) -> datetime:
        """When a handover that is offered at a moment is to be accepted: on a day on which its owner works."""
        office, due_at = self.working_time_of(owner), self.after(owner, at, self.handover.accept_within)
        return due_at if office.is_open(due_at) else office.closes_after(due_at)

    def first_contact(self, handover: Handover) -> Span:
        """How soon somebody is to try."""
        return self.handover.first_contact.inbound if handover.is_inbound else self.handover.first_contact.other

    def reassign_after(self, handover: Handover) -> Span:
        """How long the first contact may be overdue before the next one has the lead."""
        return self.handover.reassign_after.inbound if handover.is_inbound else self.handover.reassign_after.other


def working_times(people: People, time_zone: str) -> WorkingTimeOf:
    """The working time of each person of the agreement; None: the office's."""
    return lambda owner: WorkingTime.of(people, owner, time_zone)


def with_clock(handover: Handover, name: ClockName, due_at: datetime) -> Handover:
    """The handover with this clock begun anew; the trial has no clocks."""
    if handover.is_trial:
        return handover
    return replace(handover, clocks={**handover.clocks, name: HandoverClock(due_at)})


def stopped(handover: Handover, names: tuple[ClockName, ...], at: datetime) -> Handover:
    """The handover with these clocks stopped at a moment; one that was stopped before stays as it was."""
    clocks = dict(handover.clocks)
    for name in names:
        if name in clocks and clocks[name].is_running:
            clocks[name] = replace(clocks[name], stopped_at=at)
    return replace(handover, clocks=clocks)


def noticed(handover: Handover, at: datetime) -> Handover:
    """The handover with each clock that ran out marked as noticed, once."""
    clocks = {
        name: replace(clock, noticed_at=at) if clock.is_overdue(at) and clock.noticed_at is None else clock
        for name, clock in handover.clocks.items()
    }
    return handover if clocks == dict(handover.clocks) else replace(handover, clocks=clocks)


def with_work_clocks(handover: Handover, terms: ClockTerms) -> Handover:
    """The handover with the clocks that its newest sign of work begins: of its next try, or of its outcome."""
    worked_at = handover.worked_at
    if not handover.is_open or worked_at is None:
        return handover
    if handover.state == "contacted":
        handover = stopped(handover, ("next_try",), worked_at)
        since = max(worked_at, handover.held_until or worked_at)
        return with_clock(handover, "outcome", terms.after(handover.owner, since, terms.handover.decide_within))
    planned_at = next_try_at(handover, terms)
    if planned_at is None:
        return stopped(handover, ("next_try",), worked_at)
    if planned_at == handover.held_until:
        return with_clock(handover, "next_try", planned_at)
    closes = terms.working_time_of(handover.owner).closes_after(planned_at)  # the whole day is there for it
    return with_clock(handover, "next_try", max(planned_at, min(closes, handover.tries_until)))


def next_try_at(handover: Handover, terms: ClockTerms) -> datetime | None:
    """When the next try is planned: at the call back that was agreed, else spread over the time of all tries.

    Six tries in 21 days are 3.5 days apart. None where all are made, or none was made yet.
    """
    made = tries(handover.touches)
    if not made or len(made) >= handover.tries_of:
        return None
    if handover.held_until and handover.held_until > made[-1].last_at:
        return handover.held_until
    apart = (handover.tries_until - handover.offered_at) / handover.tries_of
    opens = terms.working_time_of(handover.owner).opens_after(made[-1].begun_at + apart)
    return min(opens, handover.tries_until)


def tries_end_at(handover: Handover, terms: ClockTerms) -> datetime:
    """When a lead that nobody reached is given up: all tries made, the last one over, or their time has passed.

    A booked meeting or a call back holds it until the working day after.
    """
    made = tries(handover.touches)
    is_last_made = len(made) >= handover.tries_of
    ends_at = min(made[-1].begun_at + ONE_TRY, handover.tries_until) if is_last_made else handover.tries_until
    if handover.held_until is None:
        return ends_at
    return max(ends_at, terms.working_time_of(handover.owner).working_day(handover.held_until, 1))


def outcome_given_up_at(handover: Handover, terms: ClockTerms) -> datetime | None:
    """When a lead of which nobody says what became of it goes back, once its owner was asked; None before."""
    asked_at = handover.outcome_asked_at
    return asked_at and terms.after(handover.owner, asked_at, terms.handover.reassign_after.other)


def reassign_at(handover: Handover, terms: ClockTerms) -> datetime | None:
    """When an untried handover goes to the next owner: this one let it run out, and it is overdue long enough."""
    clock = handover.clocks.get("first_contact")
    if clock is None or handover.is_tried or not clock.is_running:
        return None
    since = handover.owners[-1].since if handover.owners else handover.offered_at
    his_due_at = terms.after(handover.owner, since, terms.first_contact(handover))
    base = max(clock.due_at, his_due_at if handover.owner else since)
    ends_at = terms.after(handover.owner, base, terms.reassign_after(handover))
    if handover.looked_for_at is None:
        return ends_at
    return max(ends_at, terms.after(handover.owner, handover.looked_for_at, terms.reassign_after(handover)))


def give_back_at(handover: Handover, terms: ClockTerms) -> datetime | None:
    """When a lead that nobody tried goes back to marketing; None where it asked for us, or was tried."""
    if handover.is_inbound or handover.is_tried or handover.state not in ("offered", "accepted"):
        return None
    return terms.after(None, handover.offered_at, terms.handover.give_back_after)


def escalate_at(handover: Handover, terms: ClockTerms) -> datetime | None:
    """When the managers hear (again) of a lead that waits for an answer, each working day; None where none does."""
    clock = handover.clocks.get("first_contact")
    if clock is None or not clock.is_running or not handover.is_inbound:
        return None
    if handover.escalated_at is None:
        return clock.due_at
    return terms.working_time_of(None).working_day(handover.escalated_at, 1)


def next_due_at(handover: Handover, terms: ClockTerms) -> datetime | None:
    """When something is to be done about a handover unless something happens; None in the trial and once closed."""
    if not handover.is_open or handover.is_trial:
        return None
    return min(_due_moments(handover, terms), default=None)


def _due_moments(handover: Handover, terms: ClockTerms) -> Iterator[datetime]:
    clocks = handover.clocks.values()
    yield from (clock.due_at for clock in clocks if clock.is_running and clock.noticed_at is None)
    moments = [reassign_at(handover, terms), give_back_at(handover, terms), escalate_at(handover, terms)]
    if handover.state in ("accepted", "working") and handover.is_tried:
        moments.append(tries_end_at(handover, terms))
    if handover.state == "contacted":
        moments.append(outcome_given_up_at(handover, terms))
    yield from (at for at in moments if at is not None)
