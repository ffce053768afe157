"""The events that a CRM's records stand for; each is named for good by what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from features.crm import Crm


def crm_event(
    kind: str, lead: str, at: datetime, says: Sequence[object], *, of: str = "crm", **rest: object
) -> dict[str, Any]:
    """An event that was true and known from `at` on; its messageId is made of `of` and what it `says`."""
    digest = hashlib.blake2b(orjson.dumps([kind, *says], option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    return {"type": kind, "messageId": f"{of}-{digest}", "userId": lead, "timestamp": at, "receivedAt": at, **rest}


def outcome_event(
    name: str, lead: str, won_at: datetime | None, exported_at: datetime, told: Mapping[str, object]
) -> dict[str, Any]:
    """That a lead converted, at the export where no date is known. told: what else the record says of it."""
    says = [lead, "outcome", name, won_at.isoformat() if won_at else None]
    return crm_event("track", lead, won_at or exported_at, says, event=name, properties=dict(told))


def merge_event(crm: Crm, lead: str, survivor: str, at: datetime) -> dict[str, Any]:
    """That the record of `lead` is part of another one now."""
    says = [survivor, "merged", lead]
    properties = record_of(crm, survivor) | {"previous_crm_lead_id": lead, "previous_lead_id": lead}
    return crm_event("track", survivor, at, says, event="Lead Merged", properties=properties)


def status_event(crm: Crm, lead: str, at: datetime, before: str | None, status: str) -> dict[str, Any]:
    """That sales moved a lead on."""
    says = [lead, "status", at.isoformat(), status]
    properties = record_of(crm, lead) | {"status": status} | ({"previous_status": before} if before else {})
    return crm_event("track", lead, at, says, event="Lead Status Changed", properties=properties)


def record_of(crm: Crm | None, lead: str) -> dict[str, object]:
    """How outsiders name a lead's record."""
    return {"crm": crm.name, "crm_lead_id": lead} if crm else {}
