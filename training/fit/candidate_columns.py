"""The columns that a model may read: which ones say anything, their levels and directions, and pairs of categories."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import logit

from features.agreement.agreement import Agreement
from features.agreement.criteria import AVERAGE, most_points, slope
from features.snapshots.criteria_columns import PREFIX
from features.snapshots.point_in_time import column_kinds, feature_group, without_unlearned
from training.fit.encoding_counts import FEWEST_LEADS, CellInput, encoding_counts
from training.labels.folds import lead_folds, log_loss
from training.labels.outcomes import NOT_FEATURES
from training.model.columns import OTHER, ModelColumn, PointPrior

MOST_PAIRED = 12  # of the categories that tell most alone are paired
MOST_PAIRS = 8


def candidate_columns(rows: pd.DataFrame, agreement: Agreement) -> tuple[ModelColumn, ...]:
    """The columns that may tell something in these labelled snapshots: no constants, and rare levels pooled."""
    kinds = column_kinds(agreement)
    found = []
    for name in without_unlearned(rows, agreement).columns.drop(NOT_FEATURES, errors="ignore"):
        if rows[name].nunique(dropna=False) < 2:
            continue
        group, kind = feature_group(str(name), agreement)
        if str(name).startswith(PREFIX):  # more points never say less
            most = agreement.criteria[str(name).removeprefix(PREFIX)].most
            believed = PointPrior(slope(most_points(agreement)), AVERAGE * most)
            found.append(ModelColumn(str(name), group, kind, direction=1, believed=believed))
            continue
        levels = _levels(rows, name) if kinds.get(name) == "category" else None
        found.append(ModelColumn(str(name), group, kind, levels, _direction(str(name), group, kind, agreement)))
    return tuple(found)


def _levels(rows: pd.DataFrame, name: str) -> tuple[str, ...]:
    leads = rows["lead_id"].groupby(rows[name].astype("string")).nunique()
    return (*sorted(str(level) for level in leads.index[leads >= FEWEST_LEADS]), OTHER)


def _direction(name: str, group: str, kind: str, agreement: Agreement) -> int:
    """+1 or -1 where the agreement says so of a behaviour; never of a category: LightGBM aborts the process."""
    if kind != "behaviour":
        return 0
    sign = {"up": 1, "down": -1, None: 0}[agreement.behaviours[group].direction]
    return -sign if name.startswith("days_since") else sign


Categories = tuple[str, ...]


def single_categories(columns: Sequence[ModelColumn]) -> tuple[Categories, ...]:
    """Each category by itself, to be target encoded: trees would split thousands of levels by chance."""
    return tuple((column.name,) for column in columns if column.levels)


def category_pairs(
    rows: pd.DataFrame, columns: Sequence[ModelColumn], agreement: Agreement, seed: int
) -> tuple[Categories, ...]:
    """The pairs of categories that tell most beyond the better of the two, at most MOST_PAIRS.

    Each pair is judged by the log loss of its target encoding, out of fold.
    """
    kinds = column_kinds(agreement)
    names = [c.name for c in columns if kinds.get(c.name) in ("category", "boolean")]
    outcome = rows["outcome"].to_numpy(np.float64)
    folds = lead_folds(outcome, list(rows["lead_id"]), seed)
    base = float(logit(np.clip(outcome.mean(), 1e-6, 1 - 1e-6)))

    def loss(of: Sequence[str]) -> float:
        return log_loss(base + encoding_counts(rows, CellInput(tuple(of)), outcome, folds).out_of_fold(), outcome)

    alone = {name: loss((name,)) for name in names}
    best = sorted(sorted(names, key=lambda name: (alone[name], name))[:MOST_PAIRED])
    gains = {pair: min(alone[pair[0]], alone[pair[1]]) - loss(pair) for pair in combinations(best, 2)}
    gaining = [pair for pair, gain in gains.items() if gain > 0]
    return tuple(sorted(gaining, key=lambda pair: (-gains[pair], pair))[:MOST_PAIRS])
