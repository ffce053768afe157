"""Identity resolution: which lead each user id of one component belongs to at each time, from its claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from features.identity.claims import (
    USER,
    Claim,
    FirstSeen,
    Key,
    KeyClaim,
    LinkClaim,
    MergeClaim,
    Rank,
    most_users,
)
from features.identity.intervals import EVER

_Said = tuple[Rank, tuple[Key, ...], bool]  # when a user claimed which keys, and whether with a public key
LeadSince = tuple[str, int]  # a lead, and since when in microseconds: until the next one begins


class IdentityResolver:
    """The lead of each user of one component, by the claims that were taken in so far.

    Each user is a lead of its own, unless its first keys belong to an earlier user: then it belongs to that one's
    lead. Merges then make whole leads one. `u1` claims the e-mail a@x.example on May 1, and `u2` claims it in its
    first event on May 5: `u2` belongs to the lead `u1`. Had `u2` claimed another e-mail on May 3, it would stay a lead.
    From when too many users claim one address (`most_users`) it is nobody's, and those that it had joined part again;
    but users whom only public keys give it make public claims void alone, and part nobody whom others joined.
    """

    def __init__(self, alias_only: Iterable[str] = ()) -> None:
        """alias_only: users that only aliases name so far; they are no leads before they have another event."""
        self.owner: dict[Key, tuple[Rank, str]] = {}  # the user that claimed it first
        self.claimants: dict[Key, set[str]] = defaultdict(set)
        self._trusted: dict[Key, set[str]] = defaultdict(set)  # those of them that no public key alone names
        self._shared: set[Key] = set()  # claimed by so many users that they identify nobody
        self._shared_in_public: set[Key] = set()  # by so many with public keys that none of those is identified
        self._said: dict[str, set[_Said]] = defaultdict(set)  # all keys that a user claimed
        self._alias_only = set(alias_only)
        self._seen: set[str] = set()  # users that merges may name by their ids
        self._changed: set[Key] = set()  # keys whose owner changed since the last `resolve`
        self._born: dict[str, tuple[Rank, tuple[Key, ...]]] = {}  # a user's first keys, and when it claimed them
        self._identified: dict[str, tuple[Rank, tuple[Key, ...]]] = {}  # the first that are not its own id
        self._links: dict[str, tuple[Rank, str]] = {}
        self._relinked: set[str] = set()  # users whose earliest link changed since the last `resolve`
        self._merge_claims: list[MergeClaim] = []
        self._undone: set[tuple[str, str]] = set()
        self._merge_ranks: dict[str, Rank] = {}  # users that a merge names are not moved by later keys
        self._parent: dict[str, str] = {}
        self._children: dict[str, set[str]] = defaultdict(set)
        self._root: dict[str, str] = {}  # from a user to the one that its keys lead to
        self._top: dict[str, str] = {}  # from such a root to the one that merges made it part of
        self._lead: dict[str, str] = {}

    def lead_of(self, user: str) -> str:
        """The lead that a user belongs to now."""
        return self._lead.get(user, user)

    def identified(self, key: Key) -> set[str]:
        """The users whom a key identifies: of those who claimed it, all, those that are trusted, or none."""
        if key in self._shared:
            return set()
        return (self._trusted if key in self._shared_in_public else self.claimants)[key]

    def holders(self) -> dict[Key, str]:
        """The lead of each key: that of the user who claimed it first, else that of the merge that names it."""
        found: dict[Key, str] = {}
        for merge in self._merges_in_force():
            found |= dict.fromkeys((merge.previous, merge.survivor or merge.previous), self._survivor(merge))
        found |= {key: user for key, (_, user) in self.owner.items()}
        return {key: self.lead_of(user) for key, user in found.items() if key[0] != USER}

    def resolve(self, claims: Iterable[Claim]) -> Iterator[tuple[str, str]]:
        """Take in the claims recorded at one moment; yield each user that changed its lead, and its new lead."""
        stirred: set[str] = set()
        for claim in claims:
            stirred |= self._take_in(claim)
        stirred |= {user for key in self._changed for user in self.claimants[key]}
        self._changed.clear()
        merges = self._merges()
        named = _merge_ranks(merges)
        before, self._merge_ranks = self._merge_ranks, named
        stirred |= {user for user in named.keys() | before.keys() if named.get(user) != before.get(user)}
        # A circle of aliases ends by their ranks, which may change though each link stays.
        moved = self._below({user for user in stirred if self._moved(user)} | self._relinked)
        self._relinked.clear()
        self._root |= self._roots(moved)
        moved |= self._below(self._merged(merges))
        for user in sorted(moved):
            root = self._root.get(user, user)
            lead = self._top.get(root, root)
            if lead != self.lead_of(user):
                self._lead[user] = lead
                yield user, lead

    def _take_in(self, claim: Claim) -> set[str]:
        """Add a claim; return the users that it is about."""
        if isinstance(claim, KeyClaim):
            self._take_in_keys(claim)
            return {claim.user}
        if isinstance(claim, LinkClaim):
            link = claim.rank, claim.user
            if claim.name not in self._links or link < self._links[claim.name]:
                self._links[claim.name] = link
                self._relinked.add(claim.name)
            return {claim.name}
        if isinstance(claim, FirstSeen):
            self._seen.add(claim.user)
            self._alias_only -= {claim.user} if claim.is_own else set()
            return {claim.user}
        if isinstance(claim, MergeClaim):
            self._merge_claims.append(claim)
        else:
            self._undone.add((claim.user, claim.merge_id))
        return set()

    def _take_in_keys(self, claim: KeyClaim) -> None:
        said = claim.rank, claim.keys, claim.is_public
        self._said[claim.user].add(said)
        for key in claim.keys:
            self.claimants[key].add(claim.user)
            if not claim.is_public:
                self._trusted[key].add(claim.user)
            self._share(key)
            self._note_owner(claim.user, said, key)
        self._note_first_keys(claim.user, said)

    def _share(self, key: Key) -> None:
        """Once too many claim a key it is as if nobody had claimed it: nobody at all, or nobody by a public key."""
        most = most_users(key)
        for shared, users in ((self._shared, self._trusted[key]), (self._shared_in_public, self.claimants[key])):
            if most is not None and len(users) >= most and key not in shared:
                shared.add(key)
                self._review(key)

    def _review(self, key: Key) -> None:
        """Work out again what follows from all claims of the users of a key."""
        self.owner.pop(key, None)
        self._changed.add(key)
        for user in self.claimants[key]:
            self._born.pop(user, None)
            self._identified.pop(user, None)
            for said in self._said[user]:
                self._note_owner(user, said, key)
                self._note_first_keys(user, said)

    def _counts(self, key: Key, is_public: bool) -> bool:
        return key not in (self._shared_in_public if is_public else self._shared)

    def _note_owner(self, user: str, said: _Said, key: Key) -> None:
        rank, claimed, is_public = said
        is_claimed = key in claimed and self._counts(key, is_public)
        if is_claimed and (key not in self.owner or (rank, user) < self.owner[key]):
            self.owner[key] = rank, user
            self._changed.add(key)

    def _note_first_keys(self, user: str, said: _Said) -> None:
        rank, claimed, is_public = said
        keys = tuple(key for key in claimed if self._counts(key, is_public))
        # Its own id as a key in a CRM does not connect a user with anybody.
        identifying = tuple(key for key in keys if key[1] != user)
        for first, own in ((self._born, keys), (self._identified, identifying)):
            if own and (user not in first or (rank, own) < first[user]):
                first[user] = rank, own

    def _moved(self, user: str) -> bool:
        before, now = self._parent.get(user), self._parent_of(user)
        if now == before:
            return False
        if before is not None:
            self._children[before].discard(user)
            del self._parent[user]
        if now is not None:
            self._children[now].add(user)
            self._parent[user] = now
        return True

    def _parent_of(self, user: str) -> str | None:
        """The user whose lead this user belongs to; None for a lead of its own."""
        if user in self._alias_only:
            rank, other = self._links.get(user, (None, user))
            owners_before = [] if rank is None or other == user else [(rank, other)]
        elif user in self._born:
            born, keys = self._born[user]
            rank, more = self._identified.get(user, (born, ()))
            owners = (self.owner[key] for key in keys + more)
            # Once a user has keys of its own it is known, and only a merge can make it part of another.
            owners_before = [owner for owner in owners if owner[1] != user and owner[0] < born]
        else:
            return None
        if not owners_before or rank is None or self._merge_ranks.get(user, rank) < rank:
            return None
        return min(owners_before)[1]

    def _below(self, users: Iterable[str]) -> set[str]:
        """These users and all that belong to their leads."""
        found: set[str] = set()
        fresh = list(users)
        while fresh:
            user = fresh.pop()
            if user not in found:
                found.add(user)
                fresh += self._children.get(user, ())
        return found

    def _roots(self, users: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for user in users:
            path: dict[str, None] = {}
            while user in self._parent and user not in path and user not in found:
                path[user] = None
                user = self._parent[user]
            if user in path:  # aliases in a circle: the last of them says nothing
                circle = list(path)[list(path).index(user) :]
                user = max(circle, key=lambda name: self._links[name])
            found |= dict.fromkeys((*path, user), found.get(user, user))
        return found

    def _merges(self) -> list[tuple[Rank, str, str]]:
        """The merges in force, first to last: the users that survive and those that become part of them."""
        found = []
        for merge in self._merges_in_force():
            survivor, previous = self._survivor(merge), self._user_of(merge.previous)
            if previous is not None and previous != survivor:
                found.append((merge.rank, survivor, previous))
        return sorted(found)

    def _merges_in_force(self) -> list[MergeClaim]:
        return [merge for merge in self._merge_claims if (merge.user, merge.rank[1]) not in self._undone]

    def _survivor(self, merge: MergeClaim) -> str:
        return (merge.survivor and self._user_of(merge.survivor)) or merge.user

    def _user_of(self, key: Key) -> str | None:
        """The user who claimed a key first, else the user whose id it is."""
        if key[0] != USER and key in self.owner:
            return self.owner[key][1]
        return key[1] if key[1] in self._seen else None

    def _merged(self, merges: Sequence[tuple[Rank, str, str]]) -> set[str]:
        """Make leads one, and return the roots whose lead changed."""
        if not merges and not self._top:
            return set()
        top: dict[str, str] = {}
        for _, survivor, previous in merges:
            over, under = (_final(top, self._root.get(user, user)) for user in (survivor, previous))
            if over != under:  # they may be one already
                top[under] = over
        before, self._top = self._top, {root: _final(top, root) for root in top}
        return {root for root in before.keys() | top.keys() if before.get(root) != self._top.get(root)}


def lead_histories(resolver: IdentityResolver, claims: Iterable[Claim]) -> dict[str, list[LeadSince]]:
    """By user, the leads that it belonged to, one after another; only of users that were not always their own lead.

    claims: of one component; the resolver takes all of them in. For `u2` that became part of `u1` on May 5:
    {"u2": [("u2", EVER), ("u1", May 5)]}.
    """
    found: dict[str, list[LeadSince]] = {}
    for recorded_us, claim in groupby(sorted(claims, key=_recorded_us), _recorded_us):
        for user, lead in resolver.resolve(claim):
            found.setdefault(user, [(user, EVER)]).append((lead, recorded_us))
    return found


_recorded_us = attrgetter("recorded_us")


def _merge_ranks(merges: Iterable[tuple[Rank, str, str]]) -> dict[str, Rank]:
    named: dict[str, Rank] = {}
    for rank, survivor, previous in merges:
        named.setdefault(survivor, rank)
        named.setdefault(previous, rank)
    return named


def _final(top: dict[str, str], root: str) -> str:
    path = []
    while root in top:
        path.append(root)
        root = top[root]
    for passed in path[:-1]:
        top[passed] = root
    return root


class IdentityConflict(NamedTuple):
    """A key or an alias that several leads claim. The first of them keeps it, and none of them is merged."""

    kind: str
    value: str
    lead_ids: tuple[str, ...]
