"""Training from end to end; reads as a table of contents."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from features.agreement import Agreement
from features.agreement_versions import Kept
from features.derivation import Derived, derived
from features.errors import LeadlightError
from features.ledger import microseconds
from features.settings import Home
from features.snapshots import snapshot_moments, snapshots
from training.evaluate import Evaluation, evaluate
from training.fit import columns, fit_calibrator, fit_trees
from training.model import Model
from training.outcomes import outcomes
from training.split import Split, split

Said = Callable[[str], None]


class TooFewOutcomes(LeadlightError):
    """Nothing to learn from yet; the criteria's prior goes on answering."""

    code = "too_few_outcomes"


@dataclass(frozen=True)
class Candidate:
    """A fitted model, and what it showed on leads that it had not seen."""

    model: Model
    labelled: pd.DataFrame  # the labelled snapshots with their features
    split: Split
    test: Evaluation
    derived: Derived
    agreement: Kept
    seconds: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


def labelled_snapshots(found: Derived, agreement: Agreement, known_until: datetime) -> pd.DataFrame:
    """One row per snapshot whose outcome is known: lead_id, snapshot_us, is_arrival, outcome, and the features."""
    known_until_us = microseconds(known_until)
    looked_at = snapshot_moments(found.leads, agreement, known_until_us)
    became = outcomes(looked_at, found.leads, agreement, known_until_us)
    looked_at = looked_at[became.notna().to_numpy()].reset_index(drop=True)
    looked_at["outcome"] = became.dropna().astype(bool).to_numpy()
    if looked_at["outcome"].nunique() < 2:
        only = f"{len(looked_at)} known outcomes are all {bool(looked_at['outcome'].any())}" if len(looked_at) else "0"
        raise TooFewOutcomes(
            f"nothing to learn from yet: {only}; keep ingesting outcomes, until then the criteria's prior answers"
        )
    return snapshots(found.repository, agreement, looked_at)


def train(home: Home, kept: Kept, known_until: datetime, seed: int = 7, said: Said = lambda _: None) -> Candidate:
    """A candidate from everything that was known until `known_until`; nothing is registered or served yet."""
    started = time.monotonic()
    found = derived(home, kept.agreement, said)
    said("reading snapshots through Feast")
    labelled = labelled_snapshots(found, kept.agreement, known_until)
    parted = split(labelled, kept.agreement.outcome.horizon_days, seed)
    said("fitting trees")
    model = fit(labelled, parted, kept.agreement, seed)
    said("testing on leads it has not seen")
    tested = labelled[parted.test]
    shown = evaluate(model.probability(tested), tested["outcome"], tested["lead_id"].to_numpy(), seed=seed)
    return Candidate(model, labelled, parted, shown, found, kept, time.monotonic() - started)


def fit(labelled: pd.DataFrame, parted: Split, agreement: Agreement, seed: int) -> Model:
    """The model of the train span, calibrated on the calibration span."""
    train_rows, calibration_rows = labelled[parted.train], labelled[parted.calibration]
    chosen = columns(known(train_rows), train_rows["lead_id"], agreement)
    blank = Model("", chosen, _identity(), agreement_text=agreement.text)
    outcome = train_rows["outcome"].to_numpy(np.float64)
    trees = fit_trees(blank.matrix(train_rows), outcome, list(train_rows["lead_id"]), chosen, agreement, seed)
    raw = Model(trees, chosen, _identity())
    margin = raw.margin(raw.matrix(calibration_rows))
    calibrator = fit_calibrator(
        margin, calibration_rows["outcome"].to_numpy(np.float64), list(calibration_rows["lead_id"]), seed
    )
    facts = {"base_rate": float(labelled["outcome"].mean()), "basis": "full", "seed": seed}
    return Model(trees, chosen, calibrator, facts | {"horizon_days": agreement.outcome.horizon_days}, agreement.text)


def known(labelled: pd.DataFrame) -> pd.DataFrame:
    """The features alone."""
    return labelled.drop(columns=["lead_id", "snapshot_us", "is_arrival", "outcome"], errors="ignore")


def _identity() -> Any:
    from training.model import Calibrator

    return Calibrator()
