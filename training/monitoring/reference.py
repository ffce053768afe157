"""The monitoring reference: how a model's inputs, scores and early outcomes lay when it was trained; no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Floats
from features.home.clock import microseconds
from features.store.materialize import Materialized
from training.labels.recording_lag import recording_lag_us
from training.model.columns import ModelColumn
from training.model.model import Model
from training.monitoring import early_outcomes
from training.monitoring.early_outcomes import BEFORE_WEEKS, EarlyConversions
from training.monitoring.input_drift import input_bins, new_shares
from training.monitoring.populations import RECENT_DAYS, levels_before, matured_snapshots, recent_open_leads
from training.monitoring.psi import Bins

REFERENCE_FILE = "reference.json"  # beside the model's files
BAR_QUANTILES = 1_001  # of the open leads' probabilities: enough for a bar at one in a thousand
QUANTILES = 201


@dataclass(frozen=True)
class MonitoringReference:
    """What a monitoring run compares with: the recent open leads as of `known_until`, and their early outcomes.

    new: by category, the share of these leads with a level that no lead had RECENT_DAYS before.
    """

    known_until: datetime
    inputs: dict[str, Bins]
    new: dict[str, float]
    scores: Bins
    probabilities: tuple[float, ...]  # ascending, all or evenly many
    mean_probability: float
    early: EarlyConversions | None

    def json(self) -> str:
        """This as JSON text; `MonitoringReference.read` gives it back equal."""
        return TypeAdapter(MonitoringReference).dump_json(self, indent=1).decode()

    @classmethod
    def read(cls, text: str | bytes) -> MonitoringReference:
        """What `json` wrote. Raises pydantic.ValidationError for anything else."""
        return TypeAdapter(MonitoringReference).validate_json(text)


@dataclass(frozen=True)
class JudgedSince:
    """The judged model of a version, and the first moment whose snapshots it did not learn from."""

    model: Model
    unseen_from_us: int


def monitoring_reference(
    model: Model, build: Materialized, agreement: Agreement, known_until: datetime, judged: JudgedSince
) -> MonitoringReference:
    """The reference of a version, as of the end of its training.

    model: what is served, whose inputs and scores are watched. judged: whose promise of early outcomes is; the served
    model has learned from all snapshots before now, and would know them too well.
    """
    now_us = microseconds(known_until)
    rows = recent_open_leads(build, agreement, now_us)
    matrix = model.matrix(rows) if len(rows) else np.empty((0, len(model.columns)))
    probability = model.probability(rows) if len(rows) else np.empty(0)
    stored = [name for name in category_names(model.columns) if name not in agreement.own_columns]
    seen = levels_before(build.repository, stored, now_us - RECENT_DAYS * DAY_US)
    return MonitoringReference(
        known_until=known_until,
        inputs=input_bins(matrix, model.columns),
        new=new_shares(rows, seen),
        scores=Bins.of(probability),
        probabilities=tuple(thinned(probability, QUANTILES)),
        mean_probability=float(probability.mean()) if len(probability) else 0.0,
        early=_early(judged, build, agreement, now_us),
    )


def thinned(values: Floats, most: int) -> list[float]:
    """The sorted values; where they are more than `most`, so many of them, evenly from the lowest to the highest."""
    places = np.linspace(0, len(values) - 1, min(most, len(values))).round().astype(int)
    thin: list[float] = np.sort(values)[places].tolist()
    return thin


def _early(judged: JudgedSince, build: Materialized, agreement: Agreement, now_us: int) -> EarlyConversions | None:
    days = early_outcomes.early_days(agreement.outcome.horizon_days)
    if days is None:
        return None
    lag_days = recording_lag_us(build.leads, now_us) / DAY_US
    until_us = now_us - round((days + lag_days) * DAY_US)
    from_us = max(until_us - BEFORE_WEEKS * 7 * DAY_US, judged.unseen_from_us)
    rows = early_snapshots(judged.model, build, agreement, (from_us, until_us), now_us)
    return EarlyConversions.of(rows, days, lag_days)


def early_snapshots(
    model: Model, build: Materialized, agreement: Agreement, span_us: tuple[int, int], known_until_us: int
) -> pd.DataFrame:
    """One row per snapshot in a span with a known early outcome: lead_id, snapshot_us, outcome, probability."""
    days = early_outcomes.early_days(agreement.outcome.horizon_days)
    assert days is not None
    rows = matured_snapshots(build, agreement, span_us, known_until_us, days)
    probability = model.probability(rows) if len(rows) else np.empty(0)
    return rows[["lead_id", "snapshot_us", "outcome"]].assign(probability=probability)


def category_names(columns: Sequence[ModelColumn]) -> list[str]:
    """The names of the inputs that are categories."""
    return [column.name for column in columns if column.levels is not None]
