"""Whole numbers that name things are no amounts, and a number that stands for "none" is named."""

from __future__ import annotations

import pytest

from training.leakage.column_profiles import ColumnProfile

# How often each of twenty codes comes, with no order in it.
COUNTS = (90, 3, 40, 1, 70, 2, 5, 60, 1, 30, 8, 80, 2, 50, 4, 1, 66, 9, 35, 3)


def profile(title: str, values: list[float]) -> ColumnProfile:
    return ColumnProfile(title, tuple(str(value) for value in values))


@pytest.mark.parametrize("title", ["Region_Code", "Category ID", "TrafficType", "Código", "Filiale", "zip_code", "PLZ"])
def test_whole_numbers_under_such_a_title_are_categories(title: str) -> None:
    assert profile(title, [7, 12, 33] * 20).kind == "category"


@pytest.mark.parametrize("title", ["Employees", "Visits", "Number of offices", "Decoder"])
def test_whole_numbers_under_another_title_are_numbers(title: str) -> None:
    assert profile(title, [7, 12, 33] * 20).kind == "number"


def test_a_rate_for_each_type_is_no_code() -> None:
    assert profile("Type", [0.5, 1.5, 2.5] * 20).kind == "number"


@pytest.mark.parametrize(
    ("values", "none"),
    [
        ([-1, 0, 3, 7, 12] * 10, "-1"),
        ([9999, 1, 5, 40] * 10, "9999"),
        ([999, 0, 3, 27] * 10, "999"),
        ([-1, -2, 3, 7] * 10, None),
        ([99, 98, 60, 40, 20] * 10, None),
        ([9, 19, 49, 99, 199, 499, 999] * 10, None),
        ([*range(200), 9999], None),
    ],
)
def test_a_number_that_stands_for_none_is_named(values: list[float], none: str | None) -> None:
    assert profile("Days since", values).sentinel == none


def test_numbers_that_repeat_as_codes_do_are_asked_about() -> None:
    coded = [float(1_000 + 37 * place) for place, count in enumerate(COUNTS) for _ in range(count)]
    aged = [float(20 + place) for place, count in enumerate(sorted(COUNTS)) for _ in range(count)]
    sized = [float(5 * (place + 1)) for place, count in enumerate(COUNTS) for _ in range(count)]
    found = [profile("Partner", values).may_be_codes for values in (coded, aged, sized)]
    assert found == [True, False, False]
