"""A lead's timeline: its events, newest first, each with the behaviours that it counts as, or why it does not count."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, HANDOVER_EVENTS, SALES_EVENTS, SALES_TOUCHES
from features.arrays import NOT_YET
from features.behaviour.bots import bot_flags
from features.behaviour.occurrences import occurrences
from features.events.event_table import HISTORY_KEPT, LEFT, UNLOADED
from features.events.trust import NOT_TRUSTED
from features.home.clock import from_microseconds
from features.home.json_text import shallow_value
from features.records.lead_record import LeadRecord

Place = tuple[int, str, str]  # occurred_us, message id, source: no two events of a lead have the same

WHY_NOT = {
    "identify": "says who this is",
    "alias": "says who this is",
    "group": "says whom this belongs to",
    LEFT: "tells how long a page was read",
    UNLOADED: "tells how long a page was read",
    HISTORY_KEPT: "what older events, since deleted, came to",
}
NO_LINE = "no line of [behaviours] counts it"


@dataclass(frozen=True)
class CountedEvents:
    """What each event of a lead counts as, and why the others do not count; by the event's row in the lead record."""

    behaviours: Mapping[int, Sequence[str]]
    why_not: Mapping[int, str]


def counted_events(record: LeadRecord, agreement: Agreement) -> CountedEvents:
    """What each event counts as, by the very functions that make features."""
    names = list(agreement.behaviours)
    behaviours: dict[int, list[str]] = defaultdict(list)
    counts = occurrences(record.table, record.identities, agreement)
    mine = counts.taken((counts.lead == record.position) & (counts.until_us == NOT_YET))
    for row, behaviour in sorted(zip(mine.row.tolist(), mine.behaviour.tolist(), strict=True)):
        if names[behaviour] not in behaviours[row]:
            behaviours[row].append(names[behaviour])
    machines = bot_flags(record.table, record.identities)
    sales_mails = {row for row, name, _ in record.table.crm if name == "sales mail"}
    matches = {row for row, _, _ in record.table.matches}
    why_not = {
        row: machines[row].reason if row in machines else _why_not(record.rows[row], row in sales_mails, row in matches)
        for row in record.own
        if row not in behaviours
    }
    return CountedEvents(behaviours, why_not)


def _why_not(row: Any, is_sales_mail: bool, is_match: bool) -> str:
    if NOT_TRUSTED in row.flags.split(",") and row.type == "track":
        return "the CRM's to say, but came by a key that may only write events"
    if is_sales_mail:
        return "a mail that sales sent"
    if row.name in SALES_TOUCHES:
        return "done by our side"
    if row.name in HANDOVER_EVENTS:
        return "what we noted of its handover, not what it did"
    if row.name in SALES_EVENTS:
        return "what our people said of the lead, not what it did"
    if row.name in CRM_EVENTS:
        return "what became of the lead, not what it did"
    if is_match:  # its name and properties are a behaviour's, so it is what happened meanwhile that speaks against it
        return "answered while sales had the lead"
    return WHY_NOT.get(row.name, NO_LINE)


def timeline(
    record: LeadRecord, agreement: Agreement, before: Place | None = None, counted: CountedEvents | None = None
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """One pair per event of the lead, newest first: its place, and the event as JSON.

    counted: `counted_events` of the lead, where they are at hand. before: only events with an earlier place. A page
    that ended with m-7 of 9:00 is followed by the events before it.
    """
    counted, minutes = counted or counted_events(record, agreement), minutes_of_events(record)
    for place, row in sorted(((_place(record.rows[row]), row) for row in record.own), reverse=True):
        if before is None or place < before:
            said = counted.behaviours.get(row, ()), counted.why_not.get(row), minutes.get(row)
            yield place, event_json(record.rows[row], *said)


def minutes_of_events(record: LeadRecord) -> dict[int, float]:
    """The minutes that the lead spent on each event, as they count, by the event's row; without those of none."""
    mine = record.observed.taken(record.observed.lead == record.position)
    spent: dict[tuple[int, int], float] = defaultdict(float)
    # An event may be several behaviours, with the same minutes each; what was taken back is taken off.
    signed = np.where(mine.weight < 0, -mine.minutes, mine.minutes)
    for row, behaviour, minutes in zip(mine.event.tolist(), mine.behaviour.tolist(), signed.tolist(), strict=True):
        spent[row, behaviour] += minutes
    found: dict[int, float] = {}
    for (row, _), minutes in spent.items():
        if minutes > 0:
            found[row] = max(found.get(row, 0.0), minutes)
    return found


def event_json(row: Any, behaviours: Sequence[str], why_not: str | None, minutes: float | None) -> dict[str, Any]:
    """One event as the API shows it: of traits only the names, since they hold addresses."""
    body = shallow_value(row.body)
    context = _object(body.get("context"))
    campaign = _object(context.get("campaign"))
    return {
        "message_id": row.message_id,
        "source": row.source,
        "type": row.type,
        "name": row.name,
        "occurred_at": from_microseconds(row.occurred_us),
        "recorded_at": from_microseconds(row.recorded_us),
        "counts": bool(behaviours),
        "behaviours": list(behaviours),
        "why_not": why_not,
        "minutes": minutes,
        "flags": [flag for flag in row.flags.split(",") if flag],
        "properties": _object(body.get("properties")),
        "traits": sorted(_object(body.get("traits")) or _object(context.get("traits"))),
        "touch": {part: campaign.get(part) for part in ("source", "name")} if campaign else None,
    }


def cursor_of(place: Place) -> str:
    """The place in a list as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def place_of(cursor: str) -> Place | None:
    """The place that a cursor means; None where it is none of ours."""
    try:
        us, message_id, source = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return int(us), str(message_id), str(source)
    except (ValueError, TypeError):
        return None


def _place(row: Any) -> Place:
    return row.occurred_us, row.message_id, row.source


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
