"""The results of a monitoring run as plain values: for the report, for alerts, for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from training.evaluate.evaluate import Evaluation

Status = Literal["ok", "notice", "alert"]

# The probability of a false alarm, or a false notice, in one run though nothing changed: for each of early outcomes,
# scores, the bar, and all inputs together.
FALSE_ALARM, FALSE_NOTICE = 0.01, 0.05


@dataclass(frozen=True)
class MonitoringResult:
    """One thing that is monitored: its status, and a sentence that says why.

    value: None where it is too early to say. limit: the value from which on it is a notice, or an alert.
    """

    name: str
    status: Status
    sentence: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class InputDrift:
    """One input of the model, over recent open leads: then, when the model was trained, and now."""

    column: str
    group: str  # the behaviour or trait it belongs to
    label: str
    psi: float
    chance: float  # the PSI that chance alone stays under, over all inputs together
    missing_then: float
    missing_now: float
    new_then: float = 0.0  # the share with a level that was new then, in as long a time as `new_now`
    new_now: float = 0.0  # the share with a level that no lead had when the model was trained
    status: Status = "ok"


@dataclass(frozen=True)
class EarlyWeek:
    """The early outcomes of one week of snapshots: conversions expected and observed, and the range of chance."""

    starts_at: datetime
    expected: float
    observed: int
    lower: float
    upper: float


@dataclass(frozen=True)
class MonitoringFigures:
    """The figures that the charts of a monitoring run show."""

    inputs: tuple[InputDrift, ...] = ()  # the largest PSI first
    matured: Evaluation | None = None
    weeks: tuple[EarlyWeek, ...] = ()
    early_days: int = 14


@dataclass(frozen=True)
class MonitoringRun:
    """What changed between `trained_until` and `as_of`.

    watched: one result per thing that is monitored; none where nothing is newer than the training.
    """

    trained_until: datetime
    as_of: datetime
    watched: tuple[MonitoringResult, ...] = ()
    pictured: MonitoringFigures = MonitoringFigures()


def worst_status(statuses: Sequence[Status]) -> Status:
    """The most serious of some statuses; "ok" of none."""
    order: tuple[Status, ...] = ("ok", "notice", "alert")
    return order[max((order.index(status) for status in statuses), default=0)]


def status_of(value: float, notice: float, alert: float) -> Status:
    """The status of a value that should stay under both limits."""
    return "alert" if value >= alert else "notice" if value >= notice else "ok"


def summary_sentence(watched: Sequence[MonitoringResult]) -> str:
    """One sentence for all results of a run."""
    alerts, notices = (sum(one.status == status for one in watched) for status in ("alert", "notice"))
    if alerts:
        return f"{_things(alerts)} changed so much that the scores may be off: look at them, and train again."
    if notices:
        return f"{_things(notices)} moved by more than chance, and by less than would matter at once."
    return "Nothing that is watched has changed by more than chance would do."


def _things(count: int) -> str:
    return "One thing" if count == 1 else f"{count} things"
