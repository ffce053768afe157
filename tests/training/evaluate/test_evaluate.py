"""The figures, held to worlds small enough to do by hand and to what must hold in any world."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from features.home.errors import LeadlightError
from training.evaluate.evaluate import Evaluation, ReliabilityBin, evaluate, expected_calibration_error
from training.metrics import calibration_null
from training.metrics.binned_counts import binned_counts, equal_mass_bins
from training.metrics.shares import of_100
from training.wording.sentences import top_scores_check, top_scores_sentence

CONTRACT = [
    "roc_auc", "average_precision", "log_loss", "brier", "ece", "ece_null95", "precision_at_10pct", "lift_at_10pct",
]  # fmt: skip


def world(rows: int = 3000, seed: int = 0, leads: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A calibrated model: probabilities, outcomes drawn from them, and the lead of each row."""
    draws = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-draws.normal(-2.5, 1.1, rows)))
    lead = np.arange(rows) if leads is None else draws.integers(0, leads, rows)
    return probability, draws.random(rows) < probability, lead


def followed_leads(seed: int, leads: int = 250, weeks: int = 12, horizon: int = 10) -> tuple[np.ndarray, ...]:
    """Leads looked at every week until they buy, once; the probabilities are the true ones of each look."""
    draws = np.random.default_rng(seed)
    hazard = 1 / (1 + np.exp(-draws.normal(-4.6, 1.0, (leads, 1)) - 0.3 * draws.normal(size=(leads, weeks + horizon))))
    bought = draws.random(hazard.shape) < hazard
    week_bought = np.where(bought.any(1), bought.argmax(1), 10**6)
    looks = [
        (1 - np.prod(1 - hazard[:, week : week + horizon], axis=1), week_bought < week + horizon, week_bought >= week)
        for week in range(weeks)
    ]
    chance, outcome, is_open = (np.concatenate(column) for column in zip(*looks, strict=True))
    lead = np.tile(np.arange(leads), weeks)
    return chance[is_open], outcome[is_open], lead[is_open]


def test_four_rows_by_hand() -> None:
    # pairs of (won, lost): (.8, .4) right, (.8, .2) right, (.3, .4) wrong, (.3, .2) right
    found = evaluate([0.8, 0.4, 0.3, 0.2], [True, False, True, False], ["a", "b", "c", "d"])
    assert found.metrics["roc_auc"] == pytest.approx(3 / 4)
    assert found.metrics["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found.metrics["log_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.6) + np.log(0.3) + np.log(0.8)) / 4)
    assert found.metrics["brier"] == pytest.approx((0.04 + 0.16 + 0.49 + 0.04) / 4)
    assert found.metrics["ece"] == pytest.approx((0.2 + 0.4 + 0.7 + 0.2) / 4)
    # the top tenth of four rows is four tenths of the best one, which converted
    assert found.metrics["precision_at_10pct"] == pytest.approx(1.0)
    assert found.metrics["lift_at_10pct"] == pytest.approx(2.0)
    # the top third is the best row and a third of the next, which did not
    assert found.metrics["share_of_conversions_in_top_third"] == pytest.approx(0.5)


def test_the_figures_are_scikit_learns_where_it_has_them() -> None:
    probability, outcome, lead = world(2000, leads=400)
    probability = probability.round(2)  # with ties
    found = evaluate(probability, outcome, lead, resamples=2).metrics
    assert found["roc_auc"] == pytest.approx(roc_auc_score(outcome, probability))
    assert found["average_precision"] == pytest.approx(average_precision_score(outcome, probability))
    assert found["log_loss"] == pytest.approx(log_loss(outcome, probability))
    assert found["brier"] == pytest.approx(brier_score_loss(outcome, probability))


def test_the_names_of_the_contract_are_there() -> None:
    assert set(CONTRACT) <= set(evaluate(*world(300), resamples=2).metrics)


def test_the_order_of_rows_changes_nothing() -> None:
    probability, outcome, lead = world(600, leads=120)
    probability = probability.round(2)
    shuffled = np.random.default_rng(1).permutation(600)
    assert evaluate(probability, outcome, lead) == evaluate(probability[shuffled], outcome[shuffled], lead[shuffled])


def test_the_calibration_error_of_the_truth_is_zero() -> None:
    probability, _, _ = world(500)
    assert expected_calibration_error(probability, probability) == pytest.approx(0.0)
    assert expected_calibration_error(probability, np.full(500, probability.mean())) > 0.01


def test_the_calibration_error_of_a_constant_is_its_distance_from_the_rate() -> None:
    assert expected_calibration_error([0.3] * 40, [True] * 10 + [False] * 30) == pytest.approx(0.05)


def test_bins_hold_equal_mass_and_never_part_a_tie() -> None:
    assert np.bincount(equal_mass_bins(np.ones(150), 15)).tolist() == [10] * 15
    bins = evaluate([0.1] * 90 + [0.2] * 10, [False] * 100, range(100), resamples=2).reliability
    assert [(b.count, round(b.predicted, 9)) for b in bins] == [(90, 0.1), (10, 0.2)]


def test_everything_worked_has_lift_one_and_all_conversions() -> None:
    probability, outcome, lead = world(700)
    last = evaluate(probability, outcome, lead, resamples=2).gains[-1]
    assert (last.share, last.lift, last.conversions_share) == pytest.approx((1, 1, 1))
    assert last.threshold == probability.min()


def test_working_more_never_finds_fewer_conversions() -> None:
    found = [point.conversions_share for point in evaluate(*world(500), resamples=2).gains]
    assert found == sorted(found)


def test_every_row_is_in_one_bin_and_one_step() -> None:
    found = evaluate(*world(777, leads=100), resamples=2)
    assert sum(b.count for b in found.reliability) == 777
    assert sum(b.converted + b.not_converted for b in found.distribution) == 777
    assert sum(b.converted for b in found.distribution) == found.conversions


def test_repeated_leads_widen_the_intervals() -> None:
    probability, outcome, lead = world(400)
    thrice = [np.tile(column, 3) for column in (probability, outcome, lead)]
    by_lead = evaluate(*thrice).intervals["roc_auc"]
    by_row = evaluate(thrice[0], thrice[1], np.arange(1200)).intervals["roc_auc"]
    assert by_lead is not None
    assert by_row is not None
    # three copies of a row say what one says: by rows the interval would be too short by the root of 3
    assert (by_lead[1] - by_lead[0]) / (by_row[1] - by_row[0]) == pytest.approx(3**0.5, rel=0.25)
    once, copied = evaluate(probability, outcome, lead).reliability, evaluate(*thrice).reliability
    assert [(b.lower, b.upper) for b in copied] == [pytest.approx((b.lower, b.upper)) for b in once]


def test_each_interval_holds_its_figure() -> None:
    found = evaluate(*world(900, leads=200))
    for name, interval in found.intervals.items():
        assert interval is not None
        assert interval[0] <= found.metrics[name] <= interval[1], name


def test_a_seed_repeats_itself() -> None:
    assert evaluate(*world(300), seed=3) == evaluate(*world(300), seed=3)
    assert evaluate(*world(300), seed=3).intervals != evaluate(*world(300), seed=4).intervals


@pytest.mark.parametrize("followed", [False, True], ids=["one look per lead", "looked at every week"])
def test_a_calibrated_model_is_below_ece_null95_about_95_times_in_100(followed: bool) -> None:
    worlds = [followed_leads(seed) if followed else world(500, seed) for seed in range(120)]
    found = [evaluate(*rows, resamples=0, seed=seed).metrics for seed, rows in enumerate(worlds)]
    below = np.mean([figures["ece"] <= figures["ece_null95"] for figures in found])
    assert 0.88 <= below <= 0.99


def test_looks_at_one_lead_share_their_fate_and_lone_rows_do_not() -> None:
    def shared(chance: np.ndarray, outcome: np.ndarray, lead: np.ndarray) -> float:
        counted, entry = binned_counts(chance, outcome.astype(float))
        return calibration_null.within_lead_correlation(outcome.astype(float), lead, counted.bin[entry])

    assert shared(*world(2000)) == 0.0
    assert shared(*world(2000, leads=400)) < 0.3
    assert shared(*followed_leads(0)) > 0.6


def test_a_model_too_sure_of_itself_is_above_ece_null95() -> None:
    probability, outcome, lead = followed_leads(0, leads=1500)
    doubled = evaluate(np.minimum(2 * probability, 1), outcome, lead, resamples=0).metrics
    assert doubled["ece"] > 2 * doubled["ece_null95"]


@pytest.mark.parametrize(
    ("probability", "outcome"),
    [([], []), ([0.4], [True]), ([0.2, 0.3], [False, False]), ([0.2, 0.3], [True, True]),
     ([0.5] * 30, [True, False] * 15), ([0.0, 1.0], [False, True]), ([0.0, 1.0], [True, False])],
    ids=["no rows", "one row", "nothing won", "all won", "a constant", "certain and right", "certain and wrong"],
)  # fmt: skip
def test_thin_rows_give_none_and_never_nan(probability: list[float], outcome: list[bool]) -> None:
    found = evaluate(probability, outcome, range(len(outcome)), resamples=20)
    for value in [*found.metrics.values(), *(end for ends in found.intervals.values() for end in ends or ())]:
        assert value is None or np.isfinite(value)
    assert (found.metrics["roc_auc"] is None) == (len(set(outcome)) < 2)
    assert isinstance(top_scores_sentence(found), str)


def test_one_lead_has_no_interval() -> None:
    assert set(evaluate([0.2, 0.3], [False, True], ["a", "a"]).intervals.values()) == {None}


@pytest.mark.parametrize(
    ("probability", "outcome", "code"),
    [([0.1], [True, False], "lengths_differ"), ([float("nan"), 0.2], [True, False], "not_a_probability"),
     ([1.2, 0.2], [True, False], "not_a_probability"), ([0.1, 0.2], [None, True], "unknown_outcome"),
     ([0.1, 0.2], pd.array([pd.NA, True], dtype="boolean"), "unknown_outcome")],
)  # fmt: skip
def test_rows_that_cannot_be_judged_are_refused(probability: list[float], outcome: object, code: str) -> None:
    with pytest.raises(LeadlightError) as refused:
        evaluate(probability, outcome, ["a", "b"][: len(probability)])
    assert refused.value.code == code


def evaluation(*bins: tuple[int, float, float]) -> Evaluation:
    made = tuple(ReliabilityBin(count, predicted, observed, 0, 1) for count, predicted, observed in bins)
    return replace(evaluate([], [], []), reliability=made)


def test_trust_is_checked_on_the_highest_scores_not_on_the_prettiest_bin() -> None:
    found = evaluation((200, 0.1, 0.1), (200, 0.3, 0.2))
    assert top_scores_sentence(found) == 'of 100 scored "about 30 in 100", 20 converted'


@pytest.mark.parametrize("followed", [False, True], ids=["one look per lead", "looked at every week"])
def test_what_became_of_a_true_promise_lies_within_chance_about_95_times_in_100(followed: bool) -> None:
    worlds = [followed_leads(seed) if followed else world(500, seed) for seed in range(120)]
    verdicts = [top_scores_check(evaluate(*rows, resamples=0, seed=seed)).verdict for seed, rows in enumerate(worlds)]
    assert 0.88 <= verdicts.count("within") / len(verdicts) <= 0.99


def test_a_promise_is_told_with_what_chance_alone_would_make_of_it() -> None:
    found = replace(evaluation((200, 0.3, 0.22)), chance_at_top=(0.19, 0.41))
    assert top_scores_sentence(found) == 'of 100 scored "about 30 in 100", 22 converted (chance alone: 19 to 41)'
    broken = replace(evaluation((200, 0.3, 0.12)), chance_at_top=(0.19, 0.41))
    assert (
        top_scores_sentence(broken)
        == 'of 100 scored "about 30 in 100", 12 converted, too few for chance alone (19 to 41)'
    )
    modest = replace(evaluation((40, 0.2, 0.5)), chance_at_top=(0.1, 0.325))
    assert top_scores_sentence(modest).endswith("20 converted, too many for chance alone (4 to 13)")


def test_the_promise_is_checked_on_the_rows_that_chance_is_drawn_for() -> None:
    probability, outcome, lead = world(1500)
    found = evaluate(probability, outcome, lead, resamples=0)
    checked = top_scores_check(found)
    assert checked.count == 100
    assert checked.chance[0] < np.sort(probability)[-100:].mean() < checked.chance[1]


def test_of_100_is_said_of_no_fewer_than_100() -> None:
    assert top_scores_check(evaluation((90, 0.1, 0.1), (60, 0.2, 0.1), (60, 0.4, 0.5))).count == 120
    joined = evaluation((90, 0.1, 0.1), (60, 0.2, 0.1), (60, 0.4, 0.5))
    assert top_scores_sentence(joined) == 'of 100 scored "about 30 in 100", 30 converted'
    assert top_scores_sentence(evaluation((40, 0.2, 0.25))) == 'of 40 scored "about 20 in 100", 10 converted'
    assert top_scores_sentence(evaluation()) == "no later lead to check it on yet"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0"), (0.004, "0.40"), (0.0612, "6.1"), (0.0996, "10"), (0.293, "29"), (1, "100"), (None, "unknown")],
)  # fmt: skip
def test_shares_are_said_of_100(share: float | None, said: str) -> None:
    assert of_100(share) == said


def test_an_evaluation_is_plain_values() -> None:
    assert json.loads(json.dumps(asdict(evaluate(*world(50)))))["rows"] == 50
