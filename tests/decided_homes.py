"""Homes whose leads are decided: a live agreement signed by both sides, leads over and under the bar, and a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home import tables
from features.home.clock import rfc3339
from features.home.database import reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.materialize import materialized
from features.store.publisher import Publisher
from serving.rounds.decider import HomeDecider
from serving.scoring.scorer import Scorer

ANN, BEN = "ann@ourcompany.example", "ben@ourcompany.example"
MONDAY = datetime(2026, 11, 2, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIT = {"job_title": "VP Sales", "timeframe": "now", "industry": "software", "employees": 310}


def live_agreement(**lines: str) -> Agreement:
    """The default agreement, live, with two reps and a low bar; a further line replaces the one of its name."""
    given = {"reps": f'{{ "{ANN}" = 5, "{BEN}" = 5 }}', "owner": '"round_robin"', "live": "true"}
    given |= {"bar": "{ probability = 0.10 }", "catch_up_per_day": "3"}
    text = Agreement.default().text
    for name, value in {**given, **lines}.items():
        begun = next(line for line in text.splitlines() if line.split("=")[0].strip() == name)
        text = text.replace(begun, f"{name} = {value}")
    digest = Agreement.parse(text).signed_digest
    signed = ", ".join(
        f'{{ by = "{side}@ourcompany.example", side = "{side}", at = 2026-10-01T10:00:00Z, digest = "{digest}" }}'
        for side in ("marketing", "sales")
    )
    begun = next(line for line in text.splitlines() if line.startswith("agreed_by"))
    return Agreement.parse(text.replace(begun, f"agreed_by = [{signed}]"))


@dataclass
class DecidedHome:
    """A home whose events are decided by one clock, in process."""

    home: Home
    now: datetime = MONDAY
    sent: int = 0
    parts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, agreement: Agreement, url: str | None = None, is_built: bool = True) -> DecidedHome:
        """A home with this agreement and nothing else."""
        home = Home(folder, Settings(database_url=url)).created()
        Ledger.open(home)
        save_version(home, agreement, MONDAY - DAY)
        if is_built:
            materialized(home, agreement)
        return cls(home)

    @property
    def decider(self) -> HomeDecider:
        if "decider" not in self.parts:
            scorer = self.parts["scorer"] = Scorer(self.home)
            self.parts["decider"] = HomeDecider(self.home, lambda: scorer.scoring, lambda: self.now)
        return self.parts["decider"]

    @property
    def publisher(self) -> Publisher:
        if "publisher" not in self.parts:
            self.parts["publisher"] = Publisher(self.home, self.decider, lambda: self.now)
        return self.parts["publisher"]

    def hear(self, *told: Mapping[str, Any], publish: bool = True) -> None:
        """Live events, recorded now, and what follows at once."""
        Ledger(self.home).record([self._event(said) for said in told], received_at=self.now, source="web")
        if publish:
            self.publisher.publish()

    def read(self, told: Sequence[Mapping[str, Any]], recorded_at: datetime | None = None) -> None:
        """The events of a file."""
        at = recorded_at or self.now
        events = [self._event(said) | {"receivedAt": rfc3339(at)} for said in told]
        list(Ledger(self.home).append(events, source="file", received_at=self.now))

    def _event(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self.sent += 1
        return {"messageId": f"m{self.sent}", "timestamp": rfc3339(self.now), **said}

    def decisions(self, *lead_ids: str) -> dict[str, tuple[str, str, str | None]]:
        """By lead, its decision, code and queue."""
        found = tables.lead_decisions.c
        with reading(self.home) as connection:
            rows = connection.execute(select(found.lead_id, found.decision, found.code, found.queue)).all()
        return {row[0]: (row[1], row[2], row[3]) for row in rows if not lead_ids or row[0] in lead_ids}

    def handovers(self) -> list[Any]:
        """All handovers, the oldest first."""
        columns = tables.handovers.c
        with reading(self.home) as connection:
            return list(connection.execute(select(tables.handovers).order_by(columns.offered_us, columns.lead_id)))

    def count(self, table: Any) -> int:
        with reading(self.home) as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0


def lead(lead_id: str, **traits: Any) -> dict[str, Any]:
    """Who a lead is."""
    return {"type": "identify", "userId": lead_id, "traits": traits}


def asks(lead_id: str) -> dict[str, Any]:
    """A request for a demo."""
    return {"type": "track", "userId": lead_id, "event": "Form Submitted", "properties": {"form_type": "demo"}}


def visits(lead_id: str, path: str = "/product") -> dict[str, Any]:
    """A page view."""
    return {"type": "page", "userId": lead_id, "properties": {"path": path}}
