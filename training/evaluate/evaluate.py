"""The evaluation of probabilities on unseen rows: metrics with intervals, reliability, gains, distribution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import Floats, Ints
from features.home.errors import LeadlightError
from training.metrics.binned_counts import BINS, BinnedCounts, binned_counts
from training.metrics.bootstrap import (
    Interval,
    bootstrap_intervals,
    effective_sample_sizes,
    lead_weights,
    wilson_interval,
)
from training.metrics.calibration_null import calibration_null
from training.metrics.metrics import (
    GROWS_WITH_NOISE,
    WITH_INTERVAL,
    calibration_error,
    conversions_in_top,
    metric_values,
    null_values,
)

HISTOGRAM_BINS = 20
LeadIds = Sequence[object] | npt.NDArray[np.generic]  # one per row


@dataclass(frozen=True)
class ReliabilityBin:
    """One of the bins of about the same probability, and what became of its rows. The interval counts leads."""

    count: int
    predicted: float  # their mean probability
    observed: float  # the part that converted
    lower: float  # 95 % interval of the observed part
    upper: float


@dataclass(frozen=True)
class GainsPoint:
    """What sales gets that works only the highest scored `share` of rows."""

    share: float
    threshold: float  # the lowest probability among them
    conversions_share: float  # the part of all conversions that they hold
    precision: float  # the part of them that converted
    lift: float  # precision over the base rate


@dataclass(frozen=True)
class HistogramBin:
    """Rows with a probability from `lower` to `upper`, by what became of them; equally wide in log-odds."""

    lower: float
    upper: float
    converted: int
    not_converted: int


@dataclass(frozen=True)
class Evaluation:
    """The metrics of one model on some rows, and the tables behind the report's charts; kept as JSON."""

    rows: int
    leads: int
    conversions: int
    base_rate: float | None
    mean_probability: float | None
    metrics: dict[str, float | None]  # by the names of `METRICS`; None where the rows do not define one
    intervals: dict[str, Interval | None]  # 95 %, whole leads resampled
    reliability: tuple[ReliabilityBin, ...]  # rising; 15 equal-mass bins, fewer where probabilities tie
    gains: tuple[GainsPoint, ...]  # 1 % to 100 % of the rows; empty without a conversion
    distribution: tuple[HistogramBin, ...]
    # 95 %: the part of the highest scored rows (`highest_bins`) that would convert if each probability were true
    chance_at_top: Interval | None = None
    converted_leads: int | None = None  # leads with at least one row that converted; None in older reports


@dataclass(frozen=True)
class EvaluatedRows:
    """Checked rows, ordered by probability, lead and outcome: so results do not depend on the order they came in."""

    probability: Floats
    outcome: Floats
    lead: Ints  # 0 ... leads - 1

    @property
    def leads(self) -> int:
        return int(self.lead.max()) + 1 if len(self.lead) else 0


def evaluate(
    probability: ArrayLike, outcome: ArrayLike, lead_id: LeadIds, *, seed: int = 0, resamples: int = 200
) -> Evaluation:
    """The metrics of `train --json` and the tables behind the report's charts.

    One entry per row (snapshot): its predicted probability, its outcome (True or False, never unknown), its lead.
    Few rows, one class or a constant prediction leave None in the metrics that they do not define.
    Raises LeadlightError for lengths that differ, a probability outside 0 to 1, an unknown outcome.
    """
    rows = evaluated_rows(probability, outcome, lead_id)
    counts, entry = binned_counts(rows.probability, rows.outcome)
    bins = counts.bin[entry]
    null = calibration_null(rows.probability, rows.outcome, rows.lead, bins, seed)
    weights = lead_weights(rows.lead, resamples, seed)
    return Evaluation(
        rows=len(rows.outcome),
        leads=rows.leads,
        conversions=int(rows.outcome.sum()),
        base_rate=_mean(rows.outcome),
        mean_probability=_mean(rows.probability),
        metrics=metric_values(counts) | null_values(null),
        intervals=_intervals(counts, (counts.reweighted(entry, rows.outcome, weight) for weight in weights)),
        reliability=_reliability(rows, bins),
        gains=_gains(counts),
        distribution=_distribution(rows),
        chance_at_top=null.top if null else None,
        converted_leads=len(np.unique(rows.lead[rows.outcome == 1])),
    )


def expected_calibration_error(probability: ArrayLike, truth: ArrayLike, bins: int = BINS) -> float | None:
    """Expected calibration error over equal-mass bins, against outcomes or true probabilities; None without rows."""
    counts, _ = binned_counts(np.asarray(probability, dtype=float), np.asarray(truth, dtype=float), bins)
    return calibration_error(counts)


def evaluated_rows(probability: ArrayLike, outcome: ArrayLike, lead_id: LeadIds) -> EvaluatedRows:
    """The rows in one order. Raises LeadlightError for rows that cannot be evaluated, and says which."""
    chance, known = np.asarray(probability, dtype=float), _outcomes(outcome)
    if not len(chance) == len(known) == len(lead_id):
        lengths = f"{len(chance)} probabilities, {len(known)} outcomes and {len(lead_id)} leads"
        raise LeadlightError(f"evaluate: {lengths} do not match; give one of each per row", code="lengths_differ")
    outside = ~((chance >= 0) & (chance <= 1))  # true for NaN as well
    if outside.any():
        found = f"{int(outside.sum())} of {len(chance)} probabilities are no number from 0 to 1"
        remedy = f"the first is {chance[outside][0]}; score these rows or leave them out"
        raise LeadlightError(f"evaluate: {found}, {remedy}", code="not_a_probability")
    _, lead = np.unique(np.asarray(lead_id).astype(str), return_inverse=True)
    order = np.lexsort((known, lead, chance))
    return EvaluatedRows(chance[order], known[order], lead[order])


def _outcomes(outcome: ArrayLike) -> Floats:
    values = np.asarray(outcome)
    unknown = np.asarray(pd.isna(values))
    unknown[~unknown] = ~np.isin(values[~unknown].astype(float), (0.0, 1.0))
    if unknown.any():
        found = f"{int(unknown.sum())} of {len(values)} outcomes are neither True nor False"
        remedy = "judge a model only on leads whose horizon has closed"
        raise LeadlightError(f"evaluate: {found}; {remedy}", code="unknown_outcome")
    return values.astype(float)


def _intervals(counts: BinnedCounts, resampled: Iterable[BinnedCounts]) -> dict[str, Interval | None]:
    drawn = [metric_values(resample, WITH_INTERVAL) for resample in resampled]
    return bootstrap_intervals(metric_values(counts, WITH_INTERVAL), drawn, GROWS_WITH_NOISE)


def _reliability(rows: EvaluatedRows, bins: Ints) -> tuple[ReliabilityBin, ...]:
    if not rows.leads:
        return ()
    filled, group = np.unique(bins, return_inverse=True)
    count = np.bincount(group).astype(float)
    predicted = np.bincount(group, weights=rows.probability) / count
    observed = np.bincount(group, weights=rows.outcome) / count
    sizes = effective_sample_sizes(rows.outcome, rows.lead, group, len(filled))
    lower, upper = wilson_interval(observed * sizes, sizes)
    columns = (count.astype(int).tolist(), predicted.tolist(), observed.tolist(), lower.tolist(), upper.tolist())
    return tuple(ReliabilityBin(*values) for values in zip(*columns, strict=True))


def _gains(counts: BinnedCounts) -> tuple[GainsPoint, ...]:
    shares = np.arange(1, 101) / 100
    won = conversions_in_top(counts, shares)
    if not won:
        return ()
    # The entry that holds the last row taken; without the allowance rounding would ask for one more.
    last = np.searchsorted(counts.from_the_top[0][1:], shares * counts.rows * (1 - 1e-12))
    threshold = counts.probability[::-1][last].tolist()
    rate = counts.conversions / counts.rows
    return tuple(
        GainsPoint(share, bar, part, part / share * rate, part / share)
        for share, bar, part in zip(shares.tolist(), threshold, won, strict=True)
    )


def _distribution(rows: EvaluatedRows) -> tuple[HistogramBin, ...]:
    """A histogram over the log-odds, the scale of the score, without the outermost 0.1 % on each side stretching it."""
    if not rows.leads:
        return ()
    chance = np.clip(rows.probability, 1e-6, 1 - 1e-6)
    odds = np.log(chance) - np.log1p(-chance)
    low, high = np.quantile(odds, [0.001, 0.999])
    edges = np.linspace(low - 0.1, high + 0.1, HISTOGRAM_BINS + 1)
    place = np.clip(np.searchsorted(edges, odds, side="right") - 1, 0, HISTOGRAM_BINS - 1)
    count = np.bincount(place, minlength=HISTOGRAM_BINS)
    converted = np.bincount(place, weights=rows.outcome, minlength=HISTOGRAM_BINS).astype(int)
    bounds = (1 / (1 + np.exp(-edges))).tolist()
    columns = (bounds[:-1], bounds[1:], converted.tolist(), (count - converted).tolist())
    return tuple(HistogramBin(*values) for values in zip(*columns, strict=True))


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None
