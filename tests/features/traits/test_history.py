"""Traits as they were known then: the newest value of when it was true, not of when it came in."""

from __future__ import annotations

from typing import Any

import pytest
from handmade_events import SMALL, Told, World, identify, page, says, touch, track, us
from hypothesis import given
from hypothesis import strategies as st

from features.agreement.agreement import Agreement, Export, Trait
from features.home.errors import LeadlightError
from features.traits.typed_values import flat_traits, snake_case, trait_value, typed_value, unread_values


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
    found = traits(identify("ann", 1, title="CTO", company={"industry": "software", "employees": "1 200"}))
    assert (found["job_title"], found["industry"], found["employees"]) == ("CTO", "software", 1200.0)
    in_context = says("identify", 1, userId="ann", context={"traits": {"Industry": "retail"}})
    assert traits(in_context)["industry"] == "retail"


LISTED = Agreement.parse(SMALL.text + 'likes_seo = { kind = "boolean", column = "Topics of interest", item = "SEO" }\n')


@pytest.mark.parametrize(
    ("listed", "expected"),
    [("Events; seo", True), (["SEO"], True), ("Events;SEO basics", False), ("", None), ([], None)],
)
def test_an_item_of_a_list_is_read_from_events_as_from_files(listed: object, expected: bool | None) -> None:
    world = World.of([identify("ann", 1, topics_of_interest=listed)], LISTED)
    assert world.traits_at("ann", us(100))["likes_seo"] is expected


def test_only_a_yes_or_no_can_be_an_item_of_a_list() -> None:
    with pytest.raises(LeadlightError, match="is an item of a list"):
        Agreement.parse(SMALL.text + 'likes_seo = { kind = "category", column = "Topics", item = "SEO" }\n')


def test_what_nobody_agreed_to_use_is_not_a_trait() -> None:
    found = traits(identify("ann", 1, gender="f", shoe_size=41, industry="retail"))
    assert not {"gender", "shoe_size"} & set(found)


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        ("1,200.5", "number", 1200.5),
        ("1,200", "number", None),  # 1.2 or 1200: nothing tells
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
    found = typed_value(value, kind)
    assert found == kept
    assert type(found) is type(kept)


def test_names_are_snake_case() -> None:
    names = ["employeeCount", "Employee count", "employee_count", " Employee-Count "]
    assert {snake_case(name) for name in names} == {"employee_count"}
    assert flat_traits({"company": {"Employee count": 5}})["employees"] == 5


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (track("ann", "Opportunity Created", 2), {"open_opportunity": True}),
        (track("ann", "Opportunity Lost", 2), {"open_opportunity": False}),
        (track("ann", "Opportunity Won", 2), {"open_opportunity": False, "customer": True}),
        (track("ann", "Call Attempted", 2), {"with_sales": True}),
        (track("ann", "Opportunity Lost", 2), {"with_sales": False, "closed": True}),
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


def test_a_rejected_lead_that_returns_is_neither_rejected_nor_closed() -> None:
    told = [identify("ann", 0), track("ann", "Lead Disqualified", 5, reason="not_a_fit"), page("ann", 9)]
    assert [traits(*told, day=day)["rejected"] for day in (6, 10)] == [True, False]
    assert [traits(*told, day=day)["closed"] for day in (6, 10)] == [True, False]
    late = page("ann", 4, known=9)
    assert traits(*told[:2], late, day=10)["rejected"] is True


def test_there_is_no_return_before_the_reject_is_known() -> None:
    told = [identify("ann", 0), track("ann", "Lead Disqualified", 5, known=20), page("ann", 9)]
    assert [traits(*told, day=day)["rejected"] for day in (15, 21)] == [None, False]


def test_a_customer_stays_closed_whatever_it_does_and_whatever_is_said_later() -> None:
    told = [identify("ann", 0), track("ann", "Lead Converted", 5), page("ann", 9)]
    assert traits(*told)["closed"] is True
    assert traits(*told, track("ann", "Lead Disqualified", 12, reason="too_early"))["closed"] is True


def test_nobody_returns_from_a_reject_that_was_anothers() -> None:
    told = [identify("ann", 0), identify("bob", 0), page("ann", 9), track("bob", "Lead Disqualified", 5)]
    merge = track("ann", "Lead Merged", 12, previous_lead_id="bob")
    told += [merge, track("ann", "Lead Merge Undone", 20, merge_id=merge["messageId"])]
    assert [traits(*told, day=day)["rejected"] for day in (11, 15, 21)] == [None, False, None]


OBJECTED, ALLOWED = track("ann", "Profiling Objected", 5), track("ann", "Profiling Allowed", 8)


@pytest.mark.parametrize(
    ("told", "objects"),
    [
        ([], None),
        ([OBJECTED], True),
        ([OBJECTED, ALLOWED], False),
        ([ALLOWED, OBJECTED], False),
        ([ALLOWED, track("ann", "Profiling Objected", 9)], True),
        ([OBJECTED, identify("ann", 7, profiling_opt_out=False)], False),
        ([OBJECTED, identify("ann", 3, known=9, profiling_opt_out=False)], True),
        ([OBJECTED, identify("ann", 7, profiling_opt_out=None)], True),
        ([OBJECTED, identify("ann", 7, profiling_opt_out="")], True),
    ],
)
def test_the_last_word_on_profiling_counts_and_silence_takes_no_objection_back(
    told: list[Told], objects: bool | None
) -> None:
    assert traits(identify("ann", 0), *told)["profiling_opt_out"] is objects


def agreed(privacy: str) -> Agreement:
    return Agreement.parse(f"{SMALL.text}\n[privacy]\n{privacy}\n")


def consents(day: float, **preferences: object) -> Told:
    context = {"consent": {"categoryPreferences": preferences}}
    return says("page", day, userId="ann", properties={"path": "/"}, context=context)


def test_consent_says_it_where_the_agreement_says_which() -> None:
    told = [identify("ann", 0), consents(2, advertising=False, analytics=True)]
    assert traits(*told)["profiling_opt_out"] is None
    for category, objects in (("advertising", True), ("analytics", False), ("functional", None)):
        found = World.of(told, agreed(f'consent = "{category}"')).traits_at("ann", us(9))
        assert found["profiling_opt_out"] is objects
    again = World.of([*told, consents(4, advertising=True)], agreed('consent = "advertising"'))
    assert [again.traits_at("ann", us(day))["profiling_opt_out"] for day in (3, 5)] == [True, False]


@pytest.mark.parametrize("odd", [None, 7, "no", [], {"categoryPreferences": 3}, {"categoryPreferences": {"ads": "no"}}])
def test_odd_consent_says_nothing(odd: object) -> None:
    told = [identify("ann", 0), says("page", 2, userId="ann", context={"consent": odd})]
    assert World.of(told, agreed('consent = "ads"')).traits_at("ann", us(9))["profiling_opt_out"] is None


def test_the_names_of_an_objection_are_the_agreements() -> None:
    told = [identify("ann", 0), track("ann", "Opted Out", 2)]
    assert World.of(told, agreed('objected = "Opted Out"')).traits_at("ann", us(9))["profiling_opt_out"] is True
    assert agreed('objected = "Opted Out"').feature_digest != SMALL.feature_digest
    assert agreed('keep_events = "2 years"').feature_digest == SMALL.feature_digest


def test_what_a_visitor_said_goes_with_the_visitor() -> None:
    """Until bob turns out to be the one who came by an ad, ann is."""
    told = [identify("ann", 0, source="fair"), touch("visitor-1", -1, "ads", "spring")]
    told += [identify("ann", 2, visitor="visitor-1"), identify("bob", 1, known=6, visitor="visitor-1")]
    world = World.of(told)
    assert [world.traits_at("ann", us(day))["source"] for day in (1, 3, 7)] == ["fair", "ads", "fair"]
    assert [world.traits_at("ann", us(day))["campaign"] for day in (1, 3, 7)] == [None, "spring", None]
    assert world.traits_at("bob", us(7))["source"] == "ads"


def group(who: str, name: str, day: float, *, known: float | None = None, **said: object) -> Told:
    return says("group", day, known=known, userId=who, groupId=name, traits=said)


def test_what_is_said_of_a_group_is_said_of_all_who_are_in_it() -> None:
    told = [identify("ann", 0), identify("bob", 0), group("ann", "acme", 1), group("bob", "acme", 3, industry="retail")]
    assert traits(*told, day=2)["industry"] is None
    assert traits(*told, day=4)["industry"] == "retail"
    assert traits(*told, group("bob", "acme", 5, customer=True))["customer"] is True
    assert traits(*told, group("bob", "other", 5, industry="mining"))["industry"] == "retail"


def test_it_counts_from_when_the_lead_is_in_the_group_until_it_leaves() -> None:
    told = [identify("ann", 0), identify("bob", 0), group("bob", "acme", 1, industry="retail")]
    told += [group("ann", "acme", 3), group("ann", "other", 6)]
    assert [traits(*told, day=day)["industry"] for day in (2, 4, 7)] == [None, "retail", None]
    assert [traits(*told, day=day)["account"] for day in (2, 4, 7)] == [None, "acme", "other"]


def test_what_is_said_of_the_lead_itself_is_nearer_than_what_is_said_of_its_company() -> None:
    told = [identify("ann", 0, industry="software"), identify("bob", 0), group("ann", "acme", 1)]
    assert traits(*told, group("bob", "acme", 3, industry="retail"))["industry"] == "software"


def test_the_newest_word_on_a_group_counts_in_whichever_order_they_come() -> None:
    told = [identify("ann", 0), identify("bob", 0), group("ann", "acme", 1)]
    words = [group("bob", "acme", 5, industry="retail"), group("bob", "acme", 3, known=8, industry="mining")]
    assert traits(*told, *words)["industry"] == traits(*told, *reversed(words))["industry"] == "retail"


def test_a_mailbox_of_the_company_is_not_the_persons() -> None:
    told = [identify("ann", 0, email="ann@gmail.com"), group("ann", "acme", 1, email="info@acme.example")]
    assert traits(*told)["email_domain"] == "gmail.com"


def test_kept_traits_stand_as_they_were_said() -> None:
    said = {
        "industry": ["retail", us(1)],
        "profiling_opt_out": [True, us(2)],
        "employees": [50, us(1)],
        "gender": ["f", 0],
    }
    told = [identify("ann", 3, industry=None), track("ann", "History Kept", 40, traits=said) | {"source": "leadlight"}]
    found = traits(*told)
    assert (found["profiling_opt_out"], found["employees"]) == (True, 50.0)
    assert found["industry"] is None  # said later
    assert "gender" not in found
    assert traits(*told, day=39)["profiling_opt_out"] is None


def test_a_lead_whose_first_events_are_deleted_stays_as_old_as_it_was() -> None:
    said = {"opened_us": [us(1), us(1)]}
    told = [identify("ann", 3), track("ann", "History Kept", 40, traits=said) | {"source": "leadlight"}]
    assert [traits(*told, day=day)["opened_us"] for day in (39, 41)] == [us(3), us(1)]


def test_other_spellings_of_a_campaign_are_that_campaign() -> None:
    spelled = Agreement.parse(f'{SMALL.text}\n[campaigns]\nspring = {{ also = ["Spring_26"] }}\n')
    told = [identify("ann", 0), touch("ann", 1, "ads", "Spring_26"), identify("ann", 2, campaign="Spring_26")]
    found = World.of(told, spelled).traits_at("ann", us(9))
    assert (found["campaign"], found["latest_campaign"]) == ("spring", "spring")


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


def test_the_agreements_decimal_sign_and_markers_of_missing_values_hold_over_http_too() -> None:
    export = Export(id="Id", outcome="Won", positive="1", missing=("Select",))
    agreed = SMALL.model_copy(update={"export": export})
    revenue = Trait(kind="number", decimal=",")
    assert trait_value("2,636", revenue, agreed) == 2.636
    assert trait_value(2.636, revenue, agreed) == 2.636
    assert trait_value(" select ", Trait(kind="category"), agreed) is None
    told = {"employees": "51-200", "industry": "51-200", "company": {"employees": "1,200"}}
    assert [value.sentence for value in unread_values(told, SMALL)] == [
        'employees: "51-200" cannot be read as a number, and was left out'
    ]
    assert list(unread_values({"employees": "N/A"}, SMALL)) == []


# By a key that stands in web pages


def public(told: Told) -> Told:
    return told | {"flags": "public"}


def test_what_the_crm_says_of_a_trait_stands_over_what_a_public_key_says() -> None:
    crm, web = identify("ann", 2, industry="software"), public(identify("ann", 5, industry="retail"))
    assert traits(crm, web)["industry"] == "software"
    assert traits(web, day=6)["industry"] == "retail"
    late = identify("ann", 2, known=9, industry="software")
    assert (traits(web, late, day=8)["industry"], traits(web, late, day=10)["industry"]) == ("retail", "software")


def test_where_the_crm_says_nothing_or_takes_back_what_it_said_the_visitor_is_believed() -> None:
    web = public(identify("ann", 5, industry="retail", employees=7))
    assert traits(identify("ann", 2, industry=None), web)["industry"] == "retail"
    taken_back = [identify("ann", 2, industry="software"), web, identify("ann", 6, industry=None)]
    assert [traits(*taken_back, day=day)["industry"] for day in (5.5, 6.5)] == ["software", "retail"]


def test_of_the_addresses_of_public_keys_the_first_says_the_domain_and_the_crm_corrects_it() -> None:
    first, second = (
        public(identify("ann", day, email=f"ann@{name}.example")) for day, name in ((1, "one"), (2, "two"))
    )
    assert traits(first, second)["email_domain"] == "one.example"
    crm = identify("ann", 0, known=3, email="ann@three.example")
    assert traits(first, second, crm)["email_domain"] == "three.example"


def test_the_first_touch_of_the_crm_stands_and_the_latest_is_anybodys() -> None:
    found = traits(
        identify("ann", 3, source="webinar"), public(touch("ann", 1, "ads")), public(touch("ann", 5, "email"))
    )
    assert (found["source"], found["latest_source"]) == ("webinar", "email")
    assert (
        traits(identify("ann", 3), public(touch("ann", 4, "email")), public(touch("ann", 1, "ads")))["source"] == "ads"
    )


@pytest.mark.parametrize("flag", ["unsubscribed", "profiling_opt_out"])
def test_a_no_is_followed_from_anybody_and_taken_back_by_the_crm_alone(flag: str) -> None:
    told = [identify("ann", 1, **{flag: False}), public(identify("ann", 2, **{flag: True}))]
    assert traits(*told)[flag] is True
    assert traits(*told, public(identify("ann", 3, **{flag: False})))[flag] is True
    assert traits(*told, identify("ann", 3, **{flag: False}))[flag] is False
    assert traits(public(identify("ann", 2, **{flag: True})), public(identify("ann", 3, **{flag: False})))[flag] is True


def test_a_public_key_makes_nobody_a_customer_by_saying_that_it_belongs_to_one() -> None:
    acme = says("group", 1, userId="boss", groupId="acme.example", traits={"customer": True, "industry": "retail"})
    joined = public(says("group", 2, userId="ann", groupId="acme.example"))
    found = traits(acme, joined)
    assert (found["account"], found["industry"], found["customer"]) == ("acme.example", "retail", None)
    by_mail = identify("ann", 1, known=4, email="ann@acme.example")
    assert [traits(acme, joined, by_mail, day=day)["customer"] for day in (3, 5)] == [None, True]
    assert traits(acme, says("group", 2, userId="ann", groupId="acme.example"))["customer"] is True


def test_what_a_public_key_says_of_a_company_gives_way_to_what_the_crm_says_of_it() -> None:
    crm, web = (says("group", day, userId="ann", groupId="acme", traits={"industry": value})
                for day, value in ((1, "retail"), (5, "farming")))  # fmt: skip
    assert traits(crm, public(web))["industry"] == "retail"
    assert traits(public(web))["industry"] == "farming"
