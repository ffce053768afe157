"""Score drift: whether the scores of open leads are spread as they were, and whether as many are over the bar."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from features.arrays import Floats
from training.monitoring.input_drift import FEWEST_LEADS
from training.monitoring.psi import LARGE_CHANGE, SMALL_CHANGE, Bins, psi, psi_by_chance
from training.monitoring.result import FALSE_ALARM, MonitoringResult, status_of

TIMES, LARGE_TIMES = 1.5, 2.0  # as many over the bar, or as few


def score_drift_result(then: Bins, mean_then: float, now: Floats) -> MonitoringResult:
    """The PSI of the probabilities of recent open leads, and their mean then and now."""
    if min(then.total, len(now)) < FEWEST_LEADS:
        return MonitoringResult("scores", "ok", f"too early to say: {then.total:,} open leads then, {len(now):,} now")
    after = then.of_now(now)
    value, luck = psi(then, after), psi_by_chance(then, after, FALSE_ALARM)
    status = status_of(value, max(SMALL_CHANGE, luck), max(LARGE_CHANGE, luck))
    said = "spread otherwise" if status != "ok" else "spread as they were"
    means = f"on average {mean_then:.1%} then, {now.mean():.1%} now"
    limit = max(LARGE_CHANGE if status == "alert" else SMALL_CHANGE, luck)
    sentence = f"the scores of open leads are {said}, PSI {value:.2f}; {means}"
    return MonitoringResult("scores", status, sentence, value, limit)


def bar_result(then: Floats, leads_then: int, now: Floats, bar: float | None) -> MonitoringResult | None:
    """The share of recent open leads that are over the bar, then and now; None without a bar.

    then: the probabilities of `leads_then` leads, ascending, all of them or evenly many.
    """
    if bar is None or min(leads_then, len(now)) < FEWEST_LEADS:
        return None
    before, after = float((then >= bar).mean()), float((now >= bar).mean())
    n, m = leads_then, len(now)
    rate = (before * n + after * m) / (n + m)
    luck = norm.ppf(1 - FALSE_ALARM / 2) * np.sqrt(rate * (1 - rate) * (1 / n + 1 / m))
    half = 0.5 / min(n, m)
    times = max((after + half) / (before + half), (before + half) / (after + half))
    status = status_of(times, TIMES, LARGE_TIMES) if abs(after - before) > luck else "ok"
    said = f"{after:.1%} of the open leads that came lately are over the bar of {bar:.1%}, {before:.1%} were then"
    return MonitoringResult("bar", status, said, after, before * TIMES if after > before else before / TIMES)
