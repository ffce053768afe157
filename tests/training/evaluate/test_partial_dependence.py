"""Dependence: what a value adds to a score, on real rows, in words that people use."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.behaviour.columns import NEVER
from training.evaluate.importance import GlobalImportance
from training.evaluate.partial_dependence import (
    FEWEST_ROWS,
    MOST_LEVELS,
    SHOWN_DEPENDENCES,
    PartialDependence,
    partial_dependence,
)
from training.model.columns import ModelColumn

VISITS = GlobalImportance("pricing_page", "pricing pages", "behaviour", 0.4, -0.3)
COLUMNS = (ModelColumn("pricing_page_count_hl7d", "pricing_page", "behaviour"),)


def trait(name: str) -> tuple[GlobalImportance, ModelColumn]:
    return GlobalImportance(name, name, "trait", 0.3, -0.2), ModelColumn(name, name, "trait")


def of_trait(name: str, values: list[object], added: list[float]) -> PartialDependence:
    driver, column = trait(name)
    (found,) = partial_dependence(pd.DataFrame({name: values}), np.array(added)[:, None], (column,), (driver,))
    return found


def levels(found: PartialDependence) -> dict[str, float]:
    return {step.value: round(step.middle, 3) for step in found.steps}


def test_a_behaviour_is_counted_as_people_count_it() -> None:
    count = np.repeat([0.0, 1.0, 2.0, 4.0, 30.0], 20)
    rows = pd.DataFrame({"pricing_page_count_hl7d": count / 3, "pricing_page_count_total": count})
    (found,) = partial_dependence(rows, np.log1p(count)[:, None], COLUMNS, (VISITS,))
    assert (found.label, found.axis) == ("pricing pages", "times so far")
    assert levels(found) == {"none": 0.0, "1": 0.693, "2": 1.099, "3 to 4": 1.609, "20 and more": 3.434}


def test_of_the_counts_that_one_is_shown_which_tells_most() -> None:
    draws = np.random.default_rng(0)
    days = draws.choice([0.5, 3, 20, 60, NEVER], 300)
    added = np.where(days == NEVER, -0.5, 1 / (1 + days))
    rows = pd.DataFrame({"pricing_page_count_total": draws.poisson(2, 300), "days_since_pricing_page": days})
    (found,) = partial_dependence(rows, added[:, None], COLUMNS, (VISITS,))
    assert found.axis == "days since the last time"
    assert [step.value for step in found.steps] == ["under 1", "1 to 7", "14 to 30", "30 to 90", "never"]
    assert [step.middle for step in found.steps][-1] == -0.5


def test_the_contribution_is_that_of_the_whole_behaviour() -> None:
    columns = (*COLUMNS, ModelColumn("days_since_pricing_page", "pricing_page", "behaviour"))
    rows = pd.DataFrame({"pricing_page_count_total": np.repeat([0.0, 1.0], 20)})
    contributions = np.repeat([[0.1, 0.2], [0.3, 0.4]], 20, axis=0)
    (found,) = partial_dependence(rows, contributions, columns, (VISITS,))
    assert levels(found) == {"none": 0.3, "1": 0.7}


def test_levels_stand_by_frequency_and_the_unknown_last() -> None:
    found = of_trait(
        "industry", ["retail"] * 20 + ["software"] * 30 + [None] * 10, [0.1] * 20 + [0.5] * 30 + [-0.2] * 10
    )
    assert levels(found) == {"software": 0.5, "retail": 0.1, "unknown": -0.2}
    assert found.axis == ""
    assert [step.rows for step in found.steps] == [30, 20, 10]


def test_many_levels_are_pooled_and_rare_ones_are_not_drawn() -> None:
    values: list[object] = [f"level {place}" for place in range(MOST_LEVELS + 5) for _ in range(FEWEST_ROWS)]
    found = of_trait("campaign", [*values, *["rare"] * 3], list(np.linspace(0, 1, len(values) + 3)))
    assert len(found.steps) == MOST_LEVELS + 1
    assert found.steps[-1].value == "all others"


def test_numbers_are_cut_where_rows_are_and_named_to_the_last() -> None:
    sizes = [float(size) for size in range(1, 601)]
    found = of_trait("employees", [*sizes, *[np.nan] * 20], [np.log(size) for size in sizes] + [0.0] * 20)
    assert [step.value for step in found.steps] == [
        "1 to 99", "100 to 199", "200 to 299", "300 to 399", "400 to 499", "500 and more", "unknown",
    ]  # fmt: skip
    assert sum(step.rows for step in found.steps) == 620
    middles = [step.middle for step in found.steps[:-1]]
    assert middles == sorted(middles)


def test_ranks_and_truths_have_names() -> None:
    assert list(levels(of_trait("seniority", [1.0] * 20 + [6.0] * 20, [0.0] * 20 + [1.0] * 20))) == [
        "intern",
        "c level",
    ]
    assert list(levels(of_trait("is_partner", [0.0] * 20 + [1.0] * 20, [0.0] * 20 + [1.0] * 20))) == ["no", "yes"]


def test_what_does_not_vary_is_left_out_and_the_strongest_come_first() -> None:
    names = [f"t{place}" for place in range(SHOWN_DEPENDENCES + 3)]
    drivers, columns = zip(*(trait(name) for name in names), strict=True)
    rows = pd.DataFrame({name: np.repeat(["a", "b"], 20) for name in names} | {"t0": ["same"] * 40})
    found = partial_dependence(rows, np.random.default_rng(0).normal(size=(40, len(names))), columns, drivers)
    assert [one.name for one in found] == names[1 : SHOWN_DEPENDENCES + 1]


def test_the_band_holds_eighty_of_a_hundred() -> None:
    added = [*np.linspace(0, 1, 101), *[5.0] * 20]
    (first, _) = of_trait("source", ["web"] * 101 + ["fair"] * 20, added).steps
    assert (first.low, first.middle, first.high) == pytest.approx((0.1, 0.5, 0.9))
