"""The point-in-time join: from a lead and a moment to the features that were known just before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.agreement.agreement import Agreement
from features.agreement.criteria import clause_names, criterion_kind, single_clause_name
from features.arrays import DAY_US, Floats, Ints, Ragged
from features.behaviour.columns import account_rest_columns, behaviour_columns
from features.snapshots.criteria_columns import PREFIX, criteria_columns
from features.store.feast_views import FeastRepository
from features.store.offline import ragged, states_at
from features.traits.history import trait_columns
from features.traits.job_title import RANKS


@dataclass(frozen=True)
class LeadStates:
    """One row per lead and moment: its states, as the offline store, the online store or a what-if gives them."""

    behaviours: dict[str, Ragged]
    traits: dict[str, Sequence[Any]]
    account: dict[str, Ragged]  # what all leads of the lead's account did; an empty row for a lead without one

    @classmethod
    def of(cls, table: pa.Table, agreement: Agreement) -> LeadStates:
        """The states in the rows of `features.store.offline.states_at`."""
        return cls(
            {name: ragged(table[name]) for name in agreement.behaviours},
            {name: table[name].to_pylist() for name in trait_columns(agreement)},
            {name: ragged(table[f"account_{name}"]) for name in agreement.behaviours},
        )


def snapshot_features(repository: FeastRepository, agreement: Agreement, schedule: pd.DataFrame) -> pd.DataFrame:
    """One row per snapshot: the columns of `schedule`, then the features that were known just before `snapshot_us`.

    A webinar of May 3 that was recorded on May 6 counts in a snapshot of May 7, and not in one of May 5.

    schedule: lead_id and snapshot_us, and any other columns.
    """
    table = states_at(repository, schedule)
    known = feature_frame(LeadStates.of(table, agreement), schedule["snapshot_us"].to_numpy(np.int64), agreement)
    return pd.concat([schedule.reset_index(drop=True), known], axis=1)


def feature_frame(states: LeadStates, as_of_us: Ints, agreement: Agreement) -> pd.DataFrame:
    """`feature_columns` as a frame: one row per moment."""
    return pd.DataFrame(feature_columns(states, as_of_us, agreement))


def without_unlearned(frame: pd.DataFrame, agreement: Agreement) -> pd.DataFrame:
    """The frame without the columns that no model learns from: unlearned traits, and criteria that ask for one."""
    asking = (PREFIX + name for name in agreement.criteria if clause_names(agreement, name) & agreement.unlearned)
    return frame.drop(columns=[*agreement.unlearned, *asking], errors="ignore")


def feature_columns(
    states: LeadStates, as_of_us: Ints, agreement: Agreement, with_criteria: bool = True
) -> dict[str, Any]:
    """The model's view of some states at each row's moment: numbers as floats, categories as text (None: missing).

    Training and serving both call this function, so both see the same numbers.
    with_criteria: whether to add the points of the criteria; only a model of few outcomes reads them.
    """
    timed = frozenset(b.name for b in agreement.behaviours.values() if b.has_minutes)
    found: dict[str, Any] = dict(behaviour_columns(states.behaviours, as_of_us, agreement.half_lives, timed))
    found |= account_rest_columns(states.behaviours, states.account, as_of_us, agreement.half_lives)
    found |= {name: _column(states.traits[name], kind, as_of_us) for name, kind in model_traits(agreement).items()}
    if not agreement.outcome.undated:
        opened = np.array([moment or np.nan for moment in states.traits["opened_us"]], dtype=np.float64)
        found["days_open"] = np.maximum(as_of_us - opened, 0.0) / DAY_US
    if with_criteria:
        found |= criteria_columns(states.behaviours, states.traits, as_of_us, agreement)
    return found


def model_traits(agreement: Agreement) -> dict[str, str]:
    """The traits that a model can use, with their kinds; a job title becomes a seniority (ranked) and a department."""
    traits = agreement.traits.items()
    used: dict[str, str] = {name: trait.kind for name, trait in traits if trait.kind != "text" and trait.learned}
    if "job_title" in agreement.traits and agreement.traits["job_title"].learned:
        used = {"seniority": "rank", "department": "category"} | used
    return used | {"mail_kind": "category"}


def column_kinds(agreement: Agreement) -> dict[str, str]:
    """The columns that are no behaviour's, with their kinds: `model_traits`, and a training frame's own columns."""
    return model_traits(agreement) | agreement.own_columns


def feature_group(column: str, agreement: Agreement) -> tuple[str, str]:
    """The behaviour or trait that a feature belongs to, and its kind, "behaviour" or "trait"; a criterion has either.

    "pricing_page_minutes_hl7d" belongs to ("pricing_page", "behaviour"), "employees" to ("employees", "trait").
    """
    if column.startswith(PREFIX):
        name = column.removeprefix(PREFIX)
        asked = single_clause_name(agreement, name)
        is_used = asked in model_traits(agreement) or asked in agreement.behaviours
        # The points for a seniority are a reason about the seniority.
        return (asked if asked and is_used else name), criterion_kind(agreement, name)
    if column in column_kinds(agreement) or column == "days_open":
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
    """States from the rows of single leads, as the online store, the ledger and what-if requests give them.

    accounts: per lead, what all leads of its account did; None for a lead without an account, or for all leads.
    """
    if accounts is None:
        shared = dict.fromkeys(agreement.behaviours, Ragged.of([None] * len(rows)))
    else:
        shared = _by_behaviour([{} if account is None else account for account in accounts], agreement)
    known: dict[str, Sequence[Any]] = {name: [lead.get(name) for lead in traits] for name in trait_columns(agreement)}
    return LeadStates(_by_behaviour(rows, agreement), known, shared)


def _by_behaviour(
    rows: Sequence[Mapping[str, Sequence[float] | Floats | None]], agreement: Agreement
) -> dict[str, Ragged]:
    columns = [[row.get(name) for row in rows] for name in agreement.behaviours]
    return dict(zip(agreement.behaviours, Ragged.each(columns), strict=True))
