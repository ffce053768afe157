"""Decisions of erased leads, and old ones: what they stood on goes; that one was made, its code and time, stays."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, bindparam, delete, literal, select, update

from features.home import tables
from features.home.database import batched

AT_ONCE = 500
# What stays of an old offer, for the sums of the past.
OF_OLD_OFFERS = ("score", "grade", "probability", "source", "campaign", "latest_source", "latest_campaign")
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


def strip_old_decisions(connection: Connection, until_us: int) -> int:
    """Take out of decisions made before a moment, and of handovers closed by then, what leads did; how many decisions.

    Applying it twice changes nothing.
    """
    decisions, handovers = tables.decisions, tables.handovers
    is_old = (decisions.c.decided_us < until_us) & (decisions.c.facts != "{}")
    stripped = connection.execute(update(decisions).where(is_old).values(facts="{}")).rowcount
    is_whole = (handovers.c.closed_us < until_us) & handovers.c.offered.contains('"reasons"')
    columns = (handovers.c.handover_id, handovers.c.offered, handovers.c.course)
    rows = connection.execute(select(*columns).where(is_whole).order_by(handovers.c.handover_id)).all()
    is_it = handovers.c.handover_id == bindparam("id")
    changed = update(handovers).where(is_it).values(offered=bindparam("offer"), course=bindparam("rest"))
    for some in batched(rows, AT_ONCE):
        connection.execute(changed, [_stripped(*row) for row in some])
    return stripped


def _stripped(handover_id: str, offered: str, course: str) -> dict[str, str]:
    offer = {name: value for name, value in orjson.loads(offered).items() if name in OF_OLD_OFFERS}
    rest = orjson.loads(course) | {"undo_to": None}  # nobody undoes it any more, and it holds the offer again
    return {"id": handover_id, "offer": orjson.dumps(offer).decode(), "rest": orjson.dumps(rest).decode()}
