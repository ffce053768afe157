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
from features.store.materialize import Derived, derived
from training.candidate import REPORT
from training.evaluate.evaluate import Evaluation, evaluate
from training.evaluate.findings import Findings
from training.fit.recalibrate import Recalibrated, recalibrated, recent_rows
from training.gates.champion import WHOLE
from training.gates.gate import Gate, Verdict, calibrated, contributions_exact
from training.model.model import Model
from training.monitoring.reference import REFERENCE, Reference, reference
from training.pipeline import labelled_snapshots, with_open_leads
from training.registry.mlflow import CARD, GATES, SIGNATURE, Registry, signature
from training.report.facts import Gate as ReportedGate
from training.report.facts import ReportFacts, Span
from training.report.model_card import card


@dataclass(frozen=True)
class Successor:
    """A recalibrated champion, and the gates that it was held against."""

    found: Recalibrated
    shown: Evaluation  # of new calibrators on leads that they had not seen
    gates: tuple[Gate, ...]
    facts: ReportFacts
    reference: Reference
    row: Deployment  # of the champion

    @property
    def passes(self) -> bool:
        return all(gate.passed for gate in self.gates)

    def register(self) -> tuple[str, str]:
        """Register it in MLflow beside the champion that it came from; (run id, version)."""
        beside = {
            REPORT: self.facts.json(),
            GATES: Verdict(self.gates, self.row.digest).json(),
            CARD: card(self.facts, self.gates),
            SIGNATURE: signature(self.found.model),
            REFERENCE: self.reference.json(),
        }
        metrics = {name: value for name, value in self.shown.metrics.items() if value is not None}
        calibrator = self.found.model.calibrator
        parameters = {
            "recalibrated_from": self.row.model_version,
            "rows": len(self.found.rows),
            "slope": calibrator.slope,
            "intercept": calibrator.intercept,
        }
        return Registry(self.row.model_name).register(self.found.model, metrics, parameters, beside, {})

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
    found = derived(home, agreement)
    rows = recent_rows(model, labelled_snapshots(found, agreement, known_until))
    made = recalibrated(model, rows, agreement, seed)
    made = replace(made, model=with_open_leads(made.model, found, agreement, known_until))
    leads = rows["lead_id"].to_numpy()
    shown = evaluate(expit(made.after), rows["outcome"], leads, seed=seed)
    gates = _gates(made, shown)
    facts = _facts(ReportFacts.read((folder / REPORT).read_bytes()), made, shown, gates, known_until)
    return Successor(made, shown, gates, facts, _reference(made, found, agreement, known_until), row)


def _gates(made: Recalibrated, shown: Evaluation) -> tuple[Gate, ...]:
    """Trees, line and slope's sign are the champion's, so its directions and inputs stand; the level has to prove."""
    before, after = made.losses
    limit = before * 1.01
    why = (
        f"On {len(made.rows):,} newer snapshots its log loss is {after:.4f}, on leads that it had not seen, and that "
        f"of the model as it was {before:.4f}."
    )
    return (
        Gate(WHOLE, after <= limit, after, limit, why),
        _calibrated(made, shown),
        contributions_exact(made.model, made.model.matrix(made.rows)),
    )


def _calibrated(made: Recalibrated, shown: Evaluation) -> Gate:
    """As for a trained model; or nearer to what happened than the one it replaces, which would go on answering."""
    outcome, leads = made.rows["outcome"], made.rows["lead_id"].to_numpy()
    gate = calibrated(shown.metrics["ece"], shown.metrics["ece_null95"])
    before = evaluate(expit(made.before), outcome, leads, resamples=2).metrics["ece"]
    if gate.passed or gate.value is None or before is None or gate.value > before:
        return gate
    why = f"Its calibration error, {gate.value:.4f}, is not above that of what answers, {before:.4f}."
    return Gate(gate.name, True, gate.value, before, why)


def _facts(
    then: ReportFacts, made: Recalibrated, shown: Evaluation, gates: tuple[Gate, ...], known_until: datetime
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
        findings=Findings(),
        gates=tuple(ReportedGate(gate.name, gate.passed, gate.value, gate.limit) for gate in gates),
        known_until=known_until,
        written_at=known_until,
    )


def _reference(made: Recalibrated, found: Derived, agreement: Agreement, known_until: datetime) -> Reference:
    return reference(made.model, found, agreement, known_until, int(made.rows["snapshot_us"].min()))
