"""Recalibration: fits level and slope on outcomes that matured since the training; everything else stays as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.home.errors import LeadlightError
from training.fit.calibrate import LEVEL_SPREAD, LevelShift, level_shift, platt_map
from training.fit.fit import label_span
from training.labels.folds import lead_folds, log_loss
from training.model.calibrator import Calibrator
from training.model.if_tried import moved_calibrator
from training.model.model import Model

RECENT = 100  # converted leads to listen to, the newest: rates move, and older ones tell what they were
FEWEST = 20  # converted leads; with fewer a map says more of chance than of a shift
SLOPE_MOVES = 0.15  # how far a slope may well move; the level may move by WIDE


class NothingMatured(LeadlightError):
    """Too little has become known since the model was trained."""

    code = "nothing_matured"


@dataclass(frozen=True)
class Recalibration:
    """A model with a new calibrator, and what the calibrator rests on.

    rows: the labelled snapshots that it was fitted on. shift: how far their outcomes lie from the old calibrator's
    predictions. before, after: the rows' log-odds by the old calibrator, and out of fold by new ones.
    """

    model: Model
    rows: pd.DataFrame
    shift: LevelShift
    before: Floats
    after: Floats

    @property
    def losses(self) -> tuple[float, float]:
        """The log loss before and after."""
        outcome = self.rows["outcome"].to_numpy(np.float64)
        return log_loss(self.before, outcome), log_loss(self.after, outcome)


def recent_rows(model: Model, labelled: pd.DataFrame) -> pd.DataFrame:
    """The labelled snapshots since the model's last, of which the newest with RECENT converted leads.

    Raises NothingMatured where they hold under FEWEST converted leads.
    """
    since = labelled[labelled["snapshot_us"] > model.facts.get("learned_until_us", -1)]
    converted = since.loc[since["outcome"], "lead_id"].nunique()
    if converted < FEWEST:
        remedy = f"wait for {FEWEST}, or train anew with: leadlight train --promote"
        raise NothingMatured(f"{converted} leads that converted have matured since the model's last snapshot; {remedy}")
    return newest_rows(since)


def newest_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The newest labelled snapshots, until they hold RECENT converted leads; all of them where they hold fewer."""
    back = rows.sort_values("snapshot_us", ascending=False, kind="stable")
    first = back["outcome"].to_numpy(bool) & ~back["lead_id"].where(back["outcome"]).duplicated().to_numpy()
    return back[np.cumsum(first) <= RECENT].sort_values("snapshot_us", kind="stable")


def recalibration(model: Model, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Recalibration:
    """The model recalibrated on `rows`: labelled snapshots that it did not learn from."""
    logit = model.logit(rows)
    outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(object)
    after = np.empty(len(rows))
    for inside, outside in lead_folds(outcome, list(leads), seed):
        after[outside] = _recalibrating_map(logit[inside], outcome[inside], leads[inside]).logit(logit[outside])
    since = level_shift(logit, outcome, list(leads))
    facts = label_span(rows, agreement) | {
        "recalibrated": {"rows": len(rows), "level": since.level, "error": since.error},
        "base_rate": float(outcome.mean()),
    }
    made = replace(
        model,
        calibrator=moved_calibrator(model.calibrator, _recalibrating_map(logit, outcome, leads)),
        facts=model.facts | facts,
    )
    return Recalibration(made, rows, since, logit, after)


def _recalibrating_map(logit: Floats, outcome: Floats, leads: object) -> Calibrator:
    """The affine map of log-odds that fits these outcomes best, with priors on how far level and slope may move."""
    return platt_map(logit, outcome, list(np.asarray(leads)), (1 / SLOPE_MOVES**2, 1 / LEVEL_SPREAD**2)).calibrator()
