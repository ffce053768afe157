"""The rows that a model is fitted on, parted into folds of whole leads, with target statistics that keep them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import Floats
from training.fit.encoding_counts import EncodingCounts, encoding_counts
from training.labels.folds import Fold, lead_folds
from training.model.columns import ModelColumn


class FoldRows(NamedTuple):
    """One fold: what a model is fitted on and judged by, so that nothing of the outside was seen inside."""

    fold: Fold
    inside: Floats
    outside: Floats


@dataclass(frozen=True)
class TrainingRows:
    """Labelled rows as models read them: (rows, columns), outcomes as 0 and 1, and the folds of their leads.

    counted: by the place of its column, what each target statistic is taken from. In `matrix` a row's statistic comes
    from the other folds; within a part, from the folds inside alone. stated: the agreement's rate, in log-odds.
    """

    columns: tuple[ModelColumn, ...]
    matrix: Floats
    outcome: Floats
    leads: npt.NDArray[np.object_]
    folds: tuple[Fold, ...]
    encoding_counts: dict[int, EncodingCounts]
    stated: float = 0.0

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        columns: Sequence[ModelColumn],
        pairs: Sequence[Sequence[str]],
        stated: float,
        seed: int,
    ) -> TrainingRows:
        """The sample of labelled snapshots; `pairs` names the categories, one or two, whose rates are columns too."""
        outcome, leads = rows["outcome"].to_numpy(np.float64), rows["lead_id"].to_numpy(object)
        folds = tuple(lead_folds(outcome, list(leads), seed))
        plain = [column.encoded(rows) for column in columns]
        counts = [encoding_counts(rows, of, outcome, folds) for of in pairs]
        matrix = np.column_stack([*plain, *(one.out_of_fold() for one in counts)])
        told = {len(columns) + i: one for i, one in enumerate(counts)}
        return cls((*columns, *map(_encoded_column, counts)), matrix, outcome, leads, folds, told, stated)

    @cached_property
    def rows_per_lead(self) -> float:
        return len(self.outcome) / len(set(self.leads))

    def parts(self) -> Iterator[FoldRows]:
        """Each fold, with the statistics of both sides taken from inside."""
        for k, (inside, outside) in enumerate(self.folds):
            part = FoldRows((inside, outside), self.matrix[inside], self.matrix[outside])
            for place, one in self.encoding_counts.items():
                part.inside[:, place] = one.out_of_fold((k,))[inside]
                part.outside[:, place] = one.values((k,))[one.code[outside]]
            yield part


def _encoded_column(one: EncodingCounts) -> ModelColumn:
    """A higher rate may only raise the score: it is what became of these very leads."""
    name = " and ".join(one.of)
    return ModelColumn(f"rate of {name}", name, "trait", None, 1, one.rates())
