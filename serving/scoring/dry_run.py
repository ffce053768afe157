"""A dry run of agreements on last month's events: how many leads come to each decision, and which by one alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from features.agreement.versions import AgreementVersion
from features.home.clock import microseconds
from features.home.settings import Home
from serving.scoring.bulk import leads_known_at, rows_on_days
from serving.scoring.decision import decided
from serving.scoring.lead_now import ONLY_SHOWN, Decided, LeadNow
from serving.scoring.lead_row import LeadRow
from serving.scoring.score import Scoring
from serving.scoring.scorer import Scorer

DAYS = 28
MOST_LEADS = 2_000  # of more, so many drawn ones stand for all: a day of each is looked at
BY_NUMBERS = frozenset({"probability_and_fit", "still_sales_ready"})

DecisionAndCode = tuple[str, str]
DecisionAndQueue = tuple[str, str | None]


@dataclass(frozen=True)
class DryRun:
    """What came to which decision in the last `DAYS` days, each lead counted once for each.

    came: by (decision, code), how many leads came to it; a lead that had it before these days did not come.
    leads: how many are known. looked_at: how many of them were looked at; `came` is of all.
    """

    came: Mapping[DecisionAndCode, float]
    leads: int
    looked_at: int
    until: datetime

    def per_day(self) -> dict[DecisionAndCode, float]:
        """How many a day came to each decision by each code, the most first."""
        return {why: leads / DAYS for why, leads in sorted(self.came.items(), key=lambda pair: (-pair[1], pair[0]))}

    @property
    def to_sales_per_day(self) -> float:
        """How many a day would go to sales."""
        return sum(leads for (decision, _), leads in self.came.items() if decision == "sales_ready") / DAYS

    @property
    def share_missing_answers(self) -> float | None:
        """Of those that come over the bar by their numbers, the share that waits for answers; None where none comes."""
        waits = sum(leads for (decision, _), leads in self.came.items() if decision == "needs_data")
        over = waits + sum(leads for (_, code), leads in self.came.items() if code in BY_NUMBERS)
        return waits / over if over else None


@dataclass(frozen=True)
class DecidedOtherwise:
    """Which leads one agreement would have decided otherwise than another in the last `DAYS` days.

    moved: by ((decision, queue) of the one, (decision, queue) of the other), the ids of those leads; a lead counts
    once, as it was on the last day on which they differ. leads: how many are known. looked_at: how many of them were
    looked at. outcomes: how many of those converted in these days.
    """

    moved: Mapping[tuple[DecisionAndQueue, DecisionAndQueue], Sequence[str]]
    leads: int
    looked_at: int
    outcomes: int

    @property
    def count(self) -> int:
        """How many of the leads that were looked at were decided otherwise."""
        return sum(len(ids) for ids in self.moved.values())


def decided_otherwise(
    home: Home, one: AgreementVersion, other: AgreementVersion, until: datetime
) -> DecidedOtherwise | None:
    """The leads that two agreements would have decided otherwise at the end of any day of the last `DAYS`.

    None where their first parts differ: the model that answers has learned by one of them at most.
    """
    if one.agreement.feature_digest != other.agreement.feature_digest:
        return None
    scorings = Scorer(home, one).scoring, Scorer(home, other).scoring
    known = leads_known_at(home, scorings[0], until)
    drawn = set(sorted(known, key=_drawn)[:MOST_LEADS])
    differs: dict[str, tuple[DecisionAndQueue, DecisionAndQueue]] = {}
    outcomes: set[str] = set()
    for day, rows in rows_on_days(home, scorings[0], _days(until), drawn):
        differs |= _differing(scorings, rows, day)
        outcomes |= {str(row.lead_id) for row in rows if _converted_since(row, until)}
    moved: dict[tuple[DecisionAndQueue, DecisionAndQueue], list[str]] = {}
    for lead_id, pair in sorted(differs.items()):
        moved.setdefault(pair, []).append(lead_id)
    most_first = dict(sorted(moved.items(), key=lambda pair: -len(pair[1])))
    return DecidedOtherwise(most_first, len(known), len(drawn), len(outcomes))


def _differing(
    scorings: tuple[Scoring, Scoring], rows: Sequence[LeadRow], at: datetime
) -> dict[str, tuple[DecisionAndQueue, DecisionAndQueue]]:
    """The leads that the two decide otherwise at a moment, each with what the one and the other decides."""
    by_one, by_other = (_decisions(scoring, rows, at) for scoring in scorings)
    pairs = {lead: (made, by_other[lead]) for lead, made in by_one.items()}
    said = {lead: ((a.decision, a.queue), (b.decision, b.queue)) for lead, (a, b) in pairs.items()}
    return {lead: pair for lead, pair in said.items() if pair[0] != pair[1]}


def _converted_since(row: LeadRow, until: datetime) -> bool:
    return (row.traits.get("converted_us") or 0) >= microseconds(until - timedelta(days=DAYS))


def _days(until: datetime) -> list[datetime]:
    """The ends of the last `DAYS` days, and the moment before them."""
    return [until - timedelta(days=day) for day in range(DAYS, -1, -1)]


def dry_run(home: Home, tried: AgreementVersion, until: datetime) -> DryRun | None:
    """What this agreement would have decided day by day until a moment; None where the first part is not learned by.

    Each lead is looked at as it was known at the end of each day, by the model that answers now. No line of those who
    wait and no rep's capacity holds anybody back: it says how many would come.
    """
    now, scoring = Scorer(home).scoring, Scorer(home, tried).scoring
    if scoring.features_by.feature_digest != now.features_by.feature_digest:
        return None
    known = leads_known_at(home, scoring, until)
    drawn = sorted(known, key=_drawn)[:MOST_LEADS]
    came = Counter(why for why, _ in _arrivals(scoring, rows_on_days(home, scoring, _days(until), set(drawn))))
    each = len(known) / len(drawn) if drawn else 1.0
    return DryRun({why: leads * each for why, leads in came.items()}, len(known), len(drawn), until)


def missing_answers(home: Home, tried: AgreementVersion, at: datetime) -> tuple[int, int] | None:
    """How many leads this agreement would leave in needs_data at a moment, and of how many that were looked at.

    None where nobody is known, or where the model that answers learned by another first part.
    """
    now, scoring = Scorer(home).scoring, Scorer(home, tried).scoring
    if scoring.features_by.feature_digest != now.features_by.feature_digest:
        return None
    drawn = sorted(leads_known_at(home, scoring, at), key=_drawn)[:MOST_LEADS]
    [(_, rows)] = rows_on_days(home, scoring, [at], set(drawn))
    found = _decisions(scoring, rows, at)
    return (sum(made.decision == "needs_data" for made in found.values()), len(found)) if found else None


def _arrivals(
    scoring: Scoring, days: Iterable[tuple[datetime, Sequence[LeadRow]]]
) -> Iterator[tuple[DecisionAndCode, str]]:
    """Each decision that a lead came to, with the code by which it first did."""
    before: dict[str, str] = {}
    had: set[tuple[str, str]] = set()
    for place, (day, rows) in enumerate(days):
        found = _decisions(scoring, rows, day)
        for lead_id, made in found.items():
            decision, code = made.decision, made.code
            is_new = before.get(lead_id) != decision and (lead_id, decision) not in had
            had.add((lead_id, decision))
            if is_new and place:
                yield (decision, code), lead_id
        before = {lead_id: made.decision for lead_id, made in found.items()}


def _decisions(scoring: Scoring, rows: Sequence[LeadRow], at: datetime) -> dict[str, Decided]:
    numbers = scoring.numbers(rows, at) if rows else []
    leads = (LeadNow(row.lead_id, row, its) for row, its in zip(rows, numbers, strict=True))
    return {str(lead.lead_id): decided(scoring.kept.agreement, lead, scoring.under, at, ONLY_SHOWN) for lead in leads}


def _drawn(lead_id: str) -> bytes:
    return blake2b(lead_id.encode(), digest_size=8, person=b"dry run").digest()
