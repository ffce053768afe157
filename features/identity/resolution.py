"""Tangles: users that share keys, aliases or merges, and which lead each of them was part of at each time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from features.identity.claims import USER, Claim, FirstSeen, Key, KeyClaim, LinkClaim, MergeClaim, Rank

EVER = -(2**63)  # the beginning of a stay that nothing came before
LeadSince = tuple[str, int]  # a name (of a lead, of a user), and since when: it lasts until the next


class IdentityResolver:
    """The users of one component, as the statements heard so far have it.

    A user is a lead of its own, unless its first keys are those of a user that had them before: then it is part of
    that one's lead. Merges then join whole leads.
    """

    def __init__(self, unknown: Iterable[str] = ()) -> None:
        """unknown: users that are no leads until they have an event that is more than an alias."""
        self.owner: dict[Key, tuple[Rank, str]] = {}  # who said it first
        self.sayers: dict[Key, set[str]] = defaultdict(set)
        self._unknown = set(unknown)
        self._seen: set[str] = set()  # of those that merges may name by their ids
        self._changed: set[Key] = set()  # their owner, since this was last looked at
        self._born: dict[str, tuple[Rank, tuple[Key, ...]]] = {}  # a user's first keys
        self._told: dict[str, tuple[Rank, tuple[Key, ...]]] = {}  # the first that are more than its own name
        self._links: dict[str, tuple[Rank, str]] = {}
        self._relinked: set[str] = set()  # whose earliest link is another, or earlier, since this was last looked at
        self._joins: list[MergeClaim] = []
        self._undone: set[tuple[str, str]] = set()
        self._named: dict[str, Rank] = {}  # by merges: they go before what a user says of itself later
        self._parent: dict[str, str] = {}
        self._children: dict[str, set[str]] = defaultdict(set)
        self._root: dict[str, str] = {}  # a user to the user that its keys lead to
        self._top: dict[str, str] = {}  # such a user to the one that merges made it part of
        self._lead: dict[str, str] = {}

    def lead_of(self, user: str) -> str:
        """The lead that a user is part of."""
        return self._lead.get(user, user)

    def holders(self) -> dict[Key, str]:
        """The lead that has each key: of the user that said it first, else of a merge that speaks of it."""
        found: dict[Key, str] = {}
        for join in self._standing():
            found |= dict.fromkeys((join.previous, join.survivor or join.previous), self._survivor(join))
        found |= {key: user for key, (_, user) in self.owner.items()}
        return {key: self.lead_of(user) for key, user in found.items() if key[0] != USER}

    def hear(self, statements: Iterable[Claim]) -> Iterator[tuple[str, str]]:
        """Take in what was recorded at one moment; yields each user that changed its lead, and the lead it has now."""
        stirred: set[str] = set()
        for said in statements:
            stirred |= self._note(said)
        stirred |= {user for key in self._changed for user in self.sayers[key]}
        self._changed.clear()
        merges = self._merges()
        named = _merge_ranks(merges)
        stirred |= {user for user in named.keys() | self._named.keys() if named.get(user) != self._named.get(user)}
        self._named = named
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

    def _note(self, said: Claim) -> set[str]:
        """The users that this says something of."""
        if isinstance(said, KeyClaim):
            self._note_keys(said)
            return {said.user}
        if isinstance(said, LinkClaim):
            link = said.rank, said.user
            if said.name not in self._links or link < self._links[said.name]:
                self._links[said.name] = link
                self._relinked.add(said.name)
            return {said.name}
        if isinstance(said, FirstSeen):
            self._seen.add(said.user)
            self._unknown -= {said.user} if said.is_own else set()
            return {said.user}
        if isinstance(said, MergeClaim):
            self._joins.append(said)
        else:
            self._undone.add((said.user, said.merge_id))
        return set()

    def _note_keys(self, said: KeyClaim) -> None:
        for key in said.keys:
            self.sayers[key].add(said.user)
            if key not in self.owner or (said.rank, said.user) < self.owner[key]:
                self.owner[key] = said.rank, said.user
                self._changed.add(key)
        for first, keys in ((self._born, said.keys), (self._told, _identifying_keys(said))):
            if keys and (said.user not in first or (said.rank, keys) < first[said.user]):
                first[said.user] = said.rank, keys

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
        """The user that this one is another name of; None for a lead of its own."""
        if user in self._unknown:
            rank, other = self._links.get(user, (None, user))
            held = [] if rank is None or other == user else [(rank, other)]
        elif user in self._born:
            born, keys = self._born[user]
            rank, more = self._told.get(user, (born, ()))
            owners = (self.owner[key] for key in keys + more)
            # Once a user has keys of its own it is known, and only a merge can make it part of another.
            held = [owner for owner in owners if owner[1] != user and owner[0] < born]
        else:
            return None
        if not held or rank is None or self._named.get(user, rank) < rank:
            return None
        return min(held)[1]

    def _below(self, users: Iterable[str]) -> set[str]:
        """These users and all that are other names of them."""
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
        for join in self._standing():
            survivor, previous = self._survivor(join), self._user_of(join.previous)
            if previous is not None and previous != survivor:
                found.append((join.rank, survivor, previous))
        return sorted(found)

    def _standing(self) -> list[MergeClaim]:
        return [join for join in self._joins if (join.user, join.rank[1]) not in self._undone]

    def _survivor(self, join: MergeClaim) -> str:
        return (join.survivor and self._user_of(join.survivor)) or join.user

    def _user_of(self, key: Key) -> str | None:
        """Who says that it has a key, else the user whose id it is."""
        if key[0] != USER and key in self.owner:
            return self.owner[key][1]
        return key[1] if key[1] in self._seen else None

    def _merged(self, merges: Sequence[tuple[Rank, str, str]]) -> set[str]:
        """Join leads; the roots whose lead changed."""
        if not merges and not self._top:
            return set()
        top: dict[str, str] = {}
        for _, survivor, previous in merges:
            over, under = (_final(top, self._root.get(user, user)) for user in (survivor, previous))
            if over != under:  # they may be one already
                top[under] = over
        before, self._top = self._top, {root: _final(top, root) for root in top}
        return {root for root in before.keys() | top.keys() if before.get(root) != self._top.get(root)}


def lead_histories(tangle: IdentityResolver, statements: Iterable[Claim]) -> dict[str, list[LeadSince]]:
    """The leads that each user was part of, one after another, for those that were not always their own.

    statements: of one component. A tangle is left as all of them have it.
    """
    found: dict[str, list[LeadSince]] = {}
    for recorded_us, said in groupby(sorted(statements, key=_recorded_us), _recorded_us):
        for user, lead in tangle.hear(said):
            found.setdefault(user, [(user, EVER)]).append((lead, recorded_us))
    return found


_recorded_us = attrgetter("recorded_us")


def _identifying_keys(said: KeyClaim) -> tuple[Key, ...]:
    """A CRM id that is the user's own id says nothing of who else it is."""
    return tuple(key for key in said.keys if key[1] != said.user)


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
