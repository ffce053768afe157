"""The product's own ways from labelled snapshots to a model, as the simulations call them."""

from __future__ import annotations

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.fit import recalibrate
from training.model.model import Model


def recalibrated(model: Model, rows: pd.DataFrame, agreement: Agreement, seed: int) -> Model:
    """The model as `leadlight recalibrate` leaves it, of whatever of these rows it listens to."""
    return recalibrate.recalibration(model, recalibrate.newest_rows(rows), agreement, seed).model


def interval(model: Model, rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """The 90 % interval of each row's probability."""
    return model.calibrator.interval(model.margin(model.matrix(rows)))
