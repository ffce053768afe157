"""What is known of a CRM before its files come: the titles of its columns, and the events that its records become."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from features.agreement.learning import Export
from features.imports.columns import column_named

ANY_VALUE = "known"  # as [export] positive: whatever is written there, such as the date it was won, means converted


def normal_title(title: str) -> str:
    """A title without case, spaces and signs: "Created Date", "CreatedDate" and "CREATED_DATE" are "createddate"."""
    return re.sub(r"[\W_]+", "", title.casefold())


@dataclass(frozen=True)
class Crm:
    """One CRM. Fields are named as its exports title them; the keys and values of `also` are squashed.

    name: how outsiders name its ids; label: how people call it. marks, hints: fields that together tell its export of
    leads, and of which it has at least one. outcome: fields that say a lead converted, with the value that means it.
    traits: the fields that hold what agreements call so. also: other titles of a field, such as the API's. sales:
    fields that sales causes or that tell the outcome, and why. history: the columns of its changes (lead, field, at,
    new and perhaps old), each with its titles. won: the field of a history, and its value, that mean converted. status:
    the field that sales works by.
    """

    name: str
    label: str
    id: str
    created_at: str
    converted_at: str
    marks: Collection[str]
    hints: Collection[str]
    outcome: Sequence[tuple[str, str]]
    traits: Mapping[str, str]
    aliases: Mapping[str, str]
    known_after_contact: Mapping[str, str]
    history: Mapping[str, Sequence[str]]
    won: tuple[str, str | None]
    status: str
    contact_id: str | None = None
    merged_into: str | None = None
    modified_at: str | None = None
    lead_id: Callable[[str], str] = field(default=str)

    def key(self, title: str) -> str:
        """The one key of a field, by whichever of its titles."""
        plain = normal_title(title)
        return self.aliases.get(plain, plain)

    def title(self, name: str, titles: Sequence[str]) -> str | None:
        """The column among `titles` that holds the field `name`, None where there is none."""
        return next((title for title in titles if self.key(title) == self.key(name)), None)

    def is_export(self, titles: Sequence[str]) -> bool:
        """Whether a file with these columns is this CRM's export of leads."""
        keys = {self.key(title) for title in titles}
        return {self.key(mark) for mark in self.marks} <= keys and any(self.key(hint) in keys for hint in self.hints)

    def missing_fields(self, titles: Sequence[str]) -> list[str]:
        """What keeps a file from being this CRM's export: the marks that it lacks, or else all hints."""
        keys = {self.key(title) for title in titles}
        return [mark for mark in self.marks if self.key(mark) not in keys] or [*self.hints]

    def why(self, title: str) -> str | None:
        """Why a field is known only after contact with sales; None for one that may be known before."""
        key = self.key(title)
        reason = next((why for name, why in self.known_after_contact.items() if self.key(name) == key), None)
        if reason is None or reason.startswith("as of the export"):
            return reason
        return f"known only after contact: {reason}"

    def history_columns(self, titles: Sequence[str]) -> dict[str, str]:
        """The column of a file for each part of a history (lead, field, at, new, old); a history has all of them."""
        plain = {normal_title(title): title for title in titles}
        keys = {part: [normal_title(name) for name in names] for part, names in self.history.items()}
        return {part: plain[key] for part, names in keys.items() for key in reversed(names) if key in plain}

    def export(self, titles: Sequence[str], file: str) -> Export:
        """The columns of a file that say who, when, and what became of it. Raises ColumnError for one it lacks."""
        lead, created_at = (self._titled(name, titles, file) for name in (self.id, self.created_at))
        outcomes = [(title, value) for name, value in self.outcome if (title := self.title(name, titles))]
        if self.title(self.converted_at, titles) or not outcomes:
            outcomes = [(self._titled(self.converted_at, titles, file), ANY_VALUE)]
        outcome, positive = outcomes[0]
        outcome_at = outcome if positive == ANY_VALUE else None
        return Export(id=lead, created_at=created_at, outcome=outcome, positive=positive, outcome_at=outcome_at)

    def _titled(self, name: str, titles: Sequence[str], file: str) -> str:
        return self.title(name, titles) or column_named(name, titles, file)


def crm_event(kind: str, lead: str, at: datetime, says: list[Any], *, of: str = "crm", **rest: Any) -> dict[str, Any]:
    """An event that happened and was known at `at`; the same `of`, `kind` and `says` always give the same messageId."""
    digest = hashlib.blake2b(orjson.dumps([kind, *says], option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    return {"type": kind, "messageId": f"{of}-{digest}", "userId": lead, "timestamp": at, "receivedAt": at, **rest}


def outcome_event(
    name: str, lead: str, won_at: datetime | None, exported_at: datetime, record: Mapping[str, object]
) -> dict[str, Any]:
    """The event that a lead converted: at `won_at`, or at the export where no date is known.

    record: the event's properties.
    """
    says = [lead, "outcome", name, won_at.isoformat() if won_at else None]
    return crm_event("track", lead, won_at or exported_at, says, event=name, properties=dict(record))


def loss_event(lead: str, lost_at: datetime, record: Mapping[str, object]) -> dict[str, Any]:
    """The event that a lead was lost, of an export that has a date for it and no status."""
    says = [lead, "lost", lost_at.isoformat()]
    return crm_event("track", lead, lost_at, says, event="Opportunity Lost", properties=dict(record))


def merge_event(crm: Crm, lead: str, survivor: str, at: datetime) -> dict[str, Any]:
    """The event that the record of `lead` was merged into that of `survivor`."""
    says = [survivor, "merged", lead]
    properties = record_ids(crm, survivor) | {"previous_crm_lead_id": lead, "previous_lead_id": lead}
    return crm_event("track", survivor, at, says, event="Lead Merged", properties=properties)


def status_event(crm: Crm, lead: str, at: datetime, before: str | None, status: str) -> dict[str, Any]:
    """The event that sales moved a lead from one status to another."""
    says = [lead, "status", at.isoformat(), status]
    properties = record_ids(crm, lead) | {"status": status} | ({"previous_status": before} if before else {})
    return crm_event("track", lead, at, says, event="Lead Status Changed", properties=properties)


def exported_status(
    lead: str, at: datetime | None, exported_at: datetime, properties: Mapping[str, object]
) -> dict[str, Any]:
    """The event that a lead stood in a status: since `at` where the export says so, else as of the export."""
    # Without the time of the export: reading the same file again adds nothing.
    says = [lead, "status", at.isoformat() if at else "as exported", properties["status"]]
    return crm_event("track", lead, at or exported_at, says, event="Lead Status Changed", properties=dict(properties))


def record_ids(crm: Crm | None, lead: str) -> dict[str, object]:
    """The properties that name a lead's record outside Leadlight: its CRM, and its id there."""
    return {"crm": crm.name, "crm_lead_id": lead} if crm else {}
