"""The audit: one row per change and per export that a person makes on a page or a command, who, what and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert

from features.home import tables
from features.home.clock import microseconds

COMMAND_LINE = "command line"


def note_in_audit(
    connection: Connection, by: str, action: str, subject: str, at: datetime, details: Mapping[str, Any] | None = None
) -> None:
    """Write one row, in the transaction of what it tells of; details hold no contact data.

    Example: by "ann@ours.example", action "took_lead", subject "L-02988".
    """
    row = {"at_us": microseconds(at), "by": by, "action": action, "subject": subject[:200]}
    connection.execute(insert(tables.audit).values(**row, details=orjson.dumps(dict(details or {})).decode()))
