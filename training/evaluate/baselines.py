"""Baseline models on the same rows: the average rate, naive Bayes, logistic regression, LightGBM with its defaults."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from features.arrays import Floats
from training.model.columns import ModelColumn

QUANTILES = 10


def constant_baseline(train_outcome: npt.ArrayLike, rows: int) -> dict[str, Floats]:
    """The baseline that needs no features: the rate of the train span, for each of `rows` rows."""
    rate = float(np.asarray(train_outcome, dtype=float).mean()) if len(np.asarray(train_outcome)) else 0.0
    return {"constant": np.full(rows, rate)}


def baseline_probabilities(
    train: pd.DataFrame,
    train_outcome: npt.ArrayLike,
    test: pd.DataFrame,
    *,
    seed: int = 0,
    only: Collection[str] = ("naive_bayes", "logistic_regression", "lightgbm"),
) -> dict[str, Floats]:
    """The probabilities of each baseline model for the rows of `test`, by name; each fitted on `train` alone.

    train, test: one row per snapshot, the same columns, numeric or category; missing values are allowed.
    A train span of one class, or without columns, gives every model the constant.
    """
    outcome = np.asarray(train_outcome, dtype=float)
    constant = constant_baseline(outcome, len(test))
    train, test = _with_column_types(train, train), _with_column_types(test, train)
    fitted: dict[str, Callable[[], Floats]] = {
        "naive_bayes": lambda: naive_bayes(train, outcome, test),
        "logistic_regression": lambda: logistic_regression(train, outcome, test),
        "lightgbm": lambda: default_lightgbm(train, outcome, test, seed),
    }
    fitted = {name: probabilities for name, probabilities in fitted.items() if name in only}
    if len(np.unique(outcome)) < 2 or train.shape[1] == 0 or not len(test):
        return constant | {name: constant["constant"].copy() for name in fitted}
    return constant | {name: probabilities() for name, probabilities in fitted.items()}


def simple_baselines(columns: Sequence[ModelColumn]) -> Callable[[pd.DataFrame, pd.DataFrame], Mapping[str, Floats]]:
    """The average rate, naive Bayes and logistic regression on a model's columns, to be fitted again and again.

    returns: a function of (labelled snapshots to learn from, snapshots to predict), to probabilities by name.
    """
    kinds = {column.name: "category" for column in columns if column.levels}

    def fitted(known: pd.DataFrame, test: pd.DataFrame) -> Mapping[str, Floats]:
        used = [column.name for column in columns if column.name in known]
        rows = pd.concat([known[used], test[used]]).astype({name: kinds[name] for name in used if name in kinds})
        outcome = known["outcome"].to_numpy(np.float64)
        learned, judged = rows[: len(known)], rows[len(known) :]
        return baseline_probabilities(learned, outcome, judged, only=("naive_bayes", "logistic_regression"))

    return fitted


def naive_bayes(train: pd.DataFrame, outcome: Floats, test: pd.DataFrame) -> Floats:
    """Frequency naive Bayes by the formula of Odoo's predictive lead scoring (crm.lead).

    P(won) is proportional to won / all times, for each field, (won with this value + 0.1) / (won with any value,
    0.1 added for each); P(lost) likewise. Empty fields and values never seen are passed over. Numbers, which Odoo
    does not take, are cut at the deciles of the train span.
    """
    won, lost = outcome.sum() + 0.1, (1 - outcome).sum() + 0.1
    margin = np.full(len(test), np.log(won / lost))
    for column in train.columns:
        margin += _log_ratio(_values(train[column], train[column]), outcome, _values(train[column], test[column]))
    return _expit(margin)


def _log_ratio(known: npt.NDArray[np.intp], outcome: Floats, test: npt.NDArray[np.intp]) -> Floats:
    """What one field adds to the log-odds; values are numbered from 0, and -1 is empty."""
    values = int(max(known.max(initial=-1), test.max(initial=-1))) + 1
    filled = known >= 0
    seen = np.bincount(known[filled], minlength=values) > 0
    won = np.bincount(known[filled], weights=outcome[filled], minlength=values)
    lost = np.bincount(known[filled], weights=1 - outcome[filled], minlength=values)
    won, lost = np.where(seen, won + 0.1, 0.0), np.where(seen, lost + 0.1, 0.0)
    ratio = np.zeros(values + 1)  # the last entry, -1, is for the empty
    ratio[:-1][seen] = np.log(won[seen] / won.sum()) - np.log(lost[seen] / lost.sum())
    return ratio[test]


def _values(reference: pd.Series, column: pd.Series) -> npt.NDArray[np.intp]:
    """The values of a column numbered from 0, -1 where empty: its levels, or between which deciles of the reference."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.intp)
    known, numbers = _numbers(reference), _numbers(column)
    known = known[~np.isnan(known)]
    edges = np.unique(np.quantile(known, np.arange(1, QUANTILES) / QUANTILES)) if len(known) else known
    return np.where(np.isnan(numbers), -1, np.searchsorted(edges, numbers, side="left")).astype(np.intp)


def logistic_regression(train: pd.DataFrame, outcome: Floats, test: pd.DataFrame) -> Floats:
    """Logistic regression (L2, C = 1) on standardised numbers and one-hot levels; rare levels share one.

    Each number enters as it is and by its logarithm: counts of behaviour are skewed, minutes often are not, and
    with one scale alone this model would be weaker than it need be.
    """
    categories = _categories(train)
    scaled = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        FunctionTransformer(_both_scales),
        StandardScaler(),
    )
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10)
    levels = make_pipeline(FunctionTransformer(_levels), one_hot)
    numbers = [name for name in train.columns if name not in categories]
    columns = ColumnTransformer([("numbers", scaled, numbers), ("levels", levels, categories)])
    model = make_pipeline(columns, LogisticRegression(max_iter=500))
    with warnings.catch_warnings():
        # A fit that stops a little short of its optimum will do, and a new level is no surprise.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
        # Small products: BLAS threads would wait for each other longer than they multiply.
        with threadpool_limits(1):
            model.fit(train, outcome)
        return np.asarray(model.predict_proba(test)[:, 1], dtype=float)


def default_lightgbm(train: pd.DataFrame, outcome: Floats, test: pd.DataFrame, seed: int) -> Floats:
    """LightGBM with the library's defaults: 100 trees of 31 leaves, no early stopping, no calibration."""
    # Its feature names refuse some characters that columns of an export have; it does not need them.
    names = {column: f"f{place}" for place, column in enumerate(train.columns)}
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": seed, "deterministic": True}
    booster = lightgbm.train(settings, lightgbm.Dataset(train.rename(columns=names), label=outcome), 100)
    return np.asarray(booster.predict(test.rename(columns=names)), dtype=float)


def _with_column_types(frame: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """The columns of `like` as floats and its categories; a level it does not have is empty, for all models alike."""
    categories = set(_categories(like))
    return pd.DataFrame(
        {
            name: frame[name].astype(like[name].dtype) if name in categories else _numbers(frame[name])
            for name in like.columns
        },
        index=frame.index,
    )


def _categories(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]


def _levels(columns: pd.DataFrame) -> pd.DataFrame:
    """Categories as text; an empty one is a level of its own."""
    return columns.astype(object).where(columns.notna(), "").astype(str)


def _numbers(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=float, na_value=np.nan)


def _both_scales(values: Floats) -> Floats:
    return np.hstack([values, np.sign(values) * np.log1p(np.abs(values))])


def _expit(margin: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -700, 700))), dtype=float)
