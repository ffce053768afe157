"""Rows that nothing was fitted on: what each model said of them, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.comparison import Compared, comparison
from training.tally import Floats, Ints

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Forecasts:
    """One entry per row: the probabilities by model, ours first, the outcome, and the lead as 0 ... leads - 1."""

    said: Mapping[str, Floats]
    outcome: Floats
    lead: Ints

    @classmethod
    def of(cls, said: Mapping[str, Floats], outcome: npt.ArrayLike, lead_id: npt.ArrayLike) -> Forecasts:
        """The rows as they come; lead_id may be anything that tells leads apart."""
        named = np.asarray(lead_id)
        _, lead = np.unique(named if named.dtype.kind in "iu" else named.astype(str), return_inverse=True)
        return cls(said, np.asarray(outcome, dtype=float), lead.astype(np.intp))

    @property
    def ours(self) -> Floats:
        return next(iter(self.said.values()))

    def part(self, rows: Mask) -> Forecasts:
        """Some of the rows; their leads are numbered anew."""
        said = {name: probability[rows] for name, probability in self.said.items()}
        return Forecasts.of(said, self.outcome[rows], self.lead[rows])

    def compared(self, resamples: int, seed: int) -> tuple[Compared, ...]:
        """Every model on these rows, ours first."""
        return comparison(self.said, self.outcome, self.lead, seed=seed, resamples=resamples)
