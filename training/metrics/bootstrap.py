"""How sure a figure is, when the rows of one lead resemble each other: whole leads are drawn, never single rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.metrics.binned_counts import Floats, Ints, highest_bins

Interval = tuple[float, float]

Z95 = 1.959964
NULL_DRAWS = 500  # for a 95 % point that moves little from seed to seed


def lead_weights(lead: Ints, resamples: int, seed: int) -> Iterator[Floats]:
    """For each resample, how often each row counts: as often as its lead was drawn, with replacement.

    lead: the lead of each row, as 0 ... leads - 1.
    """
    draws = np.random.default_rng(seed)
    leads = int(lead.max()) + 1 if len(lead) else 0
    for _ in range(resamples if leads > 1 else 0):  # one lead drawn again and again would look certain
        times = np.bincount(draws.integers(leads, size=leads), minlength=leads)
        yield times[lead].astype(float)


def spread(
    measured: Mapping[str, float | None], resampled: Sequence[Mapping[str, float | None]]
) -> dict[str, Interval | None]:
    """The middle 95 % of each figure over the resamples; None where the figure is, or where under half define it."""
    return {name: _middle(name, value, [drawn[name] for drawn in resampled]) for name, value in measured.items()}


def _middle(name: str, value: float | None, resampled: Sequence[float | None]) -> Interval | None:
    drawn = np.array([figure for figure in resampled if figure is not None], dtype=float)
    if value is None or len(drawn) < 2 or 2 * len(drawn) < len(resampled):
        return None
    if name == "ece":
        # Noise adds to a calibration error, and a resample is noisier than the rows: without this shift the
        # interval of a good model would lie above its own figure.
        drawn = np.maximum(drawn - (drawn.mean() - value), 0.0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def resampled_sums(columns: Floats, lead: Ints, resamples: int, seed: int) -> Floats:
    """The sums of each column over each resample of whole leads: (resamples, columns).

    columns: (rows, columns). As fast as it is for many groups at once: a group's column is 0 outside of it.
    """
    by_lead = np.stack([np.bincount(lead, weights=column) for column in columns.T], axis=1)
    draws, leads = np.random.default_rng(seed), len(by_lead)
    drawn = [np.bincount(draws.integers(leads, size=leads), minlength=leads) @ by_lead for _ in range(resamples)]
    return np.array(drawn, dtype=float).reshape(resamples, columns.shape[1])


def middle(drawn: Floats, share: float = 0.95) -> Interval | None:
    """The middle `share` of what resamples gave, those that give nothing (NaN) left out; None where most do."""
    known = drawn[np.isfinite(drawn)]
    if len(known) < max(len(drawn) / 2, 2):
        return None
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def wilson(converted: Floats, count: Floats, z: float = Z95) -> tuple[Floats, Floats]:
    """Lower and upper end of the interval of each rate (Wilson 1927), 95 % unless told; sensible down to 0 of 1."""
    rate, weight = converted / count, z * z / count
    middle = (rate + weight / 2) / (1 + weight)
    half = z * np.sqrt(rate * (1 - rate) / count + weight / (4 * count)) / (1 + weight)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def effective_counts(outcome: Floats, lead: Ints, group: Ints, groups: int) -> Floats:
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
    worth: Floats = count / np.maximum(effect, 1.0)
    return worth


@dataclass(frozen=True)
class Chance:
    """What a perfectly calibrated model would show on some rows."""

    ece_null95: float  # its calibration error stays under this in 95 of 100 cases
    top: Interval  # 95 %: the part that converts of the highest bins, those that hold `highest_bins` rows


def chance_alone(probability: Floats, outcome: Floats, lead: Ints, bins: Ints, seed: int) -> Chance | None:
    """What chance alone does to the calibration of these very rows; None without any.

    Outcomes are drawn from the probabilities, so every error left is chance. Rows of one lead share their fate, and
    drawn one by one they would make chance look too small; so each row takes its lead's draw with probability c, else
    a draw of its own, and c is set so that pairs of rows within a lead agree as often as the observed ones do
    (`shared_fate`). Every row keeps exactly its own probability. `probability` must rise, as `bins` do with it.
    """
    if not len(probability):
        return None
    draws = np.random.default_rng(seed)
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    expected, count = np.add.reduceat(probability, starts), np.diff(np.append(starts, len(bins)))
    share, top = shared_fate(outcome, lead, bins), slice(-highest_bins(count.tolist()), None)
    drawn = np.array(
        [np.add.reduceat(_fates(draws, probability, lead, share), starts) for _ in range(NULL_DRAWS)], dtype=float
    )
    low, high = np.quantile(drawn[:, top].sum(axis=1) / count[top].sum(), [0.025, 0.975])
    errors = np.abs(drawn - expected).sum(axis=1) / len(probability)
    return Chance(float(np.quantile(errors, 0.95)), (float(low), float(high)))


def _fates(draws: np.random.Generator, probability: Floats, lead: Ints, share: float) -> Floats:
    fate = draws.random(len(probability))
    if share > 0:
        of_lead = draws.random(int(lead.max()) + 1)
        fate = np.where(draws.random(len(probability)) < share, of_lead[lead], fate)
    return (fate < probability).astype(float)


def shared_fate(outcome: Floats, lead: Ints, bins: Ints) -> float:
    """The probability c with which a row shares its lead's draw, by the moments of the pairs within leads; 0 to 1.

    Pairs agree c^2 of the way from independence to one draw for all. The bin's observed rate stands for the chance:
    with the predicted one, a wrong level would pass for likeness and excuse itself.
    """
    rate = (np.bincount(bins, weights=outcome) / np.maximum(np.bincount(bins), 1))[bins]
    observed = _pairs(outcome - rate, lead)
    order = np.lexsort((rate, lead))
    rate, lead = rate[order], lead[order]
    rows = np.bincount(lead)
    place = np.arange(len(lead)) - (np.cumsum(rows) - rows)[lead]
    # With one draw for both, two rows convert together as often as the less likely one does.
    together = float(rate @ (rows[lead] - 1 - place))
    most = together - _pairs(rate, lead)
    return float(np.sqrt(np.clip(observed / most, 0.0, 1.0))) if most > 0 else 0.0


def _pairs(value: Floats, lead: Ints) -> float:
    """The sum over all pairs of rows of one lead of the product of their values."""
    return float((np.bincount(lead, weights=value) ** 2).sum() - (value**2).sum()) / 2
