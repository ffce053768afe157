"""The peers that the model is held against, on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.evaluate.baselines import baseline_probabilities, constant_baseline, naive_bayes
from training.evaluate.comparison import comparison
from training.evaluate.evaluate import expected_calibration_error

NAMES = ["constant", "naive_bayes", "logistic_regression", "lightgbm"]


def market(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    draws = np.random.default_rng(seed)
    visits, source = draws.poisson(2, rows), draws.choice(["search", "webinar", "fair"], rows)
    margin = -2 + 0.5 * visits + 1.2 * (source == "webinar")
    frame = pd.DataFrame(
        {
            'visits "last [30] days"': np.where(
                draws.random(rows) < 0.1, np.nan, visits
            ),  # LightGBM refuses such names
            "source": pd.Categorical(np.where(draws.random(rows) < 0.1, None, source)),
            "is_customer": draws.random(rows) < 0.2,
            "always_empty": np.nan,
        }
    )
    return frame, draws.random(rows) < 1 / (1 + np.exp(-margin))


def test_naive_bayes_by_hand() -> None:
    train = pd.DataFrame({"source": pd.Categorical(["fair", "fair", "web", "web", None])})
    outcome = np.array([1.0, 0.0, 0.0, 0.0, 1.0])
    asked = pd.DataFrame({"source": pd.Categorical(["fair", "web", None], categories=train["source"].cat.categories)})
    # won: fair 1.1, web 0.1 of 1.2; lost: fair 1.1, web 2.1 of 3.2; before any field 2.1 won to 3.1 lost
    fair, web, empty = 2.1 / 3.1 * (1.1 / 1.2) / (1.1 / 3.2), 2.1 / 3.1 * (0.1 / 1.2) / (2.1 / 3.2), 2.1 / 3.1
    odds = np.array([fair, web, empty])
    assert naive_bayes(train, outcome, asked) == pytest.approx(odds / (1 + odds))


def test_naive_bayes_cuts_numbers_so_that_zero_stands_alone() -> None:
    train = pd.DataFrame({"visits": [0.0] * 50 + list(range(1, 51))})
    outcome = np.array([0.0] * 50 + [1.0] * 50)
    none, one = naive_bayes(train, outcome, pd.DataFrame({"visits": [0.0, 1.0]}))
    assert none < 0.01 < 0.9 < one


def test_every_peer_learns_the_same_rows_and_beats_the_constant() -> None:
    (train, won), (test, won_later) = market(2000, 0), market(1500, 1)
    found = baseline_probabilities(train, won, test)
    assert list(found) == NAMES
    rows = comparison(found, won_later, range(1500))
    constant = rows[0]
    assert constant.roc_auc == 0.5
    for peer in rows[1:]:
        assert peer.roc_auc > 0.7
        assert peer.excess_log_loss < 0, "less than the constant's, which stands first"
        assert peer.excess_interval[0] <= peer.excess_log_loss <= peer.excess_interval[1] < 0
    assert expected_calibration_error(found["logistic_regression"], won_later) < 0.04


def test_peers_repeat_themselves() -> None:
    (train, won), (test, _) = market(400, 0), market(100, 1)
    once, again = baseline_probabilities(train, won, test), baseline_probabilities(train, won, test)
    for name in NAMES:
        assert (once[name] == again[name]).all()


def test_levels_and_gaps_that_train_has_not_seen_are_scored_all_the_same() -> None:
    train, won = market(400, 0)
    train = train.assign(visits=1)
    test = pd.DataFrame(
        {
            'visits "last [30] days"': [np.nan, 1e9],
            "source": pd.Categorical(["podcast", None]),
            "is_customer": [True, False],
            "always_empty": [3.0, np.nan],
            "visits": [np.nan, 2],
        }
    )
    for name, probability in baseline_probabilities(train, won, test).items():
        assert ((probability >= 0) & (probability <= 1)).all(), name


@pytest.mark.parametrize("only", [True, False])
def test_one_class_leaves_the_constant(only: bool) -> None:
    train, _ = market(50, 0)
    for probability in baseline_probabilities(train, np.full(50, only), train).values():
        assert (probability == float(only)).all()


def test_no_rows_and_no_columns_are_no_error() -> None:
    train, won = market(50, 0)
    assert all(len(probability) == 0 for probability in baseline_probabilities(train, won, train.iloc[:0]).values())
    assert all((p == won.mean()).all() for p in baseline_probabilities(train[[]], won, train[[]]).values())
    assert constant_baseline([], 2)["constant"].tolist() == [0.0, 0.0]


def test_a_model_beside_itself_is_level() -> None:
    probability = np.linspace(0.05, 0.6, 200)
    won = np.random.default_rng(0).random(200) < probability
    ours, same = comparison({"ours": probability, "same": probability.copy()}, won, np.repeat(np.arange(50), 4))
    assert ours.excess_log_loss is None
    assert (same.excess_log_loss, same.excess_interval) == (0.0, (0.0, 0.0))
