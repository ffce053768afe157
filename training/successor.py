"""The successor: the champion with a recalibrated map to probabilities, and its gates, ready to be registered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from scipy.special import expit

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.home.deployments import Deployment, model_folder
from features.home.settings import Home
from features.store.materialize import materialized
from training.candidate import REPORT_FILE
from training.evaluate.breakdown import Breakdown
from training.evaluate.evaluate import Evaluation, evaluate
from training.fit.recalibrate import Recalibration, recalibration, recent_rows
from training.gates.calibrated import calibrated_or_nearer, calibration_seen
from training.gates.contributions_exact import contributions_exact
from training.gates.gate import Gate, GateResults
from training.gates.not_worse_than_champion import recalibrated_not_worse
from training.if_tried.looks import open_leads_now
from training.model.if_tried import IfTried
from training.model.model import JUDGED, Model
from training.monitoring.reference import REFERENCE_FILE, JudgedSince, MonitoringReference, monitoring_reference
from training.pipeline import labelled_snapshots, with_open_leads
from training.registry.mlflow_model import SIGNATURE_FILE, mlflow_signature
from training.registry.mlflow_registry import CARD_FILE, GATES_FILE, ModelRegistry
from training.report.facts import ReportedSpan, ReportFacts, reported_gates
from training.report.model_card import model_card


@dataclass(frozen=True)
class Successor:
    """A recalibrated champion, its figures and its gates.

    recalibrated: the served model, the rows that it was recalibrated on, log-odds before and after. judged: the
    champion's judged model, recalibrated on the same rows. shown: the figures of new calibrators on leads that they did
    not see. row: the deployment of the champion.
    """

    recalibrated: Recalibration
    judged: Model
    shown: Evaluation
    gates: tuple[Gate, ...]
    facts: ReportFacts
    reference: MonitoringReference
    row: Deployment
    head: IfTried | None = None

    @property
    def passes(self) -> bool:
        """Whether every gate holds."""
        return all(gate.passed for gate in self.gates)

    def register(self) -> tuple[str, str]:
        """Register it in MLflow as a version of the champion's name; (run id, version)."""
        beside = {
            REPORT_FILE: self.facts.json(),
            GATES_FILE: GateResults(self.gates, self.row.digest).json(),
            CARD_FILE: model_card(self.facts, self.gates),
            SIGNATURE_FILE: mlflow_signature(self.recalibrated.model),
            REFERENCE_FILE: self.reference.json(),
        } | self.judged.texts(JUDGED)
        # What answers if sales tries now stays as it was: newer outcomes of weekly looks say nothing of it.
        beside |= self.head.texts() if self.head else {}
        metrics = {name: value for name, value in self.shown.metrics.items() if value is not None}
        calibrator = self.recalibrated.model.calibrator
        parameters = {
            "recalibrated_from": self.row.model_version,
            "rows": len(self.recalibrated.rows),
            "slope": calibrator.slope,
            "intercept": calibrator.intercept,
        }
        return ModelRegistry(self.row.model_name).register(self.recalibrated.model, metrics, parameters, beside, {})

    def summary(self) -> dict[str, Any]:
        """What `recalibrate --json` prints, before it is registered."""
        before, after = self.recalibrated.losses
        rows = self.recalibrated.rows
        return {
            "run_id": None,
            "model_version": None,
            "recalibrated_from": self.row.model_version,
            "rows": len(rows),
            "leads": int(rows["lead_id"].nunique()),
            "conversions": int(rows.loc[rows["outcome"], "lead_id"].nunique()),
            "shift": {**asdict(self.recalibrated.shift), "is_sure": self.recalibrated.shift.is_sure},
            "log_loss": {"before": before, "after": after},
            "metrics": self.shown.metrics,
            "promoted": False,
            "gates": [gate.as_json() for gate in self.gates],
        }


def successor(home: Home, row: Deployment, known_until: datetime, seed: int = 7) -> Successor:
    """The served model, recalibrated on outcomes that matured since its training. Raises NothingMatured."""
    folder = row.folder(home)
    model = Model.read(folder, row.digest)
    agreement = Agreement.parse(model.agreement_text)
    build = materialized(home, agreement)
    rows = recent_rows(model, labelled_snapshots(build, agreement, known_until))
    made = recalibration(model, rows, agreement, seed)
    open_now = open_leads_now(build, agreement, known_until)
    made = replace(made, model=with_open_leads(made.model, open_now, build, known_until))
    judged = recalibration(Model.read_judged(folder, row.digest), rows, agreement, seed).model
    shown = evaluate(expit(made.after), rows["outcome"], rows["lead_id"].to_numpy(), seed=seed)
    gates = _gates(made, shown)
    facts = _facts(ReportFacts.read((folder / REPORT_FILE).read_bytes()), made, shown, gates, known_until)
    since = JudgedSince(judged, int(rows["snapshot_us"].min()))
    reference = monitoring_reference(made.model, build, agreement, known_until, since)
    answers = row.if_tried_digest
    head = IfTried.read(model_folder(home, answers), answers) if answers else None
    return Successor(made, judged, shown, gates, facts, reference, row, head)


def _gates(made: Recalibration, shown: Evaluation) -> tuple[Gate, ...]:
    """Directions and inputs hold as for the champion, whose trees and line it keeps; its new level must be shown."""
    outcome, leads = made.rows["outcome"], made.rows["lead_id"].to_numpy()
    shown_before = evaluate(expit(made.before), outcome, leads, resamples=2)
    before = calibration_seen(expit(made.before), made.rows, shown_before)
    return (
        recalibrated_not_worse(len(made.rows), *made.losses),
        calibrated_or_nearer(calibration_seen(expit(made.after), made.rows, shown), before),
        contributions_exact(made.model, made.model.matrix(made.rows)),
    )


def _facts(
    then: ReportFacts, made: Recalibration, shown: Evaluation, gates: tuple[Gate, ...], known_until: datetime
) -> ReportFacts:
    rows = made.rows
    ends = [from_microseconds(int(rows["snapshot_us"].agg(end))) for end in ("min", "max")]
    span = ReportedSpan(
        "recalibrated", len(rows), rows["lead_id"].nunique(), int(rows["outcome"].sum()), ends[0], ends[1]
    )
    return replace(
        then,
        split_how=f"{then.split_how}; then recalibrated on newer outcomes, each judged by a map that had not seen it",
        spans=(*then.spans, span),
        evaluation=shown,
        compared=(),
        findings=Breakdown(),
        gates=reported_gates(gates),
        known_until=known_until,
        written_at=known_until,
    )
