"""The report of a model as one HTML page: charts, tables and plain sentences, for a screen or for paper."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training.charts import charts
from training.charts.breakdown import months_chart, segments_chart
from training.charts.drift import drift_charts
from training.evaluate.evaluate import Evaluation
from training.metrics.metrics import COMPARISON_COLUMNS, DIGITS, TOP_SHARES, percent_name
from training.metrics.shares import of_100
from training.monitoring.result import summary_sentence
from training.report.bar_earnings import earnings_sentence
from training.report.facts import ReportFacts
from training.report.threshold_chart import threshold_chart
from training.wording import sentences
from training.wording.calibration import calibration_check_rows, calibration_check_sentence, calibration_faults
from training.wording.report_warnings import ReportWarning, leak_warnings, quality_warnings, segment_warnings
from training.wording.segments import segment_calibration_sentences, segment_ranking_sentences, segments_sentence

TEMPLATES = Path(__file__).parent / "templates"


def report_page(facts: ReportFacts) -> str:
    """One self-contained HTML page: charts inline, no script, nothing fetched from anywhere."""
    page = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # field names and labels come from files of strangers
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {
        "of_100": of_100, "figure": figure_text, "interval": interval_text, "signed": signed_text, "day": day_text,
    }  # fmt: skip
    drawn, breakdown = report_charts(facts), facts.findings
    return page.get_template("report.html.j2").render(
        facts=facts,
        evaluation=facts.evaluation,
        sentences={name: with_curly_quotes(sentence) for name, sentence in _opening_sentences(facts).items()},
        checked=sentences.top_scores_check(facts.evaluation),
        unit=sentences.row_noun(facts.evaluation),
        digits=DIGITS,
        comparison_columns=COMPARISON_COLUMNS,
        warnings=report_warnings(facts),
        pictures={name: Markup(picture) for name, picture in drawn.items()},
        captions={name: chart_caption(name, facts) for name in drawn},
        rows=top_share_rows(facts.evaluation),
        differences=[*segment_calibration_sentences(breakdown.groups), *segment_ranking_sentences(breakdown.groups)],
        calibration_faults=calibration_faults(breakdown.calibration),
        checks=calibration_check_rows(breakdown.calibration),
    )


def _opening_sentences(facts: ReportFacts) -> dict[str, str]:
    """The sentence that opens each section of the page, by the section's name in the template."""
    evaluation, breakdown = facts.evaluation, facts.findings
    return {
        "trust": sentences.top_scores_sentence(evaluation),
        "calibration": sentences.calibration_sentence(evaluation),
        "closer": calibration_check_sentence(breakdown.calibration),
        "ranking": sentences.ranking_sentence(evaluation),
        "arrival": sentences.arrival_sentence(breakdown.arrival) if breakdown.arrival else "",
        "money": earnings_sentence(evaluation, facts.money),
        "comparison": sentences.comparison_sentence(facts.compared),
        "groups": segments_sentence(breakdown.groups),
        "months": sentences.months_sentence(breakdown.months),
        "drivers": sentences.importance_sentence(facts.drivers),
        "watch": summary_sentence(facts.watch),
    }


def report_charts(facts: ReportFacts) -> dict[str, str]:
    """Every chart that these facts allow, as SVG, by name."""
    evaluation, breakdown = facts.evaluation, facts.findings
    drawn: dict[str, Any] = {}
    if evaluation.reliability:
        drawn["reliability"] = charts.reliability_chart(evaluation)
        drawn["distribution"] = charts.distribution_chart(evaluation)
    if evaluation.gains:
        drawn["gains"] = charts.gains_chart(evaluation)
        drawn["threshold"] = threshold_chart(evaluation, facts.bar, facts.money)
    if breakdown.groups:
        drawn["segments"] = segments_chart(breakdown.groups)
    if breakdown.months:
        drawn["months"] = months_chart(breakdown.months)
    if facts.drivers:
        drawn["drivers"] = charts.importance_chart(facts.drivers)
    if facts.dependence:
        drawn["dependence"] = charts.partial_dependence_chart(facts.dependence)
    drawn |= drift_charts(facts.watch_pictured)
    return {name: charts.svg(chart) for name, chart in drawn.items()}


def chart_caption(name: str, facts: ReportFacts) -> str:
    """The sentence under the chart of this name: what to see in it."""
    return charts.caption(name, sentences.row_noun(facts.evaluation), facts.money is not None)


def report_warnings(facts: ReportFacts) -> list[ReportWarning]:
    """What a reader should know before believing the figures; signs of a leak come first."""
    return [
        *leak_warnings(facts.evaluation, facts.drivers, facts.put_back),
        *quality_warnings(facts.evaluation, facts.compared, facts.split),
        *segment_warnings(facts.findings.groups),
        *(ReportWarning("Looked at closer", sentence) for sentence in calibration_faults(facts.findings.calibration)),
        *(ReportWarning("", sentence) for sentence in facts.warnings),
    ]


def top_share_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One row per share of TOP_SHARES: its percent, its point of the gains, and its name in the names of metrics."""
    return [
        {"share": percent, "point": evaluation.gains[percent - 1], "name": percent_name(share)}
        for share in TOP_SHARES
        if evaluation.gains and (percent := round(100 * share))
    ]


def with_curly_quotes(sentence: str) -> str:
    """The sentence with curly quotation marks instead of straight ones."""
    return re.sub(r'"([^"]*)"', r"“\1”", sentence)


def figure_text(value: float | None, digits: int = 3, times: float = 1.0) -> str:
    return "–" if value is None else f"{times * value:.{digits}f}"


def signed_text(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def interval_text(ends: tuple[float, float] | None, digits: int = 3, times: float = 1.0) -> str:
    return "" if ends is None else f"{times * ends[0]:.{digits}f} to {times * ends[1]:.{digits}f}"


def day_text(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
