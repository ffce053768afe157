"""A table in time order, walked block by block as a model is used: predict, see the outcomes, recalibrate or refit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from benchmarks.parts.judged import OURS, HeldOutSplit
from benchmarks.parts.public_sets import LabelledSet
from training.fit.fit import fitted_model
from training.fit.recalibrate import _recalibrating_map, newest_rows

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Answered = Callable[[Places, Places], Mapping[str, Floats]]  # by peer, of (train rows, test rows)

BLOCKS = 10


def blocks(rows: int, first: int) -> list[Places]:
    """The places of each block after the first rows, in order."""
    return [np.asarray(block) for block in np.array_split(np.arange(first, rows), BLOCKS)]


def walk(found: LabelledSet, first: int, answered: Answered, seed: int) -> dict[str, HeldOutSplit]:
    """Fitted once on the rows before `first` and recalibrated before each block, on the newest outcomes.

    All outcomes before a block are known when it comes. The first block has no newer ones than the fit had, so there
    each answers as it was fitted. Peers are treated alike: one map, on the same rows, of the log-odds they say.
    """
    train, rest = np.arange(first), np.arange(first, len(found.rows))
    model = fitted_model(found.rows.iloc[train], found.agreement, seed)
    ours = model.calibrator.logit(model.margin(model.matrix(found.rows.iloc[rest])))
    told = {name: logit(np.clip(p, 1e-6, 1 - 1e-6)) for name, p in answered(train, rest).items()}
    mended: dict[str, list[Floats]] = {name: [] for name in (OURS, *told)}
    for block in blocks(len(found.rows), first):
        recent = _recent(found, first, block[0])
        for name, margin in ({OURS: ours} | told).items():
            mended[name].append(_mended(margin, found, recent, block))
    together = {name: np.concatenate(parts) for name, parts in mended.items()}
    return {"recalibrated": HeldOutSplit(found.outcome[rest], found.leads[rest], together)}


def _recent(found: LabelledSet, first: int, until: int) -> Places:
    """The rows before a block that a recalibration listens to, of those that came since the fit."""
    since = found.rows.iloc[first:until]
    return first + np.flatnonzero(since.index.isin(newest_rows(since).index)) if len(since) else np.arange(0)


def _mended(margin: Floats, found: LabelledSet, recent: Places, block: Places) -> Floats:
    first = len(found.rows) - len(margin)
    if not len(recent):
        return np.asarray(expit(margin[block - first]))
    asked = _recalibrating_map(margin[recent - first], found.outcome[recent], found.leads[recent])
    return np.asarray(expit(asked.logit(margin[block - first])))


def refitted(found: LabelledSet, first: int, answered: Answered, seed: int) -> dict[str, HeldOutSplit]:
    """Each block by models fitted on all rows before it."""
    said: dict[str, list[Floats]] = {}
    for block in blocks(len(found.rows), first):
        train = np.arange(block[0])
        ours = fitted_model(found.rows.iloc[train], found.agreement, seed).probability(found.rows.iloc[block])
        for name, probability in ({OURS: ours} | dict(answered(train, block))).items():
            said.setdefault(name, []).append(probability)
    together = {name: np.concatenate(parts) for name, parts in said.items()}
    return {"refitted": HeldOutSplit(found.outcome[first:], found.leads[first:], together)}
