"""A year of nurture by a clock of its own: nobody is touched over the cap, asked twice or forgotten.

    python benchmarks/nurture.py --out nurture.json [--leads 300] [--days 365] [--seed 1] [--short]

Leads come over the first half of the time, by a market drawn here: each day marketing writes to exactly those of
`leadlight nurture`, and tells so; a part of them reads what it got, answers the question, visits the price page, asks
for a demo, unsubscribes, or names a date on which to hear of us again. Every day all is counted from outside.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# This folder has a features.py, which would hide the package of this name.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.clock import rfc3339
from features.home.database import reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.publisher import Publisher
from serving.decisions.lists import LeadFilter, lead_list
from serving.nurture.kept_plans import kept_plans
from serving.nurture.mail_list import mail_list
from serving.rounds.decider import HomeDecider
from serving.rounds.sweep import night
from serving.scoring.scorer import Scorer

BEGINS = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
TOPICS = ("pricing", "product", "security")
CONTENT = "\n[content]\n" + "\n".join(
    f'{topic}-{number} = {{ topic = "{topic}" }}' for topic in TOPICS for number in range(1, 5)
)
TITLES = ("VP Sales", "Director of Sales", "Engineer", "Intern")
READS, ANSWERS, VISITS, ASKS, LEAVES, NAMES_DATE, LETTER = 0.12, 0.2, 0.05, 0.004, 0.01, 0.01, 0.02
ANSWER = {"timeframe": "3 months", "employees": 310, "job_title": "VP Sales"}


@dataclass
class Counted:
    """What was counted from outside: leads, but for `touches`, of which it is how many."""

    touches: int = 0
    over_cap: set[str] = field(default_factory=set)
    asked_twice: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    late_dates: set[str] = field(default_factory=set)
    dates: int = 0
    ready: set[str] = field(default_factory=set)


class NurtureYear:
    """One home, its leads and its clock."""

    def __init__(self, folder: Path, leads: int, days: int, seed: int) -> None:
        text = Agreement.default().text.replace("bar        = { share = 0.10 }", "bar        = { probability = 0.15 }")
        self.agreement = Agreement.parse(text + CONTENT)
        self.home = Home(folder, Settings()).created()
        Ledger.open(self.home)
        save_version(self.home, self.agreement, BEGINS)
        self.now, self.days, self.draws, self.sent = BEGINS, days, np.random.default_rng(seed), 0
        self.arrives = defaultdict(list)
        for number in range(leads):
            self.arrives[int(self.draws.integers(0, days // 2 + 1))].append(f"L-{number}")
        scorer = Scorer(self.home)
        decider = HomeDecider(self.home, lambda: scorer.scoring, lambda: self.now)
        self._scorer, self._publisher = scorer, Publisher(self.home, decider, lambda: self.now)
        self.touched: dict[str, list[datetime]] = defaultdict(list)
        self.asked: dict[str, set[str]] = defaultdict(set)
        self.named: dict[str, datetime] = {}
        self.counted = Counted()

    def live(self) -> None:
        """Every day: who comes, who is written to, who answers, and the count of the evening."""
        for day in range(self.days):
            self.now = BEGINS + day * DAY
            self._hear(_comes(lead, self.draws) for lead in self.arrives[day])
            night(self.home, self.now, self._scorer.scoring)
            with reading(self.home) as connection:
                rows = mail_list(connection, self.agreement, self.now).rows
            self._hear([self._mail(row) for row in rows])
            self.now += timedelta(hours=4)
            self._hear(event for row in rows for event in self._answers(row))
            self._count()

    def _hear(self, events: Any) -> None:
        told = []
        for event in events:
            self.sent += 1
            told.append({"messageId": f"m{self.sent}", "timestamp": rfc3339(self.now), **event})
        if told:
            Ledger(self.home).record(told, received_at=self.now, source="tool")
            self._publisher.publish()

    def _mail(self, row: Mapping[str, Any]) -> dict[str, Any]:
        lead, counted = row["lead_id"], self.counted
        counted.touches += 1
        if sum(at > self.now - 7 * DAY for at in self.touched[lead]) >= 2:
            counted.over_cap.add(lead)
        if row["question"] and row["question"] in self.asked[lead]:
            counted.asked_twice.add(lead)
        self.asked[lead].add(row["question"])
        self.touched[lead].append(self.now)
        return _track(lead, "Email Sent", content_id=row["content_id"], question=row["question"])

    def _answers(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        lead, luck = row["lead_id"], self.draws.random(7)
        if luck[0] < READS and row["content_id"]:
            said = {"content_id": row["content_id"], "topic": row["topic"], "content_type": "whitepaper"}
            yield _track(lead, "Content Downloaded", **said)
        if luck[1] < ANSWERS and row["question_trait"]:
            trait = row["question_trait"]
            yield _track(
                lead, "Survey Answered", question=row["question"], trait=trait, answer=ANSWER.get(trait, "yes")
            )
        if luck[2] < VISITS:
            yield {"type": "page", "userId": lead, "properties": {"path": "/pricing", "topic": "pricing"}}
        if luck[3] < ASKS:
            yield _track(lead, "Form Submitted", form_type="demo")
        if luck[4] < LEAVES:
            yield _track(lead, "Email Unsubscribed")
        if luck[5] < NAMES_DATE and lead not in self.named:
            self.named[lead] = (self.now + int(self.draws.integers(20, 90)) * DAY).replace(hour=0)
            self.counted.dates += 1
            yield {"type": "identify", "userId": lead, "traits": {"revisit_on": f"{self.named[lead]:%Y-%m-%d}"}}
        if luck[6] < LETTER:  # a letter beside the plan, and another the next hour: only the cap knows of them
            self.touched[lead] += [self.now, self.now]
            yield _track(lead, "Letter Sent", side="marketing", actor="person", by="mo@ourcompany.example")
            yield _track(lead, "Letter Sent", side="marketing", actor="person", by="bo@ourcompany.example")

    def _count(self) -> None:
        longest = self.agreement.nurture.then_every + 8 * DAY  # the slow rhythm, and what the cap may add
        with reading(self.home) as connection:
            rows = lead_list(connection, LeadFilter({}), 100_000)
            plans = kept_plans(connection, [row.lead_id for row in rows])
        for row in rows:
            if row.decision in ("sales_ready", "with_sales"):
                self.counted.ready.add(row.lead_id)
            if row.queue != "marketing":
                continue
            plan, last = plans[row.lead_id].plan, self.touched[row.lead_id]
            waits = plan["waits"]["code"] if plan and plan["waits"] else None
            since = last[-1] if last else self.now
            if plan is None or (waits in (None, "touch_cap") and self.now - since > longest):
                self.counted.forgotten.add(row.lead_id)
            if row.lead_id in self.named and waits == "not_now" and self.now - self.named[row.lead_id] > DAY:
                self.counted.late_dates.add(row.lead_id)


def _comes(lead: str, draws: np.random.Generator) -> dict[str, Any]:
    traits = {"email": f"{lead.lower()}@n{lead.lower()}.example", "job_title": str(draws.choice(TITLES))}
    return {"type": "identify", "userId": lead, "traits": traits | {"industry": "software", "source": "fair"}}


def _track(lead: str, event: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "userId": lead, "event": event, "properties": properties}


def figures(leads: int, days: int, seed: int) -> dict[str, Any]:
    """The figures of one year, or of a part of it."""
    with tempfile.TemporaryDirectory(prefix="leadlight-") as folder:
        year = NurtureYear(Path(folder) / "home", leads, days, seed)
        year.live()
    counted = year.counted
    told = {name: len(getattr(counted, name)) for name in ("over_cap", "asked_twice", "forgotten", "late_dates")}
    questions = Counter(len(asked) for asked in year.asked.values())
    return {
        "leads": leads, "days": days, "touches": counted.touches, **told, "dates": counted.dates,
        "questions_asked": sum(asked * leads for asked, leads in questions.items()),
        "qualified_by_themselves": len(counted.ready), "share_qualified": len(counted.ready) / leads,
    }  # fmt: skip


def main() -> None:
    """Live through the year, print what was counted, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=300)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="20 leads over 90 days")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    found = figures(*((20, 90) if asked.short else (asked.leads, asked.days)), asked.seed)
    for name, value in found.items():
        print(f"{name:<26}{value:>12,.3f}" if isinstance(value, float) else f"{name:<26}{value:>12,}")
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
