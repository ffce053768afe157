"""Merged leads: what becomes of the decision and the handover of a lead that is part of another now."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from features.home.clock import microseconds
from serving.decisions.store import before
from serving.handovers.handover import Handover
from serving.handovers.recording import Step
from serving.handovers.store import open_handovers
from serving.rounds.causes import CauseOf
from serving.rounds.decided_by import DecidedBy
from serving.rounds.deciding import LeadChange, write_changes
from serving.rounds.handing_over import withdrawn
from serving.scoring.lead_now import LeadDecision

MERGED = "merged"


def close_merged(connection: Connection, by: DecidedBy, merged: Mapping[str, str], cause_of: CauseOf) -> set[str]:
    """Close the decisions of leads that became part of others, in the caller's transaction; those lost to another.

    merged: by id of such a lead, that of the lead that has its events now. Of two open handovers the older stays, and
    is the other lead's from now on; the newer one is withdrawn, and its owner hears.
    """
    befores = before(connection, sorted(merged))
    handovers = open_handovers(connection, sorted({*merged, *merged.values()}))
    changes: list[LeadChange] = []
    for lead_id in sorted(merged):
        was = befores.get(lead_id)
        if was is None or (was.code == MERGED and was.queue is None):
            continue
        steps = _joined(by, handovers, lead_id, merged[lead_id])
        changes.append(LeadChange(was, _closed(was, by, cause_of, merged[lead_id]), tuple(steps)))
    return write_changes(connection, by, changes)


def _closed(was: LeadDecision, by: DecidedBy, cause_of: CauseOf, into: str) -> LeadDecision:
    now_us = microseconds(by.as_of)
    return replace(
        was,
        decision_id=f"de_{secrets.token_hex(12)}",
        decided_us=now_us,
        since_us=now_us,
        decision="disqualified",
        code=MERGED,
        queue=None,
        owner=None,
        look_again_us=None,
        next_due_us=None,
        in_backlog=False,
        handover_id=None,
        facts='{"rule": "merged"}',
        cause=cause_of(into),
    )


def _joined(by: DecidedBy, handovers: dict[str, Handover], lead_id: str, into: str) -> list[Step]:
    """The steps of the handovers of both, those that close one first; `handovers` shows them as they are then."""
    own, other = handovers.pop(lead_id, None), handovers.get(into)
    if own is None:
        return []
    if other is not None and other.offered_at <= own.offered_at:
        return withdrawn(by, own, MERGED)
    moved = replace(own, lead_id=into, version=own.version + 1)
    handovers[into] = moved
    return [*(withdrawn(by, other, MERGED) if other else []), Step(own, moved)]
