"""Alerts, each written once per model, subject and week; whoever delivers alerts reads them here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from features.home import tables
from features.home.clock import from_microseconds, microseconds, rfc3339
from features.home.database import database_exists, insert_new, migrate, reading, writing
from features.home.json_text import json_text
from features.home.settings import Home

DRIFT = "drift.alert"
LARGEST_BODY = 20_000  # bytes of a body, as the contract of webhooks says


@dataclass(frozen=True)
class Alert:
    """One alert to be written: `what` changed for the model with this digest.

    what: the subject, such as a feature. data: plain values without personal data.
    """

    type: str
    model_digest: str
    what: str
    data: dict[str, Any]

    def body(self, now: datetime) -> str:
        """The body of a webhook: type, timestamp, data."""
        text = json_text({"type": self.type, "timestamp": rfc3339(now), "data": self.data})
        size = len(text.encode())
        if size >= LARGEST_BODY:
            raise ValueError(f"the alert {self.what} takes {size:,} bytes; at most {LARGEST_BODY:,} are sent")
        return text


@dataclass(frozen=True)
class RaisedAlert:
    """One alert that was written, with its id and the week in which it was raised."""

    alert_id: int
    type: str
    model_digest: str
    what: str
    week: str
    body: str
    created_at: datetime

    @property
    def as_json(self) -> dict[str, Any]:
        """The body, with the alert's id, subject and week."""
        return {"alert_id": self.alert_id, "what": self.what, "week": self.week, **orjson.loads(self.body)}


def week_of(moment: datetime) -> str:
    """The ISO week of a moment: "2026-W48"."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"


def raise_alerts(home: Home, alerts: Sequence[Alert], now: datetime) -> list[RaisedAlert]:
    """Write the alerts that this week does not have yet, all or none; those that are new.

    One model, one subject and one week give one alert: drift of `pricing_page` found on Monday and on Tuesday by two
    processes is written once.
    """
    migrate(home)
    week = week_of(now)
    rows = [
        {"type": a.type, "model_digest": a.model_digest, "what": a.what, "week": week, "body": a.body(now),
         "created_us": microseconds(now)}
        for a in alerts
    ]  # fmt: skip
    with writing(home) as connection:
        before = connection.scalar(select(tables.alerts.c.alert_id).order_by(tables.alerts.c.alert_id.desc()).limit(1))
        insert_new(connection, tables.alerts, rows)
        newer = select(tables.alerts).where(tables.alerts.c.alert_id > (before or 0))
        mine = newer.where(tables.alerts.c.created_us == microseconds(now)).order_by(tables.alerts.c.alert_id)
        return [_raised_alert(row) for row in connection.execute(mine)]


def alerts_of(home: Home, model_digest: str) -> list[RaisedAlert]:
    """Every alert about a model, newest first."""
    if not database_exists(home):
        return []
    columns = tables.alerts.c
    asked = select(tables.alerts).where(columns.model_digest == model_digest).order_by(columns.alert_id.desc())
    with reading(home) as connection:
        return [_raised_alert(row) for row in connection.execute(asked)]


def _raised_alert(row: Any) -> RaisedAlert:
    return RaisedAlert(
        row.alert_id, row.type, row.model_digest, row.what, row.week, row.body, from_microseconds(row.created_us)
    )
