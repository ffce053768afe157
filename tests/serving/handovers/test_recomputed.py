"""A handover computed again from the ledger is the one that is stored, whatever happened to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from handmade_events import identify
from offered_handovers import AGREEMENT, ANN, BEN, DAY, HOUR, MINUTE, MONDAY, handover_of

from features.derived import derive
from features.events.validation import Source
from features.home.clock import rfc3339
from features.home.database import migrate, reading, writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.touches.history import SalesHistory, sales_history
from serving.handovers.acts import ReassignAct
from serving.handovers.clocks import working_times
from serving.handovers.feedback import FeedbackRefused, feedback_said
from serving.handovers.handover import Handover
from serving.handovers.ledger_acts import acts_of, all_acts
from serving.handovers.owners import due_act
from serving.handovers.recording import Step, record_feedback, write_steps
from serving.handovers.store import handover_by_id
from serving.handovers.transitions import after, recomputed

TIMES = working_times(AGREEMENT.people, "UTC")
BEGUN = handover_of("inbound", lead_id="ann")
TOUCHES: list[tuple[str, dict[str, Any]]] = [
    ("Call Attempted", {}),
    ("Call Answered", {"side": "sales"}),
    ("Voicemail Left", {}),
    ("Email Sent", {"actor": "sequence"}),
    ("Meeting Booked", {}),
    ("Call Attempted", {"result": "call_back"}),
]
FEEDBACK: list[dict[str, Any]] = [
    {"kind": "accepted"},
    {"kind": "tried", "result": "voicemail", "learned": {"timeframe": "3 months"}},
    {"kind": "contacted", "note": "likes it"},
    {"kind": "qualified"},
    {"kind": "rejected", "reason": "too_early", "revisit_on": "2099-03-01"},
    {"kind": "not_now", "revisit_on": "2099-03-01"},
    {"kind": "lost"},
    {"kind": "undo"},
]


class Course:
    """One handover in a home, and the moment at which we are."""

    def __init__(self, home: Home, draw: Random) -> None:
        self.home, self.draw, self.now = home, draw, MONDAY
        migrate(home)
        told = [identify("ann", -1, email="ann@buyer.example")]
        list(Ledger(home).append(told, source="crm", received_at=MONDAY - DAY))
        self._write(None, BEGUN, None)

    @property
    def stored(self) -> Handover:
        with reading(self.home) as connection:
            found = handover_by_id(connection, BEGUN.handover_id)
        assert found is not None
        return found

    @property
    def history(self) -> SalesHistory:
        with reading(self.home) as connection:
            return sales_history(derive(connection, AGREEMENT, [("user", "ann")]).rows, AGREEMENT, "ann")

    def _write(self, before: Handover | None, changed: Handover, act: Any) -> None:
        with writing(self.home) as connection:
            write_steps(connection, [Step(before, changed, act)], self.now)

    def go_on(self, number: int) -> None:
        """One thing that happens, some time later."""
        self.now += timedelta(minutes=self.draw.randint(1, 3000))
        does = self.draw.choice([self.touch, self.touch, self.feedback, self.feedback, self.time, self.reassign])
        does(number)

    def touch(self, number: int) -> None:
        """A CRM tells of a touch or a reply, and the round follows it."""
        name, said = self.draw.choice([*TOUCHES, ("Email Replied", {})])
        if said.get("result") == "call_back":
            said = said | {"call_back_at": rfc3339(self.now + 2 * DAY)}
        event = {"type": "track", "event": name, "userId": "ann", "messageId": f"t{number}"}
        event |= {"timestamp": rfc3339(self.now), "properties": {"by": ANN, **said}}
        Ledger(self.home).record([event], received_at=self.now, sender=Source("crm", clock="platform"))
        handover = self.stored
        for act in acts_of(handover, self.history) if handover.is_open else ():
            changed = after(handover, act, AGREEMENT, TIMES)
            self._write(handover, changed, act)
            handover = changed

    def feedback(self, number: int) -> None:
        body = {"by": self.draw.choice([ANN, BEN]), "handover_id": BEGUN.handover_id, **self.draw.choice(FEEDBACK)}
        said = feedback_said(body, "ann", f"fb_{number}", self.now)
        try:
            with writing(self.home) as connection:
                record_feedback(connection, AGREEMENT, said, self.now)
        except FeedbackRefused:
            return

    def time(self, _number: int) -> None:
        """The sweep finds what is due. Not before what may still be undone: that would never have been."""
        handover = self.stored
        if handover.next_due_at is None or handover.undo_to is not None:
            return
        self.now = max(self.now, handover.next_due_at)
        with writing(self.home) as connection:
            act = due_act(connection, AGREEMENT, handover, self.now)
        self._write(handover, after(handover, act, AGREEMENT, TIMES), act)

    def reassign(self, _number: int) -> None:
        handover = self.stored
        act = ReassignAct(self.now, self.draw.choice([ANN, BEN]), "away")
        changed = after(handover, act, AGREEMENT, TIMES)
        if changed != handover:
            self._write(handover, changed, act)


def _course(handover: Handover) -> Handover:
    """All but how it came there."""
    touches = tuple(sorted(handover.touches, key=lambda touch: (touch.at, touch.event_id)))
    return replace(handover, applied=(), version=0, undo_to=None, touches=touches)


@pytest.mark.parametrize("seed", range(12))
def test_what_the_ledger_says_comes_to_what_is_stored(tmp_path: Path, seed: int) -> None:
    course = Course(Home(tmp_path / "home", Settings()), Random(seed))
    for number in range(10):
        course.go_on(number)
    with reading(course.home) as connection:
        acts = all_acts(connection, BEGUN, course.history)
    assert _course(recomputed(BEGUN, acts, AGREEMENT, TIMES)) == _course(course.stored)


def test_a_step_later_nothing_of_the_history_is_followed_twice(tmp_path: Path) -> None:
    course = Course(Home(tmp_path / "home", Settings()), Random(0))
    course.now += HOUR
    course.touch(1)
    course.feedback(2)
    assert len(course.stored.applied) == 2
    assert acts_of(course.stored, course.history) == []


def test_an_ask_has_a_clock_once(tmp_path: Path) -> None:
    course = Course(Home(tmp_path / "home", Settings()), Random(0))
    asked_at = MONDAY + 5 * MINUTE
    form = {"type": "track", "event": "Form Submitted", "userId": "ann", "messageId": "f1"}
    form |= {"timestamp": rfc3339(asked_at), "properties": {"form_type": "demo"}}
    Ledger(course.home).record([form], received_at=asked_at, sender=Source("web", clock="platform"))
    (act,) = acts_of(course.stored, course.history)
    assert act.at == asked_at
    followed = after(course.stored, act, AGREEMENT, TIMES)
    assert followed.asked_at == asked_at
    assert acts_of(followed, course.history) == []
