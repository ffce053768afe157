"""Trust: what a key that stands in web pages may not decide, since anybody can read it there and send with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, FEEDBACK_EVENTS, HANDOVER_EVENTS, SALES_EVENTS
from features.events.touch_values import SIDE_FLAGS

PUBLIC = "public"  # the flag of each event that came by a key that may only write events
NOT_TRUSTED = "not_trusted"  # of one that says what only the CRM or our own people may say: kept, and not followed
PUBLIC_OBJECTION = "public_objection"  # of an objection to profiling by such a key: it is followed all the same
BY_FEEDBACK_KEY = "feedback_key"  # of an event whose key may give feedback, beside writing events
NOT_OURS = "not_ours"  # of an event that says of a handover what only Leadlight itself says
LATE_CLAIM = "late_claim"  # of an identify or alias by such a key, said to be old: it claims nothing before it came
OF_PUBLIC_KEYS = (PUBLIC, NOT_TRUSTED, PUBLIC_OBJECTION, LATE_CLAIM, BY_FEEDBACK_KEY)
OURSELVES = "leadlight"  # the source of the events that we write into the ledger
SAID_BY_KEYS = frozenset({PUBLIC, BY_FEEDBACK_KEY, *SIDE_FLAGS})  # of whose key an event is: nothing to warn of
# Traits by which the CRM says what became of a lead or which of its records a lead is, without case and gaps.
CRM_TRAITS = frozenset(
    {"customer", "openopportunity", "withsales", "rejected", "closed", "leadstatus", "crmleadid", "contactid"}
)
OBJECTION = "profilingoptout"
YES = frozenset({"true", "yes", "1", "1.0", "y", "on"})


@dataclass(frozen=True)
class ReservedNames:
    """The events that an agreement names itself of those that a public key may not say, or says with effect."""

    outcome: str = "Lead Converted"
    objected: str = "Profiling Objected"
    allowed: str = "Profiling Allowed"

    @classmethod
    def of(cls, agreement: Agreement) -> ReservedNames:
        """The names that this agreement gives."""
        return cls(agreement.outcome.event, agreement.privacy.objected, agreement.privacy.allowed)


USUAL_NAMES = ReservedNames()


def is_public(flags: str) -> bool:
    """Whether the flags of an event, as the ledger keeps them, say that it came by a public key."""
    return PUBLIC in flags and PUBLIC in flags.split(",")


def is_for_crm(name: str, outcome: str) -> bool:
    """Whether an event of this name is the CRM's or our own people's to say."""
    return name in CRM_EVENTS or name in SALES_EVENTS or name == outcome


def is_followed(name: str, source: str, flags: str) -> bool:
    """Whether an event that is the CRM's or our own people's to say came from somebody who may say it.

    Of handovers that is Leadlight itself; feedback may come by a key with feedback:write, too.
    """
    if name in HANDOVER_EVENTS:
        return source == OURSELVES
    return not is_public(flags) or (name in FEEDBACK_EVENTS and BY_FEEDBACK_KEY in flags.split(","))


def public_traits(traits: Mapping[str, Any]) -> dict[str, Any]:
    """The traits that a public key may give: those that are not the CRM's, whatever their spelling.

    {"customer": true, "company": {"open_opportunity": true, "name": "Acme"}} is {"company": {"name": "Acme"}}; of
    {"open": {"opportunity": true}}, which means the same as "open_opportunity", {"open": {}} is left.
    """
    given = {key: value for key, value in traits.items() if _plain(key) not in CRM_TRAITS}
    return {key: _inner(key, value) if isinstance(value, Mapping) else value for key, value in given.items()}


def trust_flags(
    type: str, name: str, body: Mapping[str, Any], reserved: ReservedNames, may_give_feedback: bool = False
) -> Iterator[str]:
    """The flags of an event that a public key sent, for what it says beyond what such a key may."""
    if may_give_feedback and name in FEEDBACK_EVENTS:
        yield BY_FEEDBACK_KEY
    traits = _traits(body) if type in ("identify", "group") else {}
    is_refused = type == "track" and (is_for_crm(name, reserved.outcome) or name == reserved.allowed)
    is_refused &= not (may_give_feedback and name in FEEDBACK_EVENTS)
    if is_refused or public_traits(traits) != traits:
        yield NOT_TRUSTED
    if (type == "track" and name == reserved.objected) or _objects(traits):
        yield PUBLIC_OBJECTION


def _inner(outer: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if not {_plain(outer + key), _plain(key)} & CRM_TRAITS}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _traits(body: Mapping[str, Any]) -> Mapping[str, Any]:
    context = body.get("context")
    traits = body.get("traits") or (context.get("traits") if isinstance(context, Mapping) else None)
    return traits if isinstance(traits, Mapping) else {}


def _objects(traits: Mapping[str, Any]) -> bool:
    return any(_plain(key) == OBJECTION and str(value).strip().lower() in YES for key, value in traits.items())
