"""What moves the scores of all leads together: the contributions of each behaviour and trait, summed up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

POINTS = 10 / log(2)  # a contribution in log-odds times this is in points: ten of them double the odds


@dataclass(frozen=True)
class Driver:
    """One behaviour or trait over all rows, in log-odds."""

    name: str
    label: str
    kind: str  # "behaviour" or "trait"
    raises: float  # mean of its contributions above 0, those below counted as 0
    lowers: float  # mean of its contributions below 0, as a number below 0

    @property
    def strength(self) -> float:
        """The mean size of its contribution, whatever its sign."""
        return self.raises - self.lowers


def drivers(contributions: pd.DataFrame, labels: Mapping[str, str], kinds: Mapping[str, str]) -> tuple[Driver, ...]:
    """The strongest first.

    contributions: one row per snapshot, one column per behaviour or trait, in log-odds (its features added up).
    labels, kinds: by column; a column without a label shows its name, one without a kind is a behaviour.
    """
    found = [
        Driver(
            name=str(name),
            label=labels.get(str(name), str(name).replace("_", " ")),
            kind=kinds.get(str(name), "behaviour"),
            raises=_mean(np.maximum(column.to_numpy(dtype=float), 0.0)),
            lowers=_mean(np.minimum(column.to_numpy(dtype=float), 0.0)),
        )
        for name, column in contributions.items()
    ]
    return tuple(sorted(found, key=lambda driver: (-driver.strength, driver.name)))


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(values.mean()) if len(values) else 0.0
