"""Decisions of an erased lead: what they stood on goes, and that one was made, with code, time and versions, stays."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, literal, update

from features.home import tables
from features.home.database import batched

AT_ONCE = 500
ERASED_LEAD = "erased"  # in place of the id of an erased lead, in what stays of its decisions; and the code


def erase_decisions(connection: Connection, lead_ids: Sequence[str], now_us: int) -> None:
    """Take a lead out of its decisions, handovers and messages; an open handover of it is withdrawn.

    A decision keeps code, time and the versions that it was made under, for the sums of the past; its lead is nobody.
    """
    decisions, handovers, notices = tables.decisions, tables.handovers, tables.notices
    for batch in batched(lead_ids, AT_ONCE):
        connection.execute(delete(tables.lead_decisions).where(tables.lead_decisions.c.lead_id.in_(batch)))
        nothing = {"lead_id": ERASED_LEAD, "owner": None, "look_again_us": None, "probability": None, "points": None}
        of_lead = update(decisions).where(decisions.c.lead_id.in_(batch))
        connection.execute(of_lead.values(**nothing, facts="{}", cause_ref=ERASED_LEAD))
        is_open = handovers.c.lead_id.in_(batch) & tables.IS_OPEN
        closed = {
            "state": "withdrawn",
            "code": ERASED_LEAD,
            "closed_us": now_us,
            "next_due_us": None,
            "runs_out_us": None,
        }
        connection.execute(update(handovers).where(is_open).values(**closed, is_overdue=False))
        # An id of its own for each: one erased lead may have had several.
        gone = {"lead_id": literal(f"{ERASED_LEAD}:").concat(handovers.c.handover_id), "offered": "{}", "course": "{}"}
        connection.execute(update(handovers).where(handovers.c.lead_id.in_(batch)).values(**gone))
        connection.execute(delete(notices).where(notices.c.lead_id.in_(batch)))
