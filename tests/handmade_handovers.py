"""Handovers made by hand, for the tests of messages and cards: one lead, one Monday, by the real state machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from features.agreement.agreement import Agreement
from serving.handovers.acts import Act
from serving.handovers.clocks import working_times
from serving.handovers.handover import Handover, Kind, Offer
from serving.handovers.offer import Crossing, offered
from serving.handovers.transitions import recomputed

NOW = datetime(2026, 11, 30, 13, 5, tzinfo=UTC)  # a Monday, five past two in Berlin
OWNER, OTHER, BOSS, CHANNEL = "ann@ours.example", "ben@ours.example", "lead@ours.example", "sales-slack"
PEOPLE = f"""
[people]
office_hours = {{ days = "Mon-Fri", from = "09:00", to = "18:00" }}
reps = {{ "{OWNER}" = {{ time_zone = "Europe/Berlin" }}, "{OTHER}" = 5 }}
escalate_to = ["{BOSS}"]
notify = ["{CHANNEL}"]
"""
OFFER = Offer(
    score=76,
    grade="A",
    probability=0.27,
    reasons=("requested a demo, 20 min ago", "on pricing pages 3 times (12 min), last 2 days ago", "VP, software"),
    why_now="asked for a demo 20 minutes ago",
    source="webinar",
    campaign="spring-launch",
    latest_source="email",
    latest_campaign="pricing-news",
    last_activity=("watched the webinar “Faster quotes” for 41 min",),
    next_step="ask: When do you plan to choose?",
    crm_url="https://crm.example/00Q1",
)


def agreement() -> Agreement:
    """The default agreement with people of its own."""
    text = Agreement.default().text
    return Agreement.parse(text[: text.index("[people]")] + PEOPLE)


def handover(
    kind: Kind = "inbound", acts: Sequence[Act] = (), owner: str | None = OWNER, at: datetime = NOW, **fields: Any
) -> Handover:
    """The handover of lead L-1 after these acts."""
    agreed = agreement()
    hours = working_times(agreed.people, agreed.time_zone)
    offer = fields.pop("offer", OFFER)
    is_trial = fields.pop("is_trial", False)
    made = offered(agreed, Crossing("L-1", "de_1", kind, "sales", offer, is_trial), owner, at, hours)
    return replace(recomputed(made, acts, agreed, hours), **fields)


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)
