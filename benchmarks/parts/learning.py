"""The product's recalibration and intervals, as the benchmarks on simulated markets call them."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.fit import recalibrate
from training.model.model import Model


def recalibrated_model(model: Model, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The model as `leadlight recalibrate` makes it from the newest of these rows."""
    return recalibrate.recalibration(model, recalibrate.newest_rows(rows), agreement, seed).model


def probability_interval(model: Model, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The 90 % interval of each row's probability."""
    return model.calibrator.interval(model.margin(model.matrix(rows)))
