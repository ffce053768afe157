"""A candidate: a fitted model with what it showed, ready to be looked at, registered, or dropped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from features.agreement_versions import Kept
from features.clocks import from_microseconds
from features.recurrence import Floats
from training.comparison import Compared
from training.dependence import Dependence, dependence
from training.drivers import Driver, drivers
from training.evaluate import Evaluation
from training.findings import Findings
from training.gates import Gate, Verdict
from training.labels import Labels
from training.leaks.examination import NOT_EXAMINED, Examination
from training.model import Model
from training.model_card import card
from training.page.cautions import Field
from training.page.differences import promise_differences, rank_differences
from training.page.doubts import doubts
from training.page.facts import Gate as ReportedGate
from training.page.facts import Identity, Leak, Money, ReportFacts, Span
from training.page.report import captioned, pictures
from training.page.sentences import trust_sentence
from training.page.shown import Shown
from training.registry import CARD, GATES, Registry
from training.signature import SIGNATURE, signature
from training.split import Split
from training.watch.reference import REFERENCE, Reference

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
