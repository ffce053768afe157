"""What a data scientist would do without us: features made by hand from the raw events in pandas, and LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm as gbm
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import DAY_US
from training.labels.folds import lead_folds

Floats = npt.NDArray[np.float64]


def by_hand(events: pd.DataFrame, looked_at: pd.DataFrame, half_lives: Sequence[int]) -> pd.DataFrame:
    """For each row of `looked_at`, by kind of event: decayed counts, count, days since; and tenure and recency.

    events: lead_id, event, us; only what happened before the snapshot counts.
    """
    asked = looked_at[["lead_id", "snapshot_us"]].reset_index(drop=True).rename_axis("row").reset_index()
    pairs = asked.merge(events, on="lead_id")
    pairs = pairs[pairs["us"] < pairs["snapshot_us"]]
    pairs["days_since"] = (pairs["snapshot_us"] - pairs["us"]) / DAY_US
    for half_life in half_lives:
        pairs[f"count_hl{half_life}d"] = 0.5 ** (pairs["days_since"] / half_life)
    summed = [f"count_hl{half_life}d" for half_life in half_lives]
    by_kind = pairs.groupby(["row", "event"]).agg(dict.fromkeys(summed, "sum") | {"us": "size", "days_since": "min"})
    wide = pd.DataFrame(by_kind.rename(columns={"us": "count"}).unstack()).reindex(asked["row"])
    counts = wide.columns.get_level_values(0) != "days_since"
    wide.loc[:, counts] = wide.loc[:, counts].fillna(0.0)  # what never happened has no days since: LightGBM's missing
    wide.columns = [" ".join(names) for names in wide.columns]
    age = pairs.groupby("row")["days_since"]
    return wide.assign(events=age.size(), tenure_days=age.max(), recency_days=age.min())


def lightgbm(rows: pd.DataFrame, outcome: Floats, lead_ids: npt.NDArray[Any], tested: pd.DataFrame) -> Floats:
    """LightGBM, its leaves and number of trees chosen by early stopping on the folds of whole cases that ours uses."""
    names = [f"c{place}" for place in range(rows.shape[1])]
    learned = gbm.Dataset(rows.to_numpy(float), outcome, feature_name=names, free_raw_data=False)
    folds = lead_folds(outcome, list(lead_ids), seed=7)
    tried = []
    for leaves in (7, 15, 31):
        parameters = {
            "objective": "binary", "learning_rate": 0.05, "num_leaves": leaves, "min_data_in_leaf": 40,
            "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0,
            "seed": 7, "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbosity": -1,
        }  # fmt: skip
        stop = gbm.early_stopping(50, verbose=False)
        curve = gbm.cv(parameters, learned, 2_000, folds=folds, callbacks=[stop])["valid binary_logloss-mean"]
        tried.append((curve[-1], len(curve), parameters))
    _, rounds, parameters = min(tried, key=lambda one: one[0])
    return np.asarray(gbm.train(parameters, learned, rounds).predict(tested.to_numpy(float)))
