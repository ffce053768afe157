"""What is served learned every labelled row by the judged choices, and its calibrator knows no row's outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn_snapshots import looks
from handmade_events import SMALL

from training.fit.fit import CHOICES, fitted_model
from training.fit.served_fit import ServedFit, served_fit
from training.labels.folds import log_loss
from training.model.model import Model

MOVED = 1.0  # log-odds


def market(leads: int, seed: int, level: float) -> pd.DataFrame:
    """Looks whose odds are higher by so much log-odds."""
    rows, draws = looks(leads, seed), np.random.default_rng(seed)
    odds = np.exp(-2.2 + level + 0.8 * rows["pricing_page_count_total"] - 1.0 * (rows["industry"] == "mining"))
    return rows.assign(outcome=draws.random(len(rows)) < odds / (1 + odds))


@pytest.fixture(scope="module")
def before() -> pd.DataFrame:
    return market(300, 1, 0.0)


@pytest.fixture(scope="module")
def everything(before: pd.DataFrame) -> pd.DataFrame:
    """The rows that the judged model learned from, and those since; since then the rate is higher."""
    since = market(300, 2, MOVED)
    since = since.assign(lead_id="later-" + since["lead_id"], snapshot_us=since["snapshot_us"] + len(before))
    return pd.concat([before, since], ignore_index=True)


@pytest.fixture(scope="module")
def judged(before: pd.DataFrame) -> Model:
    return fitted_model(before, SMALL, seed=7)


@pytest.fixture(scope="module")
def served(judged: Model, everything: pd.DataFrame) -> ServedFit:
    return served_fit(judged, everything, SMALL, seed=7)


def test_what_is_served_is_nearer_to_a_rate_that_moved(judged: Model, served: ServedFit) -> None:
    fresh = market(300, 3, MOVED)
    was, now = (abs(model.probability(fresh).mean() - fresh["outcome"].mean()) for model in (judged, served.model))
    assert now < 0.7 * was


def test_the_choices_are_those_that_were_judged(judged: Model, served: ServedFit, everything: pd.DataFrame) -> None:
    assert [column.name for column in served.model.columns] == [column.name for column in judged.columns]
    assert served.model.blend == judged.blend
    assert all(served.model.facts[name] == judged.facts[name] for name in CHOICES if name in judged.facts)
    assert served.model.facts["learned_until_us"] == everything["snapshot_us"].max()
    assert judged.facts["learned_until_us"] < served.model.facts["learned_until_us"]


def test_it_is_calibrated_on_leads_that_no_fit_saw(judged: Model, everything: pd.DataFrame) -> None:
    """Where nothing can be learned, margins of seen leads would still follow the outcome; those out of fold do not."""
    draws = np.random.default_rng(5)
    noise = everything.assign(outcome=draws.random(len(everything)) < 0.3)
    blind = served_fit(judged, noise, SMALL, seed=7)
    seen = blind.model.margin(blind.model.matrix(noise))
    outcome = noise["outcome"].to_numpy(float)
    average = log_loss(np.full(len(noise), np.log(outcome.mean() / (1 - outcome.mean()))), outcome)
    assert log_loss(seen, outcome) < average < log_loss(blind.out_of_fold, outcome)
    assert blind.model.calibrator.slope < 1  # it takes back what the fit believes of noise
