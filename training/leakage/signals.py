"""Signs that a field gives the answer away: known only after contact, or made from the outcome.

Correlation alone misleads both ways: an honest field may be strong, and one that a rep fills in only for leads that go
well may look weak. So each field is asked several questions, and a person decides.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import lightgbm
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from features.arrays import Bools, Floats
from features.home.dates import DayOrMonth, parsed_date
from features.imports.columns import boolean, map_distinct
from training.leakage.column_profiles import MOST_LEVELS, ColumnProfile

# An honest field that alone tells 85 of 100 pairs apart would leave sales nothing to do.
TELLS_ALONE = 0.85
# Less alone, but nothing else in the file stands in for it: the duration of the very call, the value of the very order.
TELLS_MUCH, IS_MISSED = 0.75, 0.10
# How far the mere fact that a cell is empty may follow the outcome, as AUC: to say so, and to suspect.
EMPTINESS_TELLS, EMPTINESS_GIVES_AWAY = 0.55, 0.60
EMPTINESS_IS_ALL = 0.80  # then not even a question to the lead excuses it
ONLY_FOR_ONE = 0.005  # filled for so few of the one kind, it is filled in because of what became of the other
OFTEN = 0.1  # of the leads of one kind, at least, say what none of the other does
_NOT_BY_CHANCE = 7.0  # so many leads were to be expected to have what none has
FEWEST = 20  # of each outcome; with fewer an AUC is an accident
_FOLDS, _ROUNDS = 3, 60
_MOST_ROWS, _MOST_CELLS = 10_000, 1_000_000  # that the triage fits; more would cost a stranger's patience
_TREES = {
    "objective": "binary", "num_leaves": 8, "learning_rate": 0.15, "min_data_in_leaf": 20, "cat_smooth": 20,
    "min_data_per_group": 20, "max_bin": 63, "verbose": -1, "seed": 0, "deterministic": True, "force_row_wise": True,
    "num_threads": 1,  # the fits are small, and go side by side
}  # fmt: skip


@dataclass(frozen=True)
class LeakSignals:
    """What the rows tell of one field. AUCs are cross-fitted; None where there are too few outcomes."""

    alone: float | None = None  # AUC of a model of this field alone
    error: float = 0.0  # its standard error, were it to tell nothing
    emptiness: float = 0.5  # AUC of the mere fact that it is empty
    filled_won: float = 0.0  # share of the converted for which it is filled
    filled_lost: float = 0.0
    said_won: float = 0.0  # share of the converted for which it says more than no or 0
    said_lost: float = 0.0
    won: int = 0  # how many converted
    lost: int = 0  # and how many did not
    added_auc: float | None = None  # AUC of the kept fields with it, minus without it

    @property
    def sure_auc(self) -> float:
        """The field's AUC alone that is sure: two standard errors below the measured one."""
        return (self.alone or 0.5) - 2 * self.error

    @property
    def sure_emptiness_auc(self) -> float:
        return self.emptiness - 2 * self.error

    @property
    def is_only_for_won(self) -> bool:
        return self.filled_lost <= ONLY_FOR_ONE and self.filled_won >= max(0.02, 10 * self.filled_lost)

    @property
    def is_only_for_lost(self) -> bool:
        return _is_of_one_kind(self.filled_lost, self.filled_won, self.won)

    @property
    def one_sided(self) -> str | None:
        """Why the field gives the outcome away where only the converted, or only the others, have it; else None."""
        filled = f"filled for {_of_both(self.filled_won, self.filled_lost)}"
        if self.is_only_for_won:
            return filled
        if self.is_only_for_lost:
            return f"{filled}: it is filled in because a lead was lost"
        said = f"it says yes, or a number other than 0, for {_of_both(self.said_won, self.said_lost)}"
        if self.said_won >= OFTEN and _is_of_one_kind(self.said_won, self.said_lost, self.lost):
            return f"{said}, so it tells who converted"
        if self.said_lost >= OFTEN and _is_of_one_kind(self.said_lost, self.said_won, self.won):
            return f"{said}, so it tells who was lost"
        return None


def _is_of_one_kind(share: float, other: float, others: int) -> bool:
    """Whether what leads of one kind have in this share is missing among those of the other kind, and not by chance.

    A column that any lead has in 3 of 100 cases is empty for all of 20 converted leads in every second file: where
    `share * others` were to be expected, none comes by chance in exp(-that) of cases.
    """
    return other <= ONLY_FOR_ONE and share >= max(0.02, 10 * other) and share * others >= _NOT_BY_CHANCE


def _of_both(won: float, lost: float) -> str:
    return f"{share_text(won)} of the converted and {share_text(lost)} of the others"


def share_text(share: float) -> str:
    """A share of leads in words: "29%", "under 1%"."""
    return f"{share:.0%}" if share >= 0.01 or share == 0 else "under 1%"


@dataclass(frozen=True)
class Triage:
    """Rows on which fields are tested for leaks: who converted, and every field as numbers.

    fields: by column, one number a row, NaN where missing; levels of categories are numbered by frequency.
    """

    won: Bools
    fields: Mapping[str, Floats]
    categories: frozenset[str]

    @classmethod
    def of(cls, profiles: Sequence[ColumnProfile], won: Bools, known: Bools | None = None, seed: int = 0) -> Triage:
        """The profiles' rows, or so many of them, drawn once, that the fits take no more than half a minute.

        known: the rows whose outcome is known; None where all are.
        """
        most = min(_MOST_ROWS, max(2_000, _MOST_CELLS // max(len(profiles), 1)))
        rows = np.arange(len(won)) if known is None else np.flatnonzero(known)
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
        fields = {profile.column: encoded_values(profile)[rows] for profile in profiles}
        return cls(won[rows], fields, frozenset(p.column for p in profiles if p.kind in ("category", "text")))

    @property
    def has_enough_outcomes(self) -> bool:
        """Whether there are enough outcomes of both kinds."""
        return min(int(self.won.sum()), int((~self.won).sum())) >= FEWEST

    def all_signals(self) -> dict[str, LeakSignals]:
        """The signals of each field alone, by column."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(self.fields, pool.map(self.signals, self.fields), strict=True))

    def signals(self, column: str) -> LeakSignals:
        """The signals of one field alone."""
        field, won = self.fields[column], self.won
        filled = ~np.isnan(field)
        filled_won = float(filled[won].mean()) if won.any() else 0.0
        filled_lost = float(filled[~won].mean()) if (~won).any() else 0.0
        # A category's numbers are those of its levels, of which none is a no.
        says = filled if column in self.categories else filled & (field != 0)
        said_won, said_lost = (float(says[rows].mean()) if rows.any() else 0.0 for rows in (won, ~won))
        shares = {"filled_won": filled_won, "filled_lost": filled_lost, "said_won": said_won, "said_lost": said_lost}
        found = LeakSignals(**shares, won=int(won.sum()), lost=int((~won).sum()))
        if not self.has_enough_outcomes:
            return found
        alone = self.auc([column])
        # The AUC of a mere flag is half of one plus half the difference of its two shares.
        emptiness = 0.5 + abs(filled_won - filled_lost) / 2
        return replace(found, alone=alone, error=self.error, emptiness=emptiness)

    @property
    def error(self) -> float:
        """The standard error of an AUC of no information, the largest there is (Mann and Whitney)."""
        won = int(self.won.sum())
        return float(np.sqrt((len(self.won) + 1) / (12 * won * (len(self.won) - won))))

    def added_auc(self, columns: Sequence[str], kept: Sequence[str], most: int = 30) -> dict[str, float]:
        """For each of `columns`, the AUC of the kept fields with it minus without it, for the most used of them."""
        if not self.has_enough_outcomes or not columns:
            return {}
        base = self.auc(kept)
        used = sorted(columns, key=self._use([*kept, *(c for c in columns if c not in kept)]).__getitem__, reverse=True)
        others = [[k for k in kept if k != column] if column in kept else [*kept, column] for column in used[:most]]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            aucs = dict(zip(used, pool.map(self.auc, others), strict=False))
        return {column: base - auc if column in kept else auc - base for column, auc in aucs.items()}

    def _use(self, columns: Sequence[str]) -> dict[str, float]:
        """How much a model of all these fields uses each."""
        model = lightgbm.train(_TREES, self._rows(columns, np.arange(len(self.won))), _ROUNDS)
        return dict(zip(columns, model.feature_importance("gain"), strict=True))

    def auc(self, columns: Sequence[str]) -> float:
        """The cross-fitted AUC of these fields together: each lead is judged by trees that did not see it."""
        if not columns:
            return 0.5
        margin = np.zeros(len(self.won))
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
        for fitted, judged in folds.split(margin, self.won):
            model = lightgbm.train(_TREES, self._rows(columns, fitted), _ROUNDS)
            # LightGBM keeps one number of threads for all: another one here would break the fits that run beside it.
            margin[judged] = model.predict(self._matrix(columns)[judged], num_threads=1)
        return float(roc_auc_score(self.won, margin))

    def _matrix(self, columns: Sequence[str]) -> Floats:
        return np.column_stack([self.fields[column] for column in columns])

    def _rows(self, columns: Sequence[str], rows: np.ndarray[Any, np.dtype[np.intp]]) -> lightgbm.Dataset:
        places = [place for place, column in enumerate(columns) if column in self.categories]
        return lightgbm.Dataset(self._matrix(columns)[rows], self.won[rows].astype(float), categorical_feature=places)


def encoded_values(profile: ColumnProfile) -> Floats:
    """A profile's values as numbers, NaN where missing; levels are numbered by frequency."""
    if profile.kind in ("category", "text"):
        frequent = [level for level, _ in profile.counts.most_common(MOST_LEVELS)]
        codes: dict[str, float] = {level: float(place) for place, level in enumerate(frequent)}
        read = [None if value is None else codes.get(value, float(len(frequent))) for value in profile.values]
    elif profile.kind == "date":
        first = None if profile.is_unclear else profile.first
        read = list(map_distinct(profile.values, lambda text: _day(text, first)))
    else:
        read = list(map_distinct(profile.values, profile.number if profile.kind == "number" else _truth))
    return np.array([np.nan if value is None else value for value in read], dtype=np.float64)


def _truth(text: str) -> float | None:
    found = boolean(text)
    return None if found is None else float(found)


def _day(text: str, first: DayOrMonth | None) -> float | None:
    found = parsed_date(text, first)
    return None if found is None else float(found.at.toordinal())


def follows_row_order(profile: ColumnProfile) -> bool:
    """Whether a number hardly changes from row to row: it may stand for the calendar, such as an interest rate."""
    if profile.kind != "number" or profile.distinct < 5 or profile.filled < 200:
        return False
    row = [value for value in profile.values if value is not None]
    same = sum(earlier == later for earlier, later in pairwise(row)) / (len(row) - 1)
    by_chance = sum((count / len(row)) ** 2 for count in profile.counts.values())
    return same >= 0.8 and by_chance <= 0.5
