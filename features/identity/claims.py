"""What events say of who is who: keys that users have, names that belong to users, merges and their undoing.

Who is who is a function of the set of these statements: what comes first is decided by when it happened, then by the
message id, never by the order in which it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.events.event import identity
from features.events.event_table import EventTable
from features.events.validation import LATE_CLAIM, MERGE_REFUSED

Rank = tuple[int, str]  # occurred_us and message id: what is first
Key = tuple[str, str]  # an identifier besides the ids of events: "email" or a CRM's name, and its value

USER, ANONYMOUS, EMAIL, CRM = "user", "anonymous", "email", "crm"
NO_CRM = frozenset({"lead", "id", "group", USER, ANONYMOUS, EMAIL})  # a CRM of that name would pass for another kind
LONGEST_KIND = 64
MERGED, UNDONE, CONVERTED = "Lead Merged", "Lead Merge Undone", "Lead Converted"


class KeyClaim(NamedTuple):
    """A user has these keys."""

    recorded_us: int
    rank: Rank
    user: str
    keys: tuple[Key, ...]


class LinkClaim(NamedTuple):
    """A name, an anonymous id or one that only aliases know, belongs to a user."""

    recorded_us: int
    rank: Rank
    name: str
    user: str


class MergeClaim(NamedTuple):
    """What was `previous` is part of `survivor` from now on; without a survivor's key, of `user`."""

    recorded_us: int
    rank: Rank
    user: str
    survivor: Key | None
    previous: Key


class UnmergeClaim(NamedTuple):
    """A merge that was said of the same user is taken back."""

    recorded_us: int
    user: str
    merge_id: str


class FirstSeen(NamedTuple):
    """A user has its first event, or (`is_own`) its first that is more than an alias, which makes it a known lead."""

    recorded_us: int
    user: str
    is_own: bool


Claim = KeyClaim | LinkClaim | MergeClaim | UnmergeClaim | FirstSeen


def normal_email(value: object) -> str:
    """An e-mail address trimmed and in lower case; empty where there is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if "@" in text else ""


def crm_key(said: Mapping[str, Any], name: str = "crm_lead_id") -> Key | None:
    """The id of a record in the CRM that is named beside it; "crm" where it is not said which that is."""
    value = identity(said.get(name))
    if value is None:
        return None
    crm = str(said.get("crm") or CRM).strip().lower()[:LONGEST_KIND]
    return (CRM if crm in NO_CRM else crm), value


def claimed_keys(log: EventTable, asked: npt.NDArray[np.bool_]) -> Iterator[tuple[int, tuple[Key, ...]]]:
    """The rows that say keys of a user, and the keys; of the users (by number) that are asked for."""
    known = np.append(asked, False)[log.user_id.codes()]  # -1, nobody, is the last
    # What a group call says is said of the company: all of its leads would have one address.
    identifying = (known & (log.type.codes() == log.type.code("identify"))).tolist()
    for row, traits in log.traits:
        if identifying[row]:
            email, record = normal_email(traits.get("email")), crm_key(traits)
            keys = (((EMAIL, email),) if email else ()) + ((record,) if record else ())
            if keys:
                yield row, keys
    for row, name, properties in log.crm:
        if known[row] and name not in (MERGED, UNDONE) and (record := crm_key(properties)):
            yield row, (record,)


def merge_claims(log: EventTable) -> Iterator[MergeClaim]:
    """The merges and conversions in the log, but for those whose sender may not merge."""
    for row, name, properties in _trusted(log, MERGED, CONVERTED):
        record = crm_key(properties) if name == MERGED else None
        previous = crm_key(properties, "previous_crm_lead_id" if name == MERGED else "contact_id")
        if name == MERGED and previous is None and (lead := identity(properties.get("previous_lead_id"))):
            previous = (USER, lead)
        if previous:
            yield MergeClaim(log.recorded[row], claim_rank(log, row), str(log.user_id[row]), record, previous)


def unmerge_claims(log: EventTable) -> Iterator[UnmergeClaim]:
    """The merges that were taken back, but for those whose sender may not."""
    for row, _, properties in _trusted(log, UNDONE):
        if merge := identity(properties.get("merge_id")):
            yield UnmergeClaim(log.recorded[row], str(log.user_id[row]), merge)


def claim_rank(log: EventTable, row: int) -> Rank:
    """What decides which of two statements is first: when it happened, or came, where its date is not taken."""
    is_late = LATE_CLAIM in str(log.flags[row]).split(",")
    return (log.recorded if is_late else log.occurred)[row], log.message_id[row]


def _trusted(log: EventTable, *names: str) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    for row, name, properties in log.crm:
        if name in names and log.user_id[row] is not None and MERGE_REFUSED not in str(log.flags[row]).split(","):
            yield row, name, properties
