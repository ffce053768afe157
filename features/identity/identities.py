"""Who an event is about: anonymous histories, aliases, e-mail and CRM identifiers, stitched to leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable
from features.identity.claims import ANONYMOUS, USER, Key
from features.identity.intervals import Period, subtract
from features.identity.resolution import EVER
from features.identity.stitching import (
    AnonymousLinks,
    AnonymousOwners,
    Attributed,
    AttributionPeriods,
    Attributions,
    compose_periods,
)
from features.identity.users import IdentityConflict, UserLeads


@dataclass
class Identities:
    """The attribution table: the lead of each event, from when to when we knew that it was that lead's.

    A visitor's page view of May 1 is nobody's until an event of May 3 says that the visitor is ann. It is ann's then,
    known from May 3. Once ann is merged into bob on May 9 it is bob's, and ann's from May 3 to May 9.

    lead: position in `lead_ids` per event, -1 for a visitor who is not identified yet.
    known_us: the later of the event's record and of what made it this lead's.
    former: whose events were before an earlier link, a merge or its undoing moved them.
    merged_us: per lead, since when it is part of another; NOT_YET for one that stands.
    """

    lead_ids: list[str]
    lead: Ints
    known_us: Ints
    former: Attributions
    merged_us: Ints
    conflicts: list[IdentityConflict] = field(default_factory=list)
    names: Callable[[], Mapping[Key, str]] = dict

    @cached_property
    def identifiers(self) -> Mapping[Key, str]:
        """(kind, value) to lead_id, for those who ask by another name: user, anonymous, email, a CRM."""
        return self.names()

    def attribute(self, rows: Ints) -> Attributed:
        """Whose each of the events `rows` is and was, and while when; several rows for one that was several leads'."""
        now = np.flatnonzero(self.lead[rows] >= 0)
        standing = np.full(len(now), NOT_YET, dtype=np.int64)
        current = Attributed(now, self.lead[rows[now]], self.known_us[rows[now]], standing)
        if not len(self.former.row):
            return current
        return Attributed(*(np.concatenate(both) for both in zip(current, self.former.of(rows), strict=True)))

    @cached_property
    def first_known_us(self) -> Ints:
        """When each lead first had an event; NOT_YET for one that never had."""
        first = np.full(len(self.lead_ids), NOT_YET, dtype=np.int64)
        owned = self.lead >= 0
        np.minimum.at(first, self.lead[owned], self.known_us[owned])
        np.minimum.at(first, self.former.lead, self.former.known_us)
        return first

    @cached_property
    def absences(self) -> dict[int, list[Period]]:
        """By lead, when all that it ever had were another's events, as while it was merged into that one."""
        moved = np.unique(self.former.lead).tolist()
        known: dict[int, list[Period]] = {lead: [] for lead in moved}
        for _, lead, known_us, until_us in zip(*(column.tolist() for column in self.former), strict=True):
            known[lead].append((known_us, until_us))
        for row in np.flatnonzero(np.isin(self.lead, moved)).tolist() if moved else ():
            known[int(self.lead[row])].append((int(self.known_us[row]), NOT_YET))
        gone = {lead: subtract((min(periods)[0], NOT_YET), periods) for lead, periods in known.items()}
        return {lead: periods for lead, periods in gone.items() if periods}

    @classmethod
    def settled(cls, lead_ids: list[str], lead: Ints, known_us: Ints) -> Identities:
        """Identities of events that never belonged to another lead."""
        never = np.full(len(lead_ids), NOT_YET, dtype=np.int64)
        return cls(lead_ids, lead, known_us, Attributions.none(), never)


def identities(log: EventTable) -> Identities:
    """The lead of every event in `log`, now and before: a function of the set of its events.

    What was known at a moment is what the events recorded by then say alone, and what is known of the leads of one
    component is what its own events say, whoever else is in the log.
    """
    links = AnonymousLinks.of(log)
    users = UserLeads.of(log, links)
    stays = _stays(log, AnonymousOwners.of(log, links), users)
    user, visitor = log.user_id.codes(), log.anonymous_id.codes()
    place = np.where(user >= 0, user, np.where(visitor >= 0, visitor + len(log.user_id.values), -1))
    now, former = stays.attributions(place, log.recorded_us())
    numbers, position = _leads(log, now.lead, former.lead)
    lead = np.full(len(log), -1, dtype=np.int64)
    known_us = log.recorded_us()
    lead[now.row], known_us[now.row] = position[now.lead], now.known_us
    return Identities(
        [log.user_id.values[number] for number in numbers],
        lead,
        known_us,
        former._replace(lead=position[former.lead]),
        _merged_us(numbers, users),
        sorted({*users.conflicts, *_refused(log, stays)}),
        partial(_names, log, users, stays),
    )


def _stays(log: EventTable, owners: AnonymousOwners, users: UserLeads) -> AttributionPeriods:
    """The leads of every user and then of every name, by number."""
    first_name = len(log.user_id.values)
    moved = dict(users.moved)
    has_moved = np.zeros(first_name + 1, dtype=bool)  # -1, nobody's, is the last
    has_moved[list(users.moved)] = True
    single = np.flatnonzero(has_moved[owners.user])
    turns = {name: [(int(owners.user[name]), int(owners.since_us[name]))] for name in single.tolist()} | owners.moved
    for name, turn in turns.items():
        moved[first_name + name] = compose_periods(turn, users.moved)
    lead = np.append(np.arange(first_name), owners.user)
    return AttributionPeriods.of(lead, np.append(np.full(first_name, EVER), owners.since_us), moved)


def _leads(log: EventTable, *leads: Ints) -> tuple[list[int], Ints]:
    """The users that are or were leads, by name, and the position of each user among them."""
    found = np.unique(np.concatenate(leads)).tolist()
    # By name: the order of the ledger must not show.
    numbers = sorted(found, key=log.user_id.values.__getitem__)
    position = np.full(len(log.user_id.values), -1, dtype=np.int64)
    position[numbers] = np.arange(len(numbers))
    return numbers, position


def _merged_us(numbers: list[int], users: UserLeads) -> Ints:
    merged_us = np.full(len(numbers), NOT_YET, dtype=np.int64)
    for place, number in enumerate(numbers):
        stays = users.moved.get(number, ((number, 0),))
        if stays[-1][0] != number:
            own = max(i for i, (lead, _) in enumerate(stays) if lead == number)
            merged_us[place] = stays[own + 1][1]
    return merged_us


def _refused(log: EventTable, stays: AttributionPeriods) -> Iterator[IdentityConflict]:
    """Aliases from one known lead to another: only a merge can make them one."""
    ids, users = log.user_id.values, log.user_id.codes()
    is_alias = log.type.codes() == log.type.code("alias")
    for row, name in log.previous:
        user, other = users[row], log.user_id.code(name)
        if is_alias[row] and user >= 0 and other >= 0 and stays.lead[user] != stays.lead[other]:
            yield IdentityConflict(USER, name, (ids[stays.lead[other]], ids[stays.lead[user]]))


def _names(log: EventTable, users: UserLeads, stays: AttributionPeriods) -> dict[Key, str]:
    ids, first_name = log.user_id.values, len(log.user_id.values)
    leads = stays.lead.tolist()
    found = dict(users.holders)
    found |= {(USER, ids[user]): ids[leads[user]] for user in range(first_name)}
    named = zip(log.anonymous_id.values, leads[first_name:], strict=True)
    return found | {(ANONYMOUS, name): ids[lead] for name, lead in named if lead >= 0}
