"""Early outcomes: conversions within days of a snapshot, against what the model's probabilities promise of them.

With a horizon of 90 days, nobody knows before a season has passed that the scores are off. But of the leads that
convert within it a part converts within two weeks, and how large that part is was counted before the training. So there
is something to count two weeks after a snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta, poisson

from features.arrays import Floats
from features.home.clock import from_microseconds
from features.snapshots.schedule import WEEK_US
from training.metrics.bootstrap import Interval
from training.metrics.observed_over_said import TOLERATED
from training.monitoring.result import FALSE_ALARM, FALSE_NOTICE, EarlyWeek, MonitoringResult, Status

EARLY_DAYS = 14
BEFORE_WEEKS, WINDOW_WEEKS = 26, 13  # what the expectation rests on, and over how long conversions are counted now
FEWEST_EXPECTED = 5.0
THIRDS = 3


@dataclass(frozen=True)
class EarlyConversions:
    """Which part of the promised conversions came within `days`, counted before the training.

    edges: between the thirds of the snapshots by probability. promised: by third, the sum of the probabilities.
    converted: by third, the snapshots that converted within `days`. likeness: conversions counted for each lead that
    converted, more than one since a lead has a snapshot each week. lag_days: so long after it happened, a conversion is
    nearly always recorded. Example: the highest third promised 60 conversions within 90 days, and 15 came within 14
    days; a snapshot there with probability 0.4 has now a chance of about 0.1 to convert within 14 days.
    """

    days: float
    edges: tuple[float, ...]
    promised: tuple[float, ...]
    converted: tuple[int, ...]
    likeness: float = 1.0
    lag_days: float = 0.0

    @classmethod
    def of(cls, rows: pd.DataFrame, days: float, lag_days: float = 0.0) -> EarlyConversions:
        """Counted on snapshots before the training.

        rows: one row per snapshot: lead_id, probability, outcome (converted within `days`).
        """
        chance = rows["probability"].to_numpy(np.float64)
        edges = np.quantile(chance, np.arange(1, THIRDS) / THIRDS) if len(chance) else np.zeros(THIRDS - 1)
        third = np.searchsorted(edges, chance, side="right")
        promised = np.bincount(third, weights=chance, minlength=THIRDS)
        converted = np.bincount(third, weights=rows["outcome"].to_numpy(np.float64), minlength=THIRDS).astype(int)
        each = rows.loc[rows["outcome"].astype(bool), "lead_id"].value_counts().to_numpy(np.float64)
        likeness = float((each**2).sum() / each.sum()) if len(each) else 1.0
        return cls(days, tuple(edges.tolist()), tuple(promised.tolist()), tuple(converted.tolist()), likeness, lag_days)

    def expected(self, probability: Floats) -> Floats:
        """The chance of each snapshot to convert within `days`, if all is as before the training."""
        promised, converted = np.array(self.promised), np.array(self.converted, dtype=np.float64)
        overall = converted.sum() / max(promised.sum(), 1e-9)
        share = (converted + overall) / (promised + 1)  # drawn a little to the share of all: a third may hold none
        found: Floats = share[np.searchsorted(self.edges, probability, side="right")] * probability
        return found

    def ratio(self, observed: float, expected: float, level: float) -> Interval:
        """The interval of observed over expected conversions; the expectation rests on a count and has an error too.

        Given their sum, one of two Poisson counts is binomial (Przyborowski and Wilenski, Biometrika 31, 1940). This is
        Jeffreys' interval of its share (Brown, Cai and DasGupta, Statistical Science 16, 2001), of leads rather than
        of snapshots.
        """
        now, before = observed / self.likeness, sum(self.converted) / self.likeness
        low = float(beta.ppf(level / 2, now + 0.5, before + 0.5)) if now > 0 else 0.0
        high = float(beta.ppf(1 - level / 2, now + 0.5, before + 0.5))
        times = sum(self.converted) / max(expected, 1e-9)
        return times * low / (1 - low), times * high / max(1 - high, 1e-12)

    def weeks(self, rows: pd.DataFrame) -> tuple[EarlyWeek, ...]:
        """One row per week of snapshots: the conversions that were expected and those that came."""
        if rows.empty:
            return ()
        start = rows["snapshot_us"] // WEEK_US * WEEK_US
        chance = pd.Series(self.expected(rows["probability"].to_numpy(np.float64)), index=rows.index)
        sums = pd.DataFrame({"expected": chance, "observed": rows["outcome"].astype(int)}).groupby(start).sum()
        return tuple(self._week(us, *found) for us, *found in sums.itertuples())

    def _week(self, start_us: int, expected: float, observed: int) -> EarlyWeek:
        lower, upper = (float(poisson.ppf(p, expected / self.likeness)) * self.likeness for p in (0.025, 0.975))
        return EarlyWeek(from_microseconds(start_us), float(expected), int(observed), lower, upper)


def early_outcomes_result(early: EarlyConversions, rows: pd.DataFrame) -> MonitoringResult:
    """Conversions within `early.days` of the snapshots of the newest WINDOW_WEEKS, against the expectation.

    rows: one row per snapshot since the training that is old enough: lead_id, snapshot_us, probability, outcome.
    """
    newest = rows[rows["snapshot_us"] > rows["snapshot_us"].max() - WINDOW_WEEKS * WEEK_US] if len(rows) else rows
    expected = float(early.expected(newest["probability"].to_numpy(np.float64)).sum()) if len(newest) else 0.0
    observed = int(newest["outcome"].sum()) if len(newest) else 0
    if expected < FEWEST_EXPECTED or sum(early.converted) < FEWEST_EXPECTED:
        soon = f"within {early.days:.0f} days of a snapshot"
        few = f"too early to say: {expected:.1f} conversions {soon} are expected so far"
        return MonitoringResult("early", "ok", few)
    ratio, ends = observed / expected, early.ratio(observed, expected, FALSE_NOTICE)
    status = _status(ratio, ends, early.ratio(observed, expected, FALSE_ALARM))
    said = (
        f"{observed:,} conversions within {early.days:.0f} days of a snapshot, {expected:.1f} expected: "
        f"{ratio:.2f} times ({ends[0]:.2f} to {ends[1]:.2f})"
    )
    return MonitoringResult("early", status, said, ratio, TOLERATED[0] if ratio < 1 else TOLERATED[1])


def _status(ratio: float, wide95: Interval, wide99: Interval) -> Status:
    if TOLERATED[0] <= ratio <= TOLERATED[1]:
        return "ok"
    if not wide99[0] <= 1 <= wide99[1]:
        return "alert"
    return "ok" if wide95[0] <= 1 <= wide95[1] else "notice"


def early_days(horizon_days: int | None) -> float | None:
    """How many days are early for a horizon: EARLY_DAYS, at most half of it; None without one or under 4 days."""
    if horizon_days is None or horizon_days < 4:
        return None
    return float(min(EARLY_DAYS, horizon_days // 2))
