"""The columns of a model: whom each belongs to, and how its values are encoded as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats
from features.snapshots.criteria_columns import PREFIX
from training.model.target_encoding import MANY, CellSizes, TargetEncoding

AGE = "days_open"  # how long a lead is known: counted here, filled in by nobody
OTHER = "(other)"  # a level too rare to learn from, or one never seen
COMMONNESS = ("how common ", " is")  # around a pair's name: what a model reads of the size of its cells


@dataclass(frozen=True)
class PointPrior:
    """The prior of a criterion's points: what one point is worth, and how many points the average lead has."""

    worth: float  # log-odds
    average: float


@dataclass(frozen=True)
class ModelColumn:
    """One column of a model: its name, the behaviour or trait that it belongs to, and, for a category, its levels.

    direction: +1 where a higher value may only raise the score, -1 where it may only lower it, 0 where both may be.
    believed: the prior, for the points of a criterion. rates, sizes: the target encoding, or how common each cell is,
    for a column that is none of the feature frame but is made from one or two of its categories.
    """

    name: str
    group: str
    kind: str  # behaviour or trait
    levels: tuple[str, ...] | None = None
    direction: int = 0
    rates: TargetEncoding | None = None
    believed: PointPrior | None = None
    sizes: CellSizes | None = None

    @classmethod
    def of_json(cls, written: Mapping[str, Any]) -> ModelColumn:
        """The column that `dataclasses.asdict` wrote."""
        read: dict[str, Callable[[Any], Any]] = {
            "levels": tuple, "rates": TargetEncoding.of_json, "sizes": CellSizes.of_json, "believed": _prior,
        }  # fmt: skip
        found = {name: made(written[name]) if written.get(name) else None for name, made in read.items()}
        return cls(**{**written, **found})

    @property
    def made_of(self) -> TargetEncoding | CellSizes | None:
        """What it is made of, for a column that is none of the feature frame."""
        return self.rates or self.sizes

    def reading(self, cells: TargetEncoding | CellSizes) -> ModelColumn:
        """This column, made of these cells."""
        return replace(self, sizes=cells) if isinstance(cells, CellSizes) else replace(self, rates=cells)

    @property
    def is_lifetime(self) -> bool:
        """Whether it covers the lead's whole life: how long ago something was first done, or all that was ever done."""
        if self.kind != "behaviour" or self.is_criterion:
            return self.is_age
        return self.name.startswith("days_since_first_") or self.name.endswith("_total")

    @property
    def is_age(self) -> bool:
        """Whether it is how long the lead is known."""
        return self.name == AGE

    @property
    def is_criterion(self) -> bool:
        """Whether it holds the points of a criterion of the agreement."""
        return self.name.startswith(PREFIX)

    @cached_property
    def is_account(self) -> bool:
        """Whether it counts what the other leads of the account did."""
        return self.name.startswith((f"account_{self.group}_", f"days_since_account_{self.group}"))

    def encoded(self, known: pd.DataFrame | Mapping[str, Any]) -> Floats:
        """The column as models read it: numbers as they are, levels as positions or encodings, missing as NaN."""
        if self.made_of is not None:
            return self.made_of.encoded(known)
        if self.levels is None:
            return np.asarray(known[self.name], dtype=np.float64)
        place, other = self._places
        values = np.asarray(known[self.name])
        if len(values) < MANY:
            return np.array([np.nan if _missing(v) else place.get(str(v), other) for v in values], dtype=np.float64)
        code, different = pd.factorize(values)  # -1 is a missing value, and takes the last
        found = [np.nan if _missing(v) else place.get(str(v), other) for v in different]
        return np.array([*found, np.nan], dtype=np.float64)[code]

    @cached_property
    def _places(self) -> tuple[dict[str, float], float]:
        place = {level: float(i) for i, level in enumerate(self.levels or ())}
        return place, place.get(OTHER, np.nan)


def _prior(written: Mapping[str, Any]) -> PointPrior:
    return PointPrior(**written)


def _missing(value: Any) -> bool:
    return value is None or value == "" or value != value
