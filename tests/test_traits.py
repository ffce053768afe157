"""Traits as they were known then: the newest value of when it was true, not of when it came in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import Told, World, identify, says, touch, track, us

from features.traits import flat, snake_case, typed


def traits(*told: Told, day: float = 100) -> dict[str, Any]:
    return World.of(told).traits_at("ann", us(day))


def test_a_trait_is_known_from_when_we_heard_of_it() -> None:
    told = identify("ann", 2, known=6, industry="software")
    assert traits(told, day=6).get("industry") is None
    assert traits(told, day=6.01)["industry"] == "software"


def test_a_late_older_value_never_overwrites_a_newer_one() -> None:
    newer, older = identify("ann", 5, industry="retail"), identify("ann", 2, known=9, industry="software")
    assert traits(newer, older)["industry"] == "retail"
    assert traits(older, newer)["industry"] == "retail"
    assert traits(newer, older, day=8)["industry"] == "retail"


def test_a_late_value_that_is_newer_takes_over_when_it_comes() -> None:
    told = [identify("ann", 2, industry="software"), identify("ann", 5, known=9, industry="retail")]
    assert traits(*told, day=8)["industry"] == "software"
    assert traits(*told, day=9.1)["industry"] == "retail"


def test_source_and_campaign_are_the_first_touch_and_latest_the_last() -> None:
    told = [identify("ann", 0), touch("ann", 1, "webinar", "spring"), touch("ann", 4, "email", "news")]
    found = traits(*told)
    assert (found["source"], found["campaign"]) == ("webinar", "spring")
    assert (found["latest_source"], found["latest_campaign"]) == ("email", "news")
    before = traits(*told, day=2)
    assert (before["source"], before["latest_source"]) == ("webinar", "webinar")


def test_a_first_touch_that_we_hear_of_late_becomes_the_first_from_then_on() -> None:
    told = [identify("ann", 3), touch("ann", 4, "email"), touch("ann", 1, "ads", known=8)]
    assert (traits(*told, day=7)["source"], traits(*told, day=9)["source"]) == ("email", "ads")
    assert traits(*told, day=9)["latest_source"] == "email"


def test_an_empty_source_is_no_touch() -> None:
    told = [identify("ann", 0, source="", campaign=None), touch("ann", 1, "ads", "spring")]
    assert (traits(*told)["source"], traits(*told)["campaign"]) == ("ads", "spring")
    again = [*told, identify("ann", 2, source=None)]
    assert traits(*again)["latest_source"] == "ads"


def test_a_title_is_rank_and_department_and_an_address_is_its_kind() -> None:
    found = traits(identify("ann", 1, jobTitle="VP Marketing", email="Ann@Gmail.com"))
    assert (found["job_title"], found["seniority"], found["department"]) == ("VP Marketing", "vp", "marketing")
    assert (found["email_domain"], found["mail_kind"]) == ("gmail.com", "free")


def test_traits_are_found_under_the_names_that_clients_send() -> None:
    found = traits(identify("ann", 1, title="CTO", company={"industry": "software", "employees": "1,200"}))
    assert (found["job_title"], found["industry"], found["employees"]) == ("CTO", "software", 1200.0)
    in_context = says("identify", 1, userId="ann", context={"traits": {"Industry": "retail"}})
    assert traits(in_context)["industry"] == "retail"


def test_what_nobody_agreed_to_use_is_not_a_trait() -> None:
    found = traits(identify("ann", 1, gender="f", shoe_size=41, industry="retail"))
    assert not {"gender", "shoe_size"} & set(found)


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        ("1,200", "number", 1200.0),
        (" 7 ", "number", 7.0),
        (True, "number", None),
        ("many", "number", None),
        (float("nan"), "number", None),
        ("inf", "number", None),
        ("Yes", "boolean", True),
        (0, "boolean", False),
        (1.0, "boolean", True),
        ("perhaps", "boolean", None),
        ("1970-01-03T12:00:00Z", "date", 2.5),
        ("soon", "date", None),
        ("  retail ", "category", "retail"),
        (7, "category", "7"),
        ("", "category", None),
        (None, "text", None),
    ],
)
def test_a_value_is_kept_as_its_kind_or_is_missing(value: object, kind: str, kept: object) -> None:
    found = typed(value, kind)
    assert found == kept
    assert type(found) is type(kept)


def test_names_are_snake_case() -> None:
    names = ["employeeCount", "Employee count", "employee_count", " Employee-Count "]
    assert {snake_case(name) for name in names} == {"employee_count"}
    assert flat({"company": {"Employee count": 5}})["employees"] == 5


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (track("ann", "Opportunity Created", 2), {"open_opportunity": True}),
        (track("ann", "Opportunity Lost", 2), {"open_opportunity": False}),
        (track("ann", "Opportunity Won", 2), {"open_opportunity": False, "customer": True}),
        (track("ann", "Call Attempted", 2), {"with_sales": True}),
        (track("ann", "Lead Converted", 2), {"with_sales": True, "closed": True}),
        (track("ann", "Lead Disqualified", 2, reason="not_a_fit"), {"rejected": True, "closed": True}),
        (track("ann", "Lead Disqualified", 2), {"rejected": True, "closed": True}),
        (track("ann", "Lead Disqualified", 2, reason="too_early"), {"rejected": False, "closed": False}),
        (track("ann", "Email Unsubscribed", 2), {"unsubscribed": True}),
        (identify("ann", 2, profiling_opt_out="yes", customer=True), {"profiling_opt_out": True, "customer": True}),
    ],
)
def test_rules_know_what_the_crm_and_the_lead_said(told: Told, expected: dict[str, bool]) -> None:
    found = traits(identify("ann", 1), told)
    assert {name: found[name] for name in expected} == expected


def test_a_renewal_date_is_days_from_the_moment_of_the_look() -> None:
    world = World.of([identify("ann", 1, renewal_on="2026-01-31")])
    assert world.features("ann", us(10))["renewal_on"] == 20


def test_days_open_count_from_when_we_first_knew() -> None:
    assert World.of([identify("ann", 1, known=4)]).features("ann", us(10))["days_open"] == 6


def test_a_missing_trait_is_missing_and_not_zero() -> None:
    found = World.of([identify("ann", 1)]).features("ann", us(10))
    assert found["employees"] != found["employees"]
    assert found["industry"] is None


said = st.tuples(
    st.integers(0, 5), st.integers(0, 3), st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y", ""])
)


@given(st.lists(said, max_size=6).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_traits_are_a_function_of_what_was_said_not_of_the_order_it_came_in(orders: tuple[list[Any], ...]) -> None:
    first, second = (
        World.of([identify("ann", day, known=day + lag, industry=i, source=s) for day, lag, i, s in told])
        for told in orders
    )
    assert [first.traits_at("ann", us(day)) for day in range(10)] == [second.traits_at("ann", us(d)) for d in range(10)]
