"""Dwell time: the minutes on a page, by the event that leaves it, else by the next event, at most 30 minutes later."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from features.arrays import DAY_US, Bools, Floats, Ints
from features.behaviour.occurrences import Occurrences
from features.events.event_table import EventTable
from features.identity.identities import Identities
from features.identity.intervals import group_ids, tie_break_ranks

MINUTE_US = 60_000_000
LONGEST_GAP_US = 30 * MINUTE_US  # a page left open over lunch is not read over lunch
LEFT_WITHIN_US = DAY_US
NOT_BY_LEAD = ("Email Delivered", "Email Bounced")


class DwellTime(NamedTuple):
    """One row per change of the minutes on a page as they were known.

    place:   the position of the occurrence. minutes: what the change adds to them. known_us: when it was known.
    total:   for each occurrence, its minutes after all changes.
    """

    place: Ints
    minutes: Floats
    known_us: Ints
    total: Floats


class PageTimeline(NamedTuple):
    """One row per event that may end a page view, sorted by group and time, for the period in which it was known.

    minutes: the time on the page, where the event has it; NaN where not. view: the row of a page view, else -1.
    """

    occurred_us: Ints
    known_us: Ints
    until_us: Ints
    minutes: Floats
    view: Ints


def dwell_time(table: EventTable, resolved: Identities, counted: Occurrences) -> DwellTime:
    """The minutes on the pages among `counted`, and each change of them as they became known.

    A leave event has the minutes of the page view with its `page_view_id`: of the latest one before it, at most 24
    hours earlier. Without a leave, they are the gap to the lead's next event, and 0 where that is over 30 minutes. They
    change when an event in between becomes known late, when one turns out to be another lead's, and when the leave
    is known. Where ann views a page at 09:00, does something else at 09:10, and a leave of 4 minutes is known at 09:20,
    there are two rows: +10 minutes at 09:10, -6 minutes at 09:20.
    """
    views = np.flatnonzero(_is_view(table)[counted.row])
    total = np.zeros(len(counted))
    if not len(views):
        return DwellTime(views, np.empty(0), views, total)
    page_views = counted.taken(views)
    place, minutes, known_us, total[views] = _minutes_learned(
        (page_views.row, page_views.occurred_us, page_views.known_us, page_views.until_us),
        *_leaves(table, resolved, page_views),
        *_next_events(table, resolved, page_views),
    )
    return DwellTime(views[place], minutes, known_us, total)


def _is_view(table: EventTable) -> Bools:
    views = np.zeros(len(table), dtype=bool)
    views[list(table.views)] = True
    return views


def _next_events(table: EventTable, resolved: Identities, page_views: Occurrences) -> tuple[Ints, Ints, PageTimeline]:
    """The timeline of all events by visitors, and for each view where the events of its lead begin and end in it."""
    own = np.ones(len(table), dtype=bool)
    for reported in (table.crm, table.retained_totals):
        own[[event[0] for event in reported]] = False
    own[table.not_followed + [row for row, name, _ in table.mails if name in NOT_BY_LEAD]] = False
    is_view, left = _is_view(table), table.leaves.rows()
    own[left[~is_view[left]]] = False
    rows = np.flatnonzero(own)
    at = resolved.attribute(rows)
    occurred = table.occurred_us()[rows[at.place]]
    order = np.lexsort((occurred, at.lead))
    lead, nothing = at.lead[order], np.empty(0)
    line = PageTimeline(occurred[order], at.known_us[order], at.until_us[order], nothing, nothing.astype(np.int64))
    return np.searchsorted(lead, page_views.lead), np.searchsorted(lead, page_views.lead, side="right"), line


def _leaves(table: EventTable, resolved: Identities, page_views: Occurrences) -> tuple[Ints, Ints, PageTimeline]:
    """The timeline of leaves and the views with their ids, and for each view where what follows it begins and ends."""
    numbers = {view: number for number, view in enumerate(dict.fromkeys(view for _, view, _ in table.leaves))}
    views = [(row, numbers[view], np.nan) for row, view in table.views.items() if view in numbers]
    entries = np.array([*views, *((row, numbers[view], minutes) for row, view, minutes in table.leaves)]).reshape(-1, 3)
    at = resolved.attribute(entries[:, 0].astype(np.int64))
    row, number, minutes = entries[at.place, 0].astype(np.int64), entries[at.place, 1], entries[at.place, 2]
    # In each browser some tools count views from 1, so a view id means something only within one lead.
    group = group_ids(at.lead, number)
    occurred = table.occurred_us()[row]
    order = np.lexsort((~np.isnan(minutes), tie_break_ranks(table, row, occurred, group), occurred, group))
    view = np.where(np.isnan(minutes), row, -1)[order]
    line = PageTimeline(occurred[order], at.known_us[order], at.until_us[order], minutes[order], view)
    group, own = group[order], _places(view, at.lead[order], page_views)
    end = np.searchsorted(group, group[own], side="right") if len(group) else own
    return np.where(own < 0, 0, own + 1), np.where(own < 0, 0, end), line


def _places(view: Ints, lead: Ints, page_views: Occurrences) -> Ints:
    """The position in a timeline of each view in `page_views`; -1 where it is not in it."""
    leads = max(lead.max(initial=0), page_views.lead.max(initial=0)) + 1
    key, wanted = view * leads + lead, page_views.row * leads + page_views.lead
    order = np.argsort(key, kind="stable")
    place = np.searchsorted(key[order], wanted)
    found = np.append(order, -1)[place]
    return np.where((found >= 0) & (np.append(key, -1)[found] == wanted), found, -1)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _minutes_learned(
    page_views: Any, leave_from: Ints, leave_to: Ints, leaves: Any, next_from: Ints, next_to: Ints, events: Any
) -> tuple[Ints, Floats, Ints, Floats]:
    """One entry per change of a view's minutes: place, minutes, moment; and the total of each view.

    page_views: (row, occurred, known, until) of the views.
    """
    row, occurred, known, until = page_views
    place, minutes, moments = np.empty(16, np.int64), np.empty(16), np.empty(16, np.int64)
    total, count = np.zeros(row.size), 0
    for q in range(row.size):
        view = (row[q], occurred[q], known[q], until[q])
        left = _candidates(view, leave_from[q], leave_to[q], leaves, LEFT_WITHIN_US)
        following = next_from[q] + np.searchsorted(events[0][next_from[q] : next_to[q]], occurred[q], side="right")
        ended = _candidates(view, following, next_to[q], events, LONGEST_GAP_US)
        turns = np.unique(np.concatenate((left[:, 1], ended[:, 1], left[:, 2], ended[:, 2])))
        for moment in turns:
            if moment >= until[q]:
                break
            now = _minutes(left, ended, moment, occurred[q], leaves, events)
            if now == total[q]:
                continue
            if count == place.size:
                place, minutes, moments = _doubled(place), _doubled(minutes), _doubled(moments)
            place[count], minutes[count], moments[count] = q, now - total[q], moment
            total[q] = now
            count += 1
    return place[:count], minutes[:count], moments[:count], total


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _candidates(view: Any, start: int, end: int, line: Any, longest: int) -> Ints:
    """The events that were at some time the first known after a view, nearest first: place, from when, until when."""
    row, occurred, known, until = view
    found = np.empty((4, 3), np.int64)
    count = 0
    for k in range(start, end):
        if line[0][k] - occurred > longest:
            break
        since, to = max(line[1][k], known), min(line[2][k], until)
        is_new = since < to and not (line[4].size and line[4][k] == row)
        for c in range(count):
            is_new = is_new and not (found[c, 1] <= since and found[c, 2] >= to)
            # Nothing is known before it happens, so no later event can come before this one.
            if found[c, 1] <= max(line[0][k], known) and found[c, 2] == until:
                return found[:count]
        if not is_new:
            continue
        if count == len(found):
            found = np.concatenate((found, np.empty_like(found)))
        found[count, 0], found[count, 1], found[count, 2] = k, since, to
        count += 1
    return found[:count]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _minutes(left: Ints, ended: Ints, moment: int, occurred: int, leaves: Any, events: Any) -> float:
    """The minutes of a view as they were known at a moment."""
    for c in range(len(left)):
        if left[c, 1] <= moment < left[c, 2]:
            minutes = leaves[3][left[c, 0]]
            if not np.isnan(minutes):
                return float(minutes)
            break
    for c in range(len(ended)):
        if ended[c, 1] <= moment < ended[c, 2]:
            return float((events[0][ended[c, 0]] - occurred) / MINUTE_US)
    return 0.0


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _doubled(column: Any) -> Any:
    return np.concatenate((column, np.empty_like(column)))
