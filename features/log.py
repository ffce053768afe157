"""The ledger read once, as columns: what each event says of behaviour, traits, touches, sales and identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from features.agreement import Agreement, Behaviour
from features.agreement_checks import CRM_EVENTS, SALES_TOUCHES
from features.events import identity
from features.recurrence import Ints


@dataclass
class Log:
    """Columns over the events, in ledger order, and lists of (row, what it says) for the few that say more.

    hits: (row, behaviour position, minutes). views: page_view_id by row. leaves: (row, page_view_id, minutes).
    touches: (row, source, campaign). said: (row, traits). crm: (row, name, properties). mails: (row, name, mail id).
    """

    event_id: list[int] = field(default_factory=list)
    type: list[str] = field(default_factory=list)
    message_id: list[str] = field(default_factory=list)
    user_id: list[str | None] = field(default_factory=list)
    anonymous_id: list[str | None] = field(default_factory=list)
    group_id: list[str | None] = field(default_factory=list)
    occurred: list[int] = field(default_factory=list)
    recorded: list[int] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    hits: list[tuple[int, int, float]] = field(default_factory=list)
    views: dict[int, str] = field(default_factory=dict)
    leaves: list[tuple[int, str, float]] = field(default_factory=list)
    touches: list[tuple[int, str, str | None]] = field(default_factory=list)
    said: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    previous: list[tuple[int, str]] = field(default_factory=list)
    crm: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    mails: list[tuple[int, str, str]] = field(default_factory=list)
    agents: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.event_id)

    def recorded_us(self) -> Ints:
        return np.asarray(self.recorded, dtype=np.int64)

    def occurred_us(self) -> Ints:
        return np.asarray(self.occurred, dtype=np.int64)


def log(chunks: Iterable[list[Any]], agreement: Agreement) -> Log:
    """The log of the ledger's `chunks`, read with the behaviours of `agreement`."""
    made = Log()
    watched = _watched(agreement)
    outcome = agreement.outcome.event
    for chunk in chunks:
        for event in chunk:
            _read(made, event, watched, outcome)
    return made


def _watched(agreement: Agreement) -> dict[str, list[tuple[int, Behaviour]]]:
    """The behaviours that an event of each name can be."""
    found: dict[str, list[tuple[int, Behaviour]]] = {}
    for position, behaviour in enumerate(agreement.behaviours.values()):
        found.setdefault(behaviour.event, []).append((position, behaviour))
    found.setdefault("screen", found.get("page", []))
    return found


def _read(made: Log, event: Any, watched: Mapping[str, list[tuple[int, Behaviour]]], outcome: str) -> None:
    row = len(made.event_id)
    made.event_id.append(event.event_id)
    made.type.append(event.type)
    made.message_id.append(event.message_id)
    made.user_id.append(event.user_id)
    made.anonymous_id.append(event.anonymous_id)
    made.group_id.append(event.group_id)
    made.occurred.append(event.occurred_us)
    made.recorded.append(event.recorded_us)
    made.flags.append(event.flags)
    body = orjson.loads(event.body)
    properties, context = body.get("properties") or {}, body.get("context") or {}
    for position, behaviour in watched.get(event.name, ()):
        if behaviour.matches(event.name, event.type, properties, context):
            made.hits.append((row, position, _minutes(properties, behaviour.minutes)))
    _read_envelope(made, row, event.type, body, context)
    if event.type in ("page", "screen"):
        made.views[row] = _text(properties.get("page_view_id"))
        if properties.get("engaged_ms") is not None:
            made.leaves.append((row, made.views[row] or f"row {row}", _number(properties["engaged_ms"]) / 60_000))
            made.views[row] = made.views[row] or f"row {row}"
    elif event.type == "track":
        _read_track(made, row, event.name, properties, outcome)


def _read_envelope(made: Log, row: int, kind: str, body: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    traits = body.get("traits") or context.get("traits")
    if isinstance(traits, Mapping) and kind in ("identify", "group"):
        made.said.append((row, dict(traits)))
    if previous := identity(body.get("previousId")):
        made.previous.append((row, previous))
    campaign = context.get("campaign")
    if isinstance(campaign, Mapping):
        source, name = _text(campaign.get("source")), _text(campaign.get("name"))
        if source or name:
            made.touches.append((row, source or "unknown", name or None))
    if agent := _text(context.get("userAgent")):
        made.agents.append((row, agent))


def _read_track(made: Log, row: int, name: str, properties: dict[str, Any], outcome: str) -> None:
    if name == "Page Left":
        if view := _text(properties.get("page_view_id")):
            made.leaves.append((row, view, _number(properties.get("engaged_ms")) / 60_000))
    elif name in SALES_TOUCHES or name in CRM_EVENTS or name == outcome:
        made.crm.append((row, name, properties))
    elif name.startswith("Email "):
        made.mails.append((row, name, _text(properties.get("email_id")) or _text(properties.get("campaign_id"))))
        if properties.get("sent_by") == "sales":
            made.crm.append((row, "sales mail", properties))


def _text(value: object) -> str:
    """Text and numbers as text; empty for anything else that may stand there."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _minutes(properties: Mapping[str, Any], name: str | None) -> float:
    return _number(properties.get(name)) if name else 0.0


def _number(value: object) -> float:
    try:
        number = float(value or 0.0)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return number if 0.0 <= number < 1e9 else 0.0
