"""What changed since a model was trained: said where it did, and chance is not taken for change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL
from scipy.stats import binom

from training.evaluate.evaluate import evaluate
from training.metrics.observed_over_said import ratio_interval
from training.model.columns import ModelColumn
from training.monitoring.early_outcomes import EarlyConversions, early_days, early_outcomes_result
from training.monitoring.input_drift import input_bins, input_drift, input_drift_results, new_shares
from training.monitoring.matured_outcomes import matured_outcomes_results
from training.monitoring.psi import Bins, psi, psi_by_chance
from training.monitoring.result import FALSE_ALARM, FALSE_NOTICE, MonitoringResult, summary_sentence, worst_status
from training.monitoring.score_drift import bar_result, score_drift_result

VISITS = ModelColumn("pricing_page_count_hl7d", "pricing_page", "behaviour")
INDUSTRY = ModelColumn("industry", "industry", "trait", ("mining", "retail", "software", "(other)"))


def normal(rows: int, seed: int, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, rows)


# the index


def test_psi_by_hand() -> None:
    then, now = Bins((1.0,), False, (60, 40, 0)), Bins((1.0,), False, (40, 60, 0))
    p, q = 60.5 / 101, 40.5 / 101
    assert psi(then, now) == pytest.approx(2 * (p - q) * np.log(p / q))
    assert psi(then, then) == 0
    assert psi(then, now) == pytest.approx(psi(now, then))


def test_bins_count_every_value_once_and_a_value_that_many_share_has_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(70), np.arange(1, 26), np.full(5, np.nan)])
    bins = Bins.of(values)
    assert (bins.total, bins.counts[0], bins.missing) == (100, 70, 0.05)
    assert bins.of_now(values).counts == bins.counts
    assert bins.of_now(np.array([-5.0, 99.0, np.nan])).total == 3  # beyond what was seen counts in the outer bins


def test_levels_are_counted_by_name_and_rare_ones_together() -> None:
    bins = Bins.of(np.array([0.0] * 60 + [2.0] * 39 + [3.0]), is_category=True)
    assert (bins.edges, bins.counts) == ((0.0, 2.0, 3.0), (60, 39, 1, 0, 0))
    rare = Bins.of(np.array([0.0] * 300 + [1.0] + [np.nan] * 2), is_category=True)
    assert (rare.edges, rare.counts) == ((0.0,), (300, 1, 2))
    assert rare.of_now(np.array([1.0, 7.0])).counts == (0, 2, 0)  # a level of later is one of the others


def test_nothing_and_one_value_have_bins_too() -> None:
    for values in (np.empty(0), np.full(9, np.nan), np.full(9, 3.0)):
        bins = Bins.of(values)
        assert bins.total == len(values)
        assert psi(bins, bins) == psi_by_chance(bins, bins, 0.01) == 0


@pytest.mark.parametrize(("n", "m"), [(200, 200), (2_000, 300)])
def test_chance_passes_the_limit_of_chance_as_often_as_promised(n: int, m: int) -> None:
    passed = 0
    for seed in range(400):
        then = Bins.of(normal(n, seed))
        now = then.of_now(normal(m, 10_000 + seed))
        passed += psi(then, now) > psi_by_chance(then, now, 0.05)
    assert passed <= binom.ppf(0.999, 400, 0.05)


def test_a_larger_shift_has_a_larger_index() -> None:
    then = Bins.of(normal(3_000, 1))
    found = [psi(then, then.of_now(normal(3_000, 2, mean))) for mean in (0, 0.3, 0.6, 1.2)]
    assert found == sorted(found)
    assert found[0] < 0.02
    assert found[-1] > 0.25


# inputs


def drift(now: np.ndarray, then: np.ndarray, columns: tuple[ModelColumn, ...], new: tuple[float, float] = (0.0, 0.0)):
    shares = [{columns[-1].name: share} for share in new]
    return input_drift(input_bins(then, columns), shares[0], now, columns, shares[1])


def test_sixty_calm_inputs_cry_wolf_no_more_often_than_promised() -> None:
    """Twenty looks at 60 inputs and few leads: one by one at 5 %, there would be sixty false findings."""
    columns = tuple(ModelColumn(f"input_{i}", f"input_{i}", "trait") for i in range(60))
    draws = np.random.default_rng(3)
    looks = [drift(draws.normal(size=(120, 60)), draws.normal(size=(150, 60)), columns) for _ in range(20)]
    noisy = sum(any(found.status != "ok" for found in look) for look in looks)
    assert max(found.psi for look in looks for found in look) > 0.25  # the convention alone would alarm
    assert noisy <= binom.ppf(0.999, 20, FALSE_ALARM)


def test_an_input_that_moved_is_named_in_words_with_its_missing_values() -> None:
    draws = np.random.default_rng(4)
    then = draws.normal(size=(900, 1))
    now = draws.normal(size=(800, 1))
    now[draws.random(800) < 0.4] = np.nan
    (moved,) = drift(now, then, (VISITS,))
    assert (moved.status, moved.missing_then) == ("alert", 0)
    (said,) = input_drift_results([moved], SMALL, (900, 800))
    assert said.name == "input pricing_page"
    assert said.value is not None
    assert said.limit is not None
    assert said.value >= said.limit
    assert said.sentence.startswith("pricing pages: ")
    assert f"missing for 0% of leads then, for {np.isnan(now).mean():.0%} now" in said.sentence


def test_new_levels_are_found_and_a_campaign_that_always_changes_is_no_news() -> None:
    same = np.array([[0.0]] * 300 + [[1.0]] * 300)
    (news,) = drift(same, same, (INDUSTRY,), new=(0.0, 0.3))
    assert news.status == "alert"
    assert "30% of leads have a value that was never seen" in input_drift_results([news], SMALL, (600, 600))[0].sentence
    (usual,) = drift(same, same, (INDUSTRY,), new=(0.3, 0.31))
    assert usual.status == "ok"
    rows = pd.DataFrame({"industry": ["mining", "space", None, ""]})
    assert new_shares(rows, {"industry": frozenset({"mining"})}) == {"industry": 0.25}


def test_with_few_leads_nothing_is_claimed() -> None:
    far = drift(np.full((30, 1), 9.0), np.zeros((30, 1)), (VISITS,))
    (said,) = input_drift_results(far, SMALL, (30, 30))
    assert (said.status, said.value) == ("ok", None)
    assert "too early to say" in said.sentence


# scores


def test_scores_that_moved_are_found_and_those_that_did_not_are_left_alone() -> None:
    draws = np.random.default_rng(5)
    then, same, higher = draws.beta(1, 9, 900), draws.beta(1, 9, 700), draws.beta(2, 9, 700)
    assert score_drift_result(Bins.of(then), float(then.mean()), same).status == "ok"
    moved = score_drift_result(Bins.of(then), float(then.mean()), higher)
    assert moved.status == "alert"
    assert f"on average {then.mean():.1%} then, {higher.mean():.1%} now" in moved.sentence


def test_the_bar_is_crossed_by_twice_as_many() -> None:
    then, now = np.linspace(0, 0.5, 201), np.linspace(0.2, 0.7, 600)
    crossed = bar_result(then, 800, now, 0.4)
    assert crossed is not None
    assert crossed.status == "alert"
    calm = bar_result(then, 800, np.linspace(0, 0.5, 600), 0.4)
    assert calm is not None
    assert calm.status == "ok"
    assert bar_result(then, 800, now, None) is None


# calibration


def labelled(leads: int, seed: int, times: float = 1.0, each: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    """Leads with `each` looks that share their fate; they convert `times` as often as the probability says."""
    draws = np.random.default_rng(seed)
    probability = draws.beta(2, 10, leads)
    won = draws.random(leads) < np.minimum(times * probability, 1)
    rows = pd.DataFrame({"lead_id": np.repeat(np.arange(leads), each), "outcome": np.repeat(won, each)})
    return rows, np.repeat(probability, each)


def matured(leads: int, seed: int, times: float = 1.0):
    rows, probability = labelled(leads, seed, times)
    shown = evaluate(probability, rows["outcome"], rows["lead_id"].to_numpy(), resamples=2)
    return matured_outcomes_results(rows, probability, shown, shown)


def test_matured_scores_that_keep_their_word_are_left_alone_and_those_off_by_twice_are_not() -> None:
    assert {one.status for one in matured(1_500, 1)} == {"ok"}
    for times in (0.5, 2.0):
        level, top, gap = matured(1_500, 1, times)
        assert [one.status for one in (level, top, gap)] == ["alert"] * 3
        assert top.name == "matured in the top tenth"
        assert level.value == pytest.approx(times, rel=0.2)


def test_the_interval_counts_leads_not_looks() -> None:
    """With three looks that share a fate, counting looks would miss the truth in a quarter of the cases."""
    missed = 0
    for seed in range(200):
        rows, probability = labelled(300, seed)
        won = rows["outcome"].to_numpy(float)
        low, high = ratio_interval(probability, won, rows["lead_id"].to_numpy())
        missed += not low <= 1 <= high
    assert missed <= binom.ppf(0.999, 200, FALSE_NOTICE)


def test_before_anything_matured_it_is_too_early_to_say() -> None:
    (only,) = matured(10, 1)
    assert (only.status, only.value) == ("ok", None)
    none = pd.DataFrame({"lead_id": [], "outcome": pd.Series([], dtype=bool), "snapshot_us": []})
    shown = evaluate([], none["outcome"], none["lead_id"].to_numpy())
    assert "too early" in matured_outcomes_results(none, np.empty(0), shown, shown)[0].sentence


# the early warning


def soon(leads: int, seed: int, times: float = 1.0) -> pd.DataFrame:
    """Looks at leads of which a fifth of those that convert do so within two weeks; each is looked at twice."""
    draws = np.random.default_rng(seed)
    probability = draws.beta(2, 10, leads)
    won = draws.random(leads) < 0.2 * times * probability
    week = np.repeat(draws.integers(0, 8, leads), 2) * 7 * 86_400_000_000
    return pd.DataFrame(
        {
            "lead_id": np.repeat(np.arange(leads), 2),
            "snapshot_us": week,
            "probability": np.repeat(probability, 2),
            "outcome": np.repeat(won, 2),
        }
    )


def test_chance_raises_an_early_alarm_no_more_often_than_promised() -> None:
    statuses = [
        early_outcomes_result(EarlyConversions.of(soon(4_000, s), 14), soon(2_000, 1_000 + s)).status
        for s in range(200)
    ]
    assert statuses.count("alert") <= binom.ppf(0.999, 200, FALSE_ALARM)
    assert len(statuses) - statuses.count("ok") <= binom.ppf(0.999, 200, FALSE_NOTICE)


def test_half_and_double_are_warned_of_and_the_expectation_is_what_was() -> None:
    early = EarlyConversions.of(soon(6_000, 1), 14)
    before = soon(6_000, 1)
    assert early.likeness == 2
    assert early.expected(before["probability"].to_numpy()).sum() == pytest.approx(before["outcome"].sum(), rel=0.03)
    for times in (0.4, 2.0):
        said = early_outcomes_result(early, soon(3_000, 2, times))
        assert said.status == "alert"
        assert said.value == pytest.approx(times, rel=0.25)


def test_the_weeks_add_up_and_their_range_of_chance_holds_what_is_expected() -> None:
    early, rows = EarlyConversions.of(soon(4_000, 1), 14), soon(2_000, 2)
    weeks = early.weeks(rows)
    assert sum(week.observed for week in weeks) == rows["outcome"].sum()
    assert sum(w.expected for w in weeks) == pytest.approx(early.expected(rows["probability"].to_numpy()).sum())
    assert all(week.lower <= week.expected <= week.upper for week in weeks)
    assert early.weeks(rows.iloc[:0]) == ()


def test_an_early_warning_needs_something_to_count() -> None:
    assert early_outcomes_result(EarlyConversions.of(soon(4_000, 1), 14), soon(2_000, 2).iloc[:10]).value is None
    nobody = EarlyConversions.of(soon(4_000, 1).assign(outcome=False), 14)
    assert early_outcomes_result(nobody, soon(2_000, 2)).value is None
    assert early_outcomes_result(EarlyConversions.of(soon(4_000, 1), 14), soon(9, 1).iloc[:0]).status == "ok"
    assert [early_days(horizon) for horizon in (None, 3, 10, 30, 90)] == [None, None, 5, 14, 14]


def test_one_sentence_for_all_of_it() -> None:
    calm = MonitoringResult("scores", "ok", "as they were")
    assert "Nothing that is watched has changed" in summary_sentence([calm])
    assert summary_sentence([calm, replace(calm, status="alert")]).startswith("One thing changed so much")
    assert summary_sentence([calm, replace(calm, status="notice")]).startswith("One thing moved")
    assert worst_status(["ok", "notice", "alert", "ok"]) == "alert"
    assert worst_status([]) == "ok"
