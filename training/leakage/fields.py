"""The fields of a training, on one row per lead: what each alone tells of the outcome, and what is lost without it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.snapshots.point_in_time import feature_group
from training.labels.outcomes import NOT_FEATURES
from training.leakage.column_profiles import MOST_LEVELS
from training.leakage.signals import LeakSignals, Triage

MOST_LEADS = 6_000  # an AUC of so many is known to a hundredth or two, and a training need not wait
STRONG_AUC = 0.6  # tells alone for sure: only what is strong can carry a model
MOST_REFITS = 5


@dataclass(frozen=True)
class ExaminedFields:
    """The behaviours and traits that a model may learn from, on one row per lead.

    columns: the feature columns of each behaviour or trait. kinds: "behaviour" or "trait", by name.
    """

    triage: Triage
    columns: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, labelled: pd.DataFrame, agreement: Agreement, seed: int) -> ExaminedFields:
        """The fields of labelled snapshots; one snapshot per lead, drawn by `seed`, so that rows are independent."""
        rows = labelled.sample(frac=1.0, random_state=seed).drop_duplicates("lead_id").head(MOST_LEADS)
        columns: dict[str, tuple[str, ...]] = {}
        kinds: dict[str, str] = {}
        for column in map(str, rows.columns.drop(NOT_FEATURES, errors="ignore")):
            name, kind = feature_group(column, agreement)
            if kind == "trait" or _is_asked(column, name):
                columns[name] = (*columns.get(name, ()), column)
                kinds[name] = kind
        used = [column for own in columns.values() for column in own]
        texts = frozenset(column for column in used if rows[column].dtype == object)
        encoded = {column: _encoded(rows[column], column in texts) for column in used}
        return cls(Triage(rows["outcome"].to_numpy(bool), encoded, texts), columns, kinds)

    def signals(self) -> dict[str, LeakSignals]:
        """The signals of each field alone; a behaviour that a lead did not show does not count as empty."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(self.columns, pool.map(self._signals, self.columns), strict=True))

    def _signals(self, name: str) -> LeakSignals:
        columns = self.columns[name]
        if self.kinds[name] == "trait":
            return self.triage.signals(columns[0])
        if not self.triage.has_enough_outcomes:
            return LeakSignals()
        return LeakSignals(alone=self.triage.auc(columns), error=self.triage.error)

    def drops(self, names: Sequence[str]) -> tuple[float | None, dict[str, float]]:
        """The cross-fitted AUC of all fields together, and how much of it is lost without each of `names`."""
        if not self.triage.has_enough_outcomes:
            return None, {}
        everything = [column for own in self.columns.values() for column in own]
        without = [[column for column in everything if column not in self.columns[name]] for name in names]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            whole, *aucs = pool.map(self.triage.auc, [everything, *without])
        return whole, {name: whole - auc for name, auc in zip(names, aucs, strict=True)}

    def strong(self, signals: Mapping[str, LeakSignals]) -> list[str]:
        """The fields with a high AUC alone, the strongest first, at most MOST_REFITS."""
        ranked = sorted(signals, key=lambda name: (-signals[name].sure_auc, name))
        return [name for name in ranked if signals[name].sure_auc >= STRONG_AUC][:MOST_REFITS]


def _is_asked(column: str, behaviour: str) -> bool:
    """Whether it is a decayed count or the time since the last: a behaviour's other columns say the same again."""
    return column.startswith(f"{behaviour}_count_hl") or column == f"days_since_{behaviour}"


def _encoded(values: pd.Series, is_text: bool) -> Floats:
    if not is_text:
        return values.to_numpy(np.float64)
    levels = {level: float(place) for place, level in enumerate(values.value_counts().index[:MOST_LEVELS])}
    codes = values.map(levels).to_numpy(np.float64)
    return np.where(np.isnan(codes) & values.notna().to_numpy(), float(len(levels)), codes)
