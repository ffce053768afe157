"""Which events are not people: crawlers and mail scanners are kept, flagged, and not counted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from features.identity import Identities
from features.log import Log

CRAWLER = re.compile(
    r"bot\b|crawl|spider|slurp|headless|python-requests|curl/|wget/|scanner|proofpoint|barracuda|mimecast|safelinks",
    re.I,
)
SCANNER_US = 10_000_000  # a person does not open or click within ten seconds of delivery; a mail scanner does


def not_people(log: Log, found: Identities) -> dict[int, str]:
    """Rows that are not counted, each with the reason a person can read."""
    reasons = {row: "crawler" for row, agent in log.agents if CRAWLER.search(agent)}
    return reasons | _scanned(log, found)


def _scanned(log: Log, found: Identities) -> dict[int, str]:
    delivered = {
        (int(found.lead[row]), mail): log.occurred[row] for row, name, mail in log.mails if name == "Email Delivered"
    }
    return {
        row: "mail scanner"
        for row, name, mail in log.mails
        if name in ("Email Opened", "Email Link Clicked") and _too_soon(log, found, delivered, row, mail)
    }


def _too_soon(log: Log, found: Identities, delivered: Mapping[tuple[int, str], int], row: int, mail: str) -> bool:
    at = delivered.get((int(found.lead[row]), mail))
    return bool(mail) and at is not None and log.occurred[row] - at < SCANNER_US
