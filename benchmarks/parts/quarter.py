"""One quarter of a live market, driven step by step by one clock, and counted from outside by the API."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from benchmarks.parts.live_market import HOUR_US, Buyers, LiveMarket
from benchmarks.parts.sales_floor import LEAVES, LEAVES_AFTER, SalesFloor
from features.home.clock import microseconds, rfc3339
from features.home.progress import Progress
from features.home.settings import Home
from features.records.housekeeping import Housekeeping
from features.store.publisher import Publisher
from serving.api.app import application
from serving.process import ServedHome
from serving.rounds.decider import HomeDecider
from serving.rounds.sweep import night
from serving.scoring.scorer import Scorer
from training.simulation.dynamics import NEVER
from training.simulation.envelope import SCHEMA, lines

STEP, HOUR = timedelta(minutes=15), timedelta(hours=1)
LAG = timedelta(minutes=90)  # after which a purchase is recorded
AT_ONCE = 500  # events in one request
NIGHT_AT = 2  # o'clock


@dataclass
class Counted:
    """What was counted from outside. lost: open leads without a queue or a date. missing: past a clock, not listed."""

    hours: int = 0
    sums_wrong: int = 0
    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    offered_by_day: Counter[date] = field(default_factory=Counter)


class Quarter:
    """The product in this process, its reps and its leads, from the beginning of the quarter to its end."""

    def __init__(self, home: Home, market: LiveMarket, holiday: date, seed: int) -> None:
        self.home, self.market, self.now = home, market, market.begins_at
        self.counted = Counted()
        self._loop = asyncio.new_event_loop()
        self._scorer = Scorer(home)
        self._served = ServedHome(lambda: home, lambda _: self._scorer, self._publisher)
        self._served.open()
        transport = httpx.ASGITransport(app=application(self._served, lambda: self.now), client=("127.0.0.1", 40_000))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000", timeout=600)
        self._housekeeping = Housekeeping(home)
        self.buyers = Buyers(market)
        draws = np.random.default_rng(seed)
        self.floor = SalesFloor(market, self.buyers, self.api, self._recorded, holiday, draws)
        self._texts = _texts(market.events)
        self._at = market.events["receivedAt"].dt.tz_localize(None).to_numpy("datetime64[us]")
        self._place, self._conversions = 0, []  # what was sent of the events; purchases that wait for their record
        self._gone: set[str] = set()  # who bought does nothing more

    def _publisher(self, home: Home) -> Publisher:
        now: Callable[[], datetime] = lambda: self.now  # noqa: E731
        return Publisher(home, HomeDecider(home, lambda: self._scorer.scoring, now), now)

    def live(self, progress: Progress = lambda _: None) -> None:
        """The whole quarter; how far it came is said each week."""
        while self.now < self.market.ends_at:
            if self.now.weekday() == 0 and self.now.hour == self.now.minute == 0:
                progress(f"{self.now:%d %B}, {self.counted.hours:,} hours counted")
            step = STEP if self.floor.is_open(self.now) else HOUR
            self._step(step)
            if self.now.minute == 0:
                self._hour()

    def _step(self, step: timedelta) -> None:
        self.now += step
        self._intake()
        self.floor.work(self.now)
        night(self.home, self.now, self._scorer.scoring)

    def _hour(self) -> None:
        us = microseconds(self.now) - microseconds(self.market.ends_at)
        for lead in self.buyers.hour(us - HOUR_US).tolist():
            self._gone.add(self.market.leads["lead_id"].iloc[lead])
            self._conversions.append((self.now + LAG, lead))
        if self.now.hour == NIGHT_AT:
            self._housekeeping.run(self.now)
            self._leaver()
        self._count()

    def _leaver(self) -> None:
        if self.now.date() == (self.market.begins_at + LEAVES_AFTER).date():
            self.api("POST", f"/v1/people/{LEAVES}/away", {"until": "2099-12-31"})

    def _intake(self) -> None:
        """Everything that was recorded since the step before, as a client would send it."""
        until = int(np.searchsorted(self._at, np.datetime64(self.now.replace(tzinfo=None), "us")))
        told = [text for text in self._texts[self._place : until] if text.get("userId") not in self._gone]
        self._place = until
        due = [lead for at, lead in self._conversions if at <= self.now]
        self._conversions = [(at, lead) for at, lead in self._conversions if at > self.now]
        self._send([*told, *map(self._converted, due)])

    def _send(self, events: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(events), AT_ONCE):
            answer = self.api("POST", "/v1/batch", {"batch": events[start : start + AT_ONCE]})
            assert not answer["rejected"], answer["rejected"][:3]

    def _recorded(self, event: Mapping[str, Any]) -> None:
        self._send([event])

    def _converted(self, lead: int) -> dict[str, Any]:
        lead_id = self.market.leads["lead_id"].iloc[lead]
        at = microseconds(self.market.ends_at) + int(self.buyers.bought_us[lead])
        return {
            "type": "track", "event": "Lead Converted", "userId": lead_id, "messageId": f"won-{lead_id}",
            "timestamp": rfc3339(pd.Timestamp(at, unit="us", tz="UTC").to_pydatetime()), "properties": {"crm": "demo"},
        }  # fmt: skip

    def api(self, method: str, path: str, body: Any) -> Any:
        """The answer of the public API; anything but 2xx ends the run."""
        answer = self._loop.run_until_complete(self._client.request(method, path, json=body))
        if not answer.is_success:
            raise RuntimeError(f"{method} {path} {body}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def rows(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Every row of a list of the API."""
        yield from self.floor.all_rows(path)

    def _count(self) -> None:
        """Each hour the sums and the clocks, each day every open lead."""
        counted = self.counted
        counted.hours += 1
        queues = self.api("GET", "/v1/queues", None)
        counted.sums_wrong += not queues["adds_up"]
        open_now = list(self.rows("/v1/handovers?state=open"))
        several = Counter(handover["lead_id"] for handover in open_now)
        counted.doubled |= {lead for lead, count in several.items() if count > 1}
        late = {handover["handover_id"] for handover in open_now if _is_late(handover, self.now)}
        listed = {handover["handover_id"] for handover in self.rows("/v1/handovers?overdue=true")}
        counted.missing |= late - listed
        if self.now.hour == 0:
            self._count_leads(queues)

    def _count_leads(self, queues: Mapping[str, Any]) -> None:
        rows = list(self.rows("/v1/leads?sort=due"))
        counted, seen = self.counted, Counter(row["lead_id"] for row in rows)
        has_date = {row["lead_id"] for row in rows if row["queue"] and (row["look_again_at"] or row["next_due_at"])}
        counted.doubled |= {lead for lead, count in seen.items() if count > 1}
        counted.lost |= {row["lead_id"] for row in rows if row["queue"]} - has_date
        counted.lost |= self._known_open() - seen.keys()

    def _known_open(self) -> set[str]:
        """The leads that have come and have not bought: what the market itself knows."""
        leads, now_us = self.market.leads, microseconds(self.now) - microseconds(self.market.ends_at)
        is_known = (leads["opened_us"] < now_us - HOUR_US) & (leads["closed_us"] == NEVER)
        return set(leads["lead_id"][is_known]) - self._gone


def _is_late(handover: Mapping[str, Any], now: datetime) -> bool:
    running = (clock for clock in handover["clocks"] if clock["due_at"] and not clock["stopped_at"])
    return any(datetime.fromisoformat(clock["due_at"]) < now for clock in running)


def _texts(events: pd.DataFrame) -> list[dict[str, Any]]:
    """The events as a client sends them, in the order of their record."""
    table = pa.Table.from_pandas(events, schema=SCHEMA, preserve_index=False)
    texts = [line for batch in table.to_batches() for line in bytes(lines(batch)).splitlines()]
    return [{name: value for name, value in orjson.loads(text).items() if name != "receivedAt"} for text in texts]
