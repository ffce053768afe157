"""Rules first, then probability and points; the scale doubles the odds every ten points."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.agreement import DEFAULT, Agreement
from features.agreement.conditions import Facts
from features.agreement.criteria import CriteriaPoints, criteria_points
from serving.scoring.bar import threshold
from serving.scoring.decision import decided as decision
from serving.scoring.lead_now import ONLY_SHOWN, Decided, DecidedUnder, LeadDecision, LeadNow
from serving.scoring.lead_row import LeadNumbers, LeadRow
from serving.scoring.points import base_points, grade, logit, points, probability_at, score

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIT: dict[str, Any] = {"seniority": "vp", "timeframe": "now", "industry": "software", "employees": 310}
GRADES = {"A": 70, "B": 60, "C": 50}
PROBABILITIES = st.floats(0.0, 1.0)


READY = LeadDecision(
    "ann", "de_1", 0, 0, "sales_ready", "probability_and_fit", "sales", None, None, None, False, 0.3, 70, "A", 8,
    0.2, 0.3, 0, None, None, None, None, None, "sha256:m", "sha256:p", 1,
)  # fmt: skip


def decided(
    probability: float | None = 0.3,
    counts: dict[str, int] | None = None,
    was_sales_ready: bool = False,
    agreement: Agreement | None = None,
    bar: float = 0.2,
    points: CriteriaPoints | None = None,
    **traits: Any,
) -> Decided:
    """The decision that a score shows of a lead without history, against a bar of 0.2."""
    agreement = agreement or Agreement.default()
    facts = Facts(traits, lambda behaviour, days: (counts or {}).get(behaviour, 0), lambda behaviour, days: 0.0)
    found = points or criteria_points(agreement, facts)
    numbers = LeadNumbers(probability, None, None, found, facts, None, None, probability or 0.0)
    lead = LeadNow("ann", LeadRow("ann", {}, traits, NOW), numbers, before=READY if was_sales_ready else None)
    return decision(agreement, lead, DecidedUnder("sha256:m", "sha256:p", 1, bar), NOW, ONLY_SHOWN)


def with_policy(old: str, new: str) -> Agreement:
    text = DEFAULT.read_text(encoding="utf-8")
    assert old in text
    return Agreement.parse(text.replace(old, new, 1))


# The decision


def test_probability_and_fit_make_a_lead_ready_for_sales() -> None:
    ready = decided(0.3, **FIT)
    assert (ready.decision, ready.code, ready.queue, ready.threshold) == (
        "sales_ready",
        "probability_and_fit",
        "sales",
        0.2,
    )
    assert decided(0.2, **FIT).decision == "sales_ready"


def test_a_lost_lead_is_not_called_because_it_is_like_those_that_buy() -> None:
    # Interest after the loss opens it again: then it is closed no more.
    lost = decided(0.9, closed=True, **FIT)
    assert (lost.decision, lost.code, lost.queue) == ("nurture", "lost", "marketing")
    assert decided(0.9, closed=False, **FIT).decision == "sales_ready"


def test_below_the_bar_a_lead_is_nurtured_and_looked_at_again() -> None:
    below = decided(0.19, **FIT)
    assert (below.decision, below.code, below.queue) == ("nurture", "below_bar", "marketing")
    assert below.look_again_at == NOW + timedelta(days=7)


def test_a_likely_lead_of_whom_too_little_is_known_needs_data() -> None:
    unknown = decided(0.3)
    assert (unknown.decision, unknown.code) == ("needs_data", "too_few_points")


def test_a_likely_lead_who_is_known_not_to_fit_is_nurtured() -> None:
    unfit: dict[str, Any] = {"seniority": "other", "timeframe": "some day", "employees": 1}
    known = decided(0.3, {"product_page": 1}, **unfit)
    assert (known.decision, known.code) == ("nurture", "too_few_points")


def test_a_lead_without_any_fact_needs_data() -> None:
    assert (decided(None).decision, decided(None).code) == ("needs_data", "no_facts")


@pytest.mark.parametrize(
    ("fact", "verdict", "code", "queue"),
    [
        ({"email_domain": "rival.example"}, "disqualified", "disqualified_by_rule", None),
        ({"email_domain": "ourcompany.example"}, "disqualified", "own_people", None),
        ({"rejected": True}, "disqualified", "rejected_not_a_fit", None),
        ({"customer": True}, "existing_customer", "existing_customer", "account_owner"),
        ({"open_opportunity": True}, "with_sales", "opportunity_open", "opportunity_owner"),
        ({"with_sales": True}, "with_sales", "rep_working", "sales"),
    ],
)
def test_rules_decide_before_any_number(fact: dict[str, Any], verdict: str, code: str, queue: str | None) -> None:
    for probability in (None, 0.0, 0.99):
        ruled = decided(probability, **FIT, **fact)
        assert (ruled.decision, ruled.code, ruled.queue) == (verdict, code, queue)
        assert (ruled.look_again_at is None) == (queue is None)  # whatever is open has a date


@pytest.mark.parametrize(
    "fact", [{"email_domain": "rival.example"}, {"email_domain": "ourcompany.example"}, {"rejected": True}]
)
def test_our_own_people_competitors_and_rejected_ones_are_nobodys_even_when_they_ask(fact: dict[str, Any]) -> None:
    assert decided(0.9, {"demo_request": 1}, **fact).decision == "disqualified"


@pytest.mark.parametrize(
    ("fact", "queue"),
    [
        ({}, "sales"),
        ({"unsubscribed": True}, "sales"),
        ({"customer": True}, "account_owner"),
        ({"open_opportunity": True}, "opportunity_owner"),
        ({"with_sales": True}, "sales"),
        ({"closed": True}, "sales"),
    ],
)
def test_who_asks_goes_over_at_once_to_whom_it_knows(fact: dict[str, Any], queue: str) -> None:
    asked = decided(0.001, {"contact_sales": 1}, **fact)
    assert (asked.decision, asked.code, asked.queue) == ("sales_ready", "asked_for_sales", queue)
    assert asked.hands_over == "inbound"


def test_of_who_objected_to_profiling_nothing_is_decided_but_what_it_asked_for() -> None:
    """An objection limits what we work out, and is followed from anybody: it takes nobody who asked off the list."""
    for fact in ({}, {"customer": True}, {"with_sales": True}):
        asked = decided(None, {"demo_request": 1}, profiling_opt_out=True, **fact)
        assert (asked.decision, asked.code) == ("sales_ready", "asked_for_sales")
        quiet = decided(None, profiling_opt_out=True, **FIT, **fact)
        assert (quiet.decision, quiet.code, quiet.queue) == ("no_profiling", "objected_to_profiling", "marketing")
        assert quiet.look_again_at == NOW + timedelta(days=180)
    own = decided(None, {"demo_request": 1}, profiling_opt_out=True, email_domain="ourcompany.example")
    assert own.code == "own_people"


def test_the_order_of_the_file_changes_no_decision() -> None:
    both: dict[str, Any] = {"customer": True, "open_opportunity": True}
    agreement = Agreement.default()
    turned = agreement.model_copy(update={"rules": dict(reversed(agreement.rules.items()))})
    assert decided(**both).decision == decided(agreement=turned, **both).decision == "existing_customer"


def test_a_lead_that_was_ready_goes_back_only_under_eighty_percent_of_the_bar() -> None:
    assert decided(0.17, **FIT).decision == "nurture"
    still = decided(0.17, was_sales_ready=True, **FIT)
    assert (still.decision, still.code) == ("sales_ready", "still_sales_ready")
    assert decided(0.17, was_sales_ready=True).decision == "sales_ready"
    assert decided(0.3, was_sales_ready=True).code == "still_sales_ready"
    assert decided(0.159, was_sales_ready=True, **FIT).decision == "nurture"


def test_without_min_points_probability_alone_decides() -> None:
    assert decided(0.3, agreement=with_policy("min_points = 6", "min_points = 0")).decision == "sales_ready"


@pytest.mark.parametrize(
    "said",
    [
        datetime(2027, 6, 1, tzinfo=UTC),
        datetime(2027, 6, 1),
        date(2027, 6, 1),
        float((date(2027, 6, 1) - date(1970, 1, 1)).days),
    ],
)
def test_a_lead_comes_back_before_the_date_it_named(said: object) -> None:
    assert decided(0.1, contract_end=said).look_again_at == datetime(2027, 3, 3, tzinfo=UTC)


def test_a_date_that_is_past_or_no_date_leaves_the_usual_rhythm() -> None:
    for said in (date(2026, 12, 24), "next year", math.nan, date.min, 1e300):
        assert decided(0.1, contract_end=said).look_again_at == NOW + timedelta(days=7)


@given(PROBABILITIES, st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.booleans())
def test_a_higher_threshold_never_selects_more(probability: float, one: float, two: float, was_ready: bool) -> None:
    def is_ready(bar: float) -> bool:
        return decided(probability, was_sales_ready=was_ready, bar=bar, **FIT).decision == "sales_ready"

    assert is_ready(min(one, two)) or not is_ready(max(one, two))


@given(PROBABILITIES, st.integers(0, 12), st.integers(0, 12))
def test_more_points_never_take_a_lead_back(probability: float, one: int, two: int) -> None:
    def is_ready(points: int) -> bool:
        return decided(probability, points=CriteriaPoints(points, 12, {}, None)).decision == "sales_ready"

    assert is_ready(max(one, two)) or not is_ready(min(one, two))


# The bar


def of_leads(*probabilities: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.sort(np.array(probabilities, dtype=np.float64))


def test_a_share_takes_the_best_tenth() -> None:
    hundred = of_leads(*(rank / 100 for rank in range(100)))
    assert threshold(Agreement.default(), hundred) == 0.90
    assert (hundred >= 0.90).sum() == 10


def test_a_probability_is_its_own_bar() -> None:
    assert threshold(with_policy("{ share = 0.10 }", "{ probability = 0.20 }"), of_leads(0.5)) == 0.20


def test_leads_per_week_are_a_share_of_those_that_arrive() -> None:
    agreement = with_policy("{ share = 0.10 }", "{ per_week = 120 }")
    hundred = of_leads(*(rank / 100 for rank in range(100)))
    assert threshold(agreement, hundred, arrivals_per_week=600) == 0.80
    assert threshold(agreement, hundred, arrivals_per_week=100) == 0.0


def test_the_costs_bar_is_where_a_contact_pays() -> None:
    text = DEFAULT.read_text(encoding="utf-8").replace("{ share = 0.10 }", '"costs"')
    by_costs = Agreement.parse(f"{text}\n[costs]\ncontact = 60\nconversion = 1500\n")
    assert threshold(by_costs, of_leads()) == 60 / 1500


def test_while_a_share_cannot_be_taken_the_bar_is_grade_a() -> None:
    bar = threshold(Agreement.default(), of_leads(0.1, 0.2, 0.3))
    assert score(bar, 0.06) == 70
    assert threshold(with_policy("{ share = 0.10 }", "{ per_week = 120 }"), of_leads(*[0.1] * 99)) == bar


def test_leads_that_are_equal_do_not_flood_over_the_bar_together() -> None:
    many_equal = of_leads(*[0.1] * 90, *[0.3] * 5, 0.5, 0.6, 0.6, 0.7, 0.8)
    assert threshold(Agreement.default(), many_equal) == 0.3
    assert threshold(Agreement.default(), of_leads(*[0.1] * 80, *[0.3] * 19, 0.5)) == 0.5
    # Unless they are the best there are: otherwise nobody would ever be called.
    assert threshold(Agreement.default(), of_leads(*[0.1] * 50, *[0.3] * 50)) == 0.3


@given(st.lists(PROBABILITIES, min_size=10, max_size=60), st.integers(1, 99), st.integers(1, 99))
def test_a_larger_share_never_selects_fewer_and_none_selects_more_than_its_share(
    probabilities: list[float], one: int, two: int
) -> None:
    leads = of_leads(*probabilities)

    def bar(percent: int) -> float:
        policy = Agreement.default().policy
        wanted = policy.model_copy(update={"bar": replace(policy.bar, value=percent / 100)})
        return threshold(Agreement.default().model_copy(update={"policy": wanted}), leads)

    few, many = sorted(max(percent, 10) for percent in (one, two))
    assert bar(many) <= bar(few)
    taken = (leads >= bar(few)).sum()
    assert taken <= len(leads) * few / 100 + 1e-6 or bar(few) == leads[-1]


# The scale


def test_the_contracts_example_scores_76() -> None:
    assert score(0.273, score_50=0.06) == 76


def test_the_average_lead_scores_50_and_the_ends_are_held() -> None:
    assert score(0.06, 0.06) == 50
    assert (score(0.0, 0.06), score(1.0, 0.06)) == (1, 99)
    assert (score(1e-12, 0.06), score(1 - 1e-12, 0.06)) == (1, 99)


@given(st.floats(-40, 40), st.floats(0.001, 0.9))
def test_every_ten_points_double_the_odds(above: float, score_50: float) -> None:
    def odds(probability: float) -> float:
        return probability / (1 - probability)

    one, ten_more = (odds(probability_at(50 + points, score_50)) for points in (above, above + 10))
    assert ten_more == pytest.approx(2 * one, rel=1e-6)


@given(PROBABILITIES, PROBABILITIES)
def test_a_more_likely_lead_never_scores_less(one: float, two: float) -> None:
    assert score(min(one, two), 0.06) <= score(max(one, two), 0.06)


@given(st.integers(1, 99), st.floats(0.001, 0.9))
def test_a_score_stands_where_its_probability_does(whole: int, score_50: float) -> None:
    assert score(probability_at(whole, score_50), score_50) == whole


@given(st.lists(st.floats(-1, 1), max_size=8), st.floats(-4, 1))
def test_base_points_and_all_points_are_the_score_before_rounding(contributions: list[float], baseline: float) -> None:
    log_odds = baseline + sum(contributions)
    probability = 1 / (1 + math.exp(-log_odds))
    exact = base_points(baseline, 0.06) + sum(map(points, contributions))
    assert exact == pytest.approx(base_points(logit(probability), 0.06), abs=1e-6)
    assert abs(min(max(exact, 1), 99) - score(probability, 0.06)) <= 0.5 + 1e-6


def test_grades_fall_with_the_score_and_end_in_the_letter_after_the_last() -> None:
    assert [grade(score, GRADES) for score in (99, 70, 69, 60, 59, 50, 49, 1)] == list("AABBCCDD")
    assert grade(10, {"A": 80}) == "B"
    letters = [grade(score, GRADES) for score in range(1, 100)]
    assert all(later <= earlier for earlier, later in pairwise(letters))
