"""One message to one person or channel, before it is worded: of what kind, to whom, about what, and from when on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal[
    "handover",  # a lead is yours to call
    "moved_away",  # it was yours, and is somebody else's now
    "overdue",  # a clock ran out
    "escalated",  # the same, to whoever is above
    "outcome_asked",  # nothing was heard: won, lost, or back?
    "replied",  # the lead wrote back
    "asked_again",  # it asked for us once more
    "withdrawn",  # there is nothing left to do
    "correction",  # what was told before was undone
    "morning",  # one person's day
    "team",  # the manager's one list a day
    "agreement_changed",
    "acceptance_low",
    "opportunity_stale",
]
# What only holds while the handover is as it was; the others are true whenever they arrive.
ABOUT_OPEN_HANDOVERS = frozenset({"handover", "overdue", "escalated", "outcome_asked", "replied", "asked_again"})


@dataclass(frozen=True)
class Notice:
    """One message. recipient: a person (an e-mail address, an id of the CRM) or a channel that the agreement names.

    facts: what it tells beside the handover, which is read when it is sent. once: two with the same are one message.
    """

    kind: Kind
    recipient: str
    once: str
    created_at: datetime
    due_at: datetime  # not sent before: the recipient's office opens
    handover_id: str | None = None
    lead_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
