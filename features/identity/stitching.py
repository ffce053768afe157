"""User stitching: which lead the events of an anonymous visitor belong to, and from when to when we knew that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable
from features.identity.claims import LinkClaim, claim_rank
from features.identity.intervals import EVER


class Attributions(NamedTuple):
    """One row per event and period in which we knew it as a lead's. `row` is the event's, and rows are sorted by it."""

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
    """The leads (as user numbers) that each of some ids belonged to, and from when to when we knew it.

    Visitor `a1` logs in as `u7` on Tuesday at 10:00: its lead is `u7`, since then. On Friday we hear of an older login
    as `u3`: its lead is `u3` since Friday, and `earlier` holds (`a1`, `u7`, Tuesday 10:00, Friday).

    lead, since_us: one per id, as of now; -1 for nobody's. earlier: columns id, lead, since_us, until_us, sorted by id.
    """

    lead: Ints
    since_us: Ints
    earlier: tuple[Ints, Ints, Ints, Ints]

    @classmethod
    def of(cls, lead: Ints, since_us: Ints, moved: Mapping[int, Sequence[tuple[int, int]]]) -> AttributionPeriods:
        """lead, since_us: of ids with one period. moved: by id, (lead, since when) one after another, of the others."""
        lead, since_us = lead.copy(), since_us.copy()
        earlier: list[tuple[int, int, int, int]] = []
        for place, periods in sorted(moved.items()):
            lead[place], since_us[place] = periods[-1]
            earlier += ((place, *period) for period in list(_with_ends(periods, NOT_YET))[:-1])
        columns = np.array(earlier, dtype=np.int64).reshape(-1, 4).T
        return cls(lead, since_us, (columns[0], columns[1], columns[2], columns[3]))

    def attributions(self, place: Ints, recorded_us: Ints) -> tuple[Attributions, Attributions]:
        """The attributions of events now, and those before; `place` is the id of each event, -1 for none."""
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
        period = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
        # An event that was recorded after a period had ended was never part of it.
        is_part = until[period] > recorded_us[row]
        row, period = row[is_part], period[is_part]
        return Attributions(row, leads[period], np.maximum(recorded_us[row], since[period]), until[period])


def compose_periods(
    owners: Sequence[tuple[int, int]], leads: Mapping[int, Sequence[tuple[int, int]]]
) -> list[tuple[int, int]]:
    """The leads of an id, one after another, from the users that own it and the leads that these users belong to.

    `a1` is owned by `u7` since day 3, and `u7` belongs to itself and since day 5 to `u2`: [(u7, day 3), (u2, day 5)].
    """
    found: list[tuple[int, int]] = []
    for user, since, until in _with_ends(owners, NOT_YET):
        for lead, from_us, to_us in _with_ends(leads.get(user, ((user, EVER),)), NOT_YET):
            start = max(since, from_us)
            # Another user of the same lead begins no new period.
            if start < min(until, to_us) and (not found or found[-1][0] != lead):
                found.append((lead, start))
    return found


def _with_ends(periods: Sequence[tuple[int, int]], until_us: int) -> Iterator[tuple[int, int, int]]:
    ends: Iterable[int] = (*(since for _, since in periods[1:]), until_us)
    return ((name, since, until) for (name, since), until in zip(periods, ends, strict=True))


class AnonymousLinks(NamedTuple):
    """One row per identify or alias that links an anonymous name to a user: numbers of both, and the event's row."""

    name: Ints
    user: Ints
    row: Ints

    @classmethod
    def of(cls, table: EventTable) -> AnonymousLinks:
        """The links of a table: from an identify its anonymous id, from an alias that and its previous id."""
        users, names, types = table.user_id.codes(), table.anonymous_id.codes(), table.type.codes()
        is_alias = types == table.type.code("alias")
        linked = np.flatnonzero((is_alias | (types == table.type.code("identify"))) & (users >= 0) & (names >= 0))
        aliased = [(row, name) for row, name in table.previous if is_alias[row] and users[row] >= 0]
        before = [(row, table.anonymous_id.code(name)) for row, name in aliased]
        rows, previous = np.array(before, dtype=np.int64).reshape(-1, 2).T
        row = np.append(linked, rows)
        return cls(np.append(names[linked], previous), users[row], row)

    def claims(self, table: EventTable, chosen: Ints) -> Iterator[LinkClaim]:
        """The links at the positions `chosen`, as claims."""
        users, names = table.user_id.values, table.anonymous_id.values
        for name, user, row in zip(*(column[chosen].tolist() for column in self), strict=True):
            yield LinkClaim(table.recorded[row], claim_rank(table, row), names[name], users[user])


class AnonymousOwners(NamedTuple):
    """One row per anonymous name: the user (by number) that owns it, -1 for nobody, and since when.

    The user of the earliest link owns a name, by when the link happened. `a1` logs in as `u7` on day 3, recorded on day
    3, and as `u3` on day 2, recorded on day 9: `u7` owns it from day 3, `u3` from day 9.

    moved: by name, (user, since when) one after another, where several users are linked to it.
    """

    user: Ints
    since_us: Ints
    moved: dict[int, list[tuple[int, int]]]

    @classmethod
    def of(cls, table: EventTable, links: AnonymousLinks) -> AnonymousOwners:
        """The owners of the names in `links`."""
        names = len(table.anonymous_id.values)
        user = np.full(names, -1, dtype=np.int64)
        since_us = np.full(names, NOT_YET, dtype=np.int64)
        user[links.name] = links.user
        np.minimum.at(since_us, links.name, table.recorded_us()[links.row])
        is_shared = np.zeros(names, dtype=bool)
        is_shared[links.name[user[links.name] != links.user]] = True
        places = np.flatnonzero(is_shared[links.name])
        places = places[np.argsort(links.name[places], kind="stable")]
        claims = zip(links.name[places].tolist(), links.claims(table, places), strict=True)
        by_name = groupby(claims, itemgetter(0))
        moved = {name: _successive_owners(table, [claim for _, claim in own]) for name, own in by_name}
        return cls(user, since_us, moved)


def _successive_owners(table: EventTable, links: list[LinkClaim]) -> list[tuple[int, int]]:
    """The users of one name, each with the moment from which its link was the earliest that we knew."""
    found: list[tuple[int, int]] = []
    earliest = None
    for link in sorted(links):
        if earliest is None or (link.rank, link.user) < earliest:
            earliest = (link.rank, link.user)
            found.append((table.user_id.code(link.user), link.recorded_us))
    return found
