"""Made-up visitors for benchmarks: leads that come unknown, identify themselves, and go on; as rows of a ledger."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from features.home.clock import from_microseconds, rfc3339
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger

EVENTS_A_LEAD, LEADS_A_FIRM, DAYS = 30, 4, 180
DAY_US, START_US = 86_400_000_000, 1_760_000_000_000_000

AGENT = '"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0"'
CONTEXTS = (f'{{{AGENT},"locale":"en-GB"}}', f'{{{AGENT},"campaign":{{"source":"search","name":"spring-launch"}}}}')
# Share, type, name, properties; %d is the event's number, %n one of 1 to 59.
KINDS = (
    (0.12, "page", "page", '{"path":"/pricing","page_view_id":"v%d","engaged_ms":%n0000}'),
    (0.20, "page", "page", '{"path":"/product/tour","page_view_id":"v%d","title":"The tour"}'),
    (0.25, "page", "page", '{"path":"/blog/how-to","page_view_id":"v%d","title":"How to begin"}'),
    (0.02, "page", "page", '{"path":"/careers","page_view_id":"v%d","title":"Work with us"}'),
    (0.14, "track", "Email Opened", '{"email_id":"e%d","campaign_id":"news"}'),
    (0.07, "track", "Email Link Clicked", '{"email_id":"e%d","link_url":"https://vendor.example/guide"}'),
    (0.08, "track", "Content Downloaded", '{"content_id":"c%d","content_type":"whitepaper","title":"The guide"}'),
    (0.04, "track", "Webinar Attended", '{"webinar_id":"w%d","minutes_attended":%n,"live":true}'),
    (0.02, "track", "Form Submitted", '{"form_id":"f%d","form_type":"demo"}'),
    (0.06, "track", "Video Played", '{"video_id":"x%d"}'),
)


class VisitorEvent(NamedTuple):
    """What a ledger keeps of one event, beside its source."""

    message_id: str
    type: str
    name: str
    user_id: str | None
    anonymous_id: str
    occurred_us: int
    recorded_us: int
    body: str  # JSON


def sent_event(told: VisitorEvent) -> dict[str, Any]:
    """The event as a tracking client sends it."""
    said: dict[str, Any] = {"type": told.type, "messageId": told.message_id, "anonymousId": told.anonymous_id}
    said |= {"userId": told.user_id} if told.user_id else {}
    said |= {"event": told.name} if told.type == "track" else {}
    said["timestamp"] = rfc3339(from_microseconds(told.occurred_us))
    return said | dict(json.loads(told.body))


def fill(size: int, home: Path) -> None:
    """A ledger of `size` events at `home`: leads that come as visitors, identify themselves, and go on."""
    Ledger.open(Home(home, Settings()))
    connection = sqlite3.connect(home / "leadlight.db", isolation_level=None)
    connection.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000; BEGIN")
    columns = ", ".join(VisitorEvent._fields)
    connection.executemany(
        f"INSERT INTO events (source, flags, {columns}) VALUES ('web', '', ?, ?, ?, ?, ?, ?, ?, ?)",
        visitors(size),
    )
    connection.execute("COMMIT")


def visitors(size: int) -> Iterator[VisitorEvent]:
    """`size` events in the order in which they happened, each recorded two seconds later; the same at each call."""
    draws, leads = np.random.default_rng(7), max(size // EVENTS_A_LEAD, 1)
    known_us = START_US + (draws.random(leads) * 2 / 3 * DAYS * DAY_US).astype(np.int64)
    lead = np.concatenate([np.arange(leads), draws.integers(0, leads, size - leads)])
    anywhere = START_US + (draws.random(size - leads) * DAYS * DAY_US).astype(np.int64)
    happened_us = np.concatenate([known_us, anywhere])
    kind = draws.choice(len(KINDS), size, p=[share for share, *_ in KINDS])
    own_number, has_campaign = draws.integers(1, 60, size), draws.random(size) < 0.05
    for number, place in enumerate(np.argsort(happened_us, kind="stable").tolist()):
        who, at = int(lead[place]), int(happened_us[place])
        context = CONTEXTS[int(has_campaign[place])]
        if place < leads:
            mail = f"p{who}@firm{who // LEADS_A_FIRM}.example"
            said = f'{{"email":"{mail}","job_title":"VP Sales","employees":{own_number[place]}0}}'
            body = f'{{"traits":{said},"context":{context}}}'
            yield VisitorEvent(f"m{number}", "identify", "identify", f"u{who}", f"a{who}", at, at + 2_000_000, body)
        else:
            _, type_, name, said = KINDS[kind[place]]
            said = said.replace("%d", str(number)).replace("%n", str(own_number[place]))
            user = f"u{who}" if at >= known_us[who] else None
            body = f'{{"properties":{said},"context":{context}}}'
            yield VisitorEvent(f"m{number}", type_, name, user, f"a{who}", at, at + 2_000_000, body)
