"""A candidate: a fitted model, its figures on unseen leads and its gates; ready to be shown or registered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from features.agreement.versions import AgreementVersion
from features.arrays import Floats
from features.home.clock import from_microseconds
from features.store.feast_views import FeastRepository
from training.charts.charts import NotebookCharts
from training.evaluate.breakdown import Breakdown
from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import GlobalImportance, global_importances
from training.evaluate.partial_dependence import PartialDependence, partial_dependence
from training.gates.against_champion import HeldAgainst, Rivals
from training.gates.better_than_average import better_than_average
from training.gates.calibrated import calibrated, calibration_seen
from training.gates.can_rank import can_rank
from training.gates.champion import UnseenSnapshots
from training.gates.contributions_exact import contributions_exact
from training.gates.directions_kept import directions_kept
from training.gates.gate import Gate, GateResults
from training.gates.if_tried_earned import if_tried_earned
from training.gates.known_when_served import known_when_served
from training.gates.labels_kept_alike import label_gates
from training.gates.no_leak import no_leak
from training.if_tried.card import second_texts
from training.if_tried.second_question import SecondQuestion
from training.labels.split import Mask, Split
from training.labels.summary import LabelSummary
from training.leakage.examination import NOT_EXAMINED, LeakExamination
from training.model.model import JUDGED, OWN_COLUMNS, Model
from training.monitoring.reference import REFERENCE_FILE, MonitoringReference
from training.registry.mlflow_model import SIGNATURE_FILE, mlflow_signature
from training.registry.mlflow_registry import CARD_FILE, GATES_FILE, ModelRegistry
from training.report.facts import (
    ModelIdentity,
    ReportedCosts,
    ReportedLeak,
    ReportedSecondQuestion,
    ReportedSpan,
    ReportFacts,
    reported_gates,
)
from training.report.model_card import model_card
from training.report.report import chart_caption, report_charts
from training.wording.calibration import calibration_faults
from training.wording.if_tried import unearned_reason
from training.wording.report_warnings import ReportedField
from training.wording.segments import segment_calibration_sentences, segment_ranking_sentences
from training.wording.sentences import top_scores_sentence

SPANS = ("train", "calibration", "test")  # calibration is out of fold: the same rows as train
REPORT_FILE = "report.json"  # what the report says, beside the model's files


@dataclass(frozen=True)
class Candidate:
    """A model that was judged on leads that it had not seen, its figures, and what is served once its gates hold.

    model: the judged one, fitted on the train rows. served: the same choices fitted on all rows. labelled: one row per
    labelled snapshot, with its features; `split` says which rows are train and test.
    """

    model: Model
    served: Model
    labelled: pd.DataFrame
    split: Split
    test: Evaluation
    compared: tuple[ComparedModel, ...]
    gated: GateResults
    agreement_version: AgreementVersion
    known_until: datetime
    seconds: float
    warnings: tuple[str, ...] = ()
    out_of_fold: Evaluation | None = None  # without dates: every row judged by a model that did not see its lead
    findings: Breakdown = field(default_factory=Breakdown)
    examined: LeakExamination = NOT_EXAMINED
    label_summary: LabelSummary | None = None
    reference: MonitoringReference | None = None  # what a monitoring run compares with
    second: SecondQuestion = field(default_factory=SecondQuestion)  # what comes of a lead if sales tries it now

    @property
    def metrics(self) -> dict[str, float | None]:
        """The figures on the test span, by the names of `train --json`."""
        return self.test.metrics

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Every gate, with the value seen and why it holds or does not; none before they were run."""
        return self.gated.gates

    @property
    def passes(self) -> bool:
        """Whether every gate holds."""
        return all(gate.passed for gate in self.gates)

    @cached_property
    def plots(self) -> dict[str, str]:
        """The report's pictures as SVG, by name."""
        return report_charts(self.facts)

    def show(self, *names: str) -> NotebookCharts:
        """Pictures with what to see in them, for a notebook; all of them unless named."""
        drawn = {name: self.plots[name] for name in names or self.plots}
        return NotebookCharts(drawn, {name: chart_caption(name, self.facts) for name in drawn})

    @cached_property
    def facts(self) -> ReportFacts:
        """What the report says of this candidate."""
        agreement = self.agreement_version.agreement
        return ReportFacts(
            identity=ModelIdentity(
                agreement.name, None, None, self.agreement_version.version, agreement.digest, self.served.facts["basis"]
            ),
            outcome=agreement.outcome.event,
            horizon_days=agreement.outcome.horizon_days,
            split=self.split.kind,
            split_how=self.split.how,
            spans=tuple(self._span(name, getattr(self.split, name)) for name in ("train", "test")),
            learned=self._span("served", np.ones(len(self.labelled), dtype=bool)),
            evaluation=self.test,
            compared=self.compared,
            drivers=self.drivers(),
            left_out=self._left_out,
            put_back=self._put_back,
            warnings=(*self.warnings, *self.second.sentences),
            gates=reported_gates(self.gates),
            bar=self._bar,
            money=ReportedCosts(**agreement.costs.model_dump()) if agreement.costs else None,
            dependence=self.dependence,
            findings=self.findings,
            tried_before=self.label_summary.tried_before if self.label_summary else None,
            leads=self.label_summary.leads if self.label_summary else None,
            tested_before=self._tested_before,
            leads_known=self.label_summary.leads_known if self.label_summary else None,
            snapshots_known=self.label_summary.known if self.label_summary else None,
            second=self._second,
            leaks=tuple(ReportedLeak(*leak) for leak in self.examined.leaks),
            known_until=self.known_until,
            written_at=self.known_until,
        )

    @property
    def _tested_before(self) -> int:
        lead = self.labelled["lead_id"]
        return len(set(lead[self.split.test]) & set(lead[self.split.train]))

    @property
    def _second(self) -> ReportedSecondQuestion | None:
        found = self.second
        if not found.tried and not found.is_asked:
            return None
        return ReportedSecondQuestion(
            tuple(found.sentences),
            found.is_asked,
            found.head is not None,
            found.tried,
            found.shift.value if found.shift else None,
            found.shift.error if found.shift else None,
            reported_gates(found.gates),
            found.test,
        )

    @property
    def _left_out(self) -> tuple[ReportedField, ...]:
        """The fields in quarantine, then those that the agreement excludes."""
        quarantined = (ReportedField(one.name, one.reason, one.auc_alone) for one in self.examined.quarantined)
        excluded = self.agreement_version.agreement.excluded.values()
        return (*quarantined, *(ReportedField(line.name, line.why) for line in excluded))

    @property
    def _put_back(self) -> tuple[ReportedField, ...]:
        """The traits that a person signed."""
        signed = ((name, t) for name, t in self.agreement_version.agreement.traits.items() if t.is_signed)
        return tuple(ReportedField(name, trait.why or f"signed by {trait.signed_by}") for name, trait in signed)

    def _span(self, name: str, mask: Mask) -> ReportedSpan:
        rows = self.labelled[mask]
        dated = self.agreement_version.agreement.outcome.horizon_days is not None and len(rows)
        ends = [from_microseconds(rows["snapshot_us"].agg(end)) if dated else None for end in ("min", "max")]
        won = rows[rows["outcome"].astype(bool)]
        leads = rows["lead_id"].nunique()
        return ReportedSpan(name, len(rows), leads, len(won), ends[0], ends[1], won["lead_id"].nunique())

    @property
    def _bar(self) -> float | None:
        """The probability at which the agreement's bar lies, as far as it is known before the model is served."""
        bar, costs = self.agreement_version.agreement.policy.bar, self.agreement_version.agreement.costs
        if bar.unit == "costs" and costs:
            return costs.contact / costs.conversion
        asked = self.second.head if self.second.is_asked else None
        ranked = (asked or self.served).facts.get("open_probabilities", [])
        taken = int((bar.value or 0.0) * len(ranked)) if bar.unit == "share" else 0
        return bar.value if bar.unit == "probability" else ranked[-taken] if taken else None

    @cached_property
    def _contributions(self) -> Floats:
        """What each column adds to each row of the test span."""
        return self.model.contributions(self.model.matrix(self.labelled[self.split.test]))[0]

    def drivers(self) -> tuple[GlobalImportance, ...]:
        """What moves the scores of the test span, the strongest first."""
        names, member = self.model.groups
        agreement = self.agreement_version.agreement
        labels = {name: line.label for name, line in (agreement.behaviours | agreement.traits).items()}
        return global_importances(pd.DataFrame(self._contributions @ member, columns=names), labels, self.model.kinds)

    @cached_property
    def dependence(self) -> tuple[PartialDependence, ...]:
        """How the strongest drivers move the scores of the test span as they change."""
        tested = self.labelled[self.split.test]
        return partial_dependence(tested, self._contributions, self.model.columns, self.drivers())

    def register(self) -> tuple[str, str]:
        """Register this candidate in MLflow with its figures, report and pictures; (run id, version)."""
        seen = self.metrics | {f"if_tried_{name}": value for name, value in self.second.metrics.items()}
        metrics = {name: value for name, value in seen.items() if value is not None}
        pictures_by_file = {f"{name}.svg": svg for name, svg in self.plots.items()}
        beside = {
            REPORT_FILE: self.facts.json(),
            GATES_FILE: self.gated.json(),
            CARD_FILE: model_card(self.facts, self.gates),
            SIGNATURE_FILE: mlflow_signature(self.served),
        } | ({REFERENCE_FILE: self.reference.json()} if self.reference else {})
        beside |= second_texts(self.second)
        return ModelRegistry(self.agreement_version.agreement.name).register(
            self.served, metrics, self.parameters(), beside | self.model.texts(JUDGED), pictures_by_file
        )

    def parameters(self) -> dict[str, Any]:
        """What it was made from, as parameters for the registry: agreement, data spans, seed, settings of the model."""
        model, calibrator = self.served, self.served.calibrator
        of = self.facts.all_spans
        spans: dict[str, Any] = {f"rows_{span.name}": span.rows for span in of}
        for span in of:
            if span.starts_at and span.ends_at:
                spans[f"span_{span.name}"] = f"{span.starts_at.isoformat()} to {span.ends_at.isoformat()}"
        return {
            "agreement": self.agreement_version.agreement.digest,
            "agreement_version": self.agreement_version.version,
            "known_until": self.known_until.isoformat(),
            "split": self.split.how,
            "horizon_days": self.agreement_version.agreement.outcome.horizon_days,
            "seed": model.facts.get("seed"),
            "basis": model.facts.get("basis"),
            "columns": len(model.columns),
            "blend": model.blend,
            "slope": calibrator.slope,
            "intercept": calibrator.intercept,
            "trees": model.facts.get("rounds"),
            **{f"trees_{name}": value for name, value in model.facts.get("trees", {}).items()},
            **({OWN_COLUMNS: ", ".join(model.facts[OWN_COLUMNS])} if OWN_COLUMNS in model.facts else {}),
            **spans,
        }

    def summary(self) -> dict[str, Any]:
        """What `train --json` prints, before it is registered."""
        return {
            "run_id": None,
            "model_version": None,
            "rows": {name: len(self.labelled[getattr(self.split, name)]) for name in SPANS}
            | {"served": len(self.labelled)},
            "leads": {span.name: span.leads for span in self.facts.all_spans},
            "learned_until": self.facts.learned_until.isoformat() if self.facts.learned_until else None,
            "split": self.split.kind,
            "how": self.split.how,
            "base_rate": self.served.facts["base_rate"],
            "metrics": self.metrics,
            "intervals": {name: list(span) if span else None for name, span in self.test.intervals.items()},
            "out_of_fold": self.out_of_fold.metrics if self.out_of_fold else None,
            "compared": [compared.__dict__ for compared in self.compared],
            "findings": TypeAdapter(Breakdown).dump_python(self.findings, mode="json"),
            "differences": segment_ranking_sentences(self.findings.groups),
            "excluded": [{"field": field.name, "reason": field.reason} for field in self.facts.left_out],
            "leaks": self.examined.as_json(),
            "labels": self.label_summary.as_json() if self.label_summary else None,
            "tried_before": self.second.tried_before,
            "shift": asdict(self.second.shift) if self.second.shift else None,
            "if_tried": self.second.as_json(),
            "warnings": [
                *self.warnings,
                *self.second.sentences,
                *calibration_faults(self.findings.calibration),
                *segment_calibration_sentences(self.findings.groups),
            ],
            "trust": top_scores_sentence(self.test),
            "promoted": False,
            "gates": [gate.as_json() for gate in self.gates],
            "seconds": self.seconds,
        }


def with_version(facts: ReportFacts, version: str, digest: str) -> ReportFacts:
    """The same report once its model has a version."""
    return replace(facts, identity=replace(facts.identity, version=version, digest=digest))


def run_gates(candidate: Candidate, repository: FeastRepository) -> GateResults:
    """Run every gate: those of the candidate alone, and those against what the home of `repository` serves now."""
    agreement, home, second = candidate.agreement_version.agreement, repository.home, candidate.second
    tested = candidate.labelled[candidate.split.test]
    rivals = Rivals.of(home, agreement.name)
    held = HeldAgainst.of(candidate.model, rivals, UnseenSnapshots(home, agreement, tested))
    gates = (
        *_gates_alone(candidate, tested),
        directions_kept(candidate.served, repository, agreement, tested),
        *if_tried_earned(second.is_asked, second.head is not None, unearned_reason(second.seen)),
        *held.gates,
        *known_when_served(candidate.served.facts),
    )
    return GateResults(gates, *rivals.digests, held.is_best)


def _gates_alone(candidate: Candidate, tested: pd.DataFrame) -> tuple[Gate, ...]:
    model, average = candidate.model, next((one for one in candidate.compared if one.name == "constant"), None)
    contributions, _ = model.contributions(model.matrix(tested))
    names, member = model.groups
    grouped = pd.DataFrame(contributions @ member, columns=names)
    return (
        better_than_average(
            candidate.test.metrics["log_loss"],
            average.log_loss if average else None,
            average.excess_interval if average else None,
        ),
        can_rank(candidate.test.metrics["roc_auc"], candidate.test.intervals.get("roc_auc")),
        calibrated(calibration_seen(model.probability(tested), tested, candidate.test)),
        *label_gates(candidate.label_summary.matured if candidate.label_summary else None),
        contributions_exact(candidate.served, candidate.served.matrix(tested)),
        no_leak(grouped, tested["outcome"].to_numpy(np.float64), candidate.agreement_version.agreement, model.kinds),
    )
