"""Columns that a data scientist would make by hand from the simulated market's events, for the peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import orjson
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features.arrays import DAY_US, Floats, Ints
from features.traits.job_title import department, seniority
from training.labels.folds import lead_folds

WINDOWS = (7, 30, 90)
NUMBERS = ("employees", "seats", "tools")
FEWEST = 30  # events of a kind, to be counted
OF_SALES = ("Call", "Email Sent", "Meeting", "Opportunity", "Lead ")
LEFT_OUT = ("email", "first_name", "last_name", "company", "timeframe", "job_title")
MOST_ROUNDS, PATIENCE = 1_000, 50
STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # of the line, the inverse of its penalty
SETTINGS = {
    "objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "seed": 7, "learning_rate": 0.05,
    "num_leaves": 8, "min_data_in_leaf": 50,
}  # fmt: skip


def hand_made_columns(events: pd.DataFrame, looks: pd.DataFrame) -> pd.DataFrame:
    """One row per look (lead_id, snapshot_us): counts of each kind of event in 7, 30 and 90 days, days since, traits.

    Only what was recorded before the look counts, and nothing that sales did.
    """
    once = events.drop_duplicates("messageId")
    lead = _lead_numbers(once)
    known_us = once["receivedAt"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    kind = once["event"].astype(object).where(once["event"].notna(), once["name"]).astype(object)
    asked = looks["lead_id"].astype(str).str.split("-").str[1].astype(np.int64).to_numpy()
    moment_us = looks["snapshot_us"].to_numpy(np.int64)
    found: dict[str, Any] = {"age": (moment_us - _opened(once, lead, known_us)[asked]) / DAY_US}
    for name, size in kind.value_counts().items():
        if size >= FEWEST and not str(name).startswith(OF_SALES):
            here = (kind == name).to_numpy() & (lead > 0)
            found |= _counts(str(name), lead[here], known_us[here], asked, moment_us)
    return pd.DataFrame(found).join(_traits(once, lead, asked))


def _lead_numbers(once: pd.DataFrame) -> Ints:
    """The number of each event's lead, 0 for strangers: visitor a-00012 is lead L-00012."""
    who = once["userId"].astype(object).where(once["userId"].notna(), once["anonymousId"]).astype(str)
    parts = who.str.split("-", expand=True)
    return np.where(parts[0].isin(["L", "a"]), parts[1].astype(np.int64), 0)


def _opened(once: pd.DataFrame, lead: Ints, known_us: Ints) -> Ints:
    opened = np.zeros(lead.max() + 1, dtype=np.int64)
    first = np.flatnonzero((once["type"] == "identify").to_numpy())[::-1]
    opened[lead[first]] = known_us[first]
    return opened


def _counts(name: str, lead: Ints, known_us: Ints, asked: Ints, moment_us: Ints) -> dict[str, Floats]:
    """How often before each look, by window, and days since the last; leads and moments in one sorted key."""
    start, span = min(known_us.min(), moment_us.min()) - 100 * DAY_US, 10_000 * DAY_US
    keys = np.sort(lead * span + (known_us - start))
    key = asked * span + (moment_us - start)
    until = np.searchsorted(keys, key)
    found = {
        f"{name} {days}d": (until - np.searchsorted(keys, key - days * DAY_US)).astype(np.float64) for days in WINDOWS
    }
    last = keys[np.maximum(until - 1, 0)]
    since = np.where((until > 0) & (last // span == asked), (key - last) / DAY_US, np.nan)
    return found | {f"{name} since": since}


def _traits(once: pd.DataFrame, lead: Ints, asked: Ints) -> pd.DataFrame:
    is_identify = ((once["type"] == "identify") & once["traits"].notna()).to_numpy()
    said = pd.DataFrame([orjson.loads(text) for text in once.loc[is_identify, "traits"]])
    said = said.assign(lead=lead[is_identify]).groupby("lead").first()
    said["seniority"], said["department"] = said["job_title"].map(seniority), said["job_title"].map(department)
    names = [name for name in said if name not in LEFT_OUT]
    read = said.reindex(asked)[names].reset_index(drop=True)
    kinds = {name: "float64" if name in NUMBERS else "category" for name in names}
    return read.astype(kinds)


@dataclass(frozen=True)
class Learned:
    """What the peers learn from: one row per labelled look, its outcome, and its lead."""

    rows: pd.DataFrame
    outcome: Floats
    leads: list[str]

    @property
    def parts(self) -> tuple[Ints, Ints]:
        """Rows of four fifths of the leads, and of the last fifth, on which each peer chooses how much to learn."""
        return lead_folds(self.outcome, self.leads, 7)[0]


def peers(learned: Learned, asked: dict[str, pd.DataFrame]) -> dict[str, dict[str, Floats]]:
    """By peer, what it says of each frame of `asked`: logistic regression, and LightGBM with 8 leaves."""
    whole = pd.concat(asked.values(), ignore_index=True)
    for name in learned.rows.columns[learned.rows.dtypes == "category"]:
        whole[name] = pd.Categorical(whole[name], categories=learned.rows[name].cat.categories)
    said = {"logistic regression": _logistic(learned, whole), "LightGBM": _lightgbm(learned, whole)}
    places = np.cumsum([len(frame) for frame in asked.values()])[:-1]
    return {peer: dict(zip(asked, np.split(values, places), strict=True)) for peer, values in said.items()}


def _lightgbm(learned: Learned, asked: pd.DataFrame) -> Floats:
    """As many trees as serve leads that it did not see; then from all rows."""
    inside, outside = learned.parts
    names = {column: f"f{place}" for place, column in enumerate(learned.rows.columns)}
    rows = learned.rows.rename(columns=names)
    stopping = lightgbm.Dataset(rows.iloc[inside], learned.outcome[inside], free_raw_data=False)
    watched = lightgbm.Dataset(rows.iloc[outside], learned.outcome[outside], reference=stopping)
    stop = [lightgbm.early_stopping(PATIENCE, verbose=False)]
    stopped = lightgbm.train(SETTINGS, stopping, MOST_ROUNDS, valid_sets=[watched], callbacks=stop)
    booster = lightgbm.train(SETTINGS, lightgbm.Dataset(rows, learned.outcome), max(stopped.best_iteration, 1))
    return np.asarray(booster.predict(asked.rename(columns=names), num_threads=1), dtype=float)


def _logistic(learned: Learned, asked: pd.DataFrame) -> Floats:
    """Counts by their logarithm, levels one by one, with the penalty that serves leads that it did not see best."""
    inside, outside = learned.parts
    rows, outcome = _logged(learned.rows), learned.outcome

    def held_out(strength: float) -> float:
        model = _line(rows, strength).fit(rows.iloc[inside], outcome[inside])
        return float(log_loss(outcome[outside], model.predict_proba(rows.iloc[outside])[:, 1]))

    model = _line(rows, min(STRENGTHS, key=held_out)).fit(rows, outcome)
    return np.asarray(model.predict_proba(_logged(asked))[:, 1], dtype=float)


def _line(rows: pd.DataFrame, strength: float) -> Any:
    numbers = list(rows.select_dtypes("number").columns)
    levels = make_pipeline(SimpleImputer(strategy="constant", fill_value=""), OneHotEncoder(handle_unknown="ignore"))
    scaled = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    names = [name for name in rows if name not in numbers]
    columns = ColumnTransformer([("numbers", scaled, numbers), ("levels", levels, names)], sparse_threshold=0.0)
    return make_pipeline(columns, LogisticRegression(C=strength, max_iter=400))


def _logged(columns: pd.DataFrame) -> pd.DataFrame:
    numbers = columns.select_dtypes("number").columns
    read = columns.assign(**{name: np.log1p(columns[name].clip(lower=0)) for name in numbers})
    levels = [name for name in columns if name not in numbers]
    return read.assign(**{name: read[name].astype(object).where(read[name].notna(), "") for name in levels})
