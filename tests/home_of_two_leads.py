"""A home with two leads, for the tests of serving: real events, derived and kept as `leadlight ingest` does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from serving.intake.file_import import ingest

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN = {"email": "ann@buyer.example", "job_title": "VP Sales", "industry": "software", "employees": 310}
EVENTS = [
    {"type": "identify", "userId": "L-1", "timestamp": "2026-11-01T10:00:00Z", "traits": ANN},
    {"type": "page", "userId": "L-1", "timestamp": "2026-11-18T10:00:00Z", "properties": {"path": "/pricing"}},
    {"type": "page", "userId": "L-1", "timestamp": "2026-11-19T10:00:00Z", "properties": {"path": "/pricing/eu"}},
    {"type": "identify", "userId": "eu/L 2", "timestamp": "2026-11-02T10:00:00Z", "traits": {"country": "France"}},
]


def small_home(folder: Path) -> Home:
    """The home at `folder`, with the default agreement and no model yet: the criteria's prior answers."""
    home = Home(folder / "home", Settings()).created()
    file = folder / "events.jsonl"
    rows = [event | {"messageId": f"m{i}", "receivedAt": event["timestamp"]} for i, event in enumerate(EVENTS)]
    file.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    ingest(home, [file], save_version(home, Agreement.default(), NOW), NOW)
    return home


def empty_home(folder: Path) -> Home:
    return Home(folder / "nothing yet", Settings())
