"""A report with everything in it, as a real model would leave it, on a few drawn rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd

from training.evaluate.backtest import BacktestMonth
from training.evaluate.breakdown import Breakdown, arrival_result
from training.evaluate.calibration_check import calibration_check
from training.evaluate.comparison import HeldOutPredictions, comparison
from training.evaluate.evaluate import Evaluation, evaluate
from training.evaluate.importance import GlobalImportance
from training.evaluate.partial_dependence import DependenceStep, PartialDependence
from training.evaluate.segments import segment_results
from training.monitoring.result import MonitoringResult
from training.report.facts import ModelIdentity, ReportedCosts, ReportedGate, ReportedLeak, ReportedSpan, ReportFacts
from training.wording.report_warnings import ReportedField

NASTY = '<script>alert("1")</script>'
DRIVERS = (
    GlobalImportance("pricing_page", "pricing pages", "behaviour", 0.4, -0.3),
    GlobalImportance("seniority", "seniority", "trait", 0.3, -0.2),
    GlobalImportance("webinar", "webinars", "behaviour", 0.2, -0.1),
)


def rows(count: int = 2400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-draws.normal(-2.5, 1.1, count)))
    return probability, draws.random(count) < probability, draws.integers(0, count // 4, count)


@cache
def closer() -> Breakdown:
    """Segments, arrival and months as a real model would leave them."""
    probability, won, lead = rows()
    forecasts = HeldOutPredictions.of({"leadlight": probability, "constant": np.full(2400, won.mean())}, won, lead)
    source = pd.Series(np.where(lead % 2, "webinar", NASTY), dtype=object)
    ours = forecasts.comparison(5, 0)
    months = [
        BacktestMonth(
            f"2026-{month:02}", 80, 400, 100, 30, 0.08, 0.075, (0.05, 0.1), 0.2, 0.77, (0.7, 0.84), 0.01, 0.02, ours
        )
        for month in (1, 2)
    ]
    return Breakdown(
        arrival_result(forecasts, np.arange(2400) % 4 == 0, 0),
        segment_results(forecasts, {"source": source}, 0),
        calibration_check(forecasts, 0),
        tuple(months),
    )


def facts(evaluation: Evaluation | None = None) -> ReportFacts:
    probability, won, lead = rows()
    return ReportFacts(
        identity=ModelIdentity("default", "17", "sha256:" + "3f" * 32, 3, "sha256:" + "b8" * 32),
        outcome="Lead Converted",
        horizon_days=90,
        split="time",
        split_how="3 spans in time order over 540 days, 90 days apart",
        spans=(
            ReportedSpan("train", 9000, 2000, 700, datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)),
        ),
        evaluation=evaluation or evaluate(probability, won, lead, resamples=50),
        compared=comparison({"ours": probability, "constant": np.full(2400, won.mean())}, won, lead, resamples=50),
        drivers=DRIVERS,
        left_out=(ReportedField("lead_status", "known only after contact: sales sets it"),),
        gates=(ReportedGate("ece", True, 0.011, 0.02),),
        bar=0.21,
        known_until=datetime(2025, 11, 21, tzinfo=UTC),
        written_at=datetime(2025, 11, 22, tzinfo=UTC),
    )


@cache
def full() -> ReportFacts:
    """The same with everything that a report can hold."""
    steps = (DependenceStep("staff", 40, -0.4, -0.2, 0.0), DependenceStep("vp", 30, 0.0, 0.5, 1.0))
    return replace(
        facts(),
        money=ReportedCosts("USD", 60, 1500),
        dependence=(PartialDependence("seniority", "seniority", "", steps),),
        findings=closer(),
        tried_before=0.63,
        leaks=(
            ReportedLeak("tags", "its values say what became of the lead", 0.91, 0.12),
            ReportedLeak("phone", "seldom filled in"),
        ),
        watch=(
            MonitoringResult("inputs", "notice", "More leads without an industry than then.", 0.21, 0.2),
            MonitoringResult("calibration", "ok", "As many converted as were expected."),
        ),
    )
