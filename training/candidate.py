"""A candidate: a fitted model with what it showed and its gates, ready to be looked at, registered, or dropped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from features.agreement.versions import Kept
from features.arrays import Floats
from features.home.clock import from_microseconds
from features.store.feast_views import Repository
from training.charts.charts import Shown
from training.evaluate.comparison import Compared
from training.evaluate.dependence import Dependence, dependence
from training.evaluate.evaluate import Evaluation
from training.evaluate.findings import Findings
from training.evaluate.importance import Driver, drivers
from training.gates.champion import Trial, champion, champion_gates
from training.gates.direction import directions_kept
from training.gates.gate import Gate, Verdict, better_than_average, calibrated, contributions_exact
from training.gates.leak import no_leak
from training.labels.split import Split
from training.labels.summary import Labels
from training.leakage.examination import NOT_EXAMINED, Examination
from training.model.model import Model
from training.monitoring.reference import REFERENCE, Reference
from training.registry.mlflow import CARD, GATES, SIGNATURE, Registry, signature
from training.report.facts import Gate as ReportedGate
from training.report.facts import Identity, Leak, Money, ReportFacts, Span
from training.report.model_card import card
from training.report.report import captioned, pictures
from training.wording.calibration import doubts
from training.wording.cautions import Field
from training.wording.sentences import promise_differences, rank_differences, trust_sentence

PARTS = ("train", "calibration", "test")  # calibration is out of fold: the same rows as train
REPORT = "report.json"  # what the report says, beside the model's files


@dataclass(frozen=True)
class Candidate:
    """A fitted model, and what it showed on leads that it had not seen.

    labelled: the labelled snapshots with their features, one row each, as the split parts them.
    """

    model: Model
    labelled: pd.DataFrame
    split: Split
    test: Evaluation
    compared: tuple[Compared, ...]
    gates: tuple[Gate, ...]
    kept: Kept
    known_until: datetime
    seconds: float
    warnings: tuple[str, ...] = ()
    out_of_fold: Evaluation | None = None  # without dates: every row judged by a model that did not see its lead
    findings: Findings = field(default_factory=Findings)
    examined: Examination = NOT_EXAMINED
    learned: Labels | None = None
    against: str | None = None  # the digest of the champion that it was compared with
    reference: Reference | None = None  # what the watch compares with

    @property
    def metrics(self) -> dict[str, float | None]:
        """The figures on the test span, by the names of `train --json`."""
        return self.test.metrics

    @property
    def passes(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @cached_property
    def plots(self) -> dict[str, str]:
        """The report's pictures as SVG, by name."""
        return pictures(self.facts)

    def show(self, *names: str) -> Shown:
        """Pictures with what to see in them, for a notebook; all of them unless named."""
        drawn = {name: self.plots[name] for name in names or self.plots}
        return Shown(drawn, {name: captioned(name, self.facts) for name in drawn})

    @cached_property
    def facts(self) -> ReportFacts:
        """What the report says of this candidate."""
        agreement = self.kept.agreement
        return ReportFacts(
            identity=Identity(
                agreement.name, None, None, self.kept.version, agreement.digest, self.model.facts["basis"]
            ),
            outcome=agreement.outcome.event,
            horizon_days=agreement.outcome.horizon_days,
            split=self.split.kind,
            split_how=self.split.how,
            spans=tuple(self._span(name) for name in ("train", "test")),
            evaluation=self.test,
            compared=self.compared,
            drivers=self.drivers(),
            left_out=(
                *(Field(one.name, one.reason, one.auc_alone) for one in self.examined.quarantined),
                *(Field(line.name, line.why) for line in agreement.excluded.values()),
            ),
            put_back=tuple(
                Field(name, trait.why or f"signed by {trait.signed_by}")
                for name, trait in agreement.traits.items()
                if trait.is_signed
            ),
            warnings=self.warnings,
            gates=tuple(ReportedGate(g.name, g.passed, g.value, g.limit) for g in self.gates),
            bar=self._bar,
            money=Money(**agreement.costs.model_dump()) if agreement.costs else None,
            dependence=self.dependence,
            findings=self.findings,
            negatives_never_tried=self.learned.negatives_never_tried if self.learned else None,
            leaks=tuple(Leak(*leak) for leak in self.examined.leaks),
            known_until=self.known_until,
            written_at=self.known_until,
        )

    def _span(self, name: str) -> Span:
        rows = self.labelled[getattr(self.split, name)]
        dated = self.kept.agreement.outcome.horizon_days is not None and len(rows)
        ends = [from_microseconds(rows["snapshot_us"].agg(end)) if dated else None for end in ("min", "max")]
        return Span(name, len(rows), rows["lead_id"].nunique(), int(rows["outcome"].sum()), *ends)

    @property
    def _bar(self) -> float | None:
        """The probability of the agreement's bar, as far as it is known before it is served."""
        bar, costs = self.kept.agreement.policy.bar, self.kept.agreement.costs
        if bar.unit == "costs" and costs:
            return costs.contact / costs.conversion
        ranked = self.model.facts.get("open_probabilities", [])
        taken = int((bar.value or 0.0) * len(ranked)) if bar.unit == "share" else 0
        return bar.value if bar.unit == "probability" else ranked[-taken] if taken else None

    @cached_property
    def _contributions(self) -> Floats:
        """What each column adds to each row of the test span."""
        return self.model.contributions(self.model.matrix(self.labelled[self.split.test]))[0]

    def drivers(self) -> tuple[Driver, ...]:
        """What moves the scores of the test span, the strongest first."""
        names, member = self.model.groups
        agreement = self.kept.agreement
        labels = {
            name: line.label for lines in (agreement.behaviours, agreement.traits) for name, line in lines.items()
        }
        return drivers(pd.DataFrame(self._contributions @ member, columns=names), labels, self.model.kinds)

    @cached_property
    def dependence(self) -> tuple[Dependence, ...]:
        """How the strongest drivers move the scores of the test span as they change."""
        tested = self.labelled[self.split.test]
        return dependence(tested, self._contributions, self.model.columns, self.drivers())

    def register(self) -> tuple[str, str]:
        """Register this candidate in MLflow with its figures, report and pictures; (run id, version)."""
        metrics = {name: value for name, value in self.metrics.items() if value is not None}
        pictures_by_file = {f"{name}.svg": svg for name, svg in self.plots.items()}
        beside = {
            REPORT: self.facts.json(),
            GATES: Verdict(self.gates, self.against).json(),
            CARD: card(self.facts, self.gates),
            SIGNATURE: signature(self.model),
        } | ({REFERENCE: self.reference.json()} if self.reference else {})
        return Registry(self.kept.agreement.name).register(
            self.model, metrics, self.parameters(), beside, pictures_by_file
        )

    def parameters(self) -> dict[str, Any]:
        """What it was made from and with, for the registry: agreement, data spans, seed, kinds of model."""
        model, calibrator = self.model, self.model.calibrator
        spans: dict[str, Any] = {f"rows_{span.name}": span.rows for span in self.facts.spans}
        for span in self.facts.spans:
            if span.starts_at and span.ends_at:
                spans[f"span_{span.name}"] = f"{span.starts_at.isoformat()} to {span.ends_at.isoformat()}"
        return {
            "agreement": self.kept.agreement.digest,
            "agreement_version": self.kept.version,
            "known_until": self.known_until.isoformat(),
            "split": self.split.how,
            "horizon_days": self.kept.agreement.outcome.horizon_days,
            "seed": model.facts.get("seed"),
            "basis": model.facts.get("basis"),
            "columns": len(model.columns),
            "blend": model.blend,
            "slope": calibrator.slope,
            "intercept": calibrator.intercept,
            **spans,
        }

    def summary(self) -> dict[str, Any]:
        """What `train --json` prints, before it is registered."""
        return {
            "run_id": None,
            "model_version": None,
            "rows": {name: len(self.labelled[getattr(self.split, name)]) for name in PARTS},
            "leads": {span.name: span.leads for span in self.facts.spans},
            "split": self.split.kind,
            "how": self.split.how,
            "base_rate": self.model.facts["base_rate"],
            "metrics": self.metrics,
            "intervals": {name: list(span) if span else None for name, span in self.test.intervals.items()},
            "out_of_fold": self.out_of_fold.metrics if self.out_of_fold else None,
            "compared": [compared.__dict__ for compared in self.compared],
            "findings": TypeAdapter(Findings).dump_python(self.findings, mode="json"),
            "differences": rank_differences(self.findings.groups),
            "excluded": [{"field": field.name, "reason": field.reason} for field in self.facts.left_out],
            "leaks": self.examined.as_json(),
            "labels": self.learned.as_json() if self.learned else None,
            "warnings": [
                *self.warnings,
                *doubts(self.findings.calibration),
                *promise_differences(self.findings.groups),
            ],
            "trust": trust_sentence(self.test),
            "promoted": False,
            "gates": [gate.as_json() for gate in self.gates],
            "seconds": self.seconds,
        }


def named(facts: ReportFacts, version: str, digest: str) -> ReportFacts:
    """The same report once its model has a version."""
    return replace(facts, identity=replace(facts.identity, version=version, digest=digest))


def judged(candidate: Candidate, repository: Repository) -> Candidate:
    """The candidate with its gates: by itself, and against what the home of `repository` serves now."""
    verdict = _verdict(candidate, repository)
    return replace(candidate, gates=verdict.gates, against=verdict.against)


def _verdict(candidate: Candidate, repository: Repository) -> Verdict:
    agreement, home = candidate.kept.agreement, repository.home
    tested = candidate.labelled[candidate.split.test]
    present = champion(home, agreement.name)
    gates = (
        *_by_itself(candidate, tested),
        directions_kept(candidate.model, repository, agreement, tested),
        *champion_gates(candidate.model, present, Trial(home, agreement, tested)),
    )
    return Verdict(gates, present.digest if present else None)


def _by_itself(candidate: Candidate, tested: pd.DataFrame) -> tuple[Gate, ...]:
    model, metrics = candidate.model, candidate.test.metrics
    constant = next((compared.log_loss for compared in candidate.compared if compared.name == "constant"), None)
    matrix = model.matrix(tested)
    contributions, _ = model.contributions(matrix)
    names, member = model.groups
    grouped = pd.DataFrame(contributions @ member, columns=names)
    return (
        better_than_average(metrics["log_loss"], constant),
        calibrated(metrics["ece"], metrics["ece_null95"]),
        contributions_exact(model, matrix),
        no_leak(grouped, tested["outcome"].to_numpy(np.float64), candidate.kept.agreement, model.kinds),
    )
