"""Tries: which events say that a person of sales tried to reach the lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.agreement.agreement import Agreement
from features.events.feedback_values import GIVEN, feedback_kind
from features.events.touch_values import CALL_ANSWERED, TOUCHES
from features.touches.touch import touch_actor, touch_side

_TOLD_TRIES = ("tried", "contacted")


def is_try(name: str, properties: Mapping[str, Any], flags: str = "", agreement: Agreement | None = None) -> bool:
    """Whether an event is a try: an outbound touch by a person of sales, answered or not, or feedback that says so.

    A touch of another side ("marketing", "inside_sales") or of another actor ("sequence", "agent") is none. Nor is what
    the lead does itself, such as a call it answers.
    """
    is_outbound = name in TOUCHES and name != CALL_ANSWERED
    if not is_outbound and not (name == GIVEN and feedback_kind(properties) in _TOLD_TRIES):
        return False
    side = touch_side(name, properties, flags, agreement)
    return side == "sales" and touch_actor(name, properties, side) == "person"
