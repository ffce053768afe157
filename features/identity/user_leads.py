"""The leads of all user ids of an event table: its claims, component by component, to the resolver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable
from features.identity.claims import (
    Claim,
    FirstSeen,
    Key,
    KeyClaim,
    MergeClaim,
    claim_rank,
    claimed_keys,
    merge_claims,
    unmerge_claims,
)
from features.identity.resolution import IdentityConflict, IdentityResolver, lead_histories
from features.identity.stitching import AnonymousLinks


class UserLeads(NamedTuple):
    """The leads of all user ids of an event table.

    moved: by user number, (lead number, since when) one after another, of the users that were not always their own
    lead. holders: the lead of each key.
    """

    moved: dict[int, list[tuple[int, int]]]
    holders: dict[Key, str]
    conflicts: list[IdentityConflict]

    @classmethod
    def of(cls, table: EventTable, links: AnonymousLinks) -> UserLeads:
        """Resolve the users of `table`: component by component, and only those that share something with another."""
        found = cls({}, {}, [])
        alias_only = _alias_only_users(table, links)
        connected = _ConnectedUsers()
        for row, keys in claimed_keys(table, np.ones(len(table.user_id.values), dtype=bool)):
            user = str(table.user_id[row])
            for key in keys:
                if (holder := found.holders.setdefault(key, user)) != user:
                    connected.connect(user, holder)
        merges = list(merge_claims(table))
        for merge in merges:
            connected.connect(merge.user, *_users_named(table, merge, found.holders))
        names = np.array([table.anonymous_id.code(name) for name in alias_only], dtype=np.int64)
        aliases = list(links.claims(table, np.flatnonzero(np.isin(links.name, names))))
        for link in aliases:
            connected.connect(link.name, link.user)
        for claims in connected.components(_claims(table, connected, merges, aliases, alias_only)):
            found._replay(table, claims, alias_only)
        return found

    def _replay(self, table: EventTable, claims: list[Claim], alias_only: Iterable[str]) -> None:
        resolver = IdentityResolver(alias_only)
        for user, history in lead_histories(resolver, claims).items():
            self.moved[table.user_id.code(user)] = [(table.user_id.code(lead), since) for lead, since in history]
        self.holders.update(resolver.holders())
        for key in resolver.claimants:
            identified = resolver.identified(key)
            if not identified:
                del self.holders[key]
            elif others := {resolver.lead_of(user) for user in identified} - {self.holders[key]}:
                self.conflicts.append(IdentityConflict(*key, (self.holders[key], *sorted(others))))


class _ConnectedUsers:
    """A union-find over users: claims connect them, whether or not they turn out to be one lead."""

    def __init__(self) -> None:
        self._over: dict[str, str] = {}

    def __contains__(self, user: str) -> bool:
        return user in self._over

    def root(self, user: str) -> str:
        """The user that stands for all that this one is connected with."""
        over = self._over
        while (above := over[user]) != user:
            over[user] = user = over[above]
        return user

    def connect(self, user: str, *others: str) -> None:
        """Connect a user with others."""
        self._over.setdefault(user, user)
        for other in others:
            self._over.setdefault(other, other)
            self._over[self.root(other)] = self.root(user)

    def components(self, claims: Iterable[Claim]) -> Iterable[list[Claim]]:
        """The claims of connected users, component by component."""
        found: dict[str, list[Claim]] = {}
        for claim in claims:
            found.setdefault(self.root(claim.user), []).append(claim)
        return found.values()


def _claims(
    table: EventTable, connected: _ConnectedUsers, merges: list[MergeClaim], aliases: Iterable[Claim],
    alias_only: dict[str, int],
) -> Iterator[Claim]:  # fmt: skip
    """All claims of connected users."""
    asked = np.fromiter((user in connected for user in table.user_id.values), bool, len(table.user_id.values))
    if not asked.any():
        return
    public = table.is_public()
    for row, keys in claimed_keys(table, asked):
        user, is_public = str(table.user_id[row]), bool(public[row])
        yield KeyClaim(table.recorded[row], claim_rank(table, row), user, keys, is_public)
    yield from merges
    yield from (undo for undo in unmerge_claims(table) if undo.user in connected)
    yield from aliases
    own = ((name, own_us) for name, own_us in alias_only.items() if own_us < NOT_YET and name in connected)
    yield from (FirstSeen(own_us, name, True) for name, own_us in own)
    named = {key[1] for merge in merges for key in (merge.previous, merge.survivor) if key} | {j.user for j in merges}
    codes = np.array([code for code in map(table.user_id.code, sorted(named)) if code >= 0], dtype=np.int64)
    seen_us = _first_us(table, np.isin(table.user_id.codes(), codes))
    yield from (FirstSeen(int(seen_us[code]), table.user_id.values[code], False) for code in codes)


def _users_named(table: EventTable, merge: MergeClaim, holders: dict[Key, str]) -> Iterator[str]:
    """The users that a merge may name, besides the one whose event it is."""
    for key in (merge.previous, merge.survivor):
        if key in holders:
            yield holders[key]
        if key and table.user_id.code(key[1]) >= 0:
            yield key[1]


def _alias_only_users(table: EventTable, links: AnonymousLinks) -> dict[str, int]:
    """By user whose first event was an alias and whom a link claims for another: when its first other event came."""
    is_alias = table.type.codes() == table.type.code("alias")
    users = table.user_id.codes()
    aliased = np.unique(users[is_alias & (users >= 0)]).tolist()
    linked = {table.anonymous_id.values[name] for name in np.unique(links.name)} if aliased else set()
    found = [code for code in aliased if table.user_id.values[code] in linked]
    if not found:
        return {}
    alias_us, own_us = _first_us(table, is_alias), _first_us(table, ~is_alias)
    return {table.user_id.values[code]: int(own_us[code]) for code in found if alias_us[code] < own_us[code]}


def _first_us(table: EventTable, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
    """When each user's first event among those at `which` rows was recorded; NOT_YET for none."""
    rows = np.flatnonzero(which & (table.user_id.codes() >= 0))
    found = np.full(len(table.user_id.values), NOT_YET, dtype=np.int64)
    np.minimum.at(found, table.user_id.codes()[rows], table.recorded_us()[rows])
    return found
