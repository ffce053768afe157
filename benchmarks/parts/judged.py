"""Several models' probabilities for the same held-out rows: their figures, and ours less each peer's, paired.

All intervals are 95 % and draw whole leads, with all their rows in all splits, 2,000 times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.evaluate.evaluate import evaluate
from training.metrics.binned_counts import binned_counts
from training.metrics.metrics import metric_values

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

OURS, CONSTANT = "leadlight", "constant"
FIGURES = ("roc_auc", "log_loss", "brier", "ece")
AT_ONCE = 100  # resamples drawn together: memory


@dataclass(frozen=True)
class HeldOutSplit:
    """One split's held-out rows: the outcome of each, its lead, and each model's probabilities."""

    outcome: Floats
    leads: npt.NDArray[np.object_]
    said: Mapping[str, Floats]


def compared_figures(splits: Sequence[HeldOutSplit], resamples: int, seed: int = 7) -> dict[str, Any]:
    """The figures of each model as means over the splits, and ours less each other's log loss and ECE."""
    names = list(splits[0].said)
    models = {name: _figures([(split.said[name], split.outcome) for split in splits]) for name in names}
    null = np.mean([_null95(split) for split in splits])
    losses, errors = _resampled(splits, names, resamples, seed)
    against = {
        name: {"log_loss": _difference(losses, names, name), "ece": _difference(errors, names, name)}
        for name in names
        if name != OURS
    }
    tested = {
        "splits": len(splits),
        "rows": int(np.mean([len(split.outcome) for split in splits])),
        "base_rate": float(np.mean([split.outcome.mean() for split in splits])),
    }
    return {
        "test": tested,
        "models": models,
        "ece_null95": float(null),
        "ours_less_peer": against,
    } | holds_against_peers(models, against)


def holds_against_peers(models: Mapping[str, Any], against: Mapping[str, Any]) -> dict[str, Any]:
    """Whether ours holds against the best peer, and whose calibration error is clearly smaller.

    The average rate is no peer in calibration: where nothing drifts it errs by nothing and tells nothing.
    """
    peers = [name for name in against if name != CONSTANT] or list(against)
    best = min(peers, key=lambda name: models[name]["log_loss"])
    return {
        "best_peer": best,
        "holds_against_best": bool(against[best]["log_loss"]["interval"][0] <= 0),
        "clearly_better_log_loss": [name for name in peers if against[name]["log_loss"]["interval"][0] > 0],
        "clearly_better_ece": [name for name in peers if against[name]["ece"]["interval"][0] > 0],
    }


def _figures(told: Sequence[tuple[Floats, Floats]]) -> dict[str, float]:
    each = [metric_values(binned_counts(said, outcome)[0]) for said, outcome in told]
    return {name: float(np.mean([one[name] for one in each])) for name in FIGURES}


def _null95(split: HeldOutSplit) -> float:
    shown = evaluate(split.said[OURS], split.outcome, split.leads, resamples=0)
    return shown.metrics["ece_null95"] or 0.0


def _difference(drawn: Floats, names: Sequence[str], name: str) -> dict[str, Any]:
    """Ours less the other's: on the rows themselves, then the middle of the resamples.

    Noise adds to a calibration error, and a resample is noisier than the rows; the shift takes that out.
    """
    gaps = drawn[:, names.index(OURS)] - drawn[:, names.index(name)]
    centred = gaps[1:] - (gaps[1:].mean() - gaps[0]) if len(gaps) > 1 else gaps
    return {"difference": float(gaps[0]), "interval": np.quantile(centred, [0.025, 0.975]).tolist()}


def _resampled(
    splits: Sequence[HeldOutSplit], names: Sequence[str], resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Log loss and ECE of each model, (1 + resamples, models), the first of the rows as they are; means over splits."""
    everybody = np.unique(np.concatenate([split.leads for split in splits]).astype(str))
    parts = [_sums(split, everybody, names) for split in splits]
    losses, errors = [], []
    for weights in _weights(len(everybody), resamples, seed):
        loss, error = np.zeros((len(weights), len(names))), np.zeros((len(weights), len(names)))
        for rows, lost, gaps in parts:
            drawn = (weights @ rows)[:, None]
            loss += (weights @ lost) / drawn / len(parts)
            error += np.stack([np.abs(weights @ gap).sum(axis=1) for gap in gaps], axis=1) / drawn / len(parts)
        losses.append(loss)
        errors.append(error)
    return np.concatenate(losses), np.concatenate(errors)


def _sums(
    split: HeldOutSplit, everybody: npt.NDArray[np.str_], names: Sequence[str]
) -> tuple[Floats, Floats, list[Floats]]:
    """By lead: its rows, each model's summed loss, and each model's summed gap by bin of its probability."""
    lead, size = np.searchsorted(everybody, split.leads.astype(str)), len(everybody)
    rows = np.bincount(lead, minlength=size).astype(float)
    lost, gaps = np.empty((size, len(names))), []
    for place, name in enumerate(names):
        said = split.said[name]
        lost[:, place] = np.bincount(lead, weights=_losses(said, split.outcome), minlength=size)
        counted, entry = binned_counts(said, split.outcome)
        bins = counted.bin[entry]
        gap = np.zeros((size, int(bins.max()) + 1))
        np.add.at(gap, (lead, bins), said - split.outcome)
        gaps.append(gap)
    return rows, lost, gaps


def _losses(said: Floats, outcome: Floats) -> Floats:
    smallest = np.finfo(float).eps
    chance = np.clip(said, smallest, 1 - smallest)
    return -np.where(outcome == 1, np.log(chance), np.log1p(-chance))


def _weights(leads: int, resamples: int, seed: int) -> Iterator[Floats]:
    draws = np.random.default_rng(seed)
    yield np.ones((1, leads))
    for first in range(0, resamples, AT_ONCE):
        drawn = range(min(AT_ONCE, resamples - first))
        yield np.stack([np.bincount(draws.integers(leads, size=leads), minlength=leads) for _ in drawn]).astype(float)
