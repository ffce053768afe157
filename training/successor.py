"""The champion's successor: the same model recalibrated, with what that showed, ready to be registered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from scipy.special import expit

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.home.deployments import Deployment
from features.home.settings import Home
from features.store.materialize import Materialized, materialized
from training.candidate import REPORT_FILE
from training.evaluate.breakdown import Breakdown
from training.evaluate.evaluate import Evaluation, evaluate
from training.fit.recalibrate import Recalibration, recalibration, recent_rows
from training.gates.calibrated import calibrated_or_nearer
from training.gates.contributions_exact import contributions_exact
from training.gates.gate import Gate, GateResults
from training.gates.not_worse_than_champion import recalibrated_not_worse
from training.model.model import Model
from training.monitoring.reference import REFERENCE_FILE, MonitoringReference, monitoring_reference
from training.pipeline import labelled_snapshots, with_open_leads
from training.registry.mlflow_registry import CARD_FILE, GATES_FILE, SIGNATURE_FILE, ModelRegistry, mlflow_signature
from training.report.facts import ReportedGate as ReportedGate
from training.report.facts import ReportFacts, Span
from training.report.model_card import model_card


@dataclass(frozen=True)
class Successor:
    """A recalibrated champion, and the gates that it was held against."""

    found: Recalibration
    shown: Evaluation  # of new calibrators on leads that they had not seen
    gates: tuple[Gate, ...]
    facts: ReportFacts
    reference: MonitoringReference
    row: Deployment  # of the champion

    @property
    def passes(self) -> bool:
        return all(gate.passed for gate in self.gates)

    def register(self) -> tuple[str, str]:
        """Register it in MLflow beside the champion that it came from; (run id, version)."""
        beside = {
            REPORT_FILE: self.facts.json(),
            GATES_FILE: GateResults(self.gates, self.row.digest).json(),
            CARD_FILE: model_card(self.facts, self.gates),
            SIGNATURE_FILE: mlflow_signature(self.found.model),
            REFERENCE_FILE: self.reference.json(),
        }
        metrics = {name: value for name, value in self.shown.metrics.items() if value is not None}
        calibrator = self.found.model.calibrator
        parameters = {
            "recalibrated_from": self.row.model_version,
            "rows": len(self.found.rows),
            "slope": calibrator.slope,
            "intercept": calibrator.intercept,
        }
        return ModelRegistry(self.row.model_name).register(self.found.model, metrics, parameters, beside, {})

    def summary(self) -> dict[str, Any]:
        """What `recalibrate --json` prints, before it is registered."""
        before, after = self.found.losses
        rows = self.found.rows
        return {
            "run_id": None,
            "model_version": None,
            "recalibrated_from": self.row.model_version,
            "rows": len(rows),
            "leads": int(rows["lead_id"].nunique()),
            "conversions": int(rows.loc[rows["outcome"], "lead_id"].nunique()),
            "shift": {**asdict(self.found.shift), "is_sure": self.found.shift.is_sure},
            "log_loss": {"before": before, "after": after},
            "metrics": self.shown.metrics,
            "promoted": False,
            "gates": [gate.as_json() for gate in self.gates],
        }


def successor(home: Home, row: Deployment, known_until: datetime, seed: int = 7) -> Successor:
    """The served model, recalibrated on what matured since its training. Raises NothingMatured."""
    folder = row.folder(home)
    model = Model.read(folder, row.digest)
    agreement = Agreement.parse(model.agreement_text)
    found = materialized(home, agreement)
    rows = recent_rows(model, labelled_snapshots(found, agreement, known_until))
    made = recalibration(model, rows, agreement, seed)
    made = replace(made, model=with_open_leads(made.model, found, agreement, known_until))
    leads = rows["lead_id"].to_numpy()
    shown = evaluate(expit(made.after), rows["outcome"], leads, seed=seed)
    gates = _gates(made, shown)
    facts = _facts(ReportFacts.read((folder / REPORT_FILE).read_bytes()), made, shown, gates, known_until)
    return Successor(made, shown, gates, facts, _reference(made, found, agreement, known_until), row)


def _gates(made: Recalibration, shown: Evaluation) -> tuple[Gate, ...]:
    """Trees, line and slope's sign are the champion's, so its directions and inputs stand; the level has to prove."""
    outcome, leads = made.rows["outcome"], made.rows["lead_id"].to_numpy()
    ece_before = evaluate(expit(made.before), outcome, leads, resamples=2).metrics["ece"]
    return (
        recalibrated_not_worse(len(made.rows), *made.losses),
        calibrated_or_nearer(shown.metrics["ece"], shown.metrics["ece_null95"], ece_before),
        contributions_exact(made.model, made.model.matrix(made.rows)),
    )


def _facts(
    then: ReportFacts, made: Recalibration, shown: Evaluation, gates: tuple[Gate, ...], known_until: datetime
) -> ReportFacts:
    rows = made.rows
    ends = [from_microseconds(int(rows["snapshot_us"].agg(end))) for end in ("min", "max")]
    converted = int(rows["outcome"].sum())
    span = Span("recalibrated", len(rows), rows["lead_id"].nunique(), converted, ends[0], ends[1])
    return replace(
        then,
        split_how=f"{then.split_how}; then recalibrated on newer outcomes, each judged by a map that had not seen it",
        spans=(*then.spans, span),
        evaluation=shown,
        compared=(),
        findings=Breakdown(),
        gates=tuple(ReportedGate(gate.name, gate.passed, gate.value, gate.limit) for gate in gates),
        known_until=known_until,
        written_at=known_until,
    )


def _reference(
    made: Recalibration, found: Materialized, agreement: Agreement, known_until: datetime
) -> MonitoringReference:
    return monitoring_reference(made.model, found, agreement, known_until, int(made.rows["snapshot_us"].min()))
