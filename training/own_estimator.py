"""An estimator of one's own as a challenger: judged on the same rows by the same gates, never registered or served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion
from features.arrays import Floats
from features.home.clock import microseconds
from features.home.errors import LeadlightError
from features.lifecycle.milestones import known_by
from features.snapshots.point_in_time import column_kinds, without_unlearned
from features.store.materialize import Materialized
from training.evaluate.baselines import constant_baseline
from training.evaluate.comparison import ComparedModel, comparison
from training.evaluate.evaluate import Evaluation, evaluate
from training.fit.fit import label_span
from training.gates import protected_feature
from training.gates.against_champion import HeldAgainst, Rivals
from training.gates.better_than_average import better_than_average
from training.gates.calibrated import calibrated, calibration_seen
from training.gates.can_rank import can_rank
from training.gates.champion import UnseenSnapshots, drawn_leads_digest
from training.gates.directions_kept import directions_kept
from training.gates.gate import Gate
from training.gates.labels_kept_alike import label_gates
from training.gates.no_leak import no_leak
from training.labels.outcomes import NOT_FEATURES
from training.labels.split import Split, split
from training.labels.summary import LabelSummary, label_summary
from training.leakage.examination import leak_examination
from training.model.calibrator import sigmoid

LEADLIGHTS_OWN = "leadlights_own"
ESTIMATOR = "the estimator"  # what is named as the one field of a model that explains nothing
WHY_NOT_SERVED = (
    "It is an estimator of your own, so it is judged and not served: what answers is text and JSON that explains each "
    "score exactly. To serve what it learned, train a model of Leadlight's with its inputs, or send its output as a "
    "trait."
)


class EstimatorNotServed(LeadlightError):
    """A registration of an estimator that is not Leadlight's."""

    code = "estimator_not_served"


@dataclass(frozen=True)
class OwnEstimator:
    """A fitted estimator of scikit-learn's kind with what the gates ask of a model, but for contributions.

    levels: of each category, as the train rows have them; any other is missing, and so is what the store lacks.
    """

    estimator: Any
    columns: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]

    @classmethod
    def fitted(cls, estimator: Any, rows: pd.DataFrame, agreement: Agreement, facts: Mapping[str, Any]) -> OwnEstimator:
        """A copy of the estimator, fitted on labelled snapshots. Raises LeadlightError where it cannot be."""
        from sklearn.base import clone

        kinds, known = column_kinds(agreement), without_unlearned(rows, agreement)
        # As for our own models: what is the same for everybody, or empty, tells nothing.
        columns = tuple(
            str(n) for n in known.columns.drop(NOT_FEATURES, errors="ignore") if rows[n].nunique(dropna=False) > 1
        )
        categories = [name for name in columns if kinds.get(name) == "category"]
        levels = {name: tuple(sorted(map(str, rows[name].dropna().unique()))) for name in categories}
        made = cls(clone(estimator), columns, levels, facts)
        try:
            made.estimator.fit(made.matrix(rows), rows["outcome"].to_numpy(bool))
        except (TypeError, ValueError) as error:
            raise LeadlightError(f"{type(estimator).__name__} cannot be fitted: {error}; {REMEDY}") from error
        if not hasattr(made.estimator, "predict_proba"):
            raise LeadlightError(
                f"{type(estimator).__name__} has no predict_proba; give a classifier with probabilities"
            )
        return made

    def matrix(self, known: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
        """The frame that the estimator sees: numbers as floats with NaN, categories as pandas categories."""
        rows = len(known) if isinstance(known, pd.DataFrame) else len(next(iter(known.values())))
        seen = {name: known[name] if name in known else np.full(rows, np.nan) for name in self.columns}
        frame = pd.DataFrame({name: np.asarray(values) for name, values in seen.items()})
        return frame.astype({name: pd.CategoricalDtype(list(levels)) for name, levels in self.levels.items()})

    def margin(self, matrix: pd.DataFrame) -> Floats:
        """Log-odds; one per row."""
        if not len(matrix):
            return np.empty(0)
        said = np.asarray(self.estimator.predict_proba(matrix)[:, 1], dtype=np.float64)
        chance = np.clip(said, 1e-12, 1 - 1e-12)
        return np.log(chance) - np.log1p(-chance)

    def logit(self, known: pd.DataFrame | Mapping[str, Any]) -> Floats:
        """Log-odds, as the estimator says them; one per row."""
        return self.margin(self.matrix(known))

    def probability(self, known: pd.DataFrame) -> Floats:
        """The probability of the outcome within the horizon; one per row."""
        return sigmoid(self.logit(known))


REMEDY = (
    "it is given numbers with NaN for what is missing and pandas categories: give a Pipeline that encodes and fills "
    'them, or HistGradientBoostingClassifier(categorical_features="from_dtype")'
)


@dataclass(frozen=True)
class JudgedEstimator:
    """An estimator of one's own with its figures on unseen leads and its gates: not registered, and never served."""

    model: OwnEstimator
    labelled: pd.DataFrame
    split: Split
    test: Evaluation
    compared: tuple[ComparedModel, ...]  # the estimator, then the average rate
    gates: tuple[Gate, ...]

    @property
    def metrics(self) -> dict[str, float | None]:
        """The figures on the test span, by the names of `train --json`."""
        return self.test.metrics

    @property
    def passes(self) -> bool:
        """Whether every gate holds: never, since it is no model of Leadlight's."""
        return all(gate.passed for gate in self.gates)

    @cached_property
    def estimator(self) -> Any:
        """The fitted copy of the estimator."""
        return self.model.estimator

    def register(self) -> NoReturn:
        """Raises EstimatorNotServed."""
        raise EstimatorNotServed(WHY_NOT_SERVED)


def judged_estimator(
    estimator: Any,
    labelled: pd.DataFrame,
    build: Materialized,
    agreed: AgreementVersion,
    known_until: datetime,
    seed: int,
) -> JudgedEstimator:
    """The estimator fitted on the train rows of `labelled`, tested on its test rows and held against the gates.

    Rows, split, quarantine and gates are those of `training.pipeline.trained_candidate`. The gate `contributions_exact`
    is not asked, for it gives none. `leadlights_own` never holds.
    """
    agreement = agreed.agreement
    protected_feature.check_features(labelled.drop(columns=NOT_FEATURES, errors="ignore"), agreement)
    parted = split(labelled, agreement.outcome.horizon_days, seed)
    examined = leak_examination(labelled[parted.train], build, agreement, microseconds(known_until), seed)
    labelled = examined.without_quarantined(labelled, agreement)
    facts = label_span(labelled[parted.train], agreement) | {"learned_leads": drawn_leads_digest(labelled, parted)}
    model = OwnEstimator.fitted(estimator, labelled[parted.train], agreement, {**facts, "seed": seed})
    tested = labelled[parted.test]
    probability, lead = model.probability(tested), tested["lead_id"].to_numpy()
    shown = evaluate(probability, tested["outcome"], lead, seed=seed)
    constant = constant_baseline(labelled["outcome"].to_numpy(np.float64)[parted.train], len(tested))
    compared = comparison({ESTIMATOR: probability} | constant, tested["outcome"], lead, seed=seed)
    labels = label_summary(known_by(build.leads, microseconds(known_until)), agreement, microseconds(known_until))
    gates = _gates(model, shown, compared[1], _Judged(build, agreement, tested, labels))
    return JudgedEstimator(model, labelled, parted, shown, compared, gates)


@dataclass(frozen=True)
class _Judged:
    """The rows that an estimator is judged on, and where they are from."""

    build: Materialized
    agreement: Agreement
    tested: pd.DataFrame
    labels: LabelSummary


def _gates(model: Any, shown: Evaluation, average: ComparedModel, on: _Judged) -> tuple[Gate, ...]:
    home, agreement = on.build.repository.home, on.agreement
    margin = pd.DataFrame({ESTIMATOR: model.logit(on.tested)})
    outcome = on.tested["outcome"].to_numpy(np.float64)
    rivals = Rivals.of(home, agreement.name)
    return (
        better_than_average(shown.metrics["log_loss"], average.log_loss, average.excess_interval),
        can_rank(shown.metrics["roc_auc"], shown.intervals.get("roc_auc")),
        calibrated(calibration_seen(model.probability(on.tested), on.tested, shown)),
        *label_gates(on.labels.matured),
        no_leak(margin, outcome, agreement, {ESTIMATOR: "trait"}),
        directions_kept(model, on.build.repository, agreement, on.tested),
        *HeldAgainst.of(model, rivals, UnseenSnapshots(home, agreement, on.tested)).gates,
        Gate(LEADLIGHTS_OWN, False, None, None, WHY_NOT_SERVED),
    )
