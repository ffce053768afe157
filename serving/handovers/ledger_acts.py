"""Between handovers and the ledger: which acts its events are for a handover, and which events a change writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, select

from features.events.trust import OURSELVES
from features.home import tables
from features.home.clock import from_microseconds, rfc3339
from features.touches.history import Feedback, SalesHistory
from features.touches.touch import Touch
from serving.handovers.acts import (
    FEEDBACK_KINDS,
    REASONS,
    Act,
    AskAct,
    DueAct,
    FeedbackAct,
    NamedPerson,
    OutcomeAct,
    ReassignAct,
    TouchAct,
    WithdrawAct,
)
from serving.handovers.handover import Handover

SOURCE = OURSELVES  # of the events that a change of a handover writes
OFFERED, CLOSED = "Handover Offered", "Handover Closed"
RAN_OUT, REASSIGNED = "Handover Clock Ran Out", "Handover Reassigned"


def acts_of(handover: Handover, history: SalesHistory) -> list[Act]:
    """What the lead's history says happened to this handover that it does not follow yet, as it was recorded."""
    acts = [act for act in _acts(handover, history) if act.event_id not in handover.applied]
    return [act for act in acts if not (isinstance(act, AskAct) and _is_answering(handover, act))]


def _is_answering(handover: Handover, act: AskAct) -> bool:
    """Whether the handover has a clock for this ask already: asks have no event id of their own."""
    return not act.is_reply and handover.asked_at is not None and act.at <= handover.asked_at


def _acts(handover: Handover, history: SalesHistory) -> list[Act]:
    keyed: list[tuple[int, int, Act]] = []
    told = {feedback.event_id for feedback in history.feedback}
    for touch in history.touches:
        if touch.event_id not in told and _is_since(handover, touch.known_us, touch.occurred_us, touch.handover_id):
            keyed.append((touch.known_us, touch.event_id, _touch_act(touch)))
    for feedback in history.feedback:
        if _is_since(handover, feedback.known_us, feedback.occurred_us, feedback.handover_id):
            keyed += [(feedback.known_us, act.event_id, act) for act in _feedback_acts(feedback)]
    for reply in history.replies:
        if _is_since(handover, reply.known_us, reply.occurred_us):
            act = AskAct(from_microseconds(reply.occurred_us), reply.event_id, is_reply=True)
            keyed.append((reply.known_us, reply.event_id, act))
    for reject in history.rejects:
        known = _is_since(handover, reject.known_us, reject.occurred_us, reject.handover_id)
        if reject.event_id not in told and known and reject.reason in REASONS:
            at = from_microseconds(reject.occurred_us)
            rejected = FeedbackAct(at, reject.by, reject.event_id, "rejected", reason=reject.reason)
            keyed.append((reject.known_us, reject.event_id, rejected))
    keyed += [(us, act.event_id, act) for us, act in _of_the_lead(handover, history)]
    return [act for _, _, act in sorted(keyed, key=lambda each: each[:2])]


def _of_the_lead(handover: Handover, history: SalesHistory) -> Iterator[tuple[int, Act]]:
    """The lead's own asking, and the outcome; the history has the newest of each."""
    if history.asked_us is not None and _is_since(handover, history.asked_us, history.asked_us):
        yield history.asked_us, AskAct(from_microseconds(history.asked_us), 0)
    # A loss or the outcome that a person told is that feedback's.
    told_us = {one.occurred_us for one in history.feedback if one.kind == "lost"}
    is_own = history.lost_us not in told_us
    if history.lost_us is not None and is_own and _is_since(handover, history.lost_us, history.lost_us):
        yield history.lost_us, OutcomeAct(from_microseconds(history.lost_us), 0, is_won=False)
    won_us, event_id = history.outcome_us, history.outcome_event_id or 0
    is_told = event_id in {one.event_id for one in history.feedback}
    if won_us is not None and not is_told and _is_since(handover, won_us, won_us):
        yield won_us, OutcomeAct(from_microseconds(won_us), event_id, is_won=True)


def _is_since(handover: Handover, known_us: int, occurred_us: int, named: str | None = None) -> bool:
    """Whether something is about this handover: said of it, or done since it was offered and of no other."""
    if named is not None:
        return named == handover.handover_id
    offered_at = handover.offered_at
    return from_microseconds(occurred_us) > offered_at or (
        from_microseconds(known_us) > offered_at and from_microseconds(occurred_us) >= offered_at
    )


def _touch_act(touch: Touch) -> TouchAct:
    call_back_at = None if touch.call_back_us is None else from_microseconds(touch.call_back_us)
    at = from_microseconds(touch.occurred_us)
    result, side, actor = touch.result, touch.side, touch.actor
    return TouchAct(at, touch.by, touch.event_id, touch.name, side, actor, result, call_back_at)


def _feedback_acts(feedback: Feedback) -> Iterator[Act]:
    if feedback.kind in FEEDBACK_KINDS and (feedback.reason is None or feedback.reason in REASONS):
        yield FeedbackAct(
            from_microseconds(feedback.occurred_us),
            feedback.by,
            feedback.event_id,
            feedback.kind,  # type: ignore[arg-type]
            reason=feedback.reason,
            medium=feedback.medium,
            result=feedback.result,
            revisit_on=None if feedback.revisit_us is None else from_microseconds(feedback.revisit_us).date(),
            call_back_at=None if feedback.call_back_us is None else from_microseconds(feedback.call_back_us),
            redirected_to=named_person(feedback.redirected_to),
            learned=feedback.learned,
            feedback_id=None if feedback.is_status else feedback.message_id,
        )


def named_person(said: dict[str, Any] | None) -> NamedPerson | None:
    """The person that a feedback names as the right one; None where it names nobody."""
    if not said:
        return None
    email, name, title, lead_id = (str(said[key]) if said.get(key) else None for key in _OF_A_PERSON)
    return NamedPerson(email, name, title, lead_id)


_OF_A_PERSON = ("email", "name", "title", "lead_id")


def ledger_events(before: Handover | None, after: Handover, act: Act | None = None) -> list[dict[str, Any]]:
    """The raw events that a change of a handover writes into the ledger, so that it can be computed again from there.

    One when it is offered, one when it is closed, one for what a clock or a person moved to another owner. The trial
    writes none: nothing of it happened.
    """
    if after.is_trial:
        return []
    return list(_events(before, after, act))


def _events(before: Handover | None, after: Handover, act: Act | None) -> Iterator[dict[str, Any]]:
    said: dict[str, Any]
    if before is None:
        said = {"decision_id": after.decision_id, "kind": after.kind, "queue": after.queue, "owner": after.owner}
        yield _event(after, OFFERED, said, rfc3339(after.offered_at))
        return
    at = rfc3339(act.at) if act else None
    if isinstance(act, DueAct) and before != after:
        said = {"next_owner": act.next_owner, "is_pool_used_up": act.is_pool_used_up}
        yield _event(after, RAN_OUT, said, at)
    elif isinstance(act, ReassignAct) and before.owner != after.owner:
        yield _event(after, REASSIGNED, {"owner": after.owner, "previous_owner": before.owner, "why": act.why}, at)
    if before.is_open and not after.is_open:
        again = after.follow.look_again_at if after.follow else None
        said = {"state": after.state, "code": after.code, "owner": after.owner}
        said |= {"look_again_at": rfc3339(again) if again else None}
        said |= {"needs_behaviour": after.follow.needs_behaviour if after.follow else False}
        yield _event(after, CLOSED, said, at)


def _event(handover: Handover, name: str, said: dict[str, Any], at: str | None) -> dict[str, Any]:
    known = {key: value for key, value in said.items() if value is not None}
    # A handover changes once a version, and a change writes each name at most once: sent twice, it is the same event.
    message_id = f"{handover.handover_id}:{handover.version}:{name.rpartition(' ')[2].lower()}"
    return {
        "type": "track",
        "event": name,
        "userId": handover.lead_id,
        "messageId": message_id,
        "timestamp": at,
        "properties": {"handover_id": handover.handover_id, **known},
    }


def own_acts(connection: Connection, handover: Handover) -> list[Act]:
    """What clocks and people moved of a handover, as the ledger has it from us, in the order in which it happened."""
    columns = tables.events.c
    own = (columns.source == SOURCE) & columns.message_id.startswith(f"{handover.handover_id}:", autoescape=True)
    rows = connection.execute(select(tables.events).where(own).order_by(columns.event_id))
    acts = (_own_act(row.name, row.event_id, row.occurred_us, orjson.loads(row.body)["properties"]) for row in rows)
    return [act for act in acts if act is not None]


def all_acts(connection: Connection, begun: Handover, history: SalesHistory) -> list[Act]:
    """Everything that the ledger says happened to a handover since it was offered, as it was recorded.

    begun: as it was offered. With these `transitions.recomputed` comes to what is stored.
    """
    acts = [*acts_of(begun, history), *own_acts(connection, begun)]
    keys = [(act.event_id or _newest_before(acts, act), act.event_id == 0, place) for place, act in enumerate(acts)]
    return [acts[place] for _, _, place in sorted(keys)]


def _newest_before(acts: list[Act], act: Act) -> int:
    """Where an ask or a loss stands, which has no event of its own in the history: after what happened before it."""
    return max((other.event_id for other in acts if other.event_id and other.at <= act.at), default=0)


def _own_act(name: str, event_id: int, occurred_us: int, said: dict[str, Any]) -> Act | None:
    at = from_microseconds(occurred_us)
    if name == RAN_OUT:
        return DueAct(at, event_id, said.get("next_owner"), bool(said.get("is_pool_used_up")))
    if name == REASSIGNED:
        return ReassignAct(at, said.get("owner"), str(said.get("why") or "reassigned"), event_id)
    if name == CLOSED and said.get("state") == "withdrawn":
        return WithdrawAct(at, str(said.get("code") or "withdrawn"), event_id)
    return None
