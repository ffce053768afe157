"""A candidate: a fitted model with what it showed, ready to be looked at, registered, or dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd

from features.agreement_versions import Kept
from features.clocks import from_microseconds
from training.cautions import Field
from training.comparison import Compared
from training.drivers import Driver, drivers
from training.evaluate import Evaluation
from training.gates import Gate
from training.model import Model
from training.registry import Registry
from training.report import Gate as ReportedGate
from training.report import Identity, ReportFacts, Span, pictures
from training.sentences import trust_sentence
from training.split import Split
from training.watch.reference import REFERENCE, Reference

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

    @cached_property
    def facts(self) -> ReportFacts:
        """What the report says of this candidate."""
        agreement = self.kept.agreement
        return ReportFacts(
            identity=Identity(agreement.name, None, None, self.kept.version, agreement.digest),
            outcome=agreement.outcome.event,
            horizon_days=agreement.outcome.horizon_days,
            split=self.split.kind,
            split_how=self.split.how,
            spans=tuple(self._span(name) for name in ("train", "calibration", "test")),
            evaluation=self.test,
            compared=self.compared,
            drivers=self.drivers(),
            left_out=tuple(Field(line.name, line.why) for line in agreement.excluded.values()),
            put_back=tuple(Field(name, trait.why) for name, trait in agreement.traits.items() if trait.why),
            warnings=self.warnings,
            gates=tuple(ReportedGate(g.name, g.passed, g.value, g.limit) for g in self.gates),
            bar=agreement.policy.bar.value if agreement.policy.bar.unit == "probability" else None,
            known_until=self.known_until,
            written_at=self.known_until,
        )

    def _span(self, name: str) -> Span:
        rows = self.labelled[getattr(self.split, name)]
        dated = self.kept.agreement.outcome.horizon_days is not None and len(rows)
        ends = [from_microseconds(rows["snapshot_us"].agg(end)) if dated else None for end in ("min", "max")]
        return Span(name, len(rows), rows["lead_id"].nunique(), int(rows["outcome"].sum()), *ends)

    def drivers(self) -> tuple[Driver, ...]:
        """What moves the scores of the test span, the strongest first."""
        contributions, _ = self.model.contributions(self.model.matrix(self.labelled[self.split.test]))
        names, member = self.model.groups
        agreement = self.kept.agreement
        labels = {
            name: line.label for lines in (agreement.behaviours, agreement.traits) for name, line in lines.items()
        }
        return drivers(pd.DataFrame(contributions @ member, columns=names), labels, self.model.kinds)

    def register(self) -> tuple[str, str]:
        """Register this candidate in MLflow with its figures, report and pictures; (run id, version)."""
        metrics = {name: value for name, value in self.metrics.items() if value is not None}
        parameters = {
            "agreement": self.kept.agreement.digest,
            "known_until": self.known_until.isoformat(),
            "split": self.split.how,
            **{f"rows_{span.name}": span.rows for span in self.facts.spans},
        }
        pictures_by_file = {f"{name}.svg": svg for name, svg in self.plots.items()}
        registry = Registry(self.kept.agreement.name)
        beside = {REPORT: self.facts.json()} | ({REFERENCE: self.reference.json()} if self.reference else {})
        return registry.register(self.model, metrics, parameters, beside, pictures_by_file)

    def summary(self) -> dict[str, Any]:
        """What `train --json` prints, before it is registered."""
        return {
            "run_id": None,
            "model_version": None,
            "rows": {span.name: span.rows for span in self.facts.spans},
            "leads": {span.name: span.leads for span in self.facts.spans},
            "split": self.split.kind,
            "how": self.split.how,
            "base_rate": self.model.facts["base_rate"],
            "metrics": self.metrics,
            "intervals": {name: list(span) if span else None for name, span in self.test.intervals.items()},
            "out_of_fold": self.out_of_fold.metrics if self.out_of_fold else None,
            "compared": [compared.__dict__ for compared in self.compared],
            "excluded": [{"field": field.name, "reason": field.reason} for field in self.facts.left_out],
            "warnings": list(self.warnings),
            "trust": trust_sentence(self.test),
            "promoted": False,
            "gates": [gate.as_json() for gate in self.gates],
            "seconds": self.seconds,
        }


def named(facts: ReportFacts, version: str, digest: str) -> ReportFacts:
    """The same report once its model has a version."""
    return replace(facts, identity=replace(facts.identity, version=version, digest=digest))
