"""Tries: which events say that a person of sales tried to reach the lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.agreement.checks import SALES_TOUCHES


def is_try(name: str, properties: Mapping[str, Any]) -> bool:
    """Whether an event is a try: an outbound touch by a person of side sales, answered or not.

    A touch whose properties name another side ("marketing", "inside_sales") or another actor ("sequence", "agent") is
    none; one that names neither is of a person of sales. Nor is what the lead does itself, such as a call it answers.
    """
    side, actor = (str(properties.get(key) or usual).lower() for key, usual in (("side", "sales"), ("actor", "person")))
    return name in SALES_TOUCHES and side == "sales" and actor == "person"
