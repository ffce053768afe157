"""Which events are not people: crawlers and mail scanners are kept, flagged, and not counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from features.identity import Identities
from features.log import Log

CRAWLER = re.compile(
    r"bot\b|crawl|spider|slurp|headless|python-requests|curl/|wget/|scanner|proofpoint|barracuda|mimecast|safelinks",
    re.I,
)
SCANNER_US = 10_000_000  # a person does not open or click within ten seconds of delivery; a mail scanner does


class NotAPerson(NamedTuple):
    """Why an event is not counted, and when we knew that."""

    reason: str
    known_us: int


@lru_cache(maxsize=4_096)
def is_crawler(agent: str) -> bool:
    """Whether a user agent names a crawler or a scanner; sites see few of them, again and again."""
    return bool(CRAWLER.search(agent))


def not_people(log: Log, found: Identities) -> dict[int, NotAPerson]:
    """Rows that are not counted, each with the reason a person can read."""
    crawlers = {row: NotAPerson("crawler", int(found.known_us[row])) for row, agent in log.agents if is_crawler(agent)}
    return dict(_scanned(log, found)) | crawlers


def _scanned(log: Log, found: Identities) -> Iterator[tuple[int, NotAPerson]]:
    """Opens and clicks within seconds of a delivery, or before the first; known once both are."""
    deliveries: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for row, name, mail in log.mails:
        if name == "Email Delivered" and mail:
            sent = (log.occurred[row], int(found.known_us[row]))
            deliveries.setdefault((int(found.lead[row]), mail), []).append(sent)
    for row, name, mail in log.mails:
        sent_to = deliveries.get((int(found.lead[row]), mail), [])
        if name not in ("Email Opened", "Email Link Clicked") or not sent_to:
            continue
        at = log.occurred[row]
        too_soon = [known for sent, known in sent_to if 0 <= at - sent < SCANNER_US]
        if at < min(sent for sent, _ in sent_to):
            too_soon = [known for _, known in sent_to]
        if too_soon:
            yield row, NotAPerson("mail scanner", max(min(too_soon), int(found.known_us[row])))
