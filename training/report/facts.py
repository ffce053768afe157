"""What the report says, as plain values that are kept with the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from training.evaluate.comparison import Compared
from training.evaluate.dependence import Dependence
from training.evaluate.evaluate import Evaluation
from training.evaluate.findings import Findings
from training.evaluate.importance import Driver
from training.monitoring.result import Pictured, Watched
from training.wording.cautions import Field


@dataclass(frozen=True)
class Identity:
    """Which model this is, and which agreement it learned from."""

    name: str
    version: str | None  # None for a candidate that is not registered
    digest: str | None
    agreement_version: int | None
    agreement_digest: str
    basis: str = "full"  # "criteria", "few" or "full"


@dataclass(frozen=True)
class Span:
    """One part of the labelled snapshots; the moments of its first and last snapshot, None without dates."""

    name: str  # "train", "test"
    rows: int
    leads: int
    conversions: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Gate:
    name: str
    passed: bool
    value: float | None
    limit: float | None


@dataclass(frozen=True)
class Money:
    """[costs] of the agreement, in whole units of the currency: a follow-up by sales, and a conversion's worth."""

    currency: str
    contact: float
    conversion: float


@dataclass(frozen=True)
class Leak:
    """A field that may give the outcome away: why, how it ranks alone, and what ROC AUC is lost without it."""

    name: str
    reason: str
    auc: float | None = None
    auc_drop: float | None = None


@dataclass(frozen=True)
class ReportFacts:
    """All that the report says, as plain values: what `train` found, kept with the model as JSON.

    A field that is new has a default, so that the reports of models registered before it can still be read.
    """

    identity: Identity
    outcome: str  # the event that counts as converted
    horizon_days: int | None  # None for an undated history
    split: str  # "time" or "random"
    split_how: str  # the same in words
    spans: tuple[Span, ...]
    evaluation: Evaluation  # on the test span
    compared: tuple[Compared, ...] = ()  # ours first, then the others on the same rows
    drivers: tuple[Driver, ...] = ()  # the strongest first
    left_out: tuple[Field, ...] = ()  # [excluded] of the agreement
    put_back: tuple[Field, ...] = ()  # suspects of the triage that the agreement uses all the same
    warnings: tuple[str, ...] = ()  # further sentences that train has to say
    gates: tuple[Gate, ...] = ()
    bar: float | None = None  # the probability from which on a lead is over the bar
    known_until: datetime | None = None
    written_at: datetime | None = None
    money: Money | None = None
    dependence: tuple[Dependence, ...] = ()  # how the strongest drivers move scores as they change
    findings: Findings = field(default_factory=Findings)  # by segment, by month, at arrival
    negatives_never_tried: float | None = None  # of those who did not convert; None where touches are not recorded
    leaks: tuple[Leak, ...] = ()  # fields under suspicion or left out, as the triage found them
    watch: tuple[Watched, ...] = ()  # what changed since; found when the report is written, and not kept
    watch_pictured: Pictured | None = None

    def json(self) -> str:
        """These facts as JSON text; `ReportFacts.read` gives them back equal."""
        return TypeAdapter(ReportFacts).dump_json(self, indent=1).decode()

    @classmethod
    def read(cls, text: str | bytes) -> ReportFacts:
        """The facts that `json` wrote. Raises pydantic.ValidationError for anything else."""
        return TypeAdapter(ReportFacts).validate_json(text)
