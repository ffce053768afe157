"""Columns that a data scientist would make by hand from the simulated market's events, for the peers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from features.arrays import DAY_US
from training.evaluate.baselines import logistic_regression

Ints = npt.NDArray[np.int64]
WINDOWS = (7, 30, 90)
NUMBERS = ("employees", "seats", "tools")
FEWEST = 30  # events of a kind, to be counted
OF_SALES = ("Call", "Email Sent", "Meeting", "Opportunity", "Lead ")
ROUNDS, LEAVES = 200, 8


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


def _counts(name: str, lead: Ints, known_us: Ints, asked: Ints, moment_us: Ints) -> dict[str, npt.NDArray[np.float64]]:
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
    names = [name for name in said if name not in ("email", "first_name", "last_name", "company", "timeframe")]
    read = said.reindex(asked)[names].reset_index(drop=True)
    kinds = {name: "float64" if name in NUMBERS else "category" for name in names}
    return read.astype(kinds)


def peers(train: pd.DataFrame, outcome: npt.NDArray[np.float64], asked: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """By peer, what it says of each frame of `asked`: logistic regression, and LightGBM with 8 leaves."""
    import lightgbm

    whole = pd.concat(asked.values(), ignore_index=True)
    for name in train.columns[train.dtypes == "category"]:
        whole[name] = pd.Categorical(whole[name], categories=train[name].cat.categories)
    names = {column: f"f{place}" for place, column in enumerate(train.columns)}
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "seed": 7,
                "learning_rate": 0.05, "num_leaves": LEAVES, "min_data_in_leaf": 50}  # fmt: skip
    rows = lightgbm.Dataset(train.rename(columns=names), outcome)
    booster = lightgbm.train(settings, rows, ROUNDS)
    said = {
        "logistic regression": logistic_regression(_logged(train), outcome, _logged(whole)),
        "LightGBM": np.asarray(booster.predict(whole.rename(columns=names), num_threads=1), dtype=float),
    }
    places = np.cumsum([len(frame) for frame in asked.values()])[:-1]
    return {peer: dict(zip(asked, np.split(values, places), strict=True)) for peer, values in said.items()}


def _logged(columns: pd.DataFrame) -> pd.DataFrame:
    numbers = columns.select_dtypes("number").columns
    return columns.assign(**{name: np.log1p(columns[name].clip(lower=0)) for name in numbers})
