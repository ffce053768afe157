"""Bot filtering: which events crawlers and mail scanners made; they stay in the ledger and are not counted."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np

from features.arrays import DAY_US, NOT_YET, Bools, Ints
from features.events.event_table import EventTable
from features.identity.identities import Identities
from features.identity.intervals import group_ids

# What no list of crawlers has: names that nobody heard of yet (CUBOT is a phone), and scanners of mail.
CRAWLER = re.compile(r"(?<!cu)bot\b|crawl|spider|headless|scanner|proofpoint|barracuda|mimecast|safelinks", re.I)
# They fetch a mail's pictures when a person opens it, in that person's stead.
PICTURE_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy|FastmailUA")
SCANNER_US = 10_000_000  # a person does not open or click within ten seconds of delivery; a mail scanner does
# A scanner may be done before the delivery is reported; but who reads an earlier copy of the same mail is a person.
EARLY_US, COPY_US = DAY_US // 24, 30 * DAY_US
UNSUBSCRIBE_LINK = "\0unsubscribe"  # no event names its link so
LINKS, LINKS_US = 3, 5_000_000  # so many links of one mail within seconds: nobody reads that fast
DELIVERED, OPENED, CLICKED, UNSUBSCRIBED = 0, 1, 2, 3
TOO_SOON, EVERY_LINK = "mail scanner", "every link of a mail"
KINDS = {
    "Email Delivered": DELIVERED, "Email Opened": OPENED, "Email Link Clicked": CLICKED,
    "Email Unsubscribed": UNSUBSCRIBED,
}  # fmt: skip


class BotFlag(NamedTuple):
    """Why an event is not counted, and since when that is known."""

    reason: str
    known_us: int


class MailScannerFlags(NamedTuple):
    """One row per open, click or unsubscribe of a lead and period in which it was known to be a mail scanner's."""

    row: Ints
    lead: Ints
    is_every_link: Bools
    known_us: Ints
    until_us: Ints


class _Mails(NamedTuple):
    """One row per event of a mail with an id, as KINDS; sorted by lead, mail and moment, deliveries first."""

    group: Ints  # one number per lead and mail
    kind: Ints
    link: Ints  # -1: unknown
    occurred_us: Ints
    known_us: Ints
    until_us: Ints


@lru_cache(maxsize=4_096)
def is_crawler(agent: str) -> bool:
    """Whether a user agent names a crawler or a scanner; sites see few of them, again and again."""
    from crawleruseragents import is_crawler as is_listed  # its list takes 30 ms to read

    return not PICTURE_PROXY.search(agent) and bool(CRAWLER.search(agent) or is_listed(agent))


def bot_flags(table: EventTable, resolved: Identities) -> dict[int, BotFlag]:
    """By row of an event that is not counted as of now, its flag."""
    flags = mail_scanner_flags(table, resolved)
    stands = np.flatnonzero((flags.until_us == NOT_YET) & (resolved.lead[flags.row] == flags.lead))
    machines: dict[int, BotFlag] = {}
    # What was known first is the reason.
    for place in stands[np.argsort(-flags.known_us[stands], kind="stable")].tolist():
        reason = EVERY_LINK if flags.is_every_link[place] else TOO_SOON
        machines[int(flags.row[place])] = BotFlag(reason, int(flags.known_us[place]))
    return machines | {row: BotFlag("crawler", int(resolved.known_us[row])) for row in crawler_rows(table).tolist()}


def crawler_rows(table: EventTable) -> Ints:
    """Rows of the events whose user agent names a crawler or a scanner."""
    is_machine = np.array([is_crawler(agent) for agent in table.agents.names.values], dtype=bool)
    rows: Ints = table.agents.rows()[is_machine[table.agents.names.codes()]]
    return rows


def mail_scanner_flags(table: EventTable, resolved: Identities) -> MailScannerFlags:
    """Opens, clicks and unsubscribes by mail scanners, each for the period in which it was known to be one.

    A mail scanner opens or clicks within 10 seconds of a delivery, or up to an hour before the first one; this is known
    once both events are. It clicks 3 links of one mail within 5 seconds; this is known once the third click is. Where a
    mail to ann is delivered at 09:00:00 and its link is clicked at 09:00:03, the click is flagged; one at 09:04 is not.
    The link to unsubscribe is one of those links, and who unsubscribes within 10 seconds after a scanner's click is the
    scanner: the sender may mail ann no more, and ann said nothing.
    """
    row, lead, mails = _mails_by_lead(table, resolved)
    if not mails.kind.any():  # deliveries at most
        return MailScannerFlags(row[:0], lead[:0], np.zeros(0, dtype=bool), row[:0], row[:0])
    soon, links = _too_soon(mails), _every_link(mails)
    place, known_us, until_us = (np.append(*both) for both in zip(soon, links, strict=True))
    followed = _after_a_scanners_click(mails, place, known_us, until_us)
    is_every_link = np.repeat([False, True, False], [len(soon[0]), len(links[0]), len(followed[0])])
    place, known_us, until_us = (np.append(*both) for both in zip((place, known_us, until_us), followed, strict=True))
    return MailScannerFlags(row[place], lead[place], is_every_link, known_us, until_us)


def _mails_by_lead(table: EventTable, resolved: Identities) -> tuple[Ints, Ints, _Mails]:
    """What became of mails: the row of each event, its lead, and the event as `_Mails`."""
    events = [(row, KINDS[name], mail) for row, name, mail in table.mails if mail and name in KINDS]
    rows = np.array([row for row, _, _ in events], dtype=np.int64)
    kind = np.array([kind for _, kind, _ in events], dtype=np.int64)
    numbers: dict[str, int] = {}
    mail = np.array([numbers.setdefault(mail, len(numbers)) for _, _, mail in events], dtype=np.int64)
    links: dict[str | None, int] = {None: -1, "": -1}  # who unsubscribes uses a link as well, each time the same
    used = [UNSUBSCRIBE_LINK if kind == UNSUBSCRIBED else table.links.get(row) for row, kind, _ in events]
    link = np.array([links.setdefault(name, len(links)) for name in used], dtype=np.int64)
    at = resolved.attribute(rows)
    rows, kind, mail, link = (column[at.place] for column in (rows, kind, mail, link))
    group, occurred = group_ids(at.lead, mail), table.occurred_us()[rows]
    order = np.lexsort((kind, occurred, group))
    columns = (group, kind, link, occurred, at.known_us, at.until_us)
    return rows[order], at.lead[order], _Mails(*(column[order] for column in columns))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _too_soon(mails: Any) -> Any:
    """Opens and clicks that deliveries show to be a scanner's: place, from when, until when."""
    size, found = mails.kind.size, np.empty((16, 3), np.int64)
    count, start, end = 0, 0, 0
    for place in range(size):
        at = mails.occurred_us[place]
        while mails.group[start] != mails.group[place] or mails.occurred_us[start] < at - COPY_US:
            start += 1
        end = max(end, place)
        while end < size and mails.group[end] == mails.group[place] and mails.occurred_us[end] <= at + EARLY_US:
            end += 1
        if mails.kind[place] == DELIVERED:
            continue
        sent = start + np.flatnonzero(mails.kind[start:end] == DELIVERED)
        if sent.size == 0:
            continue
        turns = np.unique(
            np.concatenate((mails.known_us[sent], mails.until_us[sent], mails.known_us[place : place + 1]))
        )
        since = NOT_YET
        for moment in turns:
            if moment < mails.known_us[place] or moment >= mails.until_us[place]:
                continue
            is_flagged = _is_too_soon(mails, sent, at, moment)
            if is_flagged and since == NOT_YET:
                since = moment
            elif not is_flagged and since < NOT_YET:
                found, count = _appended(found, count, place, since, moment)
                since = NOT_YET
        if since < NOT_YET:
            found, count = _appended(found, count, place, since, mails.until_us[place])
    return found[:count, 0], found[:count, 1], found[:count, 2]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _is_too_soon(mails: Any, sent: Ints, at: int, moment: int) -> bool:
    """Whether the deliveries known at a moment show that an open or click at `at` is a scanner's."""
    had_one, comes = False, False
    for delivery in sent:
        if not mails.known_us[delivery] <= moment < mails.until_us[delivery]:
            continue
        since = at - mails.occurred_us[delivery]
        if 0 <= since < SCANNER_US:
            return True
        had_one, comes = had_one or since >= 0, comes or since < 0
    return comes and not had_one


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _every_link(mails: Any) -> Any:
    """Clicks on more links of a mail than a person reads in that time: place, from when, until when."""
    clicks = np.flatnonzero((mails.kind >= CLICKED) & (mails.link >= 0))
    found, count, end, before = np.empty((16, 3), np.int64), 0, 0, 0
    for start in range(clicks.size):
        first = clicks[start]
        end = max(end, start)
        while end < clicks.size and mails.group[clicks[end]] == mails.group[first]:
            if mails.occurred_us[clicks[end]] > mails.occurred_us[first] + LINKS_US:
                break
            end += 1
        # A burst that lies in the one before shows nothing more.
        if end - start >= LINKS and end > before:
            burst, before = clicks[start:end], end
            for since, until in _periods_of_many_links(mails, burst):
                for place in burst:
                    known, to = max(mails.known_us[place], since), min(mails.until_us[place], until)
                    if known < to:
                        found, count = _appended(found, count, place, known, to)
    return found[:count, 0], found[:count, 1], found[:count, 2]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _after_a_scanners_click(mails: Any, flagged: Ints, known_us: Ints, until_us: Ints) -> Any:
    """Unsubscribes within SCANNER_US after a flagged click of the same mail: place, from when, until when."""
    order = np.argsort(flagged, kind="mergesort")
    in_order, found, count = flagged[order], np.empty((16, 3), np.int64), 0
    for place in np.flatnonzero(mails.kind == UNSUBSCRIBED):
        one = np.searchsorted(in_order, place, side="left") - 1
        while one >= 0 and mails.group[flagged[order[one]]] == mails.group[place]:
            flag = order[one]
            if mails.occurred_us[place] - mails.occurred_us[flagged[flag]] >= SCANNER_US:
                break
            known, to = max(mails.known_us[place], known_us[flag]), min(mails.until_us[place], until_us[flag])
            if mails.kind[flagged[flag]] == CLICKED and known < to:
                found, count = _appended(found, count, place, known, to)
            one -= 1
    return found[:count, 0], found[:count, 1], found[:count, 2]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _periods_of_many_links(mails: Any, burst: Ints) -> list[tuple[int, int]]:
    """The periods in which at least LINKS links of one burst were known to be clicked."""
    links = np.unique(mails.link[burst])
    known = np.zeros(links.size, np.int64)
    moments = np.concatenate((mails.known_us[burst], mails.until_us[burst]))
    order = np.argsort(moments, kind="mergesort")
    periods = [(0, 0)][:0]
    distinct, since = 0, NOT_YET
    for place, turn in enumerate(order):
        link = np.searchsorted(links, mails.link[burst[turn % burst.size]])
        distinct -= known[link] > 0
        known[link] += 1 if turn < burst.size else -1
        distinct += known[link] > 0
        if place + 1 < order.size and moments[order[place + 1]] == moments[turn]:
            continue
        if distinct >= LINKS and since == NOT_YET:
            since = moments[turn]
        elif distinct < LINKS and since < NOT_YET:
            periods.append((since, moments[turn]))
            since = NOT_YET
    return periods


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _appended(found: Ints, count: int, place: int, since: int, until: int) -> tuple[Ints, int]:
    if count == len(found):
        found = np.concatenate((found, np.empty_like(found)))
    found[count, 0], found[count, 1], found[count, 2] = place, since, until
    return found, count + 1
