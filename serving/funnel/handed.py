"""Handed leads: one row per handover of a period, with what became of it, as every figure of the funnel counts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from serving.handovers.handover import Handover

PROMISED = ("first_contact", "acceptance")  # clocks that sales keeps or breaks


@dataclass(frozen=True)
class Handed:
    """One handover.

    accepted: accepted or worked, and not rejected within the time agreed for that (a SAL). kept: contacted, and not
    rejected (a SQL). hours_to_try: None where nobody tried. late: tried or accepted after its time, or not at all.
    levels: of its criteria, as they were when it was offered. months_to_win: since the lead came. amount: in the units
    of the currency that the CRM reports, of what was won.
    """

    handover_id: str
    lead_id: str
    kind: str
    source: str | None
    campaign: str | None
    owner: str | None
    grade: str | None
    probability: float | None
    offered_at: datetime
    hours_to_try: float | None = None
    tries: int = 0
    accepted: bool = False
    contacted: bool = False
    kept: bool = False
    won: bool = False
    late: bool = False
    state: str = "offered"
    reason: str | None = None
    levels: Mapping[str, int | None] = field(default_factory=dict)
    months_to_win: float | None = None
    amount: float | None = None

    @property
    def explored(self) -> bool:
        """Whether it was drawn at random: it says nothing of what was agreed, nor of who has it."""
        return self.kind == "explored"


@dataclass(frozen=True)
class Win:
    """That a lead converted: when, how many months after it came, and for how much where the CRM says so."""

    won_at: datetime
    months: float | None = None
    amount: float | None = None


def handed_leads(handovers: Iterable[Handover], wins: Mapping[str, Win], as_of: datetime) -> list[Handed]:
    """One row per handover that was really made, the oldest first. wins: by lead, its first conversion.

    A conversion counts for the newest handover that was offered before it.
    """
    made = sorted((one for one in handovers if not one.is_trial), key=lambda one: (one.offered_at, one.handover_id))
    last: dict[str, str] = {}
    for one in made:
        win = wins.get(one.lead_id)
        if win and one.offered_at <= win.won_at:
            last[one.lead_id] = one.handover_id
    return [handed(one, wins[one.lead_id] if last.get(one.lead_id) == one.handover_id else None, as_of) for one in made]


def handed(one: Handover, win: Win | None, as_of: datetime) -> Handed:
    """What one handover came to. win: the conversion that counts for it; None where there was none."""
    tried_at = min((touch.at for touch in one.touches), default=None)
    is_rejected = one.state == "rejected"
    contacted = one.stage == "SQL" or any(touch.result == "talked" for touch in one.touches)
    criteria = one.offer.criteria or {}
    return Handed(
        one.handover_id, one.lead_id, one.kind, one.offer.source, one.offer.campaign, one.owner, one.offer.grade,
        one.offer.probability, one.offered_at,
        hours_to_try=None if tried_at is None else (tried_at - one.offered_at) / timedelta(hours=1),
        tries=len(one.touches),
        accepted=_is_accepted(one),
        contacted=contacted,
        kept=contacted and not is_rejected,
        won=win is not None or one.state == "converted",
        late=any(clock.was_late(_end(one, as_of)) for name, clock in one.clocks.items() if name in PROMISED),
        state=one.state,
        reason=(one.code or "").removeprefix("rejected_") if is_rejected else None,
        levels=criteria.get("levels") or {},
        months_to_win=win.months if win else None,
        amount=win.amount if win else None,
    )  # fmt: skip


def _is_accepted(one: Handover) -> bool:
    clock = one.clocks.get("acceptance")
    is_taken = one.stage != "MQL" or bool(one.touches) or (clock is not None and clock.stopped_at is not None)
    in_time = clock is None or (one.closed_at is not None and one.closed_at <= clock.due_at)
    return is_taken and not (one.state == "rejected" and in_time)


def _end(one: Handover, as_of: datetime) -> datetime:
    return min(one.closed_at, as_of) if one.closed_at else as_of
