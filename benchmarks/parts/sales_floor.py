"""The sales people of a simulated quarter: what each does with its handovers, hour by hour, through the public API.

Twelve reps in office hours, one holiday: nine do their work, two never call anybody, one leaves in the middle. A third
of those who work records calls as events of the telephone system, the others by feedback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.parts.live_market import Buyers, LiveMarket
from features.home.clock import microseconds, rfc3339

REPS = tuple(f"rep{number:02d}@ourcompany.example" for number in range(1, 13))
NEVER_CALL, LEAVES, LEAVES_AFTER = REPS[-2:], REPS[4], timedelta(days=45)
PER_DAY, TRIES_AT_ONCE = 5, 1
OPENS, CLOSES = 9, 18
TALKS, VOICEMAILS = 0.35, 0.3  # shares of the tries
TOO_EARLY, WRONG_PERSON = 0.08, 0.04  # of those who were talked to
HOPELESS, NOT_A_FIT = 0.01, 0.5  # a true chance below it is rejected that often

Api = Callable[[str, str, Any], Any]  # (method, path, body) -> the answer


@dataclass
class SalesFloor:
    """All reps, and what they did: `called_us` by lead, the first try."""

    market: LiveMarket
    buyers: Buyers
    api: Api
    record: Callable[[Mapping[str, Any]], None]  # an event of the telephone system
    holiday: date
    draws: np.random.Generator
    called_us: dict[int, int] = field(default_factory=dict)
    tried_of: dict[str, int] = field(default_factory=dict)  # when each handover was first tried
    tries: int = 0
    rejects: int = 0

    def __post_init__(self) -> None:
        self._place = {lead: place for place, lead in enumerate(self.market.leads["lead_id"])}

    def work(self, now: datetime) -> None:
        """A quarter of an hour of work of everybody who is there."""
        for rep in self.callers(now):
            for handover in self._next(rep, now):
                self._try(rep, handover, now)

    def is_open(self, now: datetime) -> bool:
        """Whether the office is open."""
        return now.weekday() < 5 and now.date() != self.holiday and OPENS <= now.hour < CLOSES

    def callers(self, now: datetime) -> tuple[str, ...]:
        """The reps who call at this hour."""
        if not self.is_open(now):
            return ()
        has_left = now >= self.market.begins_at + LEAVES_AFTER
        return tuple(rep for rep in REPS if rep not in NEVER_CALL and not (rep == LEAVES and has_left))

    def _next(self, rep: str, now: datetime) -> Iterator[Mapping[str, Any]]:
        """The handovers that a rep tries now: who asked first, then what is due first."""
        mine = [h for h in self.all_rows(f"/v1/handovers?owner={rep}&state=open") if _may_be_tried(h, now)]
        mine.sort(key=lambda h: (h["kind"] != "inbound", _due(h)))
        yield from mine[:TRIES_AT_ONCE]

    def all_rows(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Every row of a list, page by page."""
        cursor = ""
        while cursor is not None:
            page = self.api("GET", f"{path}&limit=200" + (f"&cursor={cursor}" if cursor else ""), None)
            yield from page["data"]
            cursor = page.get("next_cursor")

    def _try(self, rep: str, handover: Mapping[str, Any], now: datetime) -> None:
        lead, ago = self._place[handover["lead_id"]], timedelta(minutes=int(self.draws.integers(1, 14)))
        moment = max(now - ago, datetime.fromisoformat(handover["offered_at"]))
        self.tries += 1
        self.buyers.call(lead, self._us(moment))
        self.called_us.setdefault(lead, self._us(moment))
        self.tried_of.setdefault(handover["handover_id"], self._us(moment))
        luck = self.draws.random()
        result = "talked" if luck < TALKS else "voicemail" if luck < TALKS + VOICEMAILS else "no_answer"
        if REPS.index(rep) % 3 == 0:
            name = {"talked": "Call Answered", "voicemail": "Voicemail Left"}.get(result, "Call Attempted")
            self.record(_call(handover, rep, name, moment))
        else:
            kind = "contacted" if result == "talked" else "tried"
            self._say(handover, rep, moment, kind=kind, medium="call", result=result)
        if result == "talked":
            self._judge(rep, handover, lead, moment)

    def _judge(self, rep: str, handover: Mapping[str, Any], lead: int, moment: datetime) -> None:
        """What a rep makes of a talk: most are kept, some were no leads, some are too early or hopeless."""
        luck, is_junk = self.draws.random(), bool(self.market.leads["is_junk"].iloc[lead])
        if is_junk or luck < WRONG_PERSON:
            reason = "bad_data" if is_junk else "wrong_person"
        elif luck < WRONG_PERSON + TOO_EARLY:
            reason = "too_early"
        elif self.draws.random() < NOT_A_FIT and self._chance(lead, moment) < HOPELESS:
            reason = "not_a_fit"
        else:
            return
        self.rejects += 1
        self._say(handover, rep, moment + timedelta(seconds=30), kind="rejected", reason=reason)

    def _chance(self, lead: int, moment: datetime) -> float:
        return float(self.market.chance_if_called(np.array([lead]), self._us(moment))[0])

    def _say(self, handover: Mapping[str, Any], rep: str, moment: datetime, **said: Any) -> None:
        body = {"handover_id": handover["handover_id"], "by": rep, "at": rfc3339(moment), **said}
        self.api("POST", f"/v1/leads/{handover['lead_id']}/feedback", body)

    def _us(self, moment: datetime) -> int:
        """Microseconds relative to the end of the market, as its leads count."""
        return microseconds(moment) - microseconds(self.market.ends_at)


def _may_be_tried(handover: Mapping[str, Any], now: datetime) -> bool:
    """Whether a handover waits for its first try, or its next one is due."""
    if handover["trial"] or handover["state"] in ("contacted", "converted"):
        return False
    last, again = handover["tries"]["last_at"], handover["tries"]["next_at"]
    return last is None or again is None or datetime.fromisoformat(again) <= now


def _due(handover: Mapping[str, Any]) -> str:
    running = [clock["due_at"] for clock in handover["clocks"] if clock["due_at"] and not clock.get("stopped_at")]
    return min(running, default="9999")


def _call(handover: Mapping[str, Any], rep: str, name: str, moment: datetime) -> dict[str, Any]:
    said = {"by": rep, "handover_id": handover["handover_id"], "side": "sales", "actor": "person"}
    number = f"{handover['handover_id']}-{microseconds(moment)}"
    return {
        "type": "track", "event": name, "userId": handover["lead_id"], "messageId": number,
        "timestamp": rfc3339(moment), "properties": said,
    }  # fmt: skip
