"""What `leadlight train` makes of given train rows, and what `leadlight recalibrate` makes of that."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.agreement import Agreement
from training import fit
from training.calibrate import platt
from training.model import Calibrator, Model

Floats = npt.NDArray[np.float64]

CALIBRATION = 0.25  # of the train rows: 20 of the 80 % that are not test
TRUST = 1e-3  # the precision of the identity in a recalibration: the recent rows speak for themselves


def learned(rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The model of labelled snapshots, calibrated on some of them; as much of them as the product itself decides."""
    by_product: Any = getattr(fit, "learned", None)
    if by_product is not None:
        return by_product(rows, agreement, seed)  # type: ignore[no-any-return]
    held = _later(rows) if agreement.outcome.horizon_days else _drawn(rows, seed)
    return fit.fit(rows[~held], rows[held], agreement, seed)


def _drawn(rows: pd.DataFrame, seed: int) -> npt.NDArray[np.bool_]:
    leads = np.sort(rows["lead_id"].unique())
    place = np.random.default_rng(seed).permutation(len(leads)) / len(leads)
    return rows["lead_id"].map(dict(zip(leads, place, strict=True))).to_numpy() < CALIBRATION


def _later(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    moments = rows["snapshot_us"].to_numpy(np.int64)
    return moments >= np.quantile(moments, 1 - CALIBRATION)


def map_of(margin: Floats, outcome: Floats, leads: npt.NDArray[np.object_]) -> Calibrator:
    """The affine map that recent rows ask for, the same for everybody's margins."""
    return platt(margin, outcome, list(leads), TRUST).calibrator()


def recalibrated(model: Model, rows: pd.DataFrame) -> Model:
    """The model as `leadlight recalibrate` leaves it after these newest matured rows."""
    if importlib.util.find_spec("training.recalibrate"):
        by_product: Any = importlib.import_module("training.recalibrate").recalibrated
        return by_product(model, rows)  # type: ignore[no-any-return]
    margin, outcome = model.margin(model.matrix(rows)), rows["outcome"].to_numpy(np.float64)
    return replace(model, calibrator=map_of(margin, outcome, rows["lead_id"].to_numpy(object)))
