"""The models of the folds: the same choices fitted without the leads of one fold each; each lead is unseen once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from training.fit.ridge import FoldLines, fit_fold_lines
from training.fit.training_rows import TrainingRows
from training.fit.trees import FoldTrees, fit_fold_trees
from training.model.columns import ModelColumn
from training.model.linear import LinearModel
from training.model.model import Model


@dataclass(frozen=True)
class FoldModels:
    """A line and trees for each fold of some training rows, blended as the model is.

    share: the trees' part of the margin. trees: None where they have no part.
    """

    sample: TrainingRows
    line: FoldLines
    trees: FoldTrees | None
    share: float

    @classmethod
    def like(cls, sample: TrainingRows, seed: int, facts: Mapping[str, Any], share: float) -> FoldModels:
        """Models by choices that were made before: `facts` has the penalty, and the trees' parameters and number."""
        line = fit_fold_lines(sample, [facts["shrinkage"]])
        trees = fit_fold_trees(sample, seed, [facts["trees"]], facts["rounds"]) if share > 0 else None
        return cls(sample, line, trees, share)

    @property
    def out_of_fold(self) -> Floats:
        """Each row's margin, by the model that did not see its lead."""
        if self.trees is None:
            return self.line.out_of_fold
        return self.share * self.trees.out_of_fold + (1 - self.share) * self.line.out_of_fold

    def margins(self, rows: Ints) -> Floats:
        """What the model of each fold says of the same training rows: (folds, rows)."""
        return np.array([self._margin(fold, self._matrix(fold, rows)) for fold in range(len(self.sample.folds))])

    def _margin(self, fold: int, matrix: Floats) -> Floats:
        line = self.line.margin(fold, matrix)
        if self.trees is None or not self.share:
            return line
        return self.share * self.trees.margin(fold, matrix) + (1 - self.share) * line

    def _matrix(self, fold: int, rows: Ints) -> Floats:
        """The rows as the model of a fold reads leads that it has not seen."""
        found = self.sample.matrix[rows].copy()
        for place, counts in self.sample.encoding_counts.items():
            found[:, place] = counts.values((fold,))[counts.code[rows]]
        return found

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The model of each fold, which reads any rows; without a calibrator."""
        return tuple(self._model(fold) for fold in range(len(self.sample.folds)))

    def _model(self, fold: int) -> Model:
        line = LinearModel.of(self.line.terms, self.line.weights[fold])
        text = self.trees.text(fold) if self.trees is not None and self.share > 0 else ""
        return Model(self._columns(fold), text, line, self.share if text else 0.0)

    def _columns(self, fold: int) -> tuple[ModelColumn, ...]:
        """The columns, those made of cells knowing nothing of the fold."""
        counts = self.sample.encoding_counts
        own = {place: counts[place].encoding((fold,)) for place in counts}
        columns = enumerate(self.sample.columns)
        return tuple(column.reading(own[place]) if place in own else column for place, column in columns)
