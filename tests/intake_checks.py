"""What the ledger of a served home holds, asked from beside the service, and visits that tell it something."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from handmade_events import SMALL, at
from recording_proxy import Wire, acknowledged
from sqlalchemy import func, select
from vendor_clients import Call, facts

from features.agreement.versions import save_version
from features.home import tables
from features.home.database import reading
from features.home.settings import Home
from serving.http.keys import Keys

PATIENCE_S = 120
EACH = 40  # events of one lead


def agreed(home: Home) -> Home:
    """`home`, created and with an agreement."""
    save_version(home.created(), SMALL, at(0))
    return home


def write_key(home: Home) -> str:
    return Keys(home).create(["events:write"], at(0)).key


def ledger_ids(home: Home) -> Counter[str]:
    """How often each messageId is in the ledger, from whatever source."""
    with reading(home) as connection:
        return Counter(connection.scalars(select(tables.events.c.message_id)))


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, f"not so within {PATIENCE_S} s"
        time.sleep(0.02)


def is_published(home: Home) -> bool:
    with reading(home) as connection:
        return connection.scalar(select(func.count()).select_from(tables.online_pending)) == 0


def visits(name: str, drawn: random.Random) -> Iterator[Call]:
    """Calls without end: page views of leads and of visitors who are identified later, most of them of new leads."""
    for n in count():
        lead = n // EACH if n % 10 else drawn.randrange(n // EACH + 1)
        user, visitor, visit = f"{name}-{lead}", {"anonymousId": f"visitor-{name}-{lead}"}, {"visit": f"{name} {n}"}
        if n % 10 in (1, 2):
            yield {"call": "page", **visitor, "properties": {"path": "/pricing"} | visit}
        elif n % 10 == 3:
            yield {"call": "identify", "userId": user, **visitor, "traits": {"industry": "software"} | visit}
        elif n % 20 == 4:
            yield {"call": "group", "userId": user, "groupId": f"account-{name}-{lead // 3}", "traits": visit}
        else:
            yield {"call": "page", "userId": user, "properties": {"path": "/pricing"} | visit}


def assert_acknowledged_is_there_once(home: Home, wire: Wire) -> None:
    there = ledger_ids(home)
    assert {there[message_id] for message_id in acknowledged(wire.exchanges())} == {1}
    assert max(there.values()) == 1  # so nothing unacknowledged is there twice either


def said_visits(told: Iterable[Call]) -> Counter[str]:
    return Counter(facts(call)["visit"] for call in told)


def kept_visits(home: Home) -> Counter[str]:
    with reading(home) as connection:
        return said_visits(json.loads(body) for body in connection.scalars(select(tables.events.c.body)))
