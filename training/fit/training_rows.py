"""The rows that a model is fitted on: a matrix, folds of whole leads, and target encodings that respect the folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import Floats
from training.fit.encoding_counts import CellInput, EncodingCounts, encoding_counts
from training.labels.folds import Fold, lead_folds
from training.model.columns import COMMONNESS, ModelColumn


class FoldRows(NamedTuple):
    """The matrices of one fold: `inside` to fit on, `outside` to judge by. Neither knows an outcome from outside."""

    fold: Fold
    inside: Floats
    outside: Floats


@dataclass(frozen=True)
class TrainingRows:
    """Labelled snapshots as models read them: a matrix (rows, columns), outcomes as 0 and 1, folds of whole leads.

    encoding_counts: by the place of its column, what each column made of cells is computed from. In `matrix` a row's
    encoding comes from the other folds; in the matrices of a fold, from the folds inside alone.
    stated_log_odds: of the conversion rate that the agreement states.
    """

    columns: tuple[ModelColumn, ...]
    matrix: Floats
    outcome: Floats
    leads: npt.NDArray[np.object_]
    folds: tuple[Fold, ...]
    encoding_counts: dict[int, EncodingCounts]
    stated_log_odds: float = 0.0

    @classmethod
    def of(
        cls, rows: pd.DataFrame, columns: Sequence[ModelColumn], made: Sequence[CellInput], stated: float, seed: int
    ) -> TrainingRows:
        """The training rows of labelled snapshots. made: what becomes a column beside those given. stated: log-odds."""
        outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(object)
        folds = tuple(lead_folds(outcome, list(leads), seed))
        plain = [column.encoded(rows) for column in columns]
        counts = [encoding_counts(rows, one, outcome, folds) for one in made]
        matrix = np.column_stack([*plain, *(one.out_of_fold() for one in counts)])
        by_place = {len(columns) + i: one for i, one in enumerate(counts)}
        return cls((*columns, *map(_made_column, counts)), matrix, outcome, leads, folds, by_place, stated)

    @cached_property
    def rows_per_lead(self) -> float:
        return len(self.outcome) / len(set(self.leads))

    def fold_rows(self) -> Iterator[FoldRows]:
        """The matrices of each fold, with the target encodings of both sides computed from inside."""
        for k, (inside, outside) in enumerate(self.folds):
            part = FoldRows((inside, outside), self.matrix[inside], self.matrix[outside])
            for place, one in self.encoding_counts.items():
                part.inside[:, place] = one.out_of_fold((k,))[inside]
                part.outside[:, place] = one.values((k,))[one.code[outside]]
            yield part


def _made_column(one: EncodingCounts) -> ModelColumn:
    """The column of cells. A higher rate may only raise the score: it is what became of these leads.

    How common a pair is is a reason of its own; how common one category is belongs to it.
    """
    name = " and ".join(one.asked.of)
    if not one.asked.is_size:
        return ModelColumn(f"rate of {name}", name, "trait", None, 1).reading(one.encoding())
    group = name.join(COMMONNESS) if len(one.asked.of) > 1 else name
    return ModelColumn(f"size of {name}", group, "trait").reading(one.encoding())
