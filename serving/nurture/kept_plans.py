"""Kept plans: what is planned for a lead, as its newest decision keeps it, and the next step of inside sales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import batched
from features.touches.lead_reading import NOTHING_READ, LeadReading
from serving.nurture.comparable import comparable
from serving.nurture.plan import lead_plan
from serving.scoring.lead_now import Decided, LeadNow

_AT_ONCE = 500
LOOKED_AT = 1_000  # of the best below the bar: further down nobody calls


@dataclass(frozen=True)
class KeptPlan:
    """The newest decision on a lead and its plan; plan: None where nothing is planned for it."""

    lead_id: str
    decision: str
    queue: str | None
    decided_us: int
    plan: Mapping[str, Any] | None


def kept_plans(connection: Connection, lead_ids: Iterable[str]) -> dict[str, KeptPlan]:
    """The plans of these leads, by lead; leads that were not decided yet are left out."""
    columns, found = tables.lead_decisions.c, {}
    for batch in batched(lead_ids, _AT_ONCE):
        named = (columns.lead_id, columns.decision, columns.queue, columns.decided_us, columns.nurture)
        for row in connection.execute(select(*named).where(columns.lead_id.in_(batch))):
            found[row.lead_id] = KeptPlan(*row[:4], plan_in(row.nurture))
    return found


def kept_text(
    agreement: Agreement, lead: LeadNow, decided: Decided, as_of: datetime, bands: Sequence[Mapping[str, Any]] = ()
) -> str | None:
    """The text that the newest decision on a lead keeps of it: its plan, and what it read; None where there is neither.

    bands: what the model learned of comparable leads. What the lead read stays as it was kept where this decision did
    not look it up.
    """
    kept = orjson.loads(lead.before.nurture) if lead.before and lead.before.nurture else {}
    read = _read_in(kept) if lead.read is None else lead.read
    plan = lead_plan(agreement, lead, decided, read, as_of)
    if plan is not None:
        plan["by_then"] = comparable(bands, agreement, lead, as_of)
    text: dict[str, Any] = {"plan": plan} if plan else {}
    if read != NOTHING_READ:
        text["read"] = {name: sorted(said) if name != "topics" else said for name, said in asdict(read).items()}
    return orjson.dumps(text).decode() if text else None


def _read_in(kept: Mapping[str, Any]) -> LeadReading:
    said = dict(kept.get("read") or {})
    topics = tuple(said.pop("topics", ()))
    return LeadReading(topics, **{name: frozenset(names) for name, names in said.items()})


def best_to_ask(connection: Connection, most: int) -> list[str]:
    """The likeliest leads below the bar whom inside sales may ask something that they were not asked yet."""
    columns = tables.lead_decisions.c
    is_below = (columns.decision == "nurture") & (columns.code == "below_bar") & columns.nurture.is_not(None)
    best = (
        select(columns.lead_id, columns.nurture).where(is_below).order_by(columns.probability.desc(), columns.lead_id)
    )
    found: list[str] = []
    for row in connection.execute(best.limit(LOOKED_AT)):
        plan = plan_in(row.nurture)
        if plan and plan["ask"] and not plan["waits"]:
            found.append(row.lead_id)
        if len(found) >= most:
            break
    return found


def todays_step(nurture: str | None) -> dict[str, Any] | None:
    """The next step of inside sales in a row's `nurture`: step, of, medium, due_at, until, tries, ask, waits.

    None where the lead is not inside sales' to qualify.
    """
    plan = plan_in(nurture)
    if plan is None or plan["step"] is None:
        return None
    return {**plan["step"], "ask": plan["ask"], "waits": plan["waits"]}


def plan_in(nurture: str | None) -> Any:
    """The plan that the column `nurture` of a lead's newest decision holds."""
    return orjson.loads(nurture).get("plan") if nurture else None
