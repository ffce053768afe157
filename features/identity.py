"""Who an event is about: anonymous histories, aliases, e-mail and CRM identifiers, stitched to leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.events import identity
from features.log import Log
from features.recurrence import NOT_YET, Ints


class Attributions(NamedTuple):
    """Events that belonged to a lead for a while: row, lead, and from when to when that was known."""

    row: Ints
    lead: Ints
    known_us: Ints
    until_us: Ints

    @classmethod
    def none(cls) -> Attributions:
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, nothing)


@dataclass
class Identities:
    """The lead of each event, and when we knew it was that lead's.

    lead: position in `lead_ids` per event, -1 for a visitor who is not identified yet.
    known_us: the later of the event's record and of the link that made it this lead's.
    identifiers: (kind, value) to lead_id, for those who ask by another name: user, anonymous, email, a CRM.
    former: where events belonged before an earlier link, a merge or its undoing moved them.
    """

    lead_ids: list[str]
    lead: Ints
    known_us: Ints
    identifiers: dict[tuple[str, str], str]
    former: Attributions
    merged_us: Ints  # per lead: since when it is part of another; NOT_YET for one that stands

    @classmethod
    def settled(
        cls,
        lead_ids: list[str],
        lead: Ints,
        known_us: Ints,
        identifiers: dict[tuple[str, str], str] | None = None,
    ) -> Identities:
        """Identities of events that never belonged to another lead."""
        never = np.full(len(lead_ids), NOT_YET, dtype=np.int64)
        return cls(lead_ids, lead, known_us, identifiers or {}, Attributions.none(), never)


@dataclass
class _Links:
    """What the identifying events say, gathered in the order in which they became known."""

    canonical: dict[str, str] = field(default_factory=dict)  # user id to the lead's
    owner: dict[str, tuple[tuple[int, str], str, int]] = field(default_factory=dict)  # anonymous id to (rank, user, us)
    held: dict[tuple[str, str], str] = field(default_factory=dict)  # e-mail or CRM id to the lead's user id

    def lead_of(self, user: str) -> str:
        while (next_user := self.canonical.get(user, user)) != user:
            user = next_user
        return user


def identities(log: Log) -> Identities:
    """The lead of every event in `log`.

    An anonymous id belongs to the earliest identify by (occurred_at, messageId). A user id that is new when it
    brings a known e-mail or CRM id is the lead that holds it. Two known leads never merge here.
    """
    links = _links(log)
    users = pd.array(log.user_id, dtype=object)
    leads: dict[str, int] = {}
    lead = np.full(len(log), -1, dtype=np.int64)
    known = log.recorded_us().copy()
    for row, user in enumerate(users):
        linked_us = 0
        if user is None:
            owned = links.owner.get(log.anonymous_id[row] or "")
            if owned is None:
                continue
            _, user, linked_us = owned
        name = links.lead_of(user)
        lead[row] = leads.setdefault(name, len(leads))
        known[row] = max(known[row], linked_us)
    identifiers = {key: links.lead_of(user) for key, user in links.held.items()}
    return Identities.settled(list(leads), lead, known, identifiers)


def _links(log: Log) -> _Links:
    links = _Links()
    traits = dict(log.said)
    crm = {row: _in_crm(properties) for row, _, properties in log.crm}
    previous = dict(log.previous)
    first_seen = _first_seen(log)
    telling = set(traits) | set(crm) | set(previous) | _identifying(log)
    # One export is known all at once: the order of the ledger must not decide who is who.
    for row in sorted(telling, key=lambda row: (log.recorded[row], log.occurred[row], log.message_id[row])):
        user = log.user_id[row]
        if user is None:
            continue
        said = traits.get(row, {})
        _hold(links, user, ("email", normal_email(said.get("email"))), first_seen[user] == log.recorded[row])
        _hold(links, user, crm.get(row) or _in_crm(said), False)
        for visitor in {log.anonymous_id[row] if log.type[row] == "identify" else None, previous.get(row)} - {None}:
            _own(links, log, row, str(visitor), user, first_seen)
    return links


def _identifying(log: Log) -> set[int]:
    both = zip(log.type, log.user_id, log.anonymous_id, strict=True)
    return {row for row, (kind, user, visitor) in enumerate(both) if kind in ("identify", "alias") and user and visitor}


def _first_seen(log: Log) -> dict[str, int]:
    """When each user id was first recorded."""
    seen: dict[str, int] = {}
    for user, recorded in zip(log.user_id, log.recorded, strict=True):
        if user is not None and recorded < seen.get(user, recorded + 1):
            seen[user] = recorded
    return seen


def _hold(links: _Links, user: str, key: tuple[str, str], is_new: bool) -> None:
    if not key[1]:
        return
    holder = links.held.setdefault(key, user)
    if is_new and links.lead_of(holder) != links.lead_of(user):
        links.canonical[links.lead_of(user)] = links.lead_of(holder)


def _own(links: _Links, log: Log, row: int, visitor: str, user: str, first_seen: dict[str, int]) -> None:
    if visitor in first_seen:  # an alias from one known user id to another: the CRM merges those, a write key cannot
        return
    rank, linked_us = (log.occurred[row], log.message_id[row]), log.recorded[row]
    if visitor in links.owner:
        earliest, owner, known_us = links.owner[visitor]
        if rank > earliest:
            return
        # Hearing late of an earlier link to the same lead tells nothing new.
        linked_us = known_us if links.lead_of(owner) == links.lead_of(user) else linked_us
    links.owner[visitor] = (rank, user, linked_us)


def _in_crm(said: Mapping[str, Any]) -> tuple[str, str]:
    """The lead's id in the CRM that names it; "crm" where the CRM does not say which it is."""
    return str(said.get("crm") or "crm").lower(), identity(said.get("crm_lead_id")) or ""


def normal_email(value: object) -> str:
    """An e-mail address trimmed and in lower case; empty where there is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if "@" in text else ""
