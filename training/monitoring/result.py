"""What the watch found, as plain values: for the report, for alerts, for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from training.evaluate.evaluate import Evaluation

Status = Literal["ok", "notice", "alert"]

# The chance that one look at a market that did not change raises a false alarm, or says a false word: for each of early
# conversions, scores, the bar, and all inputs together.
FALSE_ALARM, FALSE_NOTICE = 0.01, 0.05


@dataclass(frozen=True)
class MonitoringResult:
    """One thing that is watched. value: None where it is too early to say; limit: from where on it is worth a word."""

    name: str
    status: Status
    sentence: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class InputDrift:
    """One input of the model, over open leads that came lately: then, when the model was trained, and now."""

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
    """The looks at leads of one week: conversions soon after, expected and observed, and the range of chance."""

    starts_at: datetime
    expected: float
    observed: int
    lower: float
    upper: float


@dataclass(frozen=True)
class MonitoringFigures:
    """The figures behind the pictures."""

    inputs: tuple[InputDrift, ...] = ()  # the largest PSI first
    matured: Evaluation | None = None
    weeks: tuple[EarlyWeek, ...] = ()
    early_days: int = 14


@dataclass(frozen=True)
class MonitoringRun:
    """What changed between `trained_until` and `as_of`; no watched thing where there is nothing to compare yet."""

    trained_until: datetime
    as_of: datetime
    watched: tuple[MonitoringResult, ...] = ()
    pictured: MonitoringFigures = MonitoringFigures()


def worst_status(statuses: Sequence[Status]) -> Status:
    """The most serious of them; "ok" of none."""
    order: tuple[Status, ...] = ("ok", "notice", "alert")
    return order[max((order.index(status) for status in statuses), default=0)]


def status_of(value: float, notice: float, alert: float) -> Status:
    """How serious a value is that should stay under both limits."""
    return "alert" if value >= alert else "notice" if value >= notice else "ok"


def summary_sentence(watched: Sequence[MonitoringResult]) -> str:
    """One sentence for all of it."""
    alerts, notices = (sum(one.status == status for one in watched) for status in ("alert", "notice"))
    if alerts:
        return f"{_things(alerts)} changed so much that the scores may be off: look at them, and train again."
    if notices:
        return f"{_things(notices)} moved by more than chance, and by less than would matter at once."
    return "Nothing that is watched has changed by more than chance would do."


def _things(count: int) -> str:
    return "One thing" if count == 1 else f"{count} things"
