"""The peers of benchmarks/quality.py: each gets the raw fields of the train rows and says what it thinks of the test's.

All with one thread and a fixed seed, categories natively where they can be, a missing value as missing. Boosted trees
choose how many by early stopping on a fifth of the train leads, then learn from all of them.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from benchmarks.parts.public_sets import LabelledSet
from training.evaluate.baselines import default_lightgbm, logistic_regression, naive_bayes
from training.labels.folds import lead_folds

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

MOST_ROUNDS, PATIENCE, CONFIGURATIONS = 3_000, 50, 20


@dataclass(frozen=True)
class Task:
    """What every peer is given: train rows with their outcomes and leads, and the rows to say something of."""

    train: pd.DataFrame
    outcome: Floats
    leads: npt.NDArray[np.object_]
    test: pd.DataFrame
    seed: int
    seconds: float  # FLAML's budget

    @property
    def categories(self) -> list[str]:
        return [name for name in self.train.columns if isinstance(self.train[name].dtype, pd.CategoricalDtype)]

    @property
    def stopping(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Four fifths of the train leads' rows, and the last fifth's."""
        return lead_folds(self.outcome, list(self.leads), self.seed)[0]


@dataclass(frozen=True)
class Peer:
    """One peer. package: what must be installed beside the product. is_slow: left out where many are fitted."""

    label: str
    probability: Callable[[Task], Floats]
    package: str | None = None
    is_slow: bool = False

    @property
    def is_here(self) -> bool:
        return self.package is None or importlib.util.find_spec(self.package) is not None


def task(found: LabelledSet, train: Places, test: Places, seed: int, seconds: float) -> Task:
    """The task of some rows: levels that no train row has are missing, since nobody could have learned them."""
    known = found.raw.iloc[train].copy()
    for name in known.columns[known.dtypes == "category"]:
        known[name] = known[name].cat.remove_unused_categories()
    asked = pd.DataFrame({name: found.raw[name].iloc[test].astype(known[name].dtype) for name in known.columns})
    return Task(known, found.outcome[train], found.leads[train], asked, seed, seconds)


def constant(asked: Task) -> Floats:
    return np.full(len(asked.test), asked.outcome.mean())


def random_forest(asked: Task) -> Floats:
    levels = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False)
    numbers = [name for name in asked.train.columns if name not in asked.categories]
    text = make_pipeline(FunctionTransformer(_as_text), levels)
    columns = ColumnTransformer([("numbers", "passthrough", numbers), ("levels", text, asked.categories)])
    trees = RandomForestClassifier(500, min_samples_leaf=5, random_state=asked.seed, n_jobs=1)
    model = make_pipeline(columns, trees)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
        return np.asarray(model.fit(asked.train, asked.outcome).predict_proba(asked.test)[:, 1], dtype=float)


def tuned_lightgbm(asked: Task) -> Floats:
    """20 random configurations, judged on five folds of whole leads, their number of trees by early stopping."""
    draws = np.random.default_rng(asked.seed)
    names = {column: f"f{place}" for place, column in enumerate(asked.train.columns)}
    rows = lightgbm.Dataset(asked.train.rename(columns=names), asked.outcome, free_raw_data=False)
    folds = lead_folds(asked.outcome, list(asked.leads), asked.seed)
    tried = []
    for _ in range(CONFIGURATIONS):
        parameters = _drawn(draws) | {"seed": asked.seed}
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        curve = lightgbm.cv(parameters, rows, MOST_ROUNDS, folds=folds, callbacks=[stop])["valid binary_logloss-mean"]
        tried.append((curve[-1], len(curve), parameters))
    _, rounds, parameters = min(tried, key=lambda one: one[0])
    booster = lightgbm.train(parameters, rows, rounds)
    return np.asarray(booster.predict(asked.test.rename(columns=names), num_threads=1), dtype=float)


def _drawn(draws: np.random.Generator) -> dict[str, Any]:
    return {
        "objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "force_col_wise": True,
        "feature_pre_filter": False,
        "learning_rate": 10 ** draws.uniform(-1.7, -0.8),
        "num_leaves": int(2 ** draws.uniform(2, 6.5)),
        "min_data_in_leaf": int(10 ** draws.uniform(0.7, 2.3)),
        "feature_fraction": draws.uniform(0.3, 1.0),
        "bagging_fraction": draws.uniform(0.5, 1.0), "bagging_freq": 1,
        "lambda_l2": 10 ** draws.uniform(-2, 2),
        "cat_smooth": 10 ** draws.uniform(0, 2.3), "cat_l2": 10 ** draws.uniform(0, 2.3),
    }  # fmt: skip


def xgboost(asked: Task) -> Floats:
    import xgboost as xgb

    settings = {"enable_categorical": True, "learning_rate": 0.05, "n_jobs": 1, "random_state": asked.seed}
    inside, outside = asked.stopping
    rows, outcome = asked.train, asked.outcome
    stopped = xgb.XGBClassifier(n_estimators=MOST_ROUNDS, early_stopping_rounds=PATIENCE, **settings)
    stopped.fit(rows.iloc[inside], outcome[inside], eval_set=[(rows.iloc[outside], outcome[outside])], verbose=False)
    model = xgb.XGBClassifier(n_estimators=stopped.best_iteration + 1, **settings).fit(rows, outcome)
    return np.asarray(model.predict_proba(asked.test)[:, 1], dtype=float)


def catboost(asked: Task) -> Floats:
    """CatBoost as it comes: it draws its own learning rate from the rows, and makes its own pairs of categories.

    Asked for fewer than 500 trees it pairs nothing, so the second fit is told what the first had chosen.
    """
    from catboost import CatBoostClassifier

    rows, tested = (_with_text(frame, asked.categories) for frame in (asked.train, asked.test))
    settings: dict[str, Any] = {"cat_features": asked.categories, "thread_count": 1, "random_seed": asked.seed,
                                "verbose": False, "allow_writing_files": False}  # fmt: skip
    inside, outside = asked.stopping
    stopped = CatBoostClassifier(iterations=1_000, early_stopping_rounds=PATIENCE, **settings)
    stopped.fit(rows.iloc[inside], asked.outcome[inside], eval_set=(rows.iloc[outside], asked.outcome[outside]))
    known = stopped.get_all_params()
    settings |= {name: known[name] for name in ("learning_rate", "max_ctr_complexity", "leaf_estimation_iterations")}
    model = CatBoostClassifier(iterations=stopped.tree_count_, **settings)
    return np.asarray(model.fit(rows, asked.outcome).predict_proba(tested)[:, 1], dtype=float)


def ebm(asked: Task) -> Floats:
    """Explainable boosting, as it comes: it stops early on parts of its own and averages 14 bags."""
    from interpret.glassbox import ExplainableBoostingClassifier

    rows, tested = (_with_text(frame, asked.categories) for frame in (asked.train, asked.test))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ExplainableBoostingClassifier(random_state=asked.seed, n_jobs=1)
        return np.asarray(model.fit(rows, asked.outcome).predict_proba(tested)[:, 1], dtype=float)


def flaml(asked: Task) -> Floats:
    """FLAML: the best model that it finds within its seconds, on folds of whole leads where they have many rows."""
    from flaml import AutoML

    settings: dict[str, Any] = {"task": "classification", "metric": "log_loss", "time_budget": asked.seconds,
                                "n_jobs": 1, "seed": asked.seed, "verbose": 0, "log_file_name": ""}  # fmt: skip
    _, lead = np.unique(asked.leads.astype(str), return_inverse=True)
    if lead.max() + 1 < len(lead):
        settings |= {"split_type": "group", "groups": lead, "eval_method": "cv"}
    search = AutoML()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(asked.train.reset_index(drop=True), pd.Series(asked.outcome.astype(int)), **settings)
        if search.model is None:  # nothing was fitted within so few seconds
            return constant(asked)
        return np.asarray(search.predict_proba(asked.test.reset_index(drop=True))[:, 1], dtype=float)


PEERS = {
    "constant": Peer("average rate", constant),
    "naive_bayes": Peer("naive Bayes (Odoo)", lambda of: naive_bayes(of.train, of.outcome, of.test)),
    "logistic": Peer("logistic regression", lambda of: logistic_regression(of.train, of.outcome, of.test)),
    "random_forest": Peer("random forest", random_forest),
    "lightgbm": Peer("LightGBM", lambda of: default_lightgbm(of.train, of.outcome, of.test, of.seed)),
    "lightgbm_tuned": Peer("LightGBM tuned", tuned_lightgbm, is_slow=True),
    "xgboost": Peer("XGBoost", xgboost, "xgboost"),
    "catboost": Peer("CatBoost", catboost, "catboost", is_slow=True),
    "ebm": Peer("EBM", ebm, "interpret", is_slow=True),
    "flaml": Peer("FLAML", flaml, "flaml", is_slow=True),
}


def _as_text(columns: pd.DataFrame) -> pd.DataFrame:
    return columns.astype(object).where(columns.notna(), "").astype(str)


def _with_text(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Categories as text, an empty one as a level of its own: these two take no other."""
    return frame.assign(**{name: _as_text(frame[[name]])[name] for name in names})
