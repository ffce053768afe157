"""Occasions: what is said to whom when a handover changes, and from when on it may be sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.agreement.people import person_key
from features.agreement.working_time import WorkingTime
from serving.handovers.acts import Act, AskAct, FeedbackAct, UndoAct
from serving.handovers.handover import Handover
from serving.notices import outbox
from serving.notices.notice import Kind, Notice


@dataclass(frozen=True)
class Change:
    """One change of one handover: as it was (None: there was none), as it is, and the act that changed it."""

    before: Handover | None
    after: Handover
    act: Act | None
    at: datetime

    @property
    def owner_before(self) -> str | None:
        return self.before.owner if self.before else None

    @property
    def is_undo(self) -> bool:
        return isinstance(self.act, UndoAct)

    @property
    def is_own_word(self) -> bool:
        """Whether the owner said it himself, and need not be told."""
        by = self.act.by if isinstance(self.act, FeedbackAct) else None
        return bool(by and self.after.owner and person_key(by) == person_key(self.after.owner))


def tell(connection: Connection, change: Change, agreement: Agreement) -> int:
    """Write all that is to be said of a change into the outbox, in the caller's transaction; how many messages.

    Of the trial nothing is said.
    """
    if change.after.is_trial:
        return 0
    notices = [*notices_for(change, agreement)]
    if change.is_undo and change.before and change.before.undo_to:
        notices += _corrections(connection, change, change.before.undo_to.at)
    return outbox.enqueue(connection, notices)


def notices_for(change: Change, agreement: Agreement) -> list[Notice]:
    """The messages that a change calls for; of the trial, and of a change that concerns nobody else, none."""
    if change.after.is_trial or change.is_undo:
        return []
    found = [*_given(change, agreement), *_ran_out(change, agreement), *_heard(change), *_ended(change, agreement)]
    return [_in_office_hours(notice, change.after, agreement) for notice in found]


def _given(change: Change, agreement: Agreement) -> Iterator[Notice]:
    """It is somebody's now: he hears, whoever had it hears, and the channels hear of new ones."""
    after, people = change.after, agreement.people
    if not after.is_open:
        return
    if change.before is None:
        for channel in people.notify:
            yield _notice(change, "handover", channel, "offered")
        # Nobody has it, and somebody waits: who is above gives it to someone.
        if after.owner is None and after.is_inbound:
            yield from (_notice(change, "handover", person, "offered") for person in people.escalate_to)
    if after.owner and after.owner != change.owner_before:
        yield _notice(change, "handover", after.owner, f"owner {len(after.owners)}", was=change.owner_before)
    if change.owner_before and after.owner != change.owner_before:
        why = after.owners[-1].why if after.owners else None
        yield _notice(change, "moved_away", change.owner_before, f"left {len(after.owners)}", now=after.owner, why=why)


def _ran_out(change: Change, agreement: Agreement) -> Iterator[Notice]:
    before, after = change.before, change.after
    if before is None:
        return
    for name, clock in after.clocks.items():
        noticed_before = before.clocks[name].noticed_at if name in before.clocks else None
        is_news = clock.noticed_at is not None and clock.noticed_at != noticed_before
        # Who has it since now knows no more than that it is his, and late: that stands in the same message.
        is_told = name != "outcome" and (name != "next_try" or clock.due_at == after.held_until)
        if is_news and is_told and after.is_open and after.owner and after.owner == before.owner:
            yield _notice(change, "overdue", after.owner, f"{name} {clock.due_at:%y%m%d%H%M%S}", clock=name)
    if after.escalated_at and after.escalated_at != before.escalated_at and after.is_inbound:
        for person in agreement.people.escalate_to:
            yield _notice(change, "escalated", person, f"escalated {after.escalated_at:%y%m%d%H%M%S}")
    if after.outcome_asked_at and after.outcome_asked_at != before.outcome_asked_at and after.owner:
        once = f"outcome {after.outcome_asked_at:%y%m%d%H%M%S}"
        yield _notice(change, "outcome_asked", after.owner, once)


def _heard(change: Change) -> Iterator[Notice]:
    """The lead asked once more or wrote back, and its owner hears of it at once."""
    act, after = change.act, change.after
    if isinstance(act, AskAct) and change.before and after.owner and after.is_open:
        yield _notice(change, "replied" if act.is_reply else "asked_again", after.owner, f"act {act.event_id}")


def _ended(change: Change, agreement: Agreement) -> Iterator[Notice]:
    after, before = change.after, change.before
    if before is None or not before.is_open or after.is_open or change.is_own_word:
        return
    if after.owner:
        yield _notice(change, "withdrawn", after.owner, f"closed {len(after.applied)}")
    # Who asked for us and was called by nobody is no line of tomorrow's list.
    if after.code == "never_tried" and after.is_inbound:
        yield from (_notice(change, "withdrawn", person, "closed") for person in agreement.people.escalate_to)


def _corrections(connection: Connection, change: Change, since: datetime) -> Iterator[Notice]:
    """What was told since the feedback that is taken back: unsent, it is not sent; sent, a correction follows."""
    after = change.after
    for recipient, kind in outbox.drop_unsent(connection, after.handover_id, since, "it was taken back"):
        yield _notice(change, "correction", recipient, f"undo {len(after.applied)} {kind}", told=kind)


def _notice(change: Change, kind: Kind, recipient: str, what: str, **facts: Any) -> Notice:
    after = change.after
    once = f"{after.handover_id}:{kind}:{what}:{recipient}"
    return Notice(kind, recipient, once, change.at, change.at, after.handover_id, after.lead_id, facts)


def _in_office_hours(notice: Notice, handover: Handover, agreement: Agreement) -> Notice:
    """The message, due when its recipient's office opens; of who asked for us, at once at any hour.

    What ran out in the night is as late in the morning.
    """
    if handover.is_inbound and notice.kind != "overdue":
        return notice
    return replace(notice, due_at=due_at(notice.recipient, agreement, notice.created_at))


def due_at(recipient: str, agreement: Agreement, at: datetime) -> datetime:
    """When somebody is at work to read it: now, or when his office opens next; channels have the office's own hours."""
    hours = WorkingTime.of(agreement.people, recipient, agreement.time_zone)
    return at if hours.is_open(at) else hours.opens_after(at)


def everybody(agreement: Agreement) -> Sequence[str]:
    """Everybody whom the agreement names, people and channels, each once."""
    people = agreement.people
    return tuple(dict.fromkeys((*people.reps, *people.inside_sales, *people.escalate_to, *people.notify)))
