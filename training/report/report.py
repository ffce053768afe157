"""The report of a model as one HTML page: charts, tables and plain sentences, for a screen or for paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.home.printed_text import visible
from training.charts import charts
from training.charts.axes import NARROW, WIDTH
from training.charts.breakdown import months_chart, segments_chart
from training.charts.drift import drift_charts
from training.metrics.shares import of_100
from training.monitoring.result import summary_sentence
from training.report import tables
from training.report.bar_earnings import earnings_sentence
from training.report.facts import ReportFacts
from training.report.first_screen import first_answers, report_warnings
from training.report.soft_breaks import soft_breaks
from training.report.threshold_chart import threshold_chart
from training.wording import sentences
from training.wording.calibration import calibration_check_sentence, calibration_faults
from training.wording.segments import segment_calibration_sentences, segment_ranking_sentences, segments_sentence

TEMPLATES = Path(__file__).parent / "templates"
PUT_BACK = "Under suspicion, and in use all the same, because the agreement says so:"


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
        "of_100": of_100,
        "figure": tables.figure_text,
        "day": tables.day_text,
        "interval": tables.interval_text,
        "soft": soft_breaks,
    }
    drawn, narrow, breakdown = report_charts(facts), report_charts(facts, NARROW), facts.findings
    written = page.get_template("report.html.j2").render(
        facts=facts,
        evaluation=facts.evaluation,
        sentences={
            name: soft_breaks(with_curly_quotes(sentence)) for name, sentence in _opening_sentences(facts).items()
        },
        checked=sentences.top_scores_check(facts.evaluation),
        unit=sentences.row_noun(facts.evaluation),
        second_sentences=[
            soft_breaks(with_curly_quotes(sentence)) for sentence in (facts.second.sentences if facts.second else ())
        ],
        answers=[
            (answer.question, [soft_breaks(with_curly_quotes(sentence)) for sentence in answer.sentences])
            for answer in first_answers(facts)
        ],
        warnings=report_warnings(facts),
        pictures={name: (Markup(wide), Markup(narrow[name])) for name, wide in drawn.items()},
        captions={name: chart_caption(name, facts) for name in drawn},
        tables=_tables(facts),
        differences=[*segment_calibration_sentences(breakdown.groups), *segment_ranking_sentences(breakdown.groups)],
        calibration_faults=calibration_faults(breakdown.calibration),
    )
    return visible(written)


def _tables(facts: ReportFacts) -> dict[str, tables.Table]:
    """Every table of the page, by its name in the templates."""
    arrival = facts.findings.arrival
    at_arrival = (
        f"The same at the moment of arrival, on {arrival.evaluation.leads:,} leads, when the first touch is all that "
        "is known."
        if arrival
        else ""
    )
    return {
        "spans": tables.spans_table(facts),
        "calibration": tables.calibration_table(facts),
        "top_shares": tables.top_shares_table(facts.evaluation),
        "compared": tables.comparison_table(
            facts.compared,
            f"All learned from the same leads and were tested on the same {sentences.row_noun(facts.evaluation)}. Log "
            "loss: the price of a wrong probability, lower is better.",
        ),
        "compared_at_arrival": tables.comparison_table(arrival.compared if arrival else (), at_arrival),
        "groups": tables.groups_table(facts),
        "months": tables.months_table(facts),
        "watch": tables.watch_table(facts),
        "left_out": tables.fields_table(facts.left_out, "Why"),
        "put_back": tables.fields_table(facts.put_back, "Why it is suspected", PUT_BACK),
        "leaks": tables.leaks_table(facts),
        "metrics": tables.metrics_table(facts),
        "gates": tables.gates_table(facts.gates, "Gates before promotion"),
        **_second_question_tables(facts),
    }


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


def _second_question_tables(facts: ReportFacts) -> dict[str, tables.Table]:
    if facts.second is None:
        return {}
    about = "Gates of “if tried now”: where one does not hold, there is no such figure"
    return {
        "second": tables.second_question_table(facts.second),
        "second_gates": tables.gates_table(facts.second.gates, about),
    }


def report_charts(facts: ReportFacts, width: int = WIDTH) -> dict[str, str]:
    """Every chart that these facts allow, as SVG, by name."""
    evaluation, breakdown = facts.evaluation, facts.findings
    drawn: dict[str, Any] = {}
    if evaluation.reliability:
        drawn["reliability"] = charts.reliability_chart(evaluation, width)
        drawn["distribution"] = charts.distribution_chart(evaluation, width)
    if evaluation.gains:
        drawn["gains"] = charts.gains_chart(evaluation, width)
        drawn["threshold"] = threshold_chart(evaluation, facts.bar, facts.money, width)
    if breakdown.groups:
        drawn["segments"] = segments_chart(breakdown.groups, width)
    if breakdown.months:
        drawn["months"] = months_chart(breakdown.months, width)
    if facts.drivers:
        drawn["drivers"] = charts.importance_chart(facts.drivers, width)
    if facts.dependence:
        drawn["dependence"] = charts.partial_dependence_chart(facts.dependence, width)
    drawn |= drift_charts(facts.watch_pictured, width)
    return {name: charts.svg(chart) for name, chart in drawn.items()}


def chart_caption(name: str, facts: ReportFacts) -> str:
    """The sentence under the chart of this name: what to see in it."""
    return charts.caption(name, sentences.row_noun(facts.evaluation), facts.money is not None)


def with_curly_quotes(sentence: str) -> str:
    """The sentence with curly quotation marks instead of straight ones."""
    return re.sub(r'"([^"]*)"', r"“\1”", sentence)
