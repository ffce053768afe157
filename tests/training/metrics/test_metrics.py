"""METRICS: one row is all that a metric needs, and what is shown of it is what its row says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from commands.console import metrics_lines
from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import evaluate
from training.metrics.binned_counts import BinnedCounts, binned_counts
from training.metrics.metrics import COMPARISON_COLUMNS, METRICS, WITH_INTERVAL, Metric, metric_values
from training.report.facts import ModelIdentity, ReportFacts
from training.report.model_card import model_card
from training.report.report import report_page

PROBABILITY, OUTCOME, LEADS = [0.8, 0.4, 0.3, 0.2], [True, False, True, False], ["a", "b", "c", "d"]


def written(values: dict[str, float | None]) -> ReportFacts:
    """The facts of a report on four rows, with these metrics."""
    return ReportFacts(
        identity=ModelIdentity("default", "1", None, 1, "sha256:1"),
        outcome="Lead Converted",
        horizon_days=None,
        split="random",
        split_how="by lead",
        spans=(),
        evaluation=replace(evaluate(PROBABILITY, OUTCOME, LEADS, resamples=5), metrics=values),
        written_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def summary(values: dict[str, float | None]) -> dict[str, Any]:
    """What `train --json` says, as far as the terminal reads it."""
    nothing = {"warnings": [], "gates": [], "model_version": None, "promoted": False, "out_of_fold": None}
    nothing |= {"rows": {"train": 4, "test": 4, "served": 8}, "leads": {"train": 2, "test": 2, "served": 3}}
    return {"metrics": values, "intervals": {}, "how": "by lead", "shift": None, **nothing}


def test_an_evaluation_holds_every_metric_once_in_the_order_of_the_table() -> None:
    found = evaluate(PROBABILITY, OUTCOME, LEADS, resamples=5)
    assert list(found.metrics) == [metric.name for metric in METRICS]
    assert list(found.intervals) == [metric.name for metric in WITH_INTERVAL]


def test_every_metric_is_measured_in_one_way() -> None:
    assert all((metric.of_counts is None) != (metric.of_null is None) for metric in METRICS)


def test_what_is_not_defined_is_none_for_every_metric() -> None:
    assert set(evaluate([], [], [], resamples=5).metrics.values()) == {None}


def test_card_and_terminal_show_exactly_the_metrics_that_have_a_label_there() -> None:
    values: dict[str, float | None] = {metric.name: 0.5 + place / 1000 for place, metric in enumerate(METRICS)}
    card, lines = model_card(written(values), ()), list(metrics_lines(summary(values)))
    for metric in METRICS:
        number = f"{values[metric.name]:.{metric.digits}f}"
        assert (f"{metric.card} {number}" in card) if metric.card else (number not in card)
        shown = [line for line in lines if line.endswith(number)]
        assert [line.removesuffix(number).strip() for line in shown] == ([metric.console] if metric.console else [])


def test_the_terminal_counts_leads_as_leads_and_snapshots_as_snapshots() -> None:
    first, second, *_ = metrics_lines(summary({metric.name: None for metric in METRICS}))
    learned = "learned from 4 snapshots of 2 leads"
    assert first == f"judged model: {learned}, calibrated out of fold, tested on 4 snapshots of 2 leads"
    assert second == "served model: learned from all 8 snapshots of 3 leads"


def test_the_table_of_compared_models_has_a_field_for_each_of_its_columns() -> None:
    assert set(COMPARISON_COLUMNS) <= {field.name for field in fields(ComparedModel)}


def test_a_new_row_is_measured_and_reported_without_another_line() -> None:
    def count(counts: BinnedCounts) -> float | None:
        return counts.rows

    counts, _ = binned_counts(np.array(PROBABILITY), np.array(OUTCOME, dtype=float))
    measured = metric_values(counts, (*METRICS, Metric("rows_counted", count)))
    assert measured["rows_counted"] == 4.0
    page = report_page(written(evaluate(PROBABILITY, OUTCOME, LEADS, resamples=5).metrics | measured))
    assert "<span>rows_<wbr>counted</span>" in page
