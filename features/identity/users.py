"""Users: which lead each user id was part of, one after another; found component by component."""

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
from features.identity.resolution import IdentityResolver, lead_histories
from features.identity.stitching import AnonymousLinks


class IdentityConflict(NamedTuple):
    """A key or an alias that several known leads say is theirs; the first of them has it, and nobody was merged."""

    kind: str
    value: str
    lead_ids: tuple[str, ...]


class UserLeads(NamedTuple):
    """What became of the user ids of a log.

    moved: (lead, since when) one after another, for each user (all by number) that was not always its own lead.
    holders: the lead that has each key.
    """

    moved: dict[int, list[tuple[int, int]]]
    holders: dict[Key, str]
    conflicts: list[IdentityConflict]

    @classmethod
    def of(cls, log: EventTable, links: AnonymousLinks) -> UserLeads:
        """The users of `log`; only those that share something with another one need more than a look."""
        found = cls({}, {}, [])
        unknown = _alias_only_users(log, links)
        ties = _ConnectedUsers()
        for row, keys in claimed_keys(log, np.ones(len(log.user_id.values), dtype=bool)):
            user = str(log.user_id[row])
            for key in keys:
                if (holder := found.holders.setdefault(key, user)) != user:
                    ties.tie(user, holder)
        merges = list(merge_claims(log))
        for join in merges:
            ties.tie(join.user, *_users_named(log, join, found.holders))
        names = np.array([log.anonymous_id.code(name) for name in unknown], dtype=np.int64)
        aliases = list(links.statements(log, np.flatnonzero(np.isin(links.name, names))))
        for link in aliases:
            ties.tie(link.name, link.user)
        for statements in ties.components(_claims(log, ties, merges, aliases, unknown)):
            found._replay(log, statements, unknown)
        return found

    def _replay(self, log: EventTable, statements: list[Claim], unknown: Iterable[str]) -> None:
        tangle = IdentityResolver(unknown)
        for user, stays in lead_histories(tangle, statements).items():
            self.moved[log.user_id.code(user)] = [(log.user_id.code(lead), since) for lead, since in stays]
        self.holders.update(tangle.holders())
        for key, sayers in tangle.sayers.items():
            if others := {tangle.lead_of(user) for user in sayers} - {self.holders[key]}:
                self.conflicts.append(IdentityConflict(*key, (self.holders[key], *sorted(others))))


class _ConnectedUsers:
    """Users that have something to do with each other, whatever comes of it."""

    def __init__(self) -> None:
        self._over: dict[str, str] = {}

    def __contains__(self, user: str) -> bool:
        return user in self._over

    def root(self, user: str) -> str:
        over = self._over
        while (above := over[user]) != user:
            over[user] = user = over[above]
        return user

    def tie(self, user: str, *others: str) -> None:
        self._over.setdefault(user, user)
        for other in others:
            self._over.setdefault(other, other)
            self._over[self.root(other)] = self.root(user)

    def components(self, statements: Iterable[Claim]) -> Iterable[list[Claim]]:
        """The statements of users that are tied, component by component."""
        found: dict[str, list[Claim]] = {}
        for said in statements:
            found.setdefault(self.root(said.user), []).append(said)
        return found.values()


def _claims(
    log: EventTable, ties: _ConnectedUsers, merges: list[MergeClaim], aliases: Iterable[Claim], unknown: dict[str, int]
) -> Iterator[Claim]:
    asked = np.fromiter((user in ties for user in log.user_id.values), bool, len(log.user_id.values))
    if not asked.any():
        return
    for row, keys in claimed_keys(log, asked):
        yield KeyClaim(log.recorded[row], claim_rank(log, row), str(log.user_id[row]), keys)
    yield from merges
    yield from (undo for undo in unmerge_claims(log) if undo.user in ties)
    yield from aliases
    yield from (FirstSeen(own_us, name, True) for name, own_us in unknown.items() if own_us < NOT_YET and name in ties)
    named = {key[1] for join in merges for key in (join.previous, join.survivor) if key} | {j.user for j in merges}
    codes = np.array([code for code in map(log.user_id.code, sorted(named)) if code >= 0], dtype=np.int64)
    seen_us = _first_us(log, np.isin(log.user_id.codes(), codes))
    yield from (FirstSeen(int(seen_us[code]), log.user_id.values[code], False) for code in codes)


def _users_named(log: EventTable, join: MergeClaim, holders: dict[Key, str]) -> Iterator[str]:
    """The users that a merge may be about, besides the one that says it."""
    for key in (join.previous, join.survivor):
        if key in holders:
            yield holders[key]
        if key and log.user_id.code(key[1]) >= 0:
            yield key[1]


def _alias_only_users(log: EventTable, links: AnonymousLinks) -> dict[str, int]:
    """Users that had an alias before any other event, if they are said to be someone: when that other event came."""
    is_alias = log.type.codes() == log.type.code("alias")
    users = log.user_id.codes()
    aliased = np.unique(users[is_alias & (users >= 0)]).tolist()
    linked = {log.anonymous_id.values[name] for name in np.unique(links.name)} if aliased else set()
    found = [code for code in aliased if log.user_id.values[code] in linked]
    if not found:
        return {}
    alias_us, own_us = _first_us(log, is_alias), _first_us(log, ~is_alias)
    return {log.user_id.values[code]: int(own_us[code]) for code in found if alias_us[code] < own_us[code]}


def _first_us(log: EventTable, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
    """When each user's first event among those at `which` rows was recorded; NOT_YET for none."""
    rows = np.flatnonzero(which & (log.user_id.codes() >= 0))
    found = np.full(len(log.user_id.values), NOT_YET, dtype=np.int64)
    np.minimum.at(found, log.user_id.codes()[rows], log.recorded_us()[rows])
    return found
