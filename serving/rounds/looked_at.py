"""Leads as they are looked at: numbers and sales history of each at a moment, before anything is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from features.agreement.agreement import Agreement
from features.behaviour.columns import BehaviourState
from features.home.settings import Home
from features.store.builds import build_of
from features.store.due_leads import DueLeads
from features.store.ledger_fallback import shown_states
from features.store.online import OnlineStore
from features.touches.history import SalesHistory, asking_behaviours, sales_histories
from features.touches.lead_reading import NOTHING_READ, lead_readings
from serving.rounds.decided_by import DecidedBy
from serving.scoring.lead_now import LeadNow
from serving.scoring.lead_row import LeadRow


def leads_now(by: DecidedBy, due: DueLeads, only: Collection[str] | None = None) -> list[LeadNow]:
    """The leads that are due, ordered by id; those that became part of another are left out. only: these ids alone."""
    states = [state for state in due.states if state.lead_id not in due.merged_into]
    states = sorted((s for s in states if only is None or s.lead_id in only), key=lambda state: state.lead_id)
    rows = [LeadRow.of(state, "ledger") for state in states]
    ids = frozenset(state.lead_id for state in states)
    leads = _with_numbers(by, rows, sales_histories(due.derived.rows, by.read_by, ids))
    read = lead_readings(due.derived.events, due.derived.identities, ids)
    return [replace(lead, read=read.get(str(lead.lead_id), NOTHING_READ)) for lead in leads]


def _with_numbers(by: DecidedBy, rows: Sequence[LeadRow], histories: Mapping[str, SalesHistory]) -> list[LeadNow]:
    numbers = by.scoring.numbers(rows, by.as_of) if rows else []
    return [
        LeadNow(row.lead_id, row, said, histories.get(str(row.lead_id)))
        for row, said in zip(rows, numbers, strict=True)
    ]


class StoredLeads:
    """Leads by their stored states: a fifth of the work of deriving them, and all that a night must know of most."""

    def __init__(self, home: Home, by: DecidedBy) -> None:
        self._home, self._by = home, by
        build = build_of(home, by.scoring.features_by)
        self._online = OnlineStore(build.repository(home)) if build else None

    def leads(self, lead_ids: Sequence[str]) -> list[LeadNow]:
        """Those of these leads whose states are stored, whole and up to date, ordered by id.

        lead_ids: leads that sales had nothing to do with, and that are no part of another.
        """
        shown = shown_states(self._home, self._online, lead_ids, self._by.scoring.reads_accounts)
        rows = [LeadRow.of(shown[lead_id], "online") for lead_id in sorted(shown)]
        rows = [row for row in rows if row.has_facts]  # one without may be part of another, which the ledger knows
        read_by = self._by.read_by
        histories = {str(row.lead_id): _without_sales(row, read_by) for row in rows}
        return _with_numbers(self._by, rows, histories)


def _without_sales(row: LeadRow, agreement: Agreement) -> SalesHistory:
    """The history of a lead that sales had nothing to do with: when it last asked for us, by its states."""
    did = (row.behaviours.get(name) for name in asking_behaviours(agreement))
    states = (np.asarray(state, dtype=np.float64) for state in did if state is not None)
    asked = (BehaviourState(state, len(agreement.half_lives)).last_us() for state in states)
    return SalesHistory(str(row.lead_id), asked_us=max((us for us in asked if us is not None), default=None))
