"""A model of many trees that learned nothing: for what it costs to ask one, not for what it says."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import Ints
from features.home.deployments import deploy
from features.home.settings import Home
from features.snapshots.point_in_time import feature_columns, lead_states
from features.store.feast_views import view_suffix
from training.model.columns import ModelColumn
from training.model.model import Model

TREES, LEAVES, ROWS = 300, 31, 2_000


def answer_by_many_trees(home: Home) -> None:
    """Let a model of `TREES` trees on every numeric column of a lead's own answer in a home."""
    agreement = Agreement.default()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        digest = many_trees(agreement).write(folder)
        said: dict[str, Any] = {"name": agreement.name, "version": "1", "why": "benchmark", "now": datetime.now(UTC)}
        deploy(home, folder, digest=digest, view_suffix=view_suffix(agreement), **said)


def many_trees(agreement: Agreement) -> Model:
    """Trees on drawn rows: as many and as large as those of a real model."""
    import lightgbm

    columns = tuple(ModelColumn(name, name, "behaviour") for name in _numbers(agreement))
    drawn = np.random.default_rng(7)
    rows = drawn.exponential(2.0, (ROWS, len(columns)))
    learned = lightgbm.Dataset(rows, drawn.integers(0, 2, ROWS))
    parameters = {"objective": "binary", "num_leaves": LEAVES, "verbose": -1, "num_threads": 1, "seed": 7}
    trees = lightgbm.train(parameters, learned, TREES).model_to_string()
    facts = {"base_rate": 0.06, "horizon_days": agreement.outcome.horizon_days, "basis": "full"}
    return Model(columns, trees, facts=facts, agreement_text=agreement.text)


def _numbers(agreement: Agreement) -> list[str]:
    moments: Ints = np.zeros(1, dtype=np.int64)
    states = lead_states([{}], [{}], agreement, None)
    found = feature_columns(states, moments, agreement, False)
    numbers = (name for name, column in found.items() if np.asarray(column).dtype.kind == "f")
    return [name for name in numbers if "account" not in name]
