"""The product's own ways from labelled snapshots to a model, each called from one place."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any, cast

import numpy as np
import pandas as pd

from features.agreement import Agreement
from features.recurrence import Floats
from training import fit as fitting
from training.calibrate import platt
from training.model import Model

CALIBRATION_LEADS = 0.2  # of the leads, where fitting takes its calibration rows by themselves


def learned(rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The calibrated model of some labelled snapshots, however few."""
    whole = getattr(fitting, "learned", None)
    if whole is not None:
        return cast(Model, whole(rows, agreement, seed))
    leads = np.sort(rows["lead_id"].unique())
    chosen = np.random.default_rng(seed).permutation(leads)[: round(len(leads) * CALIBRATION_LEADS)]
    aside = rows["lead_id"].isin(chosen).to_numpy()
    return fitting.fit(rows[~aside], rows[aside], agreement, seed)


def recalibrated(model: Model, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The model with its level and slope fitted anew on recent matured snapshots; nothing else of it changes."""
    own = _recalibrate()
    if own is not None:
        return cast(Model, own.recalibrated(model, rows, agreement, seed))
    margin, outcome = model.margin(model.matrix(rows)), rows["outcome"].to_numpy(np.float64)
    return replace(model, calibrator=platt(margin, outcome, list(rows["lead_id"]), 1.0).calibrator())


def _recalibrate() -> Any:
    try:
        return import_module("training.recalibrate")
    except ModuleNotFoundError:
        return None


def interval(model: Model, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The 90 % interval of each row's probability."""
    own = getattr(model, "interval", None)
    if own is not None:
        return cast(tuple[Floats, Floats], own(rows))
    return model.calibrator.interval(model.margin(model.matrix(rows)))
