"""Homes with leads on the worklist, written by hand: their newest decisions, handovers and whom to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import handmade_handovers as hand
from sqlalchemy import insert

from features.agreement.versions import save_version
from features.home import tables
from features.home.clock import microseconds, rfc3339
from features.home.database import writing
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.handovers.handover import Handover
from serving.handovers.store import write

LATER = hand.NOW + timedelta(minutes=9)


def worklist_home(folder: Path, **settings: Any) -> Home:
    """A home with the agreement of handmade handovers and no lead."""
    home = Home(folder, Settings(**settings)).created()
    Ledger.open(home)
    save_version(home, hand.agreement(), hand.NOW)
    return home


def add_handover(home: Home, lead_id: str, name: str, company: str, **fields: Any) -> Handover:
    """A lead that is with sales, its handover, and its row in the lists; fields: of the handover."""
    made = replace(hand.handover(**fields), handover_id=f"ho_{lead_id}", lead_id=lead_id, decision_id=f"de_{lead_id}")
    with writing(home) as connection:
        assert not write(connection, [(None, made)])
    add_lead(
        home, lead_id, name, company, owner=made.owner, handover_id=made.handover_id, next_due_us=_us(made.next_due_at)
    )
    return made


def add_lead(home: Home, lead_id: str, name: str, company: str, **columns: Any) -> None:
    """A lead with its newest decision; by default it is ready for sales and waits in the backlog."""
    add_leads(home, {lead_id: (name, company)}, **columns)


def add_leads(home: Home, people: Mapping[str, tuple[str, str]], **columns: Any) -> None:
    """Several such leads, by id their name and company."""
    told = [
        {"type": "identify", "userId": lead_id, "messageId": f"m_{lead_id}", "timestamp": rfc3339(hand.NOW)}
        | {"receivedAt": rfc3339(hand.NOW), "traits": {"name": name, "company": company, "job_title": "VP Sales"}}
        for lead_id, (name, company) in people.items()
    ]
    list(Ledger(home).append(told, source="file", received_at=hand.NOW))
    rows = [_row(lead_id) | columns for lead_id in people]
    with writing(home) as connection:
        connection.execute(insert(tables.lead_decisions), rows)
        connection.execute(tables.decisions_due.delete())


def _row(lead_id: str) -> dict[str, Any]:
    now_us = microseconds(hand.NOW)
    decided = {"lead_id": lead_id, "decision_id": f"de_{lead_id}", "decided_us": now_us, "since_us": now_us}
    decided |= {"decision": "sales_ready", "code": "in_backlog", "queue": "sales", "owner": None, "arrived_us": now_us}
    decided |= {"next_due_us": microseconds(hand.NOW + timedelta(days=1)), "grade": "A", "reason": "read the prices"}
    decided |= {"source": "google", "campaign": "spring", "handover_id": None, "policy_digest": "p", "probability": 0.3}
    return decided


def _us(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)
