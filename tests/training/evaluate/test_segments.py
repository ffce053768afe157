"""Groups: what is said of each segment, and that only more than chance is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.evaluate.comparison import HeldOutPredictions
from training.evaluate.segments import FEWEST_CONVERSIONS, FEWEST_ROWS, SegmentResult, segment_results
from training.wording.segments import (
    segment_calibration_sentences,
    segment_phrase,
    segment_ranking_sentences,
    segments_sentence,
)

Families = dict[str, pd.Series]


def world(
    rows: int = 6000, seed: int = 0, webinar: float = 1.0, france: float = 1.0
) -> tuple[HeldOutPredictions, Families]:
    """Calibrated and ranked alike everywhere, but for the odds of webinars and the sense of the ranks in France."""
    draws = np.random.default_rng(seed)
    lead = np.repeat(np.arange(rows // 3), 3)
    source = draws.choice(["search", "webinar", "fair"], rows // 3)[lead]
    country = draws.choice(["US", "France"], rows // 3)[lead]
    said = -1.8 + draws.normal(0, 1, rows // 3)[lead]
    true = said * np.where(country == "France", france, 1.0) + np.log(webinar) * (source == "webinar")
    fate = draws.random(rows // 3)[lead]  # the looks at one lead end alike
    outcome = fate < 1 / (1 + np.exp(-true))
    constant = np.full(rows, outcome.mean())
    tested = HeldOutPredictions.of({"leadlight": 1 / (1 + np.exp(-said)), "constant": constant}, outcome, lead)
    return tested, {"source": pd.Series(source, dtype=object), "region": pd.Series(country, dtype=object)}


def by_level(found: tuple[SegmentResult, ...]) -> dict[str, SegmentResult]:
    return {group.level: group for group in found}


@pytest.fixture(scope="module")
def honest() -> tuple[SegmentResult, ...]:
    return segment_results(*world(), seed=1)


def test_every_row_of_a_family_is_in_one_group(honest: tuple[SegmentResult, ...]) -> None:
    for family in ("source", "region"):
        members = [group for group in honest if group.family == family]
        assert sum(group.rows for group in members) == 6000
        assert sum(group.leads for group in members) == 2000


def test_observed_over_expected_is_what_its_name_says(honest: tuple[SegmentResult, ...]) -> None:
    tested, families = world()
    webinar = by_level(honest)["webinar"]
    rows = (families["source"] == "webinar").to_numpy()
    assert webinar.ratio == pytest.approx(tested.outcome[rows].sum() / tested.ours[rows].sum())
    assert webinar.ratio_interval[0] < webinar.ratio < webinar.ratio_interval[1]
    assert webinar.interval[0] < webinar.observed < webinar.interval[1]


def test_each_group_is_held_against_the_others_on_its_own_rows(honest: tuple[SegmentResult, ...]) -> None:
    for group in honest:
        ours, constant = group.compared
        assert (ours.name, constant.name) == ("leadlight", "constant")
        assert ours.log_loss < constant.log_loss


def test_chance_is_not_named() -> None:
    named = sum(
        group.kept != "kept" or group.ranked != "alike"
        for seed in range(12)
        for group in segment_results(*world(1500, seed), seed=seed)
    )
    assert named <= 2  # of 60 groups; each alone at 95 % would name about 6 of 120 verdicts


def test_a_group_that_is_promised_too_much_is_named_in_words() -> None:
    found = segment_results(*world(webinar=0.3), seed=1)
    kept = {level: group.kept for level, group in by_level(found).items()}
    assert kept["webinar"] == "too much"
    assert {kept["search"], kept["fair"]} == {"kept"}
    (sentence, *_) = [line for line in segment_calibration_sentences(found) if "webinar" in line]
    assert sentence.startswith("Leads from webinar: ")
    assert sentence.endswith("it promises too much there.")


def test_a_group_that_is_ranked_worse_is_named_in_words() -> None:
    found = segment_results(*world(france=0.0), seed=1)
    assert by_level(found)["France"].ranked == "worse"
    assert by_level(found)["US"].ranked == "better"
    assert any(line.startswith("Leads in France: it ranks worse there") for line in segment_ranking_sentences(found))


def test_copies_of_rows_do_not_make_a_group_surer() -> None:
    tested, families = world(900)
    thrice = HeldOutPredictions.of(
        {name: np.tile(chance, 3) for name, chance in tested.probabilities.items()},
        np.tile(tested.outcome, 3),
        np.tile(tested.lead, 3),
    )
    copied = {family: pd.concat([level] * 3, ignore_index=True) for family, level in families.items()}
    once, again = segment_results(tested, families, 1), segment_results(thrice, copied, 1)
    assert [group.interval for group in again] == [pytest.approx(group.interval) for group in once]


def test_bands_stand_in_their_order_and_names_by_conversions() -> None:
    tested, families = world(1998)
    bands = pd.Series(np.random.default_rng(2).choice(["1,000 to 4,999", "10 to 49", "50 to 249"], len(tested.outcome)))
    found = segment_results(tested, {"size": bands.astype(object), "source": families["source"]}, 1)
    assert [group.level for group in found[:3]] == ["10 to 49", "50 to 249", "1,000 to 4,999"]
    converted = [group.conversions for group in found[3:]]
    assert converted == sorted(converted, reverse=True)


def test_groups_with_little_behind_them_say_nothing() -> None:
    tested, _ = world(900)
    few = np.array(["common"] * (900 - FEWEST_ROWS + 1) + ["rare"] * (FEWEST_ROWS - 1), dtype=object)
    assert segment_results(tested, {"source": pd.Series(few)}, 1) == ()
    assert "no source, size, region or language" in segments_sentence(())


def test_without_conversions_a_group_still_has_an_interval_and_no_rank() -> None:
    tested, families = world(900)
    lost = replace(tested, outcome=np.where(families["region"] == "US", 0.0, tested.outcome))
    us = by_level(segment_results(lost, {"region": families["region"]}, 1))["US"]
    assert us.conversions < FEWEST_CONVERSIONS
    assert (us.observed, us.roc_auc, us.ranked) == (0.0, None, "alike")
    assert us.interval[0] == 0 < us.interval[1]


def test_groups_are_called_as_people_call_them(honest: tuple[SegmentResult, ...]) -> None:
    said = {
        ("source", "webinar"): "leads from webinar",
        ("source", "all others"): "leads from the others",
        ("size", "10 to 49"): "leads of companies with 10 to 49 employees",
        ("region (state)", "Ohio"): "leads in Ohio (state)",
        ("language", "German"): "leads who speak German",
        ("new or known", "new, up to 30 days"): "leads new, up to 30 days",
    }
    for (family, level), words in said.items():
        assert segment_phrase(replace(honest[0], family=family, level=level)) == words
