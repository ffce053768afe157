"""Merges: a person makes two leads one, takes a merge back, or lists merges; each is an event of the ledger."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.events.event import identifier_text
from features.events.trust import is_public
from features.events.validation import Source
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import reading
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.identity.claims import MERGED, UNDONE
from features.ledger.ledger import Ledger
from features.records.lead_record import lead_record
from features.store.publisher import Publisher

LEADLIGHT_SOURCE = Source("leadlight", clock="platform")
PREVIOUS = ("previous_lead_id", "previous_crm_lead_id")


class NotMerged(LeadlightError):
    """A merge that cannot be done or undone, with the reason."""

    code = "not_merged"


@dataclass(frozen=True)
class Merge:
    """One merge of two leads: `previous` is part of `lead_id` since `merged_at`, until `undone_at`."""

    merge_id: str
    lead_id: str
    previous: str
    source: str
    merged_at: datetime
    undone_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The merge as the API answers it."""
        return dict(self.__dict__)


def merge(home: Home, agreement: Agreement, into: str, previous: str, now: datetime) -> Merge:
    """Make the lead `previous` part of the lead `into`, each given by any of its identifiers; both are scored again.

    Raises UnknownLead, LeadErased, and NotMerged where they are one lead already.
    """
    with reading(home) as connection:
        survivor, other = (lead_record(connection, agreement, name).lead_id for name in (into, previous))
    if survivor == other:
        raise NotMerged(f"{into!r} and {previous!r} are one lead already, {survivor!r}; name two leads")
    for lead in (survivor, other):
        if identifier_text(lead) is None:  # "0", of a file that counts from there
            problem, remedy = "names nobody in an event, and a merge is one", "number the leads from 1 in a new home"
            raise NotMerged(f"{lead!r} {problem}; to merge this lead, {remedy}")
    merge_id = f"merge-{secrets.token_hex(6)}"
    _append(home, merge_id, MERGED, survivor, {"previous_lead_id": other}, now)
    with reading(home) as connection:
        became = lead_record(connection, agreement, other).lead_id
    if became != survivor:
        # Or it would come into force as soon as the merge that stands in its way is undone.
        _append(home, f"undo-{secrets.token_hex(6)}", UNDONE, survivor, {"merge_id": merge_id}, now)
        raise NotMerged(f"{other!r} is part of {became!r}, not of {survivor!r}; undo that merge first")
    return Merge(merge_id, survivor, other, LEADLIGHT_SOURCE.name, now)


def undo_merge(home: Home, merge_id: str, now: datetime) -> Merge:
    """Take a merge back, also one of the CRM: each lead has its own events again. Raises NotMerged."""
    found = next((one for one in merges(home) if one.merge_id == merge_id), None)
    if found is None:
        raise NotMerged(f"there is no merge {merge_id!r}; `leadlight merge` lists them")
    if found.undone_at:
        raise NotMerged(f"the merge {merge_id!r} was undone on {found.undone_at:%Y-%m-%d} already; nothing to undo")
    _append(home, f"undo-{secrets.token_hex(6)}", UNDONE, found.lead_id, {"merge_id": merge_id}, now)
    return Merge(merge_id, found.lead_id, found.previous, found.source, found.merged_at, now)


def merges(home: Home) -> list[Merge]:
    """Every merge in the ledger, of persons and of the CRM, newest first; those of public keys are left out."""
    columns = tables.events.c
    asked = select(tables.events).where(columns.type == "track", columns.name.in_((MERGED, UNDONE)))
    with reading(home) as connection:
        rows = connection.execute(asked.order_by(columns.recorded_us.desc(), columns.event_id.desc())).all()
    allowed = [row for row in rows if not is_public(row.flags) and row.user_id is not None]
    undone = {(row.user_id, _properties(row).get("merge_id")): row.recorded_us for row in allowed if row.name == UNDONE}
    return [_merge(row, undone.get((row.user_id, row.message_id))) for row in allowed if row.name == MERGED]


def _merge(row: Any, undone_us: int | None) -> Merge:
    properties = _properties(row)
    previous = next((str(properties[name]) for name in PREVIOUS if properties.get(name)), "")
    undone_at = None if undone_us is None else from_microseconds(undone_us)
    return Merge(row.message_id, row.user_id, previous, row.source, from_microseconds(row.recorded_us), undone_at)


def _properties(row: Any) -> Mapping[str, Any]:
    properties = orjson.loads(row.body).get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _append(home: Home, message_id: str, name: str, user_id: str, properties: Mapping[str, Any], now: datetime) -> None:
    raw = {"type": "track", "messageId": message_id, "event": name, "userId": user_id, "timestamp": now.isoformat()}
    Ledger(home).record([{**raw, "properties": dict(properties)}], received_at=now, sender=LEADLIGHT_SOURCE)
    Publisher(home).publish()
