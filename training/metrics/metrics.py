"""Every metric of a model, one row each in `METRICS`: its name, how it is measured, and who shows it under which label.

To add one, write its function and its row here. The report's table of all metrics, `train --json`, the registry and the
intervals have it then; the model card, the terminal and the table of compared models where its row gives a label.
Only the table of compared models wants a line more: a field of `ComparedModel`, with a default for older reports.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import numpy as np

from features.arrays import Floats
from training.metrics.binned_counts import BinnedCounts
from training.metrics.calibration_null import CalibrationNull

TOP_SHARES = (0.05, 0.10, 0.20)


@dataclass(frozen=True)
class ComparisonColumn:
    """How the report's table of compared models heads and writes a metric: `times` it, with `digits` decimals."""

    place: int  # from the left
    heading: str  # a line break starts a new line of it
    digits: int = 3
    times: float = 1.0


@dataclass(frozen=True)
class Metric:
    """One metric; its name is the one in `train --json`, in the registry and in the report's table of all metrics.

    of_counts measures it from the rows counted by probability. of_null measures it from what a perfectly calibrated
    model would show on the same rows. One of the two is given; both give None where the rows do not define it.
    """

    name: str
    of_counts: Callable[[BinnedCounts], float | None] | None = None
    of_null: Callable[[CalibrationNull], float] | None = None
    card: str = ""  # its label on the model card; without one it is not there
    console: str = ""  # its label in the terminal; without one it is not there
    comparison: ComparisonColumn | None = None
    digits: int = 4  # on card, in the terminal and in the report's table of all metrics
    has_interval: bool = True
    grows_with_noise: bool = False  # a resample, noisier than the rows, shows more of it; its interval is shifted back


def roc_auc(counts: BinnedCounts) -> float | None:
    """Of one row that converted and one that did not, how often the first has the higher probability."""
    lost = counts.count - counts.converted
    pairs = counts.conversions * float(lost.sum())
    if not pairs > 0:
        return None
    lost_below = np.cumsum(lost) - lost / 2  # a tie counts half
    return float(counts.converted @ lost_below) / pairs


def average_precision(counts: BinnedCounts) -> float | None:
    """The step-wise area under precision and recall, as scikit-learn has it."""
    if not counts.conversions > 0:
        return None
    chosen, won = (running[1:] for running in counts.from_the_top)
    precision = np.divide(won, chosen, out=np.zeros_like(won), where=chosen > 0)
    return float(np.diff(won, prepend=0.0) @ precision) / counts.conversions


def log_loss(counts: BinnedCounts) -> float | None:
    """The mean of -log(probability of what happened)."""
    if not counts.rows > 0:
        return None
    smallest = np.finfo(float).eps  # as scikit-learn: a certain mistake costs 36, not infinity
    chance = np.clip(counts.probability, smallest, 1 - smallest)
    lost = counts.count - counts.converted
    return -float(counts.converted @ np.log(chance) + lost @ np.log1p(-chance)) / counts.rows


def brier(counts: BinnedCounts) -> float | None:
    """The mean squared gap between probability and outcome."""
    if not counts.rows > 0:
        return None
    lost = counts.count - counts.converted
    return float(counts.converted @ (1 - counts.probability) ** 2 + lost @ counts.probability**2) / counts.rows


def calibration_error(counts: BinnedCounts) -> float | None:
    """Expected calibration error: the mean gap between predicted and observed over the bins, weighted by their rows."""
    if not counts.rows > 0:
        return None
    gap = counts.count * counts.probability - counts.converted
    return float(np.abs(np.bincount(counts.bin, weights=gap)).sum()) / counts.rows


def conversions_in_top(counts: BinnedCounts, shares: Floats) -> list[float]:
    """The part of all conversions among each of these `shares` of rows, the highest scored first; empty without any.

    A tie at the edge is taken in proportion: at a share of 0.1, a constant probability finds 0.1 of the conversions.
    """
    if not counts.conversions > 0:
        return []
    chosen, won = counts.from_the_top
    parts: list[float] = (np.interp(shares * counts.rows, chosen, won) / counts.conversions).tolist()
    return parts


def conversions_share(counts: BinnedCounts, share: float) -> float | None:
    """The part of all conversions that the highest scored `share` of rows holds."""
    return next(iter(conversions_in_top(counts, np.array([share]))), None)


def lift(counts: BinnedCounts, share: float) -> float | None:
    """How many times as often as all rows the highest scored `share` of them converts."""
    part = conversions_share(counts, share)
    return None if part is None else part / share


def precision(counts: BinnedCounts, share: float) -> float | None:
    """The part of the highest scored `share` of rows that converts."""
    if not counts.rows > 0:
        return None
    rate, times = counts.conversions / counts.rows, lift(counts, share)
    return rate if times is None else times * rate


def percent_name(share: float) -> str:
    """The share of the list as it stands in the names of metrics: `10pct`."""
    return f"{round(100 * share)}pct"


def _at_top(share: float) -> tuple[Metric, ...]:
    is_tenth = share == 0.10
    return (
        Metric(f"precision_at_{percent_name(share)}", partial(precision, share=share)),
        Metric(
            f"lift_at_{percent_name(share)}",
            partial(lift, share=share),
            console="lift in the top tenth" if is_tenth else "",
            comparison=ComparisonColumn(2, "top tenth,\ntimes average", digits=1) if is_tenth else None,
        ),
    )


# In the order of `train --json`.
METRICS = (
    Metric("roc_auc", roc_auc, card="ROC AUC", console="ROC AUC", comparison=ComparisonColumn(1, "ROC AUC")),
    Metric("average_precision", average_precision),
    Metric("log_loss", log_loss, card="log loss", console="log loss"),
    Metric("brier", brier, card="Brier"),
    Metric(
        "ece",
        calibration_error,
        card="ECE",
        console="ECE",
        comparison=ComparisonColumn(3, "mean gap,\nof 100", digits=1, times=100),
        grows_with_noise=True,
    ),
    *(metric for share in TOP_SHARES for metric in _at_top(share)),
    Metric("share_of_conversions_in_top_third", partial(conversions_share, share=1 / 3)),
    Metric(
        "ece_null95",
        of_null=lambda null: null.ece_null95,
        card="ECE by chance",
        console="ECE if perfect, 95 %",
        has_interval=False,
    ),
)
WITH_INTERVAL = tuple(metric for metric in METRICS if metric.has_interval)
GROWS_WITH_NOISE = frozenset(metric.name for metric in METRICS if metric.grows_with_noise)
_COMPARED = [(metric.name, metric.comparison) for metric in METRICS if metric.comparison]
COMPARISON_COLUMNS = dict(sorted(_COMPARED, key=lambda compared: compared[1].place))
DIGITS = {metric.name: metric.digits for metric in METRICS}


def metric_values(counts: BinnedCounts, metrics: Collection[Metric] = METRICS) -> dict[str, float | None]:
    """Every metric that counted rows can give, by name; None where these rows do not define it."""
    return {metric.name: metric.of_counts(counts) for metric in metrics if metric.of_counts}


def null_values(null: CalibrationNull | None) -> dict[str, float | None]:
    """Every metric of what a perfectly calibrated model would show, by name; None without one."""
    return {metric.name: metric.of_null(null) if null else None for metric in METRICS if metric.of_null}
