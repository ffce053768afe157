"""Whose history an event is, and from when on we knew it."""

from __future__ import annotations

import random

import numpy as np
import pytest
from handmade_events import Told, World, identify, page, says, touch, track, us

from features.arrays import NOT_YET
from features.identity.email import email_domain, mail_kind
from features.traits.job_title import department, seniority


def known(world: World, row: int) -> tuple[str | None, float]:
    """Whose the event is, and the day from which we knew that."""
    lead = int(world.found.lead[row])
    day = (int(world.found.known_us[row]) - us(0)) / 86_400e6
    return (world.found.lead_ids[lead] if lead >= 0 else None), day


def leads_of(told: list[Told]) -> dict[str, tuple[str | None, float]]:
    """Owner and day of knowing of each event, by its id."""
    world = World.of(told)
    return {world.log.message_id[row]: known(world, row) for row in range(len(told))}


def test_a_visitor_is_nobody_until_identified() -> None:
    world = World.of([page("visitor-1", 1)])
    assert known(world, 0) == (None, 1)
    assert world.found.lead_ids == []


def test_an_anonymous_history_counts_only_from_the_moment_of_the_link() -> None:
    world = World.of([page("visitor-1", 1), page("visitor-1", 2), identify("ann", 9, visitor="visitor-1")])
    assert [known(world, row) for row in range(3)] == [("ann", 9)] * 3
    assert world.behaviour("ann", "pricing_page", 9).count == 0
    assert world.behaviour("ann", "pricing_page", 9.001).count == 2
    # They happened when they happened: from then on, nine days ago is nine days ago.
    assert world.features("ann", us(12))["days_since_first_pricing_page"] == 11


def test_after_the_link_a_visitors_events_are_known_at_once() -> None:
    world = World.of([identify("ann", 3, visitor="visitor-1"), page("visitor-1", 5)])
    assert known(world, 1) == ("ann", 5)


def test_an_alias_links_what_it_was_called_before() -> None:
    world = World.of([page("visitor-1", 1), says("alias", 4, userId="ann", previousId="visitor-1")])
    assert known(world, 0) == ("ann", 4)


def test_a_shared_visitor_belongs_to_the_earliest_identify() -> None:
    told = [page("visitor-1", 1), identify("ann", 4, visitor="visitor-1"), identify("bob", 6, visitor="visitor-1")]
    assert known(World.of(told), 0) == ("ann", 4)


def test_hearing_of_the_first_link_late_does_not_make_the_history_known_later() -> None:
    first, again = identify("ann", 4, known=20, visitor="visitor-1"), identify("ann", 6, visitor="visitor-1")
    assert known(World.of([page("visitor-1", 1), again, first]), 0) == ("ann", 6)


def test_a_new_name_with_a_known_address_is_the_lead_that_has_it() -> None:
    world = World.of([identify("web-7", 1, email="Ann@Firm.example "), identify("00Q1", 5, email="ann@firm.example")])
    assert known(world, 1) == ("web-7", 5)
    assert world.found.identifiers["email", "ann@firm.example"] == "web-7"
    assert world.found.lead_ids == ["web-7"]


def test_two_known_leads_never_merge_by_an_address() -> None:
    ann, bob = identify("ann", 1, email="a@firm.example"), identify("bob", 2, email="b@firm.example")
    world = World.of([ann, bob, identify("bob", 5, email="a@firm.example")])
    assert world.found.lead_ids == ["ann", "bob"]
    assert world.found.identifiers["email", "a@firm.example"] == "ann"


def test_until_it_has_an_address_a_lead_may_turn_out_to_be_another() -> None:
    world = World.of(
        [identify("ann", 1, email="a@firm.example"), page("bob", 2), identify("bob", 5, email="a@firm.example")]
    )
    assert known(world, 1) == ("ann", 5)
    assert world.found.lead_ids == ["ann", "bob"]
    assert world.found.merged_us.tolist() == [NOT_YET, us(5)]
    assert [column.tolist() for column in world.found.former] == [[1], [1], [us(2)], [us(5)]]


def test_an_event_that_was_another_leads_is_attributed_to_both_each_for_its_period() -> None:
    world = World.of(
        [
            identify("ann", 1, email="a@firm.example"), page("bob", 2), page("visitor-1", 3),
            identify("bob", 5, email="a@firm.example"),
        ]
    )  # fmt: skip
    ann, bob = (world.found.lead_ids.index(lead) for lead in ("ann", "bob"))
    periods = zip(*(column.tolist() for column in world.found.attribute(np.array([2, 1, 0]))), strict=True)
    assert list(periods) == [(1, ann, us(5), NOT_YET), (2, ann, us(1), NOT_YET), (1, bob, us(2), us(5))]
    assert world.found.first_known_us[[ann, bob]].tolist() == [us(1), us(2)]
    assert world.found.absences == {bob: [(us(5), NOT_YET)]}


def test_a_chain_of_aliases_is_followed() -> None:
    told = [
        page("visitor-1", 1),
        says("alias", 2, userId="first-name", previousId="visitor-1"),
        says("alias", 3, userId="ann", previousId="first-name"),
        identify("ann", 4),
    ]
    world = World.of(told)
    assert [known(world, row) for row in range(3)] == [("ann", 3)] * 3
    assert world.found.identifiers["user", "first-name"] == world.found.identifiers["anonymous", "visitor-1"] == "ann"
    assert known(World.of(told[:2]), 0) == ("first-name", 2)


def test_a_name_that_gets_events_of_its_own_is_a_lead_from_then_on() -> None:
    told = [says("alias", 2, userId="bob", previousId="visitor-1"), says("alias", 3, userId="ann", previousId="bob")]
    world = World.of([*told, identify("bob", 7)])
    assert known(world, 0) == ("bob", 7)
    assert world.found.lead_ids == ["ann", "bob"]


def test_an_alias_between_two_known_leads_merges_nothing() -> None:
    told = [identify("ann", 1), identify("bob", 2), says("alias", 3, userId="ann", previousId="bob")]
    assert World.of(told).found.lead_ids == ["ann", "bob"]


def test_a_crm_id_finds_the_lead_that_reported_it() -> None:
    world = World.of([track("ann", "Opportunity Created", 3, crm="salesforce", crm_lead_id="00Q9")])
    assert world.found.identifiers["salesforce", "00Q9"] == "ann"


def test_circles_of_aliases_end() -> None:
    told = [
        says("alias", 1, userId="ann", previousId="bob"),
        says("alias", 2, userId="bob", previousId="ann"),
        identify("ann", 3, email="a@firm.example"),
        identify("cid", 4, email="a@firm.example"),
    ]
    assert World.of(told).found.lead_ids == ["ann"]


@pytest.mark.parametrize("seed", range(5))
def test_who_is_who_does_not_depend_on_the_order_of_the_ledger(seed: int) -> None:
    told = [
        page("visitor-1", 1),
        page("visitor-2", 1.5),
        identify("ann", 4, known=8, visitor="visitor-1", email="a@firm.example"),
        identify("bob", 4, known=8, visitor="visitor-1", email="a@firm.example"),  # one export, all of it known at once
        identify("cid", 4, known=8, email="a@firm.example"),
        identify("cid", 6, visitor="visitor-2"),
    ]
    shuffled = random.Random(seed).sample(told, len(told))
    assert leads_of(shuffled) == leads_of(told)


ODD = [None, "", 7, True, [], ["x"], {}, {"a": {"b": 1}}, "text", 1e400, "\\u0000"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_odd_value_keeps_the_others_from_being_read(odd: object) -> None:
    """A poison event would stop every derivation from then on."""
    told = [
        identify("ann", 1, email="a@firm.example", industry="software"),
        page("ann", 2, page_view_id="p"),
        says("page", 3, userId="ann", properties={"path": odd, "page_view_id": odd, "engaged_ms": odd},
             context={"campaign": odd, "userAgent": odd, "page": odd}),
        says("page", 3, userId="ann", context={"campaign": {"source": odd, "name": odd}}),
        says("identify", 4, userId="ann", traits={"email": odd, "industry": odd, "employees": odd, "renewal_on": odd,
             "is_partner": odd, "company": odd, "source": odd, "job_title": odd, "crm_lead_id": odd},
             context={"campaign": {"source": "ads"}, "traits": odd}),
        says("alias", 5, userId="ann", previousId=odd),
        track("ann", "Page Left", 6, page_view_id=odd, engaged_ms=odd),
        track("ann", "Webinar Attended", 7, minutes_attended=odd),
        track("ann", "Email Link Clicked", 7, email_id=odd, campaign_id=odd, sent_by=odd),
        track("ann", "Lead Disqualified", 8, reason=odd, crm_lead_id=odd),
    ]  # fmt: skip
    world = World.of(told)
    assert world.behaviour("ann", "webinar", 9).count == 1
    assert world.leads["lead_id"].tolist() == ["ann"]
    assert world.features("ann", us(9))


def test_a_campaign_touch_and_an_empty_source_in_one_event_are_read() -> None:
    told = [identify("ann", 1, context={"campaign": {"source": "ads", "name": "spring"}}, source="", campaign=None)]
    found = World.of(told).traits_at("ann", us(2))
    assert (found["source"], found["campaign"]) == ("ads", "spring")
    assert (found["latest_source"], found["latest_campaign"]) == ("ads", "spring")


def test_a_touch_tells_its_source_to_whoever_it_brought() -> None:
    world = World.of([touch("visitor-1", 1, "ads", "spring"), identify("ann", 5, visitor="visitor-1")])
    assert world.traits_at("ann", us(5)) == {}
    assert world.traits_at("ann", us(5.1))["source"] == "ads"


@pytest.mark.parametrize(
    ("title", "rank", "area"),
    [
        ("Chief Marketing Officer", "c_level", "marketing"),
        ("VP Sales", "vp", "sales"),
        ("Vice President, Finance", "vp", "finance"),
        ("Head of Data", "director", "engineering"),
        ("IT Manager", "manager", "it"),
        ("Marketing Intern", "intern", "marketing"),
        ("Gardener", "staff", "other"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_title_says_rank_and_department(title: str | None, rank: str | None, area: str | None) -> None:
    assert (seniority(title), department(title)) == (rank, area)


@pytest.mark.parametrize(
    "domain",
    "gmail.com yahoo.co.uk hotmail.fr gmx.at web.de bluewin.ch wp.pl uol.com.br tutanota.com proton.me".split(),
)
def test_a_mailbox_anyone_can_open_is_free(domain: str) -> None:
    assert mail_kind(email_domain(f"ann@{domain}")) == "free"


def test_a_companys_mailbox_is_work() -> None:
    assert mail_kind(email_domain("ann@firm.example")) == "work"
    assert mail_kind(None) is None
