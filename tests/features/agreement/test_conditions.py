"""Conditions hold for the leads that people mean by them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.conditions import ConditionError, Facts, Vocabulary, condition, duration, holds

WORDS = Vocabulary(
    behaviours=frozenset({"pricing_page", "webinar"}),
    traits={"country": "category", "job_title": "text", "employees": "number", "partner": "boolean", "signed": "date"},
    excluded=frozenset({"lead_rating"}),
    timed=frozenset({"pricing_page"}),
)


def met(written: object, counts: dict[str, list[float]] | None = None, **traits: object) -> bool:
    """Whether a lead with these traits, and 4 minutes of each behaviour so many days ago, meets the condition."""

    def count_within(behaviour: str, days: float) -> int:
        return sum(ago <= days for ago in (counts or {}).get(behaviour, []))

    def minutes_within(behaviour: str, days: float) -> float:
        return 4.0 * count_within(behaviour, days)

    return holds(condition(written, WORDS), Facts(traits, count_within, minutes_within))


def test_everything_inside_braces_must_hold() -> None:
    written = {"country": "DE", "employees": "50 to 1000"}
    assert met(written, country="DE", employees=310)
    assert not met(written, country="DE", employees=10)
    assert not met(written, country="DE")


def test_in_a_list_any_may_hold() -> None:
    written = [{"country": "DE"}, {"webinar": "1 in 7 days"}]
    assert met(written, country="DE")
    assert met(written, {"webinar": [3]})
    assert not met(written, {"webinar": [8]}, country="FR")
    assert not met([], country="DE")


def test_a_trait_takes_a_value_several_or_known() -> None:
    assert met({"country": ["DE", "FR"]}, country="FR")
    assert met({"country": "known"}, country="FR")
    assert not met({"country": "known"}, country=None)
    assert not met({"employees": "known"}, employees=float("nan"))
    assert met({"employees": 7}, employees=7)


def test_case_and_blanks_do_not_matter_and_a_star_is_anything() -> None:
    assert met({"country": "de"}, country=" DE ")
    assert met({"email_domain": ["rival.example", "*.rival.example"]}, email_domain="mail.rival.example")
    assert met({"job_title": "*(marketing*"}, job_title="VP (Marketing)")
    assert not met({"job_title": "marketing*"}, job_title="VP Marketing")


def test_a_derived_flag_is_false_until_it_is_said_but_a_trait_is_unknown() -> None:
    assert met({"customer": False})
    assert not met({"customer": True})
    assert met({"partner": False}, partner=False)
    assert not met({"partner": False})


def test_a_range_of_a_category_is_just_its_name() -> None:
    assert met({"country": "50 to 1000"}, country="50 to 1000")


def test_a_behaviour_counts_in_its_window() -> None:
    assert met({"pricing_page": "2 in 30 days"}, {"pricing_page": [1, 29]})
    assert not met({"pricing_page": "2 in 30 days"}, {"pricing_page": [1, 31]})
    assert met({"pricing_page": "1 in 2 weeks"}, {"pricing_page": [13]})
    assert not met({"pricing_page": "1 in 12 hours"}, {"pricing_page": [1]})


def test_a_behaviour_takes_minutes_where_it_has_them() -> None:
    assert met({"pricing_page": "8 minutes in 30 days"}, {"pricing_page": [1, 29]})
    assert not met({"pricing_page": "8 minutes in 30 days"}, {"pricing_page": [1, 31]})
    assert met({"pricing_page": "0.5 minutes in 2 weeks"}, {"pricing_page": [13]})


def test_so_many_minutes_are_another_condition_than_so_many_times() -> None:
    five = [
        condition({"pricing_page": f"5{unit} in 30 days"}, WORDS).as_json() for unit in ("", " minutes", ".0 minutes")
    ]
    assert five[0] != five[1] == five[2]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"pricing_pag": "1 in 7 days"}, 'names no behaviour, trait or derived fact; did you mean "pricing_page"?'),
        ({"senority": "vp"}, 'did you mean "seniority"?'),
        ({"lead_rating": "Hot"}, "names an excluded field; to use it, move its line from [excluded] to [traits]"),
        (
            {"pricing_page": "often"},
            "pricing_page = 'often' does not say how often or how long; write for example \"2 in 30 days\" or",
        ),
        ({"pricing_page": "1 in 0 days"}, "does not say how often"),
        ({"pricing_page": True}, "does not say how often"),
        ({"pricing_page": "0 in 7 days"}, "cannot be counted; write a number from 1 to 32"),
        ({"pricing_page": "33 in 7 days"}, "cannot be counted"),
        ({"webinar": "5 minutes in 7 days"}, "asks for minutes, which this behaviour does not have; write how often"),
        ({"pricing_page": "0 minutes in 7 days"}, "holds for everybody; write more than 0 minutes"),
        ({"employees": "many"}, "employees = 'many' does not fit a trait of kind number; write a number, a range"),
        ({"employees": "1000 to 50"}, "does not fit a trait of kind number"),
        ({"partner": "yes"}, 'write true, false or "known"'),
        ({"country": True}, "write a value in quotes"),
        ({"signed": "2026-01-01"}, 'does not fit a trait of kind date; write "known"'),
        ({}, "is no condition"),
        ("known", "is no condition"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_remedy(written: object, sentence: str) -> None:
    with pytest.raises(ConditionError) as refused:
        condition(written, WORDS)
    assert sentence in str(refused.value)


def test_two_ways_to_write_a_condition_are_one() -> None:
    one = condition([{"country": ["DE", "fr"], "employees": 5}, {"webinar": "1 in 7 days"}], WORDS)
    two = condition([{"webinar": "1 in 1 week"}, {"employees": "5 to 5", "country": ["FR", "de"]}], WORDS)
    assert one == two
    assert one.as_json() == two.as_json()


@given(st.floats(-1e9, 1e9), st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_wider_range_never_holds_for_fewer(employees: float, low: float, width: float, wider: float) -> None:
    def within(width: float) -> bool:
        return met({"employees": f"{low:.2f} to {low + width:.2f}"}, employees=employees)

    assert within(width + wider) or not within(width)


@given(st.lists(st.floats(0, 400)), st.integers(1, 32), st.integers(1, 300), st.integers(0, 60))
def test_a_longer_window_or_a_smaller_number_never_holds_for_fewer(
    days_ago: list[float], count: int, days: int, more: int
) -> None:
    seen = {"webinar": days_ago}
    strict = met({"webinar": f"{count} in {days} days"}, seen)
    assert met({"webinar": f"{count} in {days + more} days"}, seen) or not strict
    assert met({"webinar": f"{max(1, count - more)} in {days} days"}, seen) or not strict


def test_lengths_of_time_are_read_as_people_write_them() -> None:
    assert duration("30 minutes") == timedelta(minutes=30)
    assert duration("1.5 hours") == timedelta(minutes=90)
    assert duration("2 weeks") == duration("14 days")
    assert duration("3 years") == timedelta(days=1095)
    for nonsense in ("", "soon", "7", "days", "-1 days", "7 fortnights", "9999 years"):
        with pytest.raises(ValueError, match="is no length of time"):
            duration(nonsense)
