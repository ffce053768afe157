"""The report of a model as one page: pictures, tables and plain sentences, for a screen or for paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import TypeAdapter

from training import plots, sentences
from training.cautions import Caution, Field, leak_cautions, worth_cautions
from training.comparison import Compared
from training.drivers import Driver
from training.evaluate import Evaluation
from training.watch.pictures import since_pictures
from training.watch.watched import Pictured, Watched, summary

TEMPLATES = Path(__file__).parent / "templates"


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

    name: str  # "train", "calibration", "test"
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
class ReportFacts:
    """All that the report says, as plain values: what `train` found, kept with the model as JSON."""

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
    bar: float | None = None  # the policy's probability, if it has one
    known_until: datetime | None = None
    written_at: datetime | None = None
    watch: tuple[Watched, ...] = ()  # what changed since; found when the report is written, and not kept
    watch_pictured: Pictured | None = None

    def json(self) -> str:
        """These facts as JSON text; `ReportFacts.read` gives them back equal."""
        return TypeAdapter(ReportFacts).dump_json(self, indent=1).decode()

    @classmethod
    def read(cls, text: str | bytes) -> ReportFacts:
        """The facts that `json` wrote. Raises pydantic.ValidationError for anything else."""
        return TypeAdapter(ReportFacts).validate_json(text)


def report(facts: ReportFacts) -> str:
    """One self-contained HTML page: pictures inline, no script, nothing fetched from anywhere."""
    page = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # field names and labels come from files of strangers
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"of_100": sentences.of_100, "figure": figure, "interval": interval, "day": day}
    said = {
        "trust": sentences.trust_sentence(facts.evaluation),
        "calibration": sentences.calibration_sentence(facts.evaluation),
        "ranking": sentences.ranking_sentence(facts.evaluation),
        "comparison": sentences.comparison_sentence(facts.compared),
        "drivers": sentences.drivers_sentence(facts.drivers),
        "watch": summary(facts.watch),
    }
    return page.get_template("report.html.j2").render(
        facts=facts,
        evaluation=facts.evaluation,
        said={name: curled(sentence) for name, sentence in said.items()},
        checked=sentences.trust(facts.evaluation),
        unit=sentences.unit(facts.evaluation),
        cautions=cautions(facts),
        pictures={name: Markup(drawn) for name, drawn in pictures(facts).items()},
        rows=tops(facts.evaluation),
    )


def pictures(facts: ReportFacts) -> dict[str, str]:
    """Every picture that these facts allow, as SVG by name."""
    evaluation = facts.evaluation
    charts: dict[str, Any] = {}
    if evaluation.reliability:
        charts["reliability"] = plots.reliability(evaluation)
        charts["distribution"] = plots.distribution(evaluation)
    if evaluation.gains:
        charts["gains"] = plots.gains(evaluation)
        charts["threshold"] = plots.threshold(evaluation, facts.bar)
    if facts.drivers:
        charts["drivers"] = plots.drivers(facts.drivers)
    charts |= since_pictures(facts.watch_pictured)
    return {name: plots.svg(chart) for name, chart in charts.items()}


def cautions(facts: ReportFacts) -> list[Caution]:
    """What to know before believing the figures; signs of a leak first."""
    return [
        *leak_cautions(facts.evaluation, facts.drivers, facts.put_back),
        *worth_cautions(facts.evaluation, facts.compared, facts.split),
        *(Caution("", sentence) for sentence in facts.warnings),
    ]


def tops(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The top 5, 10 and 20 of 100 as rows of a table: the bar they need and what they give."""
    return [
        {"share": percent, "point": evaluation.gains[percent - 1], "name": f"{percent}pct"}
        for percent in (5, 10, 20)
        if evaluation.gains
    ]


def curled(sentence: str) -> str:
    """The sentence with a printer's quotation marks."""
    return re.sub(r'"([^"]*)"', r"“\1”", sentence)


def figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def interval(ends: tuple[float, float] | None, digits: int = 3, times: float = 1.0) -> str:
    return "" if ends is None else f"{times * ends[0]:.{digits}f} to {times * ends[1]:.{digits}f}"


def day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
