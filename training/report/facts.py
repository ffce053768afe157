"""The facts that the report is written from, as plain values kept with the model as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from training.evaluate.breakdown import Breakdown
from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import GlobalImportance
from training.evaluate.partial_dependence import PartialDependence
from training.gates.gate import Gate
from training.monitoring.result import MonitoringFigures, MonitoringResult
from training.wording.report_warnings import ReportedField


@dataclass(frozen=True)
class ModelIdentity:
    """Which model the report is of, and which agreement it learned from."""

    name: str
    version: str | None  # None for a candidate that is not registered
    digest: str | None
    agreement_version: int | None
    agreement_digest: str
    basis: str = "full"  # "criteria", "few" or "full"


@dataclass(frozen=True)
class ReportedSpan:
    """One part of the labelled snapshots; the moments of its first and last snapshot, None without dates."""

    name: str  # "train", "test"
    rows: int
    leads: int
    conversions: int  # of the snapshots
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    converted_leads: int | None = None  # with at least one snapshot that converted; None in older reports


@dataclass(frozen=True)
class ReportedGate:
    """One gate: whether it held, its value, the limit it was compared with, and in a sentence why."""

    name: str
    passed: bool
    value: float | None
    limit: float | None
    why: str = ""  # in older reports


def reported_gates(gates: Sequence[Gate]) -> tuple[ReportedGate, ...]:
    """The gates as a report keeps them."""
    return tuple(ReportedGate(**gate.as_json()) for gate in gates)


@dataclass(frozen=True)
class ReportedSecondQuestion:
    """What the first tries of sales tell of "if sales tries now", whether a version answers it or not.

    sentences: what every output says of it; they carry the shift where it is large, and whom there is no figure for.
    shift: how much more often (log-odds) leads convert once tried than as things are, with its error.
    """

    sentences: tuple[str, ...] = ()
    is_asked: bool = False  # by the agreement: then the probability is this one
    is_answered: bool = False
    tried: int = 0  # first tries with a known outcome
    shift: float | None = None
    shift_error: float | None = None
    gates: tuple[ReportedGate, ...] = ()
    evaluation: Evaluation | None = None  # on later first tries; None where it is not answered by a model of its own


@dataclass(frozen=True)
class ReportedCosts:
    """[costs] of the agreement, in whole units of the currency: a follow-up by sales, and a conversion's worth."""

    currency: str
    contact: float
    conversion: float


@dataclass(frozen=True)
class ReportedLeak:
    """One field that may give the outcome away: why, its ROC AUC alone, and what ROC AUC is lost without it."""

    name: str
    reason: str
    auc: float | None = None
    auc_drop: float | None = None


@dataclass(frozen=True)
class ReportFacts:
    """All that the report says: what `train` found, as plain values.

    A field that is new has a default, so that the reports of models registered before it can still be read.
    """

    identity: ModelIdentity
    outcome: str  # the event that counts as converted
    horizon_days: int | None  # None for an undated history
    split: str  # "time" or "random"
    split_how: str  # the same in words
    spans: tuple[ReportedSpan, ...]
    evaluation: Evaluation  # on the test span
    compared: tuple[ComparedModel, ...] = ()  # ours first, then the others on the same rows
    drivers: tuple[GlobalImportance, ...] = ()  # the strongest first
    left_out: tuple[ReportedField, ...] = ()  # [excluded] of the agreement
    put_back: tuple[ReportedField, ...] = ()  # suspects of the triage that the agreement uses all the same
    warnings: tuple[str, ...] = ()  # further sentences that train has to say
    gates: tuple[ReportedGate, ...] = ()
    bar: float | None = None  # the probability from which on a lead is over the bar
    known_until: datetime | None = None
    written_at: datetime | None = None
    money: ReportedCosts | None = None
    dependence: tuple[PartialDependence, ...] = ()  # how the strongest drivers move scores as they change
    findings: Breakdown = field(default_factory=Breakdown)  # by segment, by month, at arrival
    leads: int | None = None  # that the history holds; None in older reports
    tested_before: int | None = None  # leads of the test that the judged model had learned from, at earlier moments
    leads_known: int | None = None  # with a known outcome
    snapshots_known: int | None = None  # the same; a long history has more than a training draws
    second: ReportedSecondQuestion | None = None  # None in older reports, and where no try is on record
    tried_before: float | None = None  # of the leads that converted; None where no try is on record
    leaks: tuple[ReportedLeak, ...] = ()  # fields under suspicion or left out, as the triage found them
    learned: ReportedSpan | None = (
        None  # the rows that the served model learned from; None: those of "train", as it was
    )
    watch: tuple[MonitoringResult, ...] = ()  # what changed since; found when the report is written, and not kept
    watch_pictured: MonitoringFigures | None = None

    @property
    def all_spans(self) -> tuple[ReportedSpan, ...]:
        """The spans that the judged model learned from and was tested on, and what the served one learned from."""
        return (*self.spans, self.learned) if self.learned else self.spans

    @property
    def judged_until(self) -> datetime | None:
        """The last snapshot that the judged model learned from: its figures are on later ones. None without dates."""
        return next((span.ends_at for span in self.spans if span.name == "train"), None)

    @property
    def learned_until(self) -> datetime | None:
        """The last snapshot that the served model learned from; None without dates."""
        return self.learned.ends_at if self.learned else self.judged_until

    def json(self) -> str:
        """These facts as JSON text; `ReportFacts.read` gives them back equal."""
        return TypeAdapter(ReportFacts).dump_json(self, indent=1).decode()

    @classmethod
    def read(cls, text: str | bytes) -> ReportFacts:
        """The facts that `json` wrote. Raises pydantic.ValidationError for anything else."""
        return TypeAdapter(ReportFacts).validate_json(text)
