"""The lead of every event, now and before: the attribution table, which all other rooms read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from features.arrays import NOT_YET, Ints
from features.events.event_table import EventTable
from features.identity.claims import ANONYMOUS, USER, Key
from features.identity.intervals import EVER, Period, subtract
from features.identity.resolution import IdentityConflict
from features.identity.stitching import (
    AnonymousLinks,
    AnonymousOwners,
    Attributed,
    AttributionPeriods,
    Attributions,
    compose_periods,
)
from features.identity.user_leads import UserLeads


@dataclass
class Identities:
    """The attribution table: the lead of each event, from when to when we knew that it was that lead's.

    A visitor's page view of May 1 is nobody's until an event of May 3 says that the visitor is ann. It is ann's then,
    known from May 3. Once ann is merged into bob on May 9 it is bob's, and ann's from May 3 to May 9.

    lead: position in `lead_ids` per event, -1 for a visitor who is not identified yet.
    known_us: the later of the event's record and of what made it this lead's.
    former: whose events were before an earlier link, a merge or its undoing moved them.
    merged_us: per lead, since when it is part of another lead; NOT_YET where it is not.
    """

    lead_ids: list[str]
    lead: Ints
    known_us: Ints
    former: Attributions
    merged_us: Ints
    conflicts: list[IdentityConflict] = field(default_factory=list)
    find_identifiers: Callable[[], Mapping[Key, str]] = dict

    @cached_property
    def identifiers(self) -> Mapping[Key, str]:
        """The lead id of each identifier (kind, value); kinds are user, anonymous, email and the names of CRMs."""
        return self.find_identifiers()

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
        """When we first knew an event of each lead; NOT_YET for one without events."""
        first = np.full(len(self.lead_ids), NOT_YET, dtype=np.int64)
        owned = self.lead >= 0
        np.minimum.at(first, self.lead[owned], self.known_us[owned])
        np.minimum.at(first, self.former.lead, self.former.known_us)
        return first

    @cached_property
    def absences(self) -> dict[int, list[Period]]:
        """By lead, the periods in which it had no events, since all were another's: while it was merged into that."""
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
        """Identities of events that belonged to one lead each from the beginning."""
        never = np.full(len(lead_ids), NOT_YET, dtype=np.int64)
        return cls(lead_ids, lead, known_us, Attributions.none(), never)


def identities(table: EventTable) -> Identities:
    """Attribute every event of `table` to its lead, now and before.

    The result depends on the set of events alone, not on their order. What was known at a moment follows from the
    events recorded by then, and what is known of the leads of one component from the events of that component.
    """
    links = AnonymousLinks.of(table)
    users = UserLeads.of(table, links)
    periods = _attribution_periods(table, AnonymousOwners.of(table, links), users)
    user, visitor = table.user_id.codes(), table.anonymous_id.codes()
    place = np.where(user >= 0, user, np.where(visitor >= 0, visitor + len(table.user_id.values), -1))
    now, former = periods.attributions(place, table.recorded_us())
    numbers, position = _leads(table, now.lead, former.lead)
    lead = np.full(len(table), -1, dtype=np.int64)
    known_us = table.recorded_us()
    lead[now.row], known_us[now.row] = position[now.lead], now.known_us
    lead, former = _without_undone(table, lead, known_us, former._replace(lead=position[former.lead]))
    return Identities(
        [table.user_id.values[number] for number in numbers],
        lead,
        known_us,
        former,
        _merged_us(numbers, users),
        sorted({*users.conflicts, *_refused_aliases(table, periods)}),
        partial(_identifiers, table, users, periods),
    )


def _without_undone(table: EventTable, lead: Ints, known_us: Ints, former: Attributions) -> tuple[Ints, Attributions]:
    """The lead of each event, and those before, where feedback that was taken back is nobody's from then on.

    The rep's reject of 9:00, undone at 9:20, is ann's from 9:00 to 9:20, and nobody's after. One lead's undo takes back
    nothing of another's.
    """
    undone: dict[int, int] = {}
    for undo, message_id in table.undos:
        row = table.feedback.get(message_id)
        if row is not None and lead[row] >= 0 and lead[row] == lead[undo]:
            undone[row] = min(int(max(known_us[undo], known_us[row])), undone.get(row, NOT_YET))
    if not undone:
        return lead, former
    rows = np.array(sorted(undone), dtype=np.int64)
    until_us = np.array([undone[row] for row in rows.tolist()], dtype=np.int64)
    was = known_us[rows] < until_us
    both = zip(former, (rows[was], lead[rows[was]], known_us[rows[was]], until_us[was]), strict=True)
    columns = Attributions(*(np.concatenate(pair) for pair in both))
    order = np.lexsort((columns.known_us, columns.row))
    lead = lead.copy()
    lead[rows] = -1
    return lead, Attributions(*(column[order] for column in columns))


def _attribution_periods(table: EventTable, owners: AnonymousOwners, users: UserLeads) -> AttributionPeriods:
    """The periods of every user, then of every anonymous name, by number."""
    first_name = len(table.user_id.values)
    moved = dict(users.moved)
    has_moved = np.zeros(first_name + 1, dtype=bool)  # -1, nobody's, is the last
    has_moved[list(users.moved)] = True
    single = np.flatnonzero(has_moved[owners.user])
    owned = {name: [(int(owners.user[name]), int(owners.since_us[name]))] for name in single.tolist()} | owners.moved
    for name, successive in owned.items():
        moved[first_name + name] = compose_periods(successive, users.moved)
    lead = np.append(np.arange(first_name), owners.user)
    return AttributionPeriods.of(lead, np.append(np.full(first_name, EVER), owners.since_us), moved)


def _leads(table: EventTable, *leads: Ints) -> tuple[list[int], Ints]:
    """The users that are or were leads, sorted by name, and the position of each user among them."""
    found = np.unique(np.concatenate(leads)).tolist()
    # By name, so that the order of the ledger does not matter.
    numbers = sorted(found, key=table.user_id.values.__getitem__)
    position = np.full(len(table.user_id.values), -1, dtype=np.int64)
    position[numbers] = np.arange(len(numbers))
    return numbers, position


def _merged_us(numbers: list[int], users: UserLeads) -> Ints:
    merged_us = np.full(len(numbers), NOT_YET, dtype=np.int64)
    for place, number in enumerate(numbers):
        periods = users.moved.get(number, ((number, 0),))
        if periods[-1][0] != number:
            own = max(i for i, (lead, _) in enumerate(periods) if lead == number)
            merged_us[place] = periods[own + 1][1]
    return merged_us


def _refused_aliases(table: EventTable, periods: AttributionPeriods) -> Iterator[IdentityConflict]:
    """Aliases from one known lead to another: only a merge makes two leads one."""
    ids, users = table.user_id.values, table.user_id.codes()
    is_alias = table.type.codes() == table.type.code("alias")
    for row, name in table.previous:
        user, other = users[row], table.user_id.code(name)
        if is_alias[row] and user >= 0 and other >= 0 and periods.lead[user] != periods.lead[other]:
            yield IdentityConflict(USER, name, (ids[periods.lead[other]], ids[periods.lead[user]]))


def _identifiers(table: EventTable, users: UserLeads, periods: AttributionPeriods) -> dict[Key, str]:
    ids, first_name = table.user_id.values, len(table.user_id.values)
    leads = periods.lead.tolist()
    found = dict(users.holders)
    found |= {(USER, ids[user]): ids[leads[user]] for user in range(first_name)}
    named = zip(table.anonymous_id.values, leads[first_name:], strict=True)
    return found | {(ANONYMOUS, name): ids[lead] for name, lead in named if lead >= 0}
