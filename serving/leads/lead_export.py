"""Lead export: all data of one lead as one document, which the lead may ask for (GDPR, article 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, select

from features.agreement.agreement import Agreement
from features.agreement.versions import version_in_force
from features.arrays import Ragged
from features.behaviour.columns import BehaviourState
from features.behaviour.decayed_counters import FIRST, behaviour_states
from features.derived import DerivedRows
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import reading
from features.home.json_text import shallow_value
from features.home.settings import Home
from features.records.erasure import failed_events_naming
from features.records.lead_record import LeadRecord, lead_record
from serving.leads.timeline import timeline

# As `serving.scoring.scorer.Scorer.scores`: leads, as_of, how many reasons.
ScoresOf = Callable[[list[dict[str, Any]], datetime, int | None], list[dict[str, Any]]]


def lead_export(home: Home, scores_of: ScoresOf, name: str, now: datetime, only_ids: bool = False) -> dict[str, Any]:
    """All data of one lead: its names, events, states, its score with all reasons, and failed events.

    name: a lead id; also an e-mail address or an id of the CRM, unless `only_ids`. Raises UnknownLead and LeadErased.
    """
    agreement = version_in_force(home).agreement
    with reading(home) as connection:
        record = lead_record(connection, agreement, name, only_ids)
        columns = tables.failed_events.c
        ids = failed_events_naming(connection, record.names)
        failed = list(connection.execute(select(tables.failed_events).where(columns.failed_event_id.in_(ids))))
        decided, handed = (_kept_rows(connection, table, record) for table in (tables.decisions, tables.handovers))
    (score,) = scores_of([{"lead_id": record.lead_id}], now, None)
    events = list(_events(record, agreement))
    return {
        "lead_id": record.lead_id,
        "exported_at": now,
        "identifiers": [{"kind": kind, "value": value} for kind, value in record.names],
        "events": events,
        "behaviours": _behaviours(record, record.derived.rows, agreement),
        "traits": _traits(record, record.derived.rows),
        "score": score,
        # What is no event may be about anybody: it goes with each of them, and is shown to none.
        "failed_events": [_failed(row) for row in failed],
        "decisions": decided,
        "handovers": handed,
        "feedback": [event for event in events if event["source"] == "feedback"],
    }


def _events(record: LeadRecord, agreement: Agreement) -> Iterator[dict[str, Any]]:
    by_message = {(record.rows[row].source, record.rows[row].message_id): record.rows[row] for row in record.own}
    for (_, message_id, source), shown in timeline(record, agreement):
        row = by_message[source, message_id]
        ids = {"user_id": row.user_id, "anonymous_id": row.anonymous_id, "group_id": row.group_id}
        parts = {name: part for name, part in shallow_value(row.body).items() if name != "properties"}
        yield shown | ids | parts


def _kept_rows(connection: Connection, table: Table, record: LeadRecord) -> list[dict[str, Any]]:
    """What a table keeps of the lead under any id that it had, as it is kept: the texts of JSON as their values."""
    ids = sorted({value for kind, value in record.names if kind in ("user", "lead")} | {record.lead_id})
    rows = connection.execute(select(table).where(table.c.lead_id.in_(ids)).order_by(*table.primary_key.columns))
    # A column's name is a str of SQLAlchemy's own kind, which JSON takes for no key.
    return [{str(name): _kept_value(name, value) for name, value in row.items()} for row in rows.mappings()]


def _kept_value(name: str, value: Any) -> Any:
    if name.endswith("_us") and value is not None:
        return from_microseconds(value)
    return shallow_value(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def _behaviours(record: LeadRecord, rows: DerivedRows, agreement: Agreement) -> dict[str, Any]:
    own = rows.observed.taken(rows.observed.lead == record.position)
    folded = behaviour_states(own, len(agreement.behaviours), agreement.half_lives)
    newest, halves = zip(agreement.behaviours, map(_newest, folded), strict=True), len(agreement.half_lives)
    return {name: _behaviour(BehaviourState(state, halves)) for name, state in newest if len(state)}


def _newest(ragged: Ragged) -> Any:
    return ragged.row(len(ragged) - 1) if len(ragged) else np.empty(0)


def _behaviour(state: BehaviourState) -> dict[str, Any]:
    return {
        "count": state.count,
        "minutes": state.minutes,
        "first_at": from_microseconds(state.state[FIRST]),
        "latest": [{"at": from_microseconds(us), "minutes": minutes} for us, minutes in state.latest.tolist()],
    }


def _traits(record: LeadRecord, rows: DerivedRows) -> Mapping[str, Any]:
    own = rows.traits[rows.traits["lead_id"] == record.lead_id].drop(columns=["lead_id", "known_us"])
    newest = own.iloc[-1].to_dict() if len(own) else {}
    return {str(name): None if value != value else value for name, value in newest.items()}


def _failed(row: Any) -> dict[str, Any]:
    origin = {"source": row.source, "received_at": from_microseconds(row.received_us)}
    return origin | {"code": row.code, "message": row.message, "raw": row.raw}
