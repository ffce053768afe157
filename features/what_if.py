"""What-if leads: states from the events and traits that a request brings along; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from features.agreement.agreement import Agreement
from features.behaviour.decayed_counters import behaviour_states
from features.behaviour.observations import observations
from features.events.event import event
from features.events.event_table import read_events
from features.home.clock import microseconds
from features.home.json_text import json_text
from features.identity.accounts import account_periods
from features.identity.identities import Identities
from features.traits.history import trait_columns, trait_history


class WhatIfRow(NamedTuple):
    """An event as the ledger would hand it out: the columns of `tables.events`, in their order."""

    event_id: int
    source: str
    message_id: str
    type: str
    name: str
    user_id: str
    anonymous_id: None
    group_id: str | None
    occurred_us: int
    recorded_us: int
    flags: str
    body: str


def what_if_states(
    leads: Sequence[Mapping[str, Any]], agreement: Agreement, as_of: datetime
) -> tuple[list[dict[str, list[float]]], list[dict[str, Any]]]:
    """The behaviour states and the traits of each lead of `leads`, by the functions that derive stored leads.

    leads: mappings with `traits` and `events`. Two of them are never one lead, whatever address both have.

    Raises EventRefused for an event that intake would refuse.
    """
    rows = [row for lead, content in enumerate(leads) for row in _event_rows(lead, content, as_of)]
    numbered = [row._replace(event_id=i) for i, row in enumerate(rows)]
    table = read_events([numbered], agreement)
    # Never stitched: two rows of a file may well have the same address.
    lead_of_row = np.array([int(row.user_id) for row in numbered], dtype=np.int64)
    found = Identities.settled([str(lead) for lead in range(len(leads))], lead_of_row, table.recorded_us())
    observed = observations(table, found, agreement)
    folded = behaviour_states(observed, len(agreement.behaviours), agreement.half_lives)
    behaviours: list[dict[str, list[float]]] = [{} for _ in leads]
    for row, position in enumerate(observed.lead[observed.is_last_known()]):
        place = int(found.lead_ids[position])
        behaviours[place] = {n: s.row(row).tolist() for n, s in zip(agreement.behaviours, folded, strict=True)}
    traits: list[dict[str, Any]] = [dict.fromkeys(trait_columns(agreement)) for _ in leads]
    columns = trait_columns(agreement)
    members = account_periods(table, found, agreement)
    for known in trait_history(table, found, agreement, observed, members).to_dict("records"):
        said = {name: known[name] for name in columns}
        traits[int(known["lead_id"])] = {name: None if value != value else value for name, value in said.items()}
    return behaviours, traits


def _event_rows(lead: int, content: Mapping[str, Any], as_of: datetime) -> list[WhatIfRow]:
    said = [{"type": "identify", "traits": content.get("traits") or {}, "timestamp": as_of.isoformat()}]
    return [_event_row(lead, i, raw, as_of) for i, raw in enumerate([*(content.get("events") or []), *said])]


def _event_row(lead: int, position: int, raw: Mapping[str, Any], as_of: datetime) -> WhatIfRow:
    made = event(
        {
            **raw,
            "userId": f"lead-{lead}",
            "anonymousId": None,
            "messageId": raw.get("messageId") or f"{lead}/{position}",
        },
        source="inline",
        received_at=as_of,
    )
    # Known when it happened: a what-if asks what the score would be, not when we would have heard.
    occurred_us = microseconds(made.occurred_at)
    return WhatIfRow(
        0, "inline", made.message_id, made.type, made.name, str(lead), None, made.group_id, occurred_us, occurred_us,
        "", json_text(made.body),
    )  # fmt: skip
