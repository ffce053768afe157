"""Decisions as they are kept, beside scores: what a stored lead's score shows, and the bar in force. Reading alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import orjson

from features.home import tables
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.home.database import batched, is_any_row, quick_rows
from features.home.settings import Home
from serving.scoring.lead_now import Decided, LeadDecision

AT_ONCE = 1_000
# Decisions that the numbers alone make: where they say another now, a score says so.
_BY_NUMBERS = frozenset(
    "probability_and_fit still_sales_ready in_backlog waits_for_capacity best_of_nurture below_bar too_few_points "
    "no_facts".split()
)
# What goes before whatever else is known of a lead.
_ABOVE_ALL = frozenset(
    "own_people objected_to_profiling disqualified_by_rule existing_customer asked_for_sales".split()
)
_NAMES = tuple(column.name for column in fields(LeadDecision) if column.name not in ("facts", "cause"))
_HANDOVER = ("kind", "state", "runs_out_us")


@dataclass(frozen=True)
class KeptDecision:
    """The newest decision on a lead, and its handover where one is open; runs_out_us: when a clock of it runs out."""

    row: LeadDecision
    kind: str | None = None
    state: str | None = None
    runs_out_us: int | None = None


def kept_decisions(home: Home, lead_ids: Iterable[str]) -> dict[str, KeptDecision]:
    """What is kept of these leads; leads that were not decided yet are left out."""
    found: dict[str, KeptDecision] = {}
    if not is_any_row(home, tables.lead_decisions.name):
        return found
    for batch in batched(lead_ids, AT_ONCE):
        for row in quick_rows(home, _query(len(batch)), batch):
            kept = LeadDecision(**dict(zip(_NAMES, row, strict=False)))
            found[kept.lead_id] = KeptDecision(kept, *row[len(_NAMES) :])
    return found


@cache
def _query(leads: int) -> str:
    columns = ", ".join([*(f"d.{name}" for name in _NAMES), *(f"h.{name}" for name in _HANDOVER)])
    of = "lead_decisions d LEFT JOIN handovers h ON h.handover_id = d.handover_id AND h.closed_us IS NULL"
    return f"SELECT {columns} FROM {of} WHERE d.lead_id IN ({', '.join('?' * leads)})"


def bar_now(home: Home, model_digest: str | None, policy_digest: str) -> float | None:
    """The bar in force of a model and rules; None where nothing was decided by them yet."""
    of_model = "model_digest IS NULL" if model_digest is None else "model_digest = ?"
    values = [policy_digest, *([model_digest] if model_digest else [])]
    rows = quick_rows(
        home, f"SELECT bar FROM bars WHERE policy_digest = ? AND {of_model} ORDER BY bar_id DESC LIMIT 1", values
    )
    return float(rows[0][0]) if rows else None


def decision_fields(decided: Decided, kept: KeptDecision | None, as_of_us: int) -> dict[str, Any]:
    """The fields of a score that say what is decided: what is kept, where anything is, else what the numbers say.

    as_of_us: of the score. What was decided later than that is not shown.
    """
    if kept is None or kept.row.decided_us > as_of_us:
        again = microseconds(decided.look_again_at) if decided.look_again_at else None
        shown = _fields(decided.decision, decided.code, decided.queue, decided.owner, again)
        return shown | {"threshold": decided.threshold}
    row = kept.row
    shown = _fields(row.decision, row.code, row.queue, row.owner, row.look_again_us)
    is_late = kept.runs_out_us is not None and kept.runs_out_us <= as_of_us
    handover = {"handover_id": row.handover_id, "kind": kept.kind, "state": kept.state, "overdue": is_late}
    return shown | {
        "threshold": decided.threshold,
        "nurture": orjson.loads(row.nurture).get("plan") if row.nurture else None,
        "handover": handover if kept.state else None,
        "decided_at": rfc3339(from_microseconds(row.decided_us)),
        "would_be": _would_be(decided, kept),
    }


def _fields(decision: str, code: str, queue: str | None, owner: str | None, again_us: int | None) -> dict[str, Any]:
    again = None if again_us is None else rfc3339(from_microseconds(again_us))
    return {"decision": decision, "decision_code": code, "queue": queue, "owner": owner, "look_again_at": again}


def _would_be(decided: Decided, kept: KeptDecision) -> dict[str, Any] | None:
    """What the numbers of this moment say, where that is another decision and nothing but numbers made the kept one."""
    row = kept.row
    is_worked = kept.state is not None
    if decided.decision == row.decision or (is_worked and decided.code == "asked_for_sales"):
        return None
    if decided.code not in _ABOVE_ALL and (is_worked or row.code not in _BY_NUMBERS):
        return None
    if decided.code == "asked_for_sales" and row.code not in _BY_NUMBERS:
        return None  # an ask that was answered stays one for some days
    return {"decision": decided.decision, "decision_code": decided.code, "queue": decided.queue}


KeptDecisions = Mapping[str, KeptDecision]
