"""Snapshots: one lead at one moment, and everything that was known of it just before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.agreement import Agreement
from features.behaviour import behaviour_columns
from features.lifecycle import NEVER_LEADS
from features.moments import moments
from features.people import RANKS
from features.recurrence import DAY_US, Floats, Ints, Ragged
from features.store.offline import ragged, states_at
from features.store.repository import Repository
from features.traits import trait_columns


@dataclass(frozen=True)
class States:
    """The states of some leads, as either door of the store gives them: a row each."""

    behaviours: dict[str, Ragged]
    traits: dict[str, Sequence[Any]]

    @classmethod
    def of(cls, table: pa.Table, agreement: Agreement) -> States:
        """The states in the rows of `features.store.offline.states_at`."""
        return cls(
            {name: ragged(table[name]) for name in agreement.behaviours},
            {name: table[name].to_pylist() for name in trait_columns(agreement)},
        )


def snapshot_moments(leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> pd.DataFrame:
    """When each lead is looked at: at arrival and every 7 days while open and not yet with sales.

    leads: as `lifecycle` gives them. returns: lead_id, snapshot_us, is_arrival; sorted by moment.
    An undated export has one snapshot per lead, after everything it says.
    """
    real = leads[~leads["reject_reason"].isin(NEVER_LEADS) & ~leads["is_left_out"]]
    if agreement.outcome.undated:
        looked_at = pd.DataFrame({"lead_id": real["lead_id"], "snapshot_us": real["newest_us"] + 1, "is_arrival": True})
        return looked_at.reset_index(drop=True)
    until = real[["with_sales_us", "closed_us"]].min(axis=1).clip(upper=known_until_us).to_numpy(np.int64)
    opened = real["opened_us"].to_numpy(np.int64)
    rows, moments_us = moments(list(real["lead_id"]), opened, until)
    looked_at = pd.DataFrame(
        {
            "lead_id": real["lead_id"].to_numpy()[rows],
            "snapshot_us": moments_us,
            "is_arrival": moments_us == opened[rows] + 1,
        }
    )
    return looked_at.sort_values(["snapshot_us", "lead_id"], ignore_index=True)


def snapshots(repository: Repository, agreement: Agreement, looked_at: pd.DataFrame) -> pd.DataFrame:
    """The features of each lead at each moment of `looked_at`, which keeps its own columns in front."""
    table = states_at(repository, looked_at)
    known = feature_frame(States.of(table, agreement), looked_at["snapshot_us"].to_numpy(np.int64), agreement)
    return pd.concat([looked_at.reset_index(drop=True), known], axis=1)


def feature_frame(states: States, as_of_us: Ints, agreement: Agreement) -> pd.DataFrame:
    """`feature_columns` as a frame: one row per moment."""
    return pd.DataFrame(feature_columns(states, as_of_us, agreement))


def feature_columns(states: States, as_of_us: Ints, agreement: Agreement) -> dict[str, Any]:
    """The model's view of some states at each row's moment: numbers as floats, categories as text (None: missing).

    The one function of both doors: training and serving see the same numbers by construction.
    """
    with_minutes = [b.name for b in agreement.behaviours.values() if b.minutes or b.event in ("page", "screen")]
    found: dict[str, Any] = dict(
        behaviour_columns(states.behaviours, as_of_us, agreement.half_lives, frozenset(with_minutes))
    )
    found |= {name: _column(states.traits[name], kind, as_of_us) for name, kind in model_traits(agreement).items()}
    if not agreement.outcome.undated:
        opened = np.array([moment or np.nan for moment in states.traits["opened_us"]], dtype=np.float64)
        found["days_open"] = np.maximum(as_of_us - opened, 0.0) / DAY_US
    return found


def model_traits(agreement: Agreement) -> dict[str, str]:
    """The traits that a model can use, with their kinds; a job title is its seniority (ranked) and department."""
    used: dict[str, str] = {name: trait.kind for name, trait in agreement.traits.items() if trait.kind != "text"}
    if "job_title" in agreement.traits:
        used = {"seniority": "rank", "department": "category"} | used
    return used | {"mail_kind": "category"}


def group_of(column: str, agreement: Agreement) -> tuple[str, str]:
    """The behaviour or trait that a feature belongs to, and which of the two: (name, kind)."""
    if column in model_traits(agreement) or column == "days_open":
        return column, "trait"
    stem = column.removeprefix("days_since_first_").removeprefix("days_since_")
    owner = max((name for name in agreement.behaviours if stem == name or stem.startswith(f"{name}_")), key=len)
    return owner, "behaviour"


def _column(values: Sequence[Any], kind: str, as_of_us: Ints) -> Floats | list[Any]:
    if kind == "category":
        return np.array([value if value else None for value in values], dtype=object)
    if kind == "rank":
        values = [None if value is None else RANKS.get(value) for value in values]
    numbers = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    return numbers - as_of_us / DAY_US if kind == "date" else numbers


def as_states(rows: Sequence[Mapping[str, Sequence[float] | Floats | None]], traits: Sequence[Mapping[str, Any]],
              agreement: Agreement) -> States:  # fmt: skip
    """States from single leads' rows, as the online store and what-if requests give them."""
    return States(
        {name: Ragged.of([row.get(name) for row in rows]) for name in agreement.behaviours},
        {name: [known.get(name) for known in traits] for name in trait_columns(agreement)},
    )
