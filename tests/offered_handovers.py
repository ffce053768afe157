"""Handovers by hand for tests: three reps in UTC office hours, and a Monday morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from features.agreement.agreement import Agreement
from serving.handovers.acts import Act, FeedbackAct, TouchAct
from serving.handovers.clocks import working_times
from serving.handovers.handover import Handover, Kind, Offer
from serving.handovers.offer import Crossing, offered
from serving.handovers.transitions import after

ANN, BEN, EVA = "ann@ourcompany.example", "ben@ourcompany.example", "eva@ourcompany.example"
MONDAY = datetime(2026, 11, 2, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def agreement_with(reps: str = f'{{ "{ANN}" = 5, "{BEN}" = 5, "{EVA}" = 5 }}', **lines: str) -> Agreement:
    """The default agreement with these reps; a further line replaces the one of its name: owner='"round_robin"'."""
    text = Agreement.default().text
    for name, value in {"reps": reps, **lines}.items():
        begun = next(line for line in text.splitlines() if line.split("=")[0].strip() == name)
        text = text.replace(begun, f"{name} = {value}")
    return Agreement.parse(text)


AGREEMENT = agreement_with()


def handover_of(
    kind: Kind = "crossing",
    owner: str | None = ANN,
    at: datetime = MONDAY,
    queue: str = "sales",
    lead_id: str = "u1",
    is_trial: bool = False,
) -> Handover:
    """A handover that was just offered."""
    crossing = Crossing(lead_id, "de_1", kind, queue, Offer(score=76, grade="A"), is_trial)
    return offered(AGREEMENT, crossing, owner, at, working_times(AGREEMENT.people, "UTC"))


def then(handover: Handover, *acts: Act) -> Handover:
    """The handover after these acts."""
    for act in acts:
        handover = after(handover, act, AGREEMENT, working_times(AGREEMENT.people, "UTC"))
    return handover


def call(at: datetime, result: str | None = None, event_id: int = 0, by: str = ANN, **said: object) -> TouchAct:
    """A call by a person of sales."""
    return TouchAct(at, by, event_id, "Call Attempted", result=result, **said)  # type: ignore[arg-type]


def feedback(kind: str, at: datetime = MONDAY + HOUR, event_id: int = 50, by: str = ANN, **said: object) -> FeedbackAct:
    """Feedback of a rep."""
    return FeedbackAct(at, by, event_id, kind, feedback_id=f"fb_{event_id}", **said)  # type: ignore[arg-type]
