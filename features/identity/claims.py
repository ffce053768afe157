"""Identity claims: what events say about who is who, as keys of users, links of names, merges and undone merges.

Which lead an event belongs to is a function of the set of claims. Of two claims the first is the one that happened
earlier, then the one with the smaller message id; the order in which they arrived decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.events.event import identifier_text
from features.events.event_table import EventTable
from features.events.trust import LATE_CLAIM
from features.identity.email import is_placeholder, mail_address, shared_from

Rank = tuple[int, str]  # occurred_us and message id: the smaller one is first
Key = tuple[str, str]  # an identifier besides the ids of events: "email" or a CRM's name, and its value

USER, ANONYMOUS, EMAIL, CRM = "user", "anonymous", "email", "crm"
NO_CRM = frozenset({"lead", "id", "group", USER, ANONYMOUS, EMAIL})  # a CRM of that name would pass for another kind
LONGEST_KIND = 64
# The flag of an identify whose address too many shared, once one of them was erased: it goes on identifying nobody.
SHARED = "shared_address"
MERGED, UNDONE, CONVERTED = "Lead Merged", "Lead Merge Undone", "Lead Converted"


class KeyClaim(NamedTuple):
    """An event that gives keys of its user: an e-mail address, an id in a CRM. is_public: by a public key."""

    recorded_us: int
    rank: Rank
    user: str
    keys: tuple[Key, ...]
    is_public: bool = False


class LinkClaim(NamedTuple):
    """An event that gives a name to a user: an anonymous id, or an id that only aliases use."""

    recorded_us: int
    rank: Rank
    name: str
    user: str


class MergeClaim(NamedTuple):
    """An event that merges the lead of `previous` into that of `survivor`, or of `user` where it names no survivor."""

    recorded_us: int
    rank: Rank
    user: str
    survivor: Key | None
    previous: Key


class UnmergeClaim(NamedTuple):
    """An event that takes back a merge, the one of the same user with this message id."""

    recorded_us: int
    user: str
    merge_id: str


class FirstSeen(NamedTuple):
    """The first event of a user; with `is_own` its first one that is no alias, which makes the user a lead."""

    recorded_us: int
    user: str
    is_own: bool


Claim = KeyClaim | LinkClaim | MergeClaim | UnmergeClaim | FirstSeen


def normal_email(value: object) -> str:
    """The address as `mail_address` writes it; empty for a placeholder too, such as "noemail@none.com"."""
    address = mail_address(value)
    return "" if is_placeholder(address) else address


def crm_key(properties: Mapping[str, Any], name: str = "crm_lead_id") -> Key | None:
    """A record's id and the name of its CRM, "crm" where the event names none.

    {"crm": "Salesforce", "crm_lead_id": "00Q1"} is ("salesforce", "00Q1").
    """
    value = identifier_text(properties.get(name))
    if value is None:
        return None
    crm = str(properties.get("crm") or CRM).strip().lower()[:LONGEST_KIND]
    return (CRM if crm in NO_CRM else crm), value


def claimed_keys(table: EventTable, asked: npt.NDArray[np.bool_]) -> Iterator[tuple[int, tuple[Key, ...]]]:
    """The rows that give keys of a user, with the keys; only of users whose number is True in `asked`."""
    known = np.append(asked, False)[table.user_id.codes()]  # -1, nobody, is the last
    refused = _later_public_emails(table) | _of_shared_addresses(table)
    # What a group call says is said of the company: all of its leads would have one address.
    identifying = (known & (table.type.codes() == table.type.code("identify"))).tolist()
    for row, traits in table.traits:
        if identifying[row]:
            email, record = normal_email(traits.get("email")), crm_key(traits)
            keys = (((EMAIL, email),) if email and row not in refused else ()) + ((record,) if record else ())
            if keys:
                yield row, keys
    for row, name, properties in table.crm:
        if known[row] and name not in (MERGED, UNDONE) and (record := crm_key(properties)):
            yield row, (record,)


def _later_public_emails(table: EventTable) -> frozenset[int]:
    """The identifies by which a public key gives a user another e-mail address than its first one.

    They claim nothing. Otherwise one user could claim the addresses of a whole list, and whom the CRM names by them
    later would all be one lead. First is the one that was recorded first.
    """
    public = table.is_public()
    if not public.any():
        return frozenset()
    identifying = table.type.codes() == table.type.code("identify")
    users = table.user_id.codes()
    claims = sorted(
        (int(users[row]), table.recorded[row], claim_rank(table, row), row, email)
        for row, traits in table.traits
        if identifying[row] and (email := normal_email(traits.get("email")))
    )
    first = {claim[0]: claim[-1] for claim in reversed(claims)}
    return frozenset(row for user, _, _, row, email in claims if public[row] and email != first[user])


def _of_shared_addresses(table: EventTable) -> frozenset[int]:
    """The identifies whose address is nobody's for good: see SHARED."""
    flagged = [code for code, flags in enumerate(table.flags.values) if SHARED in flags.split(",")]
    return frozenset(np.flatnonzero(np.isin(table.flags.codes(), flagged)).tolist() if flagged else ())


def claims_of_shared_addresses(table: EventTable, rows: Collection[int]) -> Iterator[int]:
    """The rows whose address identifies nobody, since too many users claim it: of the addresses that `rows` claim."""
    public, users = table.is_public(), table.user_id.codes()
    claims: dict[Key, list[int]] = {}
    for row, keys in claimed_keys(table, np.ones(len(table.user_id.values), dtype=bool)):
        for key in (key for key in keys if key[0] == EMAIL):
            claims.setdefault(key, []).append(row)
    for key, claiming in claims.items():
        trusted = [row for row in claiming if not public[row]]
        most = 0 if set(rows).isdisjoint(claiming) else shared_from(key[1])
        # As for the resolver: users whom only public keys name make public claims void, and those alone.
        if most and len(np.unique(users[trusted])) >= most:
            yield from claiming
        elif most and len(np.unique(users[claiming])) >= most:
            yield from (row for row in claiming if public[row])


def most_users(key: Key) -> int | None:
    """From how many users on a key identifies nobody; None for a key that identifies however many claim it."""
    return shared_from(key[1]) if key[0] == EMAIL else None


def merge_claims(table: EventTable) -> Iterator[MergeClaim]:
    """The merges and conversions in the table; it holds none of a sender who may not merge."""
    for row, name, properties in _of_users(table, MERGED, CONVERTED):
        record = crm_key(properties) if name == MERGED else None
        previous = crm_key(properties, "previous_crm_lead_id" if name == MERGED else "contact_id")
        if name == MERGED and previous is None and (lead := identifier_text(properties.get("previous_lead_id"))):
            previous = (USER, lead)
        if previous:
            yield MergeClaim(table.recorded[row], claim_rank(table, row), str(table.user_id[row]), record, previous)


def unmerge_claims(table: EventTable) -> Iterator[UnmergeClaim]:
    """The undone merges in the table."""
    for row, _, properties in _of_users(table, UNDONE):
        if merge := identifier_text(properties.get("merge_id")):
            yield UnmergeClaim(table.recorded[row], str(table.user_id[row]), merge)


def claim_rank(table: EventTable, row: int) -> Rank:
    """What decides which of two claims is first: when it happened, or when it came where its date is not trusted."""
    is_late = LATE_CLAIM in str(table.flags[row]).split(",")
    return (table.recorded if is_late else table.occurred)[row], table.message_id[row]


def _of_users(table: EventTable, *names: str) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    return (event for event in table.crm if event[1] in names and table.user_id[event[0]] is not None)
