"""The report of a model as one page: pictures, tables and plain sentences, for a screen or for paper."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training.charts import charts, segments_months_drivers
from training.charts.charts import caption
from training.charts.drift import since_pictures
from training.evaluate.evaluate import Evaluation
from training.metrics import shares
from training.metrics.metrics import COMPARISON_COLUMNS, DIGITS, TOP_SHARES, percent_name
from training.monitoring.result import summary
from training.report import threshold_chart
from training.report.facts import ReportFacts
from training.report.money import money_sentence
from training.wording import calibration, sentences
from training.wording.cautions import Caution, group_cautions, leak_cautions, worth_cautions

TEMPLATES = Path(__file__).parent / "templates"


def report(facts: ReportFacts) -> str:
    """One self-contained HTML page: pictures inline, no script, nothing fetched from anywhere."""
    page = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # field names and labels come from files of strangers
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"of_100": shares.of_100, "figure": figure, "interval": interval, "signed": signed, "day": day}
    drawn, found = pictures(facts), facts.findings
    return page.get_template("report.html.j2").render(
        facts=facts,
        evaluation=facts.evaluation,
        said={name: curled(sentence) for name, sentence in _said(facts).items()},
        checked=sentences.trust(facts.evaluation),
        unit=sentences.unit(facts.evaluation),
        digits=DIGITS,
        comparison_columns=COMPARISON_COLUMNS,
        cautions=cautions(facts),
        pictures={name: Markup(picture) for name, picture in drawn.items()},
        captions={name: captioned(name, facts) for name in drawn},
        rows=tops(facts.evaluation),
        differences=[*sentences.promise_differences(found.groups), *sentences.rank_differences(found.groups)],
        doubts=calibration.doubts(found.calibration),
        checks=calibration.check_rows(found.calibration),
    )


def _said(facts: ReportFacts) -> dict[str, str]:
    """The sentences that the page opens its sections with."""
    evaluation, found = facts.evaluation, facts.findings
    return {
        "trust": sentences.trust_sentence(evaluation),
        "calibration": sentences.calibration_sentence(evaluation),
        "closer": calibration.check_sentence(found.calibration),
        "ranking": sentences.ranking_sentence(evaluation),
        "arrival": sentences.arrival_sentence(found.arrival) if found.arrival else "",
        "money": money_sentence(evaluation, facts.money),
        "comparison": sentences.comparison_sentence(facts.compared),
        "groups": sentences.differences_sentence(found.groups),
        "months": sentences.months_sentence(found.months),
        "drivers": sentences.drivers_sentence(facts.drivers),
        "watch": summary(facts.watch),
    }


def pictures(facts: ReportFacts) -> dict[str, str]:
    """Every picture that these facts allow, as SVG by name."""
    evaluation, found = facts.evaluation, facts.findings
    drawn: dict[str, Any] = {}
    if evaluation.reliability:
        drawn["reliability"] = charts.reliability(evaluation)
        drawn["distribution"] = charts.distribution(evaluation)
    if evaluation.gains:
        drawn["gains"] = charts.gains(evaluation)
        drawn["threshold"] = threshold_chart.threshold(evaluation, facts.bar, facts.money)
    if found.groups:
        drawn["segments"] = segments_months_drivers.segments(found.groups)
    if found.months:
        drawn["months"] = segments_months_drivers.months(found.months)
    if facts.drivers:
        drawn["drivers"] = charts.drivers(facts.drivers)
    if facts.dependence:
        drawn["dependence"] = segments_months_drivers.dependence(facts.dependence)
    drawn |= since_pictures(facts.watch_pictured)
    return {name: charts.svg(chart) for name, chart in drawn.items()}


def captioned(name: str, facts: ReportFacts) -> str:
    """What to see in a picture of these facts."""
    return caption(name, sentences.unit(facts.evaluation), facts.money is not None)


def cautions(facts: ReportFacts) -> list[Caution]:
    """What to know before believing the figures; signs of a leak first."""
    return [
        *leak_cautions(facts.evaluation, facts.drivers, facts.put_back),
        *worth_cautions(facts.evaluation, facts.compared, facts.split),
        *group_cautions(facts.findings.groups),
        *(Caution("Looked at closer", sentence) for sentence in calibration.doubts(facts.findings.calibration)),
        *(Caution("", sentence) for sentence in facts.warnings),
    ]


def tops(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The top 5, 10 and 20 of 100 as rows of a table: the bar they need and what they give."""
    return [
        {"share": percent, "point": evaluation.gains[percent - 1], "name": percent_name(share)}
        for share in TOP_SHARES
        if evaluation.gains and (percent := round(100 * share))
    ]


def curled(sentence: str) -> str:
    """The sentence with a printer's quotation marks."""
    return re.sub(r'"([^"]*)"', r"“\1”", sentence)


def figure(value: float | None, digits: int = 3, times: float = 1.0) -> str:
    return "–" if value is None else f"{times * value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def interval(ends: tuple[float, float] | None, digits: int = 3, times: float = 1.0) -> str:
    return "" if ends is None else f"{times * ends[0]:.{digits}f} to {times * ends[1]:.{digits}f}"


def day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
