"""User stitching: which lead an anonymous visit belongs to, and from when to when that was known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable
from features.identity.claims import LinkClaim, claim_rank
from features.identity.resolution import EVER


class Attributions(NamedTuple):
    """One row per event and period in which it was known to be a lead's; sorted by `row`, which is the event's."""

    row: Ints
    lead: Ints
    known_us: Ints
    until_us: Ints

    def of(self, rows: Ints) -> Attributed:
        """The attributions of the events `rows`, in their order."""
        start = np.searchsorted(self.row, rows, side="left")
        count = np.searchsorted(self.row, rows, side="right") - start
        place = np.repeat(np.arange(len(rows)), count)
        found = np.arange(len(place)) + np.repeat(start - (np.cumsum(count) - count), count)
        return Attributed(place, self.lead[found], self.known_us[found], self.until_us[found])

    @classmethod
    def none(cls) -> Attributions:
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, nothing)


class Attributed(NamedTuple):
    """One row per event asked for and period in which it was a lead's; `place` is its position in what was asked."""

    place: Ints
    lead: Ints
    known_us: Ints
    until_us: Ints


class AttributionPeriods(NamedTuple):
    """The leads (user numbers) that each id of some numbered ids was part of.

    lead, since_us: of each id, now; -1 for nobody. earlier: those before: id, lead, since_us, until_us, sorted by id.
    """

    lead: Ints
    since_us: Ints
    earlier: tuple[Ints, Ints, Ints, Ints]

    @classmethod
    def of(cls, lead: Ints, since_us: Ints, moved: Mapping[int, Sequence[tuple[int, int]]]) -> AttributionPeriods:
        """lead, since_us: of the ids that never moved. moved: (lead, since when) one after another, of the others."""
        lead, since_us = lead.copy(), since_us.copy()
        earlier: list[tuple[int, int, int, int]] = []
        for place, stays in sorted(moved.items()):
            lead[place], since_us[place] = stays[-1]
            earlier += ((place, *stay) for stay in list(_with_ends(stays, NOT_YET))[:-1])
        columns = np.array(earlier, dtype=np.int64).reshape(-1, 4).T
        return cls(lead, since_us, (columns[0], columns[1], columns[2], columns[3]))

    def attributions(self, place: Ints, recorded_us: Ints) -> tuple[Attributions, Attributions]:
        """Whose the events are, and whose they were before, given the id of each (-1: none) and when it came."""
        rows = np.flatnonzero((place >= 0) & (self.lead[place] >= 0))
        at = place[rows]
        known_us = np.maximum(recorded_us[rows], self.since_us[at])
        now = Attributions(rows, self.lead[at], known_us, np.full(len(rows), NOT_YET, dtype=np.int64))
        return now, self._former(place, recorded_us)

    def _former(self, place: Ints, recorded_us: Ints) -> Attributions:
        ids, leads, since, until = self.earlier
        if not len(ids):
            return Attributions.none()
        has_moved = np.zeros(len(self.lead), dtype=bool)
        has_moved[ids] = True
        rows = np.flatnonzero((place >= 0) & has_moved[place])
        first = np.searchsorted(ids, place[rows])
        count = np.searchsorted(ids, place[rows], side="right") - first
        row = np.repeat(rows, count)
        stay = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
        # What was recorded after a stay had ended was never part of it.
        held = until[stay] > recorded_us[row]
        row, stay = row[held], stay[held]
        return Attributions(row, leads[stay], np.maximum(recorded_us[row], since[stay]), until[stay])


def compose_periods(
    owners: Sequence[tuple[int, int]], leads: Mapping[int, Sequence[tuple[int, int]]]
) -> list[tuple[int, int]]:
    """The leads of an id, one after another, given the users that it belonged to and the leads that those were."""
    found: list[tuple[int, int]] = []
    for user, since, until in _with_ends(owners, NOT_YET):
        for lead, from_us, to_us in _with_ends(leads.get(user, ((user, EVER),)), NOT_YET):
            start = max(since, from_us)
            # To hear that it is another user of the same lead tells nothing new.
            if start < min(until, to_us) and (not found or found[-1][0] != lead):
                found.append((lead, start))
    return found


def _with_ends(stays: Sequence[tuple[int, int]], until_us: int) -> Iterator[tuple[int, int, int]]:
    ends: Iterable[int] = (*(since for _, since in stays[1:]), until_us)
    return ((name, since, until) for (name, since), until in zip(stays, ends, strict=True))


class AnonymousLinks(NamedTuple):
    """One row per identify or alias that says whose a name is: the numbers of name and user, and the event's row."""

    name: Ints
    user: Ints
    row: Ints

    @classmethod
    def of(cls, log: EventTable) -> AnonymousLinks:
        """The links in the log: an identify's and an alias's anonymous id, and an alias's previous one."""
        users, names, types = log.user_id.codes(), log.anonymous_id.codes(), log.type.codes()
        is_alias = types == log.type.code("alias")
        linked = np.flatnonzero((is_alias | (types == log.type.code("identify"))) & (users >= 0) & (names >= 0))
        before = [(row, log.anonymous_id.code(name)) for row, name in log.previous if is_alias[row] and users[row] >= 0]
        rows, previous = np.array(before, dtype=np.int64).reshape(-1, 2).T
        row = np.append(linked, rows)
        return cls(np.append(names[linked], previous), users[row], row)

    def statements(self, log: EventTable, chosen: Ints) -> Iterator[LinkClaim]:
        """The links at some places of these columns."""
        users, names = log.user_id.values, log.anonymous_id.values
        for name, user, row in zip(*(column[chosen].tolist() for column in self), strict=True):
            yield LinkClaim(log.recorded[row], claim_rank(log, row), names[name], users[user])


class AnonymousOwners(NamedTuple):
    """The user (by number) of each name, -1 for nobody's, and since when; `moved`: in turn, where several were said.

    A name belongs to the user of its earliest link, by when it happened.
    """

    user: Ints
    since_us: Ints
    moved: dict[int, list[tuple[int, int]]]

    @classmethod
    def of(cls, log: EventTable, links: AnonymousLinks) -> AnonymousOwners:
        """The owners of the names in `links`, as each was known."""
        names = len(log.anonymous_id.values)
        user = np.full(names, -1, dtype=np.int64)
        since_us = np.full(names, NOT_YET, dtype=np.int64)
        user[links.name] = links.user
        np.minimum.at(since_us, links.name, log.recorded_us()[links.row])
        is_shared = np.zeros(names, dtype=bool)
        is_shared[links.name[user[links.name] != links.user]] = True
        places = np.flatnonzero(is_shared[links.name])
        places = places[np.argsort(links.name[places], kind="stable")]
        told = zip(links.name[places].tolist(), links.statements(log, places), strict=True)
        moved = {
            name: _successive_owners(log, [link for _, link in said]) for name, said in groupby(told, lambda t: t[0])
        }
        return cls(user, since_us, moved)


def _successive_owners(log: EventTable, links: list[LinkClaim]) -> list[tuple[int, int]]:
    """The users of one name, each with the moment from which it was known to have said it first."""
    found: list[tuple[int, int]] = []
    earliest = None
    for link in sorted(links):
        if earliest is None or (link.rank, link.user) < earliest:
            earliest = (link.rank, link.user)
            found.append((log.user_id.code(link.user), link.recorded_us))
    return found
