"""Sales events: what our side did for each lead and what was said of it, and from when until when that was known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from features.agreement.agreement import Agreement
from features.events.event_table import EventTable
from features.events.feedback_values import GIVEN, feedback_kind
from features.events.touch_values import CALL_ANSWERED, TOUCHES, Result, moment_us, normal_word
from features.identity.identities import Identities
from features.identity.intervals import Period
from features.touches.touch import MEDIA, Medium, Touch, person_named, touch_actor, touch_result, touch_side

REPLIED = "Email Replied"
_MEDIUM_IF_NONE: Medium = "call"
_MEDIA: dict[str, Medium] = {medium: medium for medium in MEDIA.values()}
_MEDIA |= {"mail": "email", "e_mail": "email", "phone": "call", "voicemail": "call"}
_RESULT_OF_KIND: dict[str, Result] = {"tried": "no_answer", "contacted": "talked"}


class SalesEvent(NamedTuple):
    """One event of sales or the CRM of one lead; of those that happened at once, the higher message_id is later.

    known: from when until when it was known of this lead.
    """

    occurred_us: int
    message_id: str
    name: str
    row: int
    properties: Mapping[str, Any]
    known: Period


def sales_events(
    table: EventTable, resolved: Identities, leads: Collection[int] | None = None
) -> dict[int, list[SalesEvent]]:
    """By lead (its position), what our side did for it and what was said of it, in the order in which it happened.

    leads: of these alone; None: of all. Replies of the lead are among them.
    """
    said = [*table.crm, *((row, CALL_ANSWERED, properties) for row, properties in table.answered)]
    said += [(row, REPLIED, {}) for row, name, _ in table.mails if name == REPLIED]
    at = resolved.attribute(np.array([row for row, _, _ in said], dtype=np.int64))
    own = None if leads is None else frozenset(leads)
    by_lead: dict[int, list[SalesEvent]] = {}
    for place, lead, known_us, until_us in zip(*(column.tolist() for column in at), strict=True):
        if own is None or lead in own:
            row, name, properties = said[place]
            known = (known_us, until_us)
            one = SalesEvent(table.occurred[row], table.message_id[row], name, row, properties, known)
            by_lead.setdefault(lead, []).append(one)
    return {lead: sorted(events, key=lambda one: one[:3]) for lead, events in by_lead.items()}


def touch_of(one: SalesEvent, table: EventTable, agreement: Agreement | None) -> Touch | None:
    """The touch that an event is; None for one that is none. A feedback that somebody tried or talked is one, too."""
    name, properties = one.name, one.properties
    kind = feedback_kind(properties) if name == GIVEN else None
    if name not in TOUCHES and kind not in _RESULT_OF_KIND:
        return None
    side = touch_side(name, properties, table.flags[one.row] or "", agreement)
    result = touch_result(name, properties) or _RESULT_OF_KIND.get(kind or "")
    return Touch(
        event_id=table.event_id[one.row],
        name=name,
        occurred_us=one.occurred_us,
        known_us=one.known[0],
        side=side,
        actor=touch_actor(name, properties, side),
        result=result,
        by=person_named(properties),
        medium=MEDIA.get(name) or _MEDIA.get(normal_word(properties.get("medium")), _MEDIUM_IF_NONE),
        call_back_us=moment_us(properties.get("call_back_at")),
        handover_id=text_of(properties, "handover_id"),
    )


def text_of(properties: Mapping[str, Any], key: str) -> str | None:
    """A property that is text or a number, as text; None where it is neither or empty."""
    value = properties.get(key)
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text or None
