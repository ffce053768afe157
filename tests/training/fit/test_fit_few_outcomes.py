"""Few outcomes: the line starts at the criteria's prior and moves as far as outcomes move it; none is a refusal."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.agreement.agreement import Agreement
from features.agreement.conditions import Facts
from features.agreement.criteria import criteria_points, most_points, prior_probability, slope
from features.arrays import DAY_US, Ragged
from features.snapshots.criteria_columns import PREFIX, criteria_columns
from training.fit.fit import fitted_model
from training.labels.folds import TooFewLeads

DEFAULT = Agreement.default()
NOW = 1_000 * DAY_US


def looks(leads: int, converted: int, seed: int = 1) -> pd.DataFrame:
    """One look a lead with points by the default criteria; `converted` of them did, now and then."""
    draws = np.random.default_rng(seed)
    points = {PREFIX + name: draws.integers(0, 4, leads).astype(float) for name in DEFAULT.criteria}
    frame = pd.DataFrame({"lead_id": [f"L{i}" for i in range(leads)], "snapshot_us": draws.permutation(leads)})
    frame = frame.assign(is_arrival=True, outcome=np.arange(leads) < converted, **points)
    return frame.assign(employees=draws.integers(1, 900, leads).astype(float))


def test_one_outcome_moves_what_points_are_worth_by_less_than_half() -> None:
    model = fitted_model(looks(8, 1), DEFAULT, 7)  # about as many as the prior expects
    total = sum(term.weight for term in model.linear.terms if model.columns[term.column].is_criterion)
    assert model.facts["basis"] == "few"
    assert 1 / 2 < total / (slope(most_points(DEFAULT)) * len(DEFAULT.criteria)) < 3 / 2


@pytest.mark.parametrize("converted", [0, 40])
def test_one_kind_of_outcome_alone_still_gives_probabilities(converted: int) -> None:
    said = fitted_model(looks(40, converted), DEFAULT, 7).probability(looks(40, 0))
    assert ((said > 0) & (said < 1)).all()


@pytest.mark.parametrize(("leads", "converted"), [(2, 1), (3, 1), (4, 1), (4, 3)])
def test_two_leads_are_enough_to_start(leads: int, converted: int) -> None:
    said = fitted_model(looks(leads, converted), DEFAULT, 7).probability(looks(40, 0))
    assert ((said > 0) & (said < 1)).all()


def test_one_lead_is_too_few_and_says_so() -> None:
    with pytest.raises(TooFewLeads, match="one lead with a known outcome"):
        fitted_model(looks(1, 1), DEFAULT, 7)


def test_more_points_never_say_less() -> None:
    model = fitted_model(looks(200, 30), DEFAULT, 7)
    rows = looks(50, 0, seed=2)
    more = rows.assign(**{PREFIX + "need": np.minimum(rows[PREFIX + "need"] + 1, 3)})
    assert (model.probability(more) >= model.probability(rows) - 1e-12).all()


def test_an_interval_holds_the_probability_and_narrows_with_outcomes() -> None:
    rows, widths = looks(50, 0, seed=3), []
    for leads, converted in ((60, 10), (2_000, 300)):
        model = fitted_model(looks(leads, converted), DEFAULT, 7)
        margin = model.margin(model.matrix(rows))
        lower, upper = model.calibrator.interval(margin)
        assert ((lower <= model.probability(rows)) & (model.probability(rows) <= upper)).all()
        widths.append(float((upper - lower).mean()))
    assert widths[1] < widths[0]


def weekly_looks(is_over_soon: bool) -> pd.DataFrame:
    """Looks at 120 leads as they come and every week of a year of two; one in four converts, soon or whenever."""
    draws = np.random.default_rng(5)
    weeks, converted = draws.integers(5, 100, 120), np.arange(120) % 4 == 0
    lead = np.repeat(np.arange(120), np.where(converted & is_over_soon, 1, weeks))
    age = 7.0 * (np.arange(len(lead)) - np.searchsorted(lead, lead))
    frame = pd.DataFrame({"lead_id": [f"L{i}" for i in lead], "snapshot_us": draws.permutation(len(lead))})
    return frame.assign(
        is_arrival=age == 0, outcome=converted[lead], days_open=age, employees=draws.integers(1, 900, 120)[lead] * 1.0
    )


def test_how_long_a_lead_is_known_is_read_where_leads_convert_soon_and_is_level_beyond_what_was_seen() -> None:
    rows = weekly_looks(is_over_soon=True)
    model = fitted_model(rows, DEFAULT, 7)
    asked = rows.head(1).loc[[0] * 5].assign(days_open=[0.0, 30.0, 690.0, 4_000.0, np.nan])
    new, month, oldest, beyond, unknown = model.probability(asked)
    assert new > 5 * month
    assert month > oldest
    assert oldest == pytest.approx(beyond, rel=0.02)
    assert beyond < unknown < new
    assert new == pytest.approx(rows.loc[rows["days_open"] == 0, "outcome"].mean(), rel=0.25)


def test_how_long_a_lead_is_known_is_not_read_where_it_tells_nothing() -> None:
    model = fitted_model(weekly_looks(is_over_soon=False), DEFAULT, 7)
    assert not [column for column in model.columns if column.is_age]


@settings(max_examples=60)
@given(
    st.lists(st.floats(0, 120), max_size=5),
    st.sampled_from([None, "now", "6 months", "some day"]),
    st.sampled_from([None, "vp", "manager", "other"]),
    st.sampled_from([None, 10.0, 300.0, 9_000.0]),
)
def test_points_as_columns_are_the_points_of_each_lead(
    days_ago: list[float], timeframe: str | None, seniority: str | None, employees: float | None
) -> None:
    agreement = Agreement.parse(
        DEFAULT.text.replace("need.2        = {", 'need.2        = { pricing_page = "5 minutes in 30 days" }  # {')
    )
    moments = sorted(NOW - days * DAY_US for days in days_ago)
    pairs = [part for moment in moments for part in (moment, 3.0)]
    state = [len(moments), 0.0, moments[0], moments[-1], *[1.0] * 6, *pairs] if moments else []
    traits = {"timeframe": timeframe, "seniority": seniority, "employees": employees, "industry": "software"}

    def count(name: str, days: float) -> int:
        return sum(NOW - days * DAY_US <= m < NOW for m in moments) if name == "pricing_page" else 0

    facts = Facts(traits, count, lambda name, days: 3.0 * count(name, days))
    behaviours = {name: Ragged.of([state if name == "pricing_page" else []]) for name in DEFAULT.behaviours}
    known = {name: [value] for name, value in traits.items()}
    found = criteria_columns(behaviours, known, np.array([NOW]), agreement)
    told = criteria_points(agreement, facts).levels
    assert {name: found[PREFIX + name][0] for name in told} == {name: float(level or 0) for name, level in told.items()}


def test_the_average_lead_has_a_third_of_the_points() -> None:
    assert prior_probability(DEFAULT, 4) == pytest.approx(DEFAULT.policy.score_50)
    assert math.log2(
        (1 / prior_probability(DEFAULT, 0) - 1) / (1 / prior_probability(DEFAULT, 12) - 1)
    ) == pytest.approx(6)
