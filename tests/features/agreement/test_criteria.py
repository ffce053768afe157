"""Points are the best line that holds; alone, they stand for a chance about the average lead."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.agreement import Agreement
from features.agreement.conditions import Facts
from features.agreement.criteria import criteria_points, most_points, prior, prior_probability


def lead(counts: dict[str, int] | None = None, **traits: Any) -> Facts:
    return Facts(traits, lambda behaviour, days: (counts or {}).get(behaviour, 0), lambda behaviour, days: 0.0)


def test_the_contracts_example_has_eight_of_twelve_points() -> None:
    facts = lead({"pricing_page": 3}, seniority="manager", industry="Software", employees=310)
    assert criteria_points(Agreement.default(), facts).as_json() == {
        "points": 8,
        "of": 12,
        "levels": {"need": 3, "timeframe": None, "authority": 2, "profile": 3},
        "ask_next": "timeframe",
    }


def test_a_lead_without_facts_has_no_points_and_is_asked_the_first_question() -> None:
    points = criteria_points(Agreement.default(), lead())
    assert (points.points, points.ask_next) == (0, "need")
    assert set(points.levels.values()) == {None}


def test_the_best_line_that_holds_counts() -> None:
    def level(**traits: Any) -> int | None:
        return criteria_points(Agreement.default(), lead(**traits)).levels["timeframe"]

    assert level(timeframe="now") == 3
    assert level(timeframe="12 months") == 2
    assert level(timeframe="some day") == 1
    assert level(timeframe=None) is None


def test_when_all_is_known_nothing_is_asked() -> None:
    facts = lead({"product_page": 1}, seniority="other", timeframe="some day", employees=1)
    points = criteria_points(Agreement.default(), facts)
    assert (points.points, points.ask_next) == (4, None)


def test_criteria_have_the_names_that_the_agreement_gives_them() -> None:
    agreement = Agreement.parse(
        'name = "own"\n[outcome]\nevent = "Won"\n[traits]\nbudget = "number"\n'
        '[criteria]\nmoney.2 = { budget = "1000 to 9999" }\nmoney.1 = { budget = "known" }\n'
    )
    points = criteria_points(agreement, lead(budget=50))
    # Without a question there is nothing to ask, and without a third line 2 points are all there are.
    assert points.as_json() == {"points": 1, "of": 2, "levels": {"money": 1}, "ask_next": None}
    assert criteria_points(agreement, lead()).ask_next is None


def test_the_prior_of_a_third_of_the_points_is_the_average_lead() -> None:
    assert prior_probability(Agreement.default(), 4) == pytest.approx(0.06)


def test_two_of_twelve_points_double_the_odds() -> None:
    def odds(points: int) -> float:
        probability = prior_probability(Agreement.default(), points)
        return probability / (1 - probability)

    for points in range(11):
        assert odds(points + 2) == pytest.approx(2 * odds(points))


def test_the_prior_rises_with_every_point() -> None:
    priors = [prior_probability(Agreement.default(), points) for points in range(most_points(Agreement.default()) + 1)]
    assert priors == sorted(set(priors))
    assert 0 < priors[0] < priors[-1] < 1


def test_without_criteria_every_lead_is_average() -> None:
    agreement = Agreement.parse('name = "small"\n[outcome]\nevent = "Won"\n[policy]\nscore_50 = 0.2')
    points = criteria_points(agreement, lead())
    assert points.as_json() == {"points": 0, "of": 0, "levels": {}, "ask_next": None}
    assert prior(agreement, points).probability == pytest.approx(0.2)


@given(st.integers(0, 3), st.sampled_from([None, "now", "6 months", "later"]), st.sampled_from([None, "vp", "other"]))
def test_the_priors_contributions_and_baseline_sum_to_its_logit(
    visits: int, timeframe: str | None, seniority: str | None
) -> None:
    facts = lead({"pricing_page": visits and 3, "product_page": visits}, timeframe=timeframe, seniority=seniority)
    found = prior(Agreement.default(), criteria_points(Agreement.default(), facts))
    total = found.baseline + sum(found.contributions.values())
    assert total == pytest.approx(math.log(found.probability / (1 - found.probability)), abs=1e-9)


def test_the_priors_interval_holds_its_probability_and_is_wider_the_more_points_speak() -> None:
    widths = []
    for facts in (lead(employees=10), lead({"pricing_page": 3}, timeframe="now", seniority="vp", employees=100)):
        found = prior(Agreement.default(), criteria_points(Agreement.default(), facts))
        low, high = found.interval
        assert 0 < low < found.probability < high < 1
        widths.append(math.log(high / (1 - high)) - math.log(low / (1 - low)))
    assert widths[0] < widths[1]
