"""How the strongest behaviours and traits move a score as they change: contributions against values, on real rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from features.behaviour import NEVER
from features.people import RANKS
from training.columns import Column
from training.drivers import Driver
from training.tally import Floats

SHOWN = 6
MOST_STEPS, FEWEST_ROWS = 6, 10  # steps of a number's range; a level that fewer rows have is not drawn
MOST_LEVELS = 8
READABLE = 0.8  # a plain column is taken before a decayed one that explains only a little more


@dataclass(frozen=True)
class Step:
    """The rows with one value, and what it adds to their log-odds: the middle, and where 80 of 100 of them lie."""

    value: str
    rows: int
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Dependence:
    """One behaviour or trait: what is said of its value, and its steps in the order of the value."""

    name: str
    label: str
    axis: str  # "days since the last", "times so far", ...; empty where the values speak for themselves
    steps: tuple[Step, ...]


def dependence(
    rows: pd.DataFrame, contributions: Floats, columns: Sequence[Column], strongest: Sequence[Driver]
) -> tuple[Dependence, ...]:
    """The SHOWN strongest that vary, the strongest first.

    rows: snapshots with their features. contributions: (rows, columns) in log-odds, as `Model.contributions` gives
    them. Of a behaviour, which has many columns, the one is shown that tells its whole contribution best.
    """
    found = []
    for driver in strongest:
        own = [place for place, column in enumerate(columns) if column.group == driver.name]
        added = contributions[:, own].sum(axis=1)
        steps = {columns[place].name: _steps(rows[columns[place].name], columns[place], added) for place in own}
        told = {name: _told(step, added) for name, step in steps.items() if len(step) > 1}
        if told:
            best = max(told, key=lambda name: (told[name] * (1 if _is_plain(name) else READABLE), name))
            found.append(Dependence(driver.name, driver.label, _axis(best), _drawn(steps[best], added)))
        if len(found) == SHOWN:
            break
    return tuple(found)


def _steps(values: pd.Series, column: Column, added: Floats) -> dict[str, Floats]:
    named = _levels(values) if column.levels is not None else _bands(values.to_numpy(dtype=float), column.name)
    return {name: where for name, where in named.items() if len(where) >= FEWEST_ROWS}


def _levels(values: pd.Series) -> dict[str, Floats]:
    """A category's levels, the most frequent first, then the rest together and the unknown."""
    said = values.to_numpy(dtype=object)
    missing = np.array([value is None or value == "" or value != value for value in said])
    counts = pd.Series(said[~missing]).astype(str).value_counts()
    text = np.array([str(value) for value in said], dtype=object)
    common = list(counts.index[:MOST_LEVELS])
    found = {level: np.flatnonzero(~missing & (text == level)) for level in common}
    found["all others"] = np.flatnonzero(~missing & ~np.isin(text, common))
    return found | {"unknown": np.flatnonzero(missing)}


def _bands(values: Floats, name: str) -> dict[str, Floats]:
    """A number's range in steps that hold about as many rows each; never and unknown stand alone."""
    never, missing = values == NEVER, np.isnan(values)
    real = ~never & ~missing
    if name == "seniority":
        named = {rank.replace("_", " "): np.flatnonzero(values == place) for rank, place in RANKS.items()}
    elif set(np.unique(values[real])) <= {0.0, 1.0} and _is_plain(name) and "_count" not in name:
        named = {"no": np.flatnonzero(values == 0), "yes": np.flatnonzero(values == 1)}
    else:
        named = _quantiles(values, real)
    return named | {"never": np.flatnonzero(never), "unknown": np.flatnonzero(missing)}


def _quantiles(values: Floats, real: np.ndarray) -> dict[str, Floats]:
    """None of it (0) stands alone; the rest is cut where it parts the rows about evenly, at numbers of two digits."""
    named = {"0": np.flatnonzero(real & (values == 0))} if (values[real] == 0).any() else {}
    rest = real & (values != 0)
    if not rest.any():
        return named
    is_whole = bool((values[rest] == np.round(values[rest])).all())
    cuts = np.quantile(values[rest], np.linspace(0, 1, MOST_STEPS + 1))
    edges = np.unique([np.floor(cut) if is_whole and abs(cut) < 100 else _two_digits(cut) for cut in cuts])
    if len(edges) < 2:
        return named | {f"{edges[0]:,g}": np.flatnonzero(rest)}
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 1)
    # The largest value is an edge itself and belongs to the last step.
    place = np.minimum(place, len(edges) - 2)
    for step, (low, high) in enumerate(pairwise(edges)):
        named[_between(low, high, is_whole, step == len(edges) - 2)] = np.flatnonzero(rest & (place == step))
    return named


def _two_digits(value: float) -> float:
    """Rounded down, so that a step begins where its name says."""
    size = 10.0 ** np.floor(np.log10(abs(value)) - 1) if value else 1.0
    return float(np.floor(value / size + 1e-9) * size)


def _between(low: float, high: float, is_whole: bool, is_last: bool) -> str:
    if is_last:
        return f"{low:,g} and more"
    if is_whole:
        return f"{low:,g}" if high - low <= 1 else f"{low:,g} to {high - 1:,g}"
    return f"{low:,g} to {high:,g}"


def _told(steps: Mapping[str, Floats], added: Floats) -> float:
    """The part of the contribution's variance that lies between the steps."""
    total = float(((added - added.mean()) ** 2).sum())
    between = sum(len(rows) * float(added[rows].mean() - added.mean()) ** 2 for rows in steps.values())
    return between / total if total > 0 else 0.0


def _drawn(steps: Mapping[str, Floats], added: Floats) -> tuple[Step, ...]:
    return tuple(
        Step(value, len(rows), *np.quantile(added[rows], [0.1, 0.5, 0.9]).tolist()) for value, rows in steps.items()
    )


def _is_plain(name: str) -> bool:
    """Whether people count so: a total, or days; no decayed sum."""
    return not re.search(r"_hl[\d.e+]+d$", name)


def _axis(name: str) -> str:
    """What a behaviour's column counts, in words."""
    whose = " by colleagues" if name.startswith(("account_", "days_since_account_")) else ""
    what = "minutes" if "_minutes_" in name else "times"
    if decayed := re.search(r"_hl([\d.e+]+)d$", name):
        return f"{what}{whose}, each worth half after {float(decayed[1]):g} days"
    if name.startswith("days_since_first_"):
        return "days since the first time"
    if name.startswith("days_since_"):
        return f"days since the last time{whose}"
    return f"{what}{whose} so far" if name.endswith("_total") else ""
