"""Visitors: the users that anonymous ids, and names that only aliases know, turned out to be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np

from features.log import Log
from features.recurrence import NOT_YET, Ints
from features.statements import Link, rank


class Links(NamedTuple):
    """One row per identify or alias that says whose a name is: the numbers of name and user, and the event's row."""

    name: Ints
    user: Ints
    row: Ints

    @classmethod
    def of(cls, log: Log) -> Links:
        """The links in the log: an identify's and an alias's anonymous id, and an alias's previous one."""
        users, names, types = log.user_id.codes(), log.anonymous_id.codes(), log.type.codes()
        is_alias = types == log.type.code("alias")
        linked = np.flatnonzero((is_alias | (types == log.type.code("identify"))) & (users >= 0) & (names >= 0))
        before = [(row, log.anonymous_id.code(name)) for row, name in log.previous if is_alias[row] and users[row] >= 0]
        rows, previous = np.array(before, dtype=np.int64).reshape(-1, 2).T
        row = np.append(linked, rows)
        return cls(np.append(names[linked], previous), users[row], row)

    def statements(self, log: Log, chosen: Ints) -> Iterator[Link]:
        """The links at some places of these columns."""
        users, names = log.user_id.values, log.anonymous_id.values
        for name, user, row in zip(*(column[chosen].tolist() for column in self), strict=True):
            yield Link(log.recorded[row], rank(log, row), names[name], users[user])


class Owners(NamedTuple):
    """The user (by number) of each name, -1 for nobody's, and since when; `moved`: in turn, where several were said.

    A name belongs to the user of its earliest link, by when it happened.
    """

    user: Ints
    since_us: Ints
    moved: dict[int, list[tuple[int, int]]]

    @classmethod
    def of(cls, log: Log, links: Links) -> Owners:
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
        moved = {name: _in_turn(log, [link for _, link in said]) for name, said in groupby(told, lambda t: t[0])}
        return cls(user, since_us, moved)


def _in_turn(log: Log, links: list[Link]) -> list[tuple[int, int]]:
    """The users of one name, each with the moment from which it was known to have said it first."""
    found: list[tuple[int, int]] = []
    earliest = None
    for link in sorted(links):
        if earliest is None or (link.rank, link.user) < earliest:
            earliest = (link.rank, link.user)
            found.append((log.user_id.code(link.user), link.recorded_us))
    return found
