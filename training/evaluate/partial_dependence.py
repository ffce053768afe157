"""Partial dependence: what each value of the strongest behaviours and traits adds to a score, over real rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import Floats, Ints
from features.behaviour.columns import NEVER
from features.traits.job_title import RANKS
from training.evaluate.importance import GlobalImportance
from training.model.columns import ModelColumn

SHOWN_DEPENDENCES = 6
MOST_STEPS, FEWEST_ROWS = 6, 10  # steps of a number's range; a level that fewer rows have is not drawn
MOST_LEVELS = 8
# Behaviours are counted as people count them, whatever decayed sums the model reads.
COUNTS, DAYS, MINUTES = (0, 1, 2, 3, 5, 10, 20), (0, 1, 7, 14, 30, 90, 180, 365), (0, 1, 5, 15, 60, 240)


@dataclass(frozen=True)
class DependenceStep:
    """One row per value: what it adds to the log-odds of the rows that have it, by the middle and the middle 80 %."""

    value: str
    rows: int
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class PartialDependence:
    """One behaviour or trait: its steps in the order of its values, and what the values count."""

    name: str
    label: str
    axis: str  # "days since the last", "times so far", ...; empty where the values speak for themselves
    steps: tuple[DependenceStep, ...]


def partial_dependence(
    rows: pd.DataFrame, contributions: Floats, columns: Sequence[ModelColumn], strongest: Sequence[GlobalImportance]
) -> tuple[PartialDependence, ...]:
    """One per behaviour or trait, for the SHOWN_DEPENDENCES strongest of those that vary, the strongest first.

    rows: snapshots with their features. contributions: (rows, columns) in log-odds, as `Model.contributions` gives
    them. The model reads a behaviour in many columns: shown is the count, sum of minutes or days since that explains
    most of its contribution.
    """
    found = []
    for driver in strongest:
        own = [place for place, column in enumerate(columns) if column.group == driver.name]
        added = contributions[:, own].sum(axis=1)
        steps = {axis: _steps(rows, name, axis) for axis, name in _axes(driver).items() if name in rows}
        explained = {axis: _explained_share(step, added) for axis, step in steps.items() if len(step) > 1}
        if explained:
            best = max(explained, key=lambda axis: (explained[axis], axis))
            found.append(PartialDependence(driver.name, driver.label, best, _dependence_steps(steps[best], added)))
        if len(found) == SHOWN_DEPENDENCES:
            break
    return tuple(found)


def _axes(driver: GlobalImportance) -> dict[str, str]:
    """What the values count, and the column that holds them; a trait's values count nothing."""
    if driver.kind == "trait":
        return {"days" if driver.name == "days_open" else "": driver.name}
    return {
        "times so far": f"{driver.name}_count_total",
        "minutes so far": f"{driver.name}_minutes_total",
        "days since the last time": f"days_since_{driver.name}",
    }


def _steps(rows: pd.DataFrame, name: str, axis: str) -> dict[str, Ints]:
    values = rows[name]
    if not pd.api.types.is_numeric_dtype(values):
        named = _levels(values)
    elif axis:
        edges = COUNTS if axis.startswith("times") else MINUTES if axis.startswith("minutes") else DAYS
        named = _bands(values.to_numpy(dtype=float), edges, is_whole=axis.startswith("times"))
    else:
        named = _numbers(values.to_numpy(dtype=float), name)
    return {level: where for level, where in named.items() if len(where) >= FEWEST_ROWS}


def _levels(values: pd.Series) -> dict[str, Ints]:
    """A category's levels, the most frequent first, then the rest together and the unknown."""
    text = np.array([None if pd.isna(value) or value == "" else str(value) for value in values], dtype=object)
    missing = np.array([value is None for value in text])
    common = list(pd.Series(text[~missing]).value_counts().index[:MOST_LEVELS])
    found = {str(level): np.flatnonzero(text == level) for level in common}
    found["all others"] = np.flatnonzero(~missing & ~np.isin(text.astype(str), common))
    return found | {"unknown": np.flatnonzero(missing)}


def _bands(values: Floats, edges: Sequence[float], is_whole: bool) -> dict[str, Ints]:
    """Counts, days or minutes between fixed edges; "none" and "never" are steps of their own."""
    never, none = values == NEVER, (values == 0) & (is_whole or edges is MINUTES)
    place = np.searchsorted(edges, values, side="right") - 1
    named = {"none": np.flatnonzero(none)}
    for step, (low, high) in enumerate(pairwise([*edges, np.inf])):
        named[_between(low, high, is_whole)] = np.flatnonzero((place == step) & ~never & ~none)
    return named | {"never": np.flatnonzero(never)}


def _numbers(values: Floats, name: str) -> dict[str, Ints]:
    """A number of a trait: seniority by name, yes and no, else its range in steps of about equally many rows."""
    missing = np.isnan(values)
    if name == "seniority":
        named = {rank.replace("_", " "): np.flatnonzero(values == place) for rank, place in RANKS.items()}
    elif set(np.unique(values[~missing])) <= {0.0, 1.0}:
        named = {"no": np.flatnonzero(values == 0), "yes": np.flatnonzero(values == 1)}
    else:
        named = _quantiles(values, ~missing)
    return named | {"unknown": np.flatnonzero(missing)}


def _quantiles(values: Floats, known: npt.NDArray[np.bool_]) -> dict[str, Ints]:
    """Steps of about equally many rows each, cut at numbers of two digits."""
    cuts = np.quantile(values[known], np.linspace(0, 1, MOST_STEPS + 1)[:-1]) if known.any() else np.empty(0)
    is_whole = bool((values[known] == np.round(values[known])).all())
    edges = np.unique([np.floor(cut) if is_whole and abs(cut) < 100 else _two_digits(cut) for cut in cuts])
    place = np.searchsorted(edges, values, side="right") - 1
    return {
        _between(low, high, is_whole): np.flatnonzero(known & (place == step))
        for step, (low, high) in enumerate(pairwise([*edges, np.inf]))
    }


def _two_digits(value: float) -> float:
    """Rounded down, so that a step begins where its name says."""
    size = 10.0 ** np.floor(np.log10(abs(value)) - 1) if value else 1.0
    return float(np.floor(value / size + 1e-9) * size)


def _between(low: float, high: float, is_whole: bool) -> str:
    if high == np.inf:
        return f"{low:,g} and more"
    if is_whole:
        return f"{low:,g}" if high - low <= 1 else f"{low:,g} to {high - 1:,g}"
    return f"{low:,g} to {high:,g}" if low else f"under {high:,g}"


def _explained_share(steps: Mapping[str, Ints], added: Floats) -> float:
    """The part of the variance of the contribution that lies between the steps."""
    total = float(((added - added.mean()) ** 2).sum())
    between = sum(len(rows) * float(added[rows].mean() - added.mean()) ** 2 for rows in steps.values())
    return between / total if total > 0 else 0.0


def _dependence_steps(steps: Mapping[str, Ints], added: Floats) -> tuple[DependenceStep, ...]:
    return tuple(
        DependenceStep(value, len(rows), *np.quantile(added[rows], [0.1, 0.5, 0.9]).tolist())
        for value, rows in steps.items()
    )
