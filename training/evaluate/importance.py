"""Global importance: how far each behaviour and trait raises and lowers the scores, on average over all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

POINTS = 10 / log(2)  # a contribution in log-odds times this is in points: ten of them double the odds


@dataclass(frozen=True)
class GlobalImportance:
    """One row per behaviour or trait: its mean contributions over all rows, in log-odds."""

    name: str
    label: str
    kind: str  # "behaviour" or "trait"
    raises: float  # mean of its contributions above 0, those below counted as 0
    lowers: float  # mean of its contributions below 0, as a number below 0

    @property
    def strength(self) -> float:
        """The mean size of its contribution, whatever its sign."""
        return self.raises - self.lowers


def global_importances(
    contributions: pd.DataFrame, labels: Mapping[str, str], kinds: Mapping[str, str]
) -> tuple[GlobalImportance, ...]:
    """One per behaviour or trait, the strongest first.

    contributions: one row per snapshot, one column per behaviour or trait, in log-odds (its features added up).
    labels, kinds: by column; a column without a label shows its name, one without a kind is a behaviour.
    """
    importances = [
        GlobalImportance(
            name=str(name),
            label=labels.get(str(name), str(name).replace("_", " ")),
            kind=kinds.get(str(name), "behaviour"),
            raises=_mean(np.maximum(column.to_numpy(dtype=float), 0.0)),
            lowers=_mean(np.minimum(column.to_numpy(dtype=float), 0.0)),
        )
        for name, column in contributions.items()
    ]
    return tuple(sorted(importances, key=lambda one: (-one.strength, one.name)))


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(values.mean()) if len(values) else 0.0
