"""The shift: how much more often leads convert once sales tries them than the model of things as they are says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.fit.calibrate import platt_map
from training.labels.folds import lead_folds
from training.model.calibrator import Calibrator, sigmoid
from training.model.if_tried import Method
from training.model.model import Model

FEWEST_WON = 10  # won looks and lost ones; with fewer a shift says nothing
NEEDED, NEEDED_STILL = 1.0, 0.8  # from here on contact is needed; where it was needed before, until under the second
HELPS = 0.5  # from here on the second question has another level than the first
LEVEL_ALONE = (1e9, 1e-9)  # precisions of the prior: a slope of 1, and any level
SLOPE_TRUST, LEVEL_TRUST = 4.0, 1e-3  # precisions of the prior: a slope of 1 give or take a half; any level


@dataclass(frozen=True)
class Shift:
    """The one b in logit P = logit Q1 + b at decision looks, with its standard error, clustered by lead."""

    value: float
    error: float
    looks: int
    won: int


def shift(logit: Floats, outcome: Floats, lead_ids: Sequence[str]) -> Shift | None:
    """The shift of decision looks from their log-odds by the first question's model, out of fold by lead.

    None where under FEWEST_WON looks were won or lost.
    """
    won = int(outcome.sum())
    if min(won, len(outcome) - won) < FEWEST_WON:
        return None
    level = platt_map(logit, outcome, lead_ids, LEVEL_ALONE).level
    probability = sigmoid(logit + level)
    by_lead = pd.Series(outcome - probability).groupby(np.asarray(lead_ids, dtype=object)).sum()
    error = float(np.sqrt((by_lead**2).sum()) / (probability * (1 - probability)).sum())
    return Shift(level, error, len(outcome), won)


def method(found: Shift | None, before: str | None, is_asked: bool) -> Method | None:
    """How the second question is answered; None where the first answers both, or nothing is known.

    before: how the champion answers it: contact that was needed stays needed until the shift is under NEEDED_STILL.
    is_asked: the agreement asks it, so that it is answered however small the shift is.
    """
    if found is None:
        return None
    if found.value >= (NEEDED_STILL if before == "own_model" else NEEDED):
        return "own_model"
    return "moved" if found.value >= HELPS or is_asked else None


def out_of_fold_logit(
    looks: pd.DataFrame, labelled: pd.DataFrame, folds: Sequence[Model], calibrator: Calibrator, seed: int
) -> Floats:
    """The first question's log-odds of each look, by a model that did not see its lead.

    folds: one model for each of `lead_folds` of the labelled snapshots.
    """
    leads = labelled["lead_id"].to_numpy(object)
    found = np.full(len(looks), np.nan)
    parts = lead_folds(labelled["outcome"].to_numpy(np.float64), list(leads), seed)
    for (inside, _), model in zip(parts, folds, strict=True):
        # Who has no labelled snapshot was seen by no fold; the first one answers for all of them.
        unseen = ~looks["lead_id"].isin(leads[inside]).to_numpy() & np.isnan(found)
        if unseen.any():
            found[unseen] = calibrator.logit(model.margin(model.matrix(looks[unseen])))
    return found


def moving_map(logit: Floats, outcome: Floats) -> Calibrator:
    """The map logit Q2 = level + slope * logit Q1 of decision looks; a line that falls would turn the order round.

    Where the best slope is not above 0, the level alone is moved.
    """
    rows = [str(row) for row in range(len(logit))]  # one look a lead: each counts as one
    found = platt_map(logit, outcome, rows, (SLOPE_TRUST, LEVEL_TRUST))
    if found.slope <= 0:
        found = platt_map(logit, outcome, rows, (1e9, LEVEL_TRUST))
    return found.calibrator()
