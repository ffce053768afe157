"""Due leads as they are looked at: numbers and sales history of each at a moment, before anything is decided."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from features.store.due_leads import DueLeads
from features.store.online import LeadState
from features.touches.history import sales_histories
from serving.rounds.decided_by import DecidedBy
from serving.scoring.lead_now import LeadNow
from serving.scoring.lead_row import LeadRow


def leads_now(by: DecidedBy, due: DueLeads, only: Collection[str] | None = None) -> list[LeadNow]:
    """The leads that are due, ordered by id; those that became part of another are left out. only: these ids alone."""
    states = [state for state in due.states if state.lead_id not in due.merged_into]
    states = sorted((s for s in states if only is None or s.lead_id in only), key=lambda state: state.lead_id)
    rows = [_row(state) for state in states]
    numbers = by.scoring.numbers(rows, by.as_of) if rows else []
    histories = sales_histories(due.derived.rows, by.read_by, [state.lead_id for state in states])
    return [
        LeadNow(state.lead_id, row, said, histories.get(state.lead_id))
        for state, row, said in zip(states, rows, numbers, strict=True)
    ]


def _row(state: LeadState) -> LeadRow:
    did = {name: None if did is None else np.asarray(did, dtype=np.float64) for name, did in state.behaviours.items()}
    return LeadRow(state.lead_id, did, state.traits, state.known_at, "ledger", state.account)
