"""Intervals that count whole leads, since a lead's rows are alike: cluster bootstrap, Wilson, effective sample size."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from features.arrays import Floats, Ints

Interval = tuple[float, float]

Z95 = 1.959964


def lead_weights(lead: Ints, resamples: int, seed: int) -> Iterator[Floats]:
    """For each resample, how often each row counts: as often as its lead was drawn, with replacement.

    lead: the lead of each row, as 0 ... leads - 1. Nothing is drawn from a single lead.
    """
    draws = np.random.default_rng(seed)
    leads = int(lead.max()) + 1 if len(lead) else 0
    for _ in range(resamples if leads > 1 else 0):  # one lead drawn again and again would look certain
        yield np.bincount(draws.integers(leads, size=leads), minlength=leads)[lead].astype(float)


def bootstrap_intervals(
    measured: Mapping[str, float | None], resampled: Sequence[Mapping[str, float | None]], noisy: Collection[str] = ()
) -> dict[str, Interval | None]:
    """The middle 95 % of each metric over the resamples; None where it is None, or where under half define it.

    noisy: the metrics of which a resample, noisier than the rows, shows more than they do.
    """
    drawn = {name: [metrics[name] for metrics in resampled] for name in measured}
    return {name: _interval(value, drawn[name], name in noisy) for name, value in measured.items()}


def _interval(value: float | None, resampled: Sequence[float | None], grows_with_noise: bool) -> Interval | None:
    drawn = np.array([metric for metric in resampled if metric is not None], dtype=float)
    if value is None or len(drawn) < 2 or 2 * len(drawn) < len(resampled):
        return None
    if grows_with_noise:
        # Without this shift the interval of a well calibrated model would lie above its own calibration error.
        drawn = np.maximum(drawn - (drawn.mean() - value), 0.0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def resampled_sums(columns: Floats, lead: Ints, resamples: int, seed: int) -> Floats:
    """The sums of each column over each resample of whole leads: (resamples, columns).

    columns: (rows, columns). Many segments cost little more than one: give each a column that is 0 outside of it.
    """
    by_lead = np.stack([np.bincount(lead, weights=column) for column in columns.T], axis=1)
    draws, leads = np.random.default_rng(seed), len(by_lead)
    drawn = [np.bincount(draws.integers(leads, size=leads), minlength=leads) @ by_lead for _ in range(resamples)]
    return np.array(drawn, dtype=float).reshape(resamples, columns.shape[1])


def percentile_interval(drawn: Floats, share: float = 0.95) -> Interval | None:
    """The middle `share` of what the resamples gave, without those that gave NaN; None where most of them did."""
    known = drawn[np.isfinite(drawn)]
    if len(known) < max(len(drawn) / 2, 2):
        return None
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def wilson_interval(converted: Floats, count: Floats, z: float = Z95) -> tuple[Floats, Floats]:
    """Lower and upper end of the interval of each rate (Wilson 1927): 95 % by default, and of use even for 0 of 1."""
    rate, weight = converted / count, z * z / count
    middle = (rate + weight / 2) / (1 + weight)
    half = z * np.sqrt(rate * (1 - rate) / count + weight / (4 * count)) / (1 + weight)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def effective_sample_sizes(outcome: Floats, lead: Ints, group: Ints, groups: int) -> Floats:
    """How many independent rows each group is worth: its rows over the design effect of its leads (never below 1).

    The design effect is the variance of the group's rate by whole leads over the variance by rows (Kish 1965). Where
    all rows of a group ended alike neither shows, and the group is worth its leads.
    """
    count = np.bincount(group, minlength=groups).astype(float)
    rate = np.bincount(group, weights=outcome, minlength=groups) / np.maximum(count, 1.0)
    members, member = np.unique(group * (int(lead.max()) + 1) + lead, return_inverse=True)
    group_of = members // (int(lead.max()) + 1)  # of each lead within each group
    by_lead = np.bincount(group_of, weights=np.bincount(member, weights=outcome - rate[group]) ** 2, minlength=groups)
    by_row = count * rate * (1 - rate)
    rows_per_lead = count / np.maximum(np.bincount(group_of, minlength=groups), 1)
    effect = np.divide(by_lead, by_row, out=rows_per_lead, where=by_row > 0)
    sizes: Floats = count / np.maximum(effect, 1.0)
    return sizes
