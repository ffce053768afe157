"""Snapshots: one lead at one moment, and everything that was known of it just before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.agreement.agreement import Agreement
from features.agreement.criteria import criterion_kind, single_clause_name
from features.arrays import DAY_US, Floats, Ints, Ragged
from features.behaviour.columns import account_rest_columns, behaviour_columns
from features.snapshots.criteria_columns import PREFIX, criteria_columns
from features.store.feast_views import FeastRepository
from features.store.offline import ragged, states_at
from features.traits.history import trait_columns
from features.traits.job_title import RANKS


@dataclass(frozen=True)
class LeadStates:
    """The states of some leads, as either door of the store gives them: a row each."""

    behaviours: dict[str, Ragged]
    traits: dict[str, Sequence[Any]]
    account: dict[str, Ragged]  # what all leads of the lead's account did; empty rows where it has none

    @classmethod
    def of(cls, table: pa.Table, agreement: Agreement) -> LeadStates:
        """The states in the rows of `features.store.offline.states_at`."""
        return cls(
            {name: ragged(table[name]) for name in agreement.behaviours},
            {name: table[name].to_pylist() for name in trait_columns(agreement)},
            {name: ragged(table[f"account_{name}"]) for name in agreement.behaviours},
        )


def snapshot_features(repository: FeastRepository, agreement: Agreement, looked_at: pd.DataFrame) -> pd.DataFrame:
    """The features of each lead at each moment of `looked_at`, which keeps its own columns in front."""
    table = states_at(repository, looked_at)
    known = feature_frame(LeadStates.of(table, agreement), looked_at["snapshot_us"].to_numpy(np.int64), agreement)
    return pd.concat([looked_at.reset_index(drop=True), known], axis=1)


def feature_frame(states: LeadStates, as_of_us: Ints, agreement: Agreement) -> pd.DataFrame:
    """`feature_columns` as a frame: one row per moment."""
    return pd.DataFrame(feature_columns(states, as_of_us, agreement))


def feature_columns(
    states: LeadStates, as_of_us: Ints, agreement: Agreement, with_criteria: bool = True
) -> dict[str, Any]:
    """The model's view of some states at each row's moment: numbers as floats, categories as text (None: missing).

    The one function of both doors: training and serving see the same numbers by construction.
    with_criteria: whether the criteria's points are asked for; only a model of few outcomes reads them.
    """
    with_minutes = [b.name for b in agreement.behaviours.values() if b.minutes or b.event in ("page", "screen")]
    found: dict[str, Any] = dict(
        behaviour_columns(states.behaviours, as_of_us, agreement.half_lives, frozenset(with_minutes))
    )
    found |= account_rest_columns(states.behaviours, states.account, as_of_us, agreement.half_lives)
    found |= {name: _column(states.traits[name], kind, as_of_us) for name, kind in model_traits(agreement).items()}
    if not agreement.outcome.undated:
        opened = np.array([moment or np.nan for moment in states.traits["opened_us"]], dtype=np.float64)
        found["days_open"] = np.maximum(as_of_us - opened, 0.0) / DAY_US
    if with_criteria:
        found |= criteria_columns(states.behaviours, states.traits, as_of_us, agreement)
    return found


def model_traits(agreement: Agreement) -> dict[str, str]:
    """The traits that a model can use, with their kinds; a job title is its seniority (ranked) and department."""
    used: dict[str, str] = {name: trait.kind for name, trait in agreement.traits.items() if trait.kind != "text"}
    if "job_title" in agreement.traits:
        used = {"seniority": "rank", "department": "category"} | used
    return used | {"mail_kind": "category"}


def feature_group(column: str, agreement: Agreement) -> tuple[str, str]:
    """The behaviour or trait that a feature belongs to, and which of the two: (name, kind); a criterion is either."""
    if column.startswith(PREFIX):
        name = column.removeprefix(PREFIX)
        asked = single_clause_name(agreement, name)
        is_told = asked in model_traits(agreement) or asked in agreement.behaviours
        # The points for a seniority are a reason about the seniority.
        return (asked if asked and is_told else name), criterion_kind(agreement, name)
    if column in model_traits(agreement) or column == "days_open":
        return column, "trait"
    stem = column.removeprefix("days_since_first_").removeprefix("days_since_")
    # What colleagues did belongs to the behaviour that they showed.
    stems = (stem, stem.removeprefix("account_"))
    owners = (name for name in agreement.behaviours for s in stems if s == name or s.startswith(f"{name}_"))
    return max(owners, key=len), "behaviour"


def _column(values: Sequence[Any], kind: str, as_of_us: Ints) -> Floats | list[Any]:
    if kind == "category":
        return np.array([value if value else None for value in values], dtype=object)
    if kind == "rank":
        values = [None if value is None else RANKS.get(value) for value in values]
    numbers = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    return numbers - as_of_us / DAY_US if kind == "date" else numbers


def lead_states(
    rows: Sequence[Mapping[str, Sequence[float] | Floats | None]],
    traits: Sequence[Mapping[str, Any]],
    agreement: Agreement,
    accounts: Sequence[Mapping[str, Sequence[float] | Floats | None] | None] | None = None,
) -> LeadStates:
    """States from single leads' rows, as the online store, the ledger and what-if requests give them.

    accounts: of each lead what all of its account did; None for one without an account, or for all.
    """
    shared = None if accounts is None else [{} if account is None else account for account in accounts]
    return LeadStates(
        _by_behaviour(rows, agreement),
        {name: [known.get(name) for known in traits] for name in trait_columns(agreement)},
        dict.fromkeys(agreement.behaviours, Ragged.of([None] * len(rows)))
        if shared is None
        else _by_behaviour(shared, agreement),
    )


def _by_behaviour(
    rows: Sequence[Mapping[str, Sequence[float] | Floats | None]], agreement: Agreement
) -> dict[str, Ragged]:
    columns = [[row.get(name) for row in rows] for name in agreement.behaviours]
    return dict(zip(agreement.behaviours, Ragged.each(columns), strict=True))
