"""What a candidate showed beyond its test span, and that report, notebook and JSON all have it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from handmade_events import LATER, SMALL

from features.agreement.versions import AgreementVersion
from features.arrays import DAY_US, Floats
from training.candidate import Candidate
from training.evaluate.backtest import Refit
from training.evaluate.baselines import baseline_probabilities, constant_baseline
from training.evaluate.breakdown import COMPARED_BASELINES, Breakdown, breakdown
from training.evaluate.evaluate import evaluate
from training.fit.fit import fitted_model
from training.gates.gate import NOT_GATED
from training.labels.split import split_by_lead
from training.labels.summary import LabelSummary
from training.model.calibrator import Calibrator
from training.model.columns import ModelColumn
from training.model.model import Model
from training.report.facts import ReportFacts

PICTURES = {"reliability", "distribution", "gains", "threshold", "segments", "months", "drivers", "dependence"}


def history(leads: int = 900, seed: int = 0) -> pd.DataFrame:
    """Two looks a lead; pricing pages and software raise the chance, sources do not."""
    draws = np.random.default_rng(seed)
    lead = np.repeat(np.arange(leads), 2)
    count, came = draws.poisson(1.2, leads)[lead].astype(float), draws.uniform(0, 300, leads)[lead]
    industry = draws.choice(["software", "retail"], leads)[lead]
    is_arrival = np.arange(2 * leads) % 2 == 0
    odds = np.exp(-2.6 + 0.8 * count + 0.8 * (industry == "software"))
    starts = pd.Timestamp("2026-01-01", tz="UTC").value // 1_000
    return pd.DataFrame(
        {
            "lead_id": [f"L{number}" for number in lead],
            "snapshot_us": starts + ((came + 7 * ~is_arrival) * DAY_US).astype(np.int64),
            "is_arrival": is_arrival,
            "outcome": draws.random(leads)[lead] < odds / (1 + odds),
            "pricing_page_count_hl7d": count * 0.7,
            "pricing_page_count_total": count,
            "industry": industry.astype(object),
            "source": draws.choice(["search", "webinar"], leads)[lead].astype(object),
            "days_open": 7.0 * ~is_arrival,
        }
    )


@pytest.fixture(scope="module")
def candidate() -> Candidate:
    labelled = history()
    parted = split_by_lead(labelled, 1, "a test")
    model = fitted_model(labelled[parted.train], SMALL, 1)
    tested = labelled[parted.test]
    said = {"leadlight": model.probability(tested)} | rivals(labelled[parted.train], tested)
    refit = Refit(lambda *_: replace(model, calibrator=Calibrator(1.0, 0.0)), rivals, 1)
    found = breakdown(labelled, parted.test, said, SMALL, refit)
    shown = evaluate(said["leadlight"], tested["outcome"], tested["lead_id"].to_numpy(), resamples=20)
    kept = AgreementVersion(SMALL, 1)
    return Candidate(
        model, model, labelled, parted, shown, (), NOT_GATED, kept, LATER, 1.0, findings=found, label_summary=LABELS
    )


LABELS = LabelSummary("Lead Converted", 90, 10, 10, 10, tried_before=0.1)


def rivals(known: pd.DataFrame, asked: pd.DataFrame) -> dict[str, Floats]:
    used = ["pricing_page_count_total"]
    outcome = known["outcome"].to_numpy(float)
    return constant_baseline(outcome, len(asked)) | baseline_probabilities(known[used], outcome, asked[used])


def test_the_quality_at_arrival_is_its_own_figure(candidate: Candidate) -> None:
    tested = candidate.labelled[candidate.split.test]
    arrived = tested[tested["is_arrival"]]
    found = candidate.findings.arrival
    assert found
    assert (found.evaluation.rows, found.evaluation.conversions) == (len(arrived), arrived["outcome"].sum())
    alone = evaluate(candidate.model.probability(arrived), arrived["outcome"], arrived["lead_id"].to_numpy())
    assert found.evaluation.metrics["roc_auc"] == alone.metrics["roc_auc"]
    assert {"leadlight", *COMPARED_BASELINES} <= {model.name for model in found.compared}


def test_groups_and_months_are_held_against_the_average_naive_bayes_and_logistic_regression(
    candidate: Candidate,
) -> None:
    found = candidate.findings
    assert {group.family for group in found.groups} == {"source"}
    assert found.months
    for compared in [*(group.compared for group in found.groups), *(month.compared for month in found.months)]:
        assert {model.name for model in compared} >= {"leadlight", *COMPARED_BASELINES}


def test_every_picture_comes_to_a_notebook_with_what_to_see(candidate: Candidate) -> None:
    assert set(candidate.plots) == PICTURES
    html = candidate.show("months", "dependence")._repr_html_()
    assert html.count("<figcaption") == 2
    assert candidate.show()._repr_html_().count("<svg") == len(PICTURES)


def test_the_report_and_the_json_have_it(candidate: Candidate) -> None:
    assert ReportFacts.read(candidate.facts.json()) == candidate.facts
    told = json.loads(json.dumps(candidate.summary(), default=str))
    assert told["findings"]["arrival"]["evaluation"]["metrics"]["roc_auc"] > 0.6
    assert len(told["findings"]["months"]) == len(candidate.findings.months)


def test_the_strongest_drivers_are_those_whose_dependence_is_shown(candidate: Candidate) -> None:
    first, *_ = candidate.facts.dependence
    assert (first.name, first.axis) == ("pricing_page", "times so far")
    middles = [step.middle for step in first.steps]
    assert middles == sorted(middles)
    assert candidate.facts.dependence[1].name == "industry"


def test_where_every_look_is_an_arrival_and_nothing_has_a_date_there_is_less_to_say() -> None:
    rows = history(300).assign(is_arrival=True)
    outcome: Any = {"event": "Lead Converted", "undated": True}
    undated = SMALL.model_copy(update={"outcome": SMALL.outcome.model_validate(outcome)})
    model = Model(
        (ModelColumn("pricing_page_count_total", "pricing_page", "behaviour"),), calibrator=Calibrator(1.0, -1.0)
    )
    said = {"leadlight": model.probability(rows)}
    found = breakdown(rows, np.ones(len(rows), dtype=bool), said, undated, Refit(lambda *_: model, rivals, 1))
    assert (found.arrival, found.months) == (None, ())
    assert Breakdown() == Breakdown(None, (), None, ())
