"""A model's inputs: each column of the feature frame, whom it belongs to, and how it is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.recurrence import Floats

NOT_FEATURES = ["lead_id", "snapshot_us", "is_arrival", "outcome"]  # of a labelled snapshot, beside its features
OTHER = "(other)"  # a level too rare to learn from, or one never seen


@dataclass(frozen=True)
class Column:
    """One input: its name, the behaviour or trait it belongs to, and, for a category, its levels.

    direction: +1 where more may only raise the score, -1 where it may only lower it, 0 where the agreement is silent.
    """

    name: str
    group: str
    kind: str  # behaviour or trait
    levels: tuple[str, ...] | None = None
    direction: int = 0

    @property
    def is_lifetime(self) -> bool:
        """Whether it counts from the beginning: how long ago a lead began, and all that it ever did."""
        if self.kind != "behaviour":
            return self.name == "days_open"
        return self.name.startswith("days_since_first_") or self.name.endswith("_total")

    @cached_property
    def is_account(self) -> bool:
        """Whether it counts what the other leads of the account did."""
        return self.name.startswith((f"account_{self.group}_", f"days_since_account_{self.group}"))

    def encoded(self, values: Any) -> Floats:
        """The column as models read it: numbers as they are, levels as positions, missing as NaN."""
        if self.levels is None:
            return np.asarray(values, dtype=np.float64)
        place, other = self._places
        said = np.asarray(values)
        return np.array([np.nan if _missing(v) else place.get(str(v), other) for v in said], dtype=np.float64)

    @cached_property
    def _places(self) -> tuple[dict[str, float], float]:
        place = {level: float(i) for i, level in enumerate(self.levels or ())}
        return place, place.get(OTHER, np.nan)


def _missing(value: Any) -> bool:
    return value is None or value == "" or value != value
