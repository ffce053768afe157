"""What is known of behaviour: dwell time, machines that click, what sales itself causes; each known when it was."""

from __future__ import annotations

import pytest
from worlds import MINUTE, Told, World, alike, identify, page, says, track, us


def minutes(world: World, day: float, behaviour: str = "pricing_page", lead: str = "ann") -> float:
    return round(world.behaviour(lead, behaviour, day).minutes, 9)


def count(told: list[Told], behaviour: str = "email_click", day: float = 100) -> int:
    return World.of(told).behaviour("ann", behaviour, day).count


ANN = identify("ann", 0)
VISIT = page("ann", 1, page_view_id="p1")
LEFT = track("ann", "Page Left", 1 + 3 * MINUTE, page_view_id="p1", engaged_ms=120_000)


def test_time_on_a_page_is_known_when_the_page_is_left() -> None:
    world = World.of([ANN, VISIT, LEFT])
    assert minutes(world, 1 + 2 * MINUTE) == 0
    assert minutes(world, 1 + 4 * MINUTE) == 2


def test_without_a_leave_it_is_the_gap_to_the_next_event_known_when_that_arrives() -> None:
    world = World.of([ANN, VISIT, track("ann", "Webinar Attended", 1 + 12 * MINUTE)])
    assert minutes(world, 1 + 12 * MINUTE) == 0  # at that very moment it is not yet known
    assert minutes(world, 1 + 13 * MINUTE) == 12


def test_a_next_event_that_we_hear_of_late_is_known_late() -> None:
    world = World.of([ANN, VISIT, page("ann", 1 + 12 * MINUTE, "/", known=5)])
    assert (minutes(world, 4.9), minutes(world, 5.1)) == (0, 12)


def test_a_later_leave_corrects_the_gap() -> None:
    left = track("ann", "Page Left", 1 + 20 * MINUTE, page_view_id="p1", engaged_ms=60_000)
    world = World.of([ANN, VISIT, page("ann", 1 + 12 * MINUTE, "/"), left])
    assert minutes(world, 1 + 13 * MINUTE) == 12
    assert minutes(world, 1 + 21 * MINUTE) == 1


def test_an_event_heard_of_late_that_came_in_between_corrects_the_gap() -> None:
    between = page("ann", 1 + 5 * MINUTE, "/", known=2)
    world = World.of([ANN, VISIT, page("ann", 1 + 20 * MINUTE, "/"), between])
    assert minutes(world, 1 + 21 * MINUTE) == 20  # what every score of that day was made of
    assert minutes(world, 2.1) == 5


def test_a_leave_before_the_next_event_is_not_corrected_by_the_gap() -> None:
    world = World.of([ANN, VISIT, LEFT, page("ann", 1 + 12 * MINUTE, "/")])
    assert minutes(world, 2) == 2


@pytest.mark.parametrize(("gap", "counted"), [(29.5, 29.5), (30, 30), (31, 0), (600, 0)])
def test_a_page_left_open_over_lunch_is_not_read_over_lunch(gap: float, counted: float) -> None:
    assert minutes(World.of([ANN, VISIT, page("ann", 1 + gap * MINUTE, "/")]), 50) == counted


@pytest.mark.parametrize(
    "not_hers",
    [
        track("ann", "Email Delivered", 1 + 5 * MINUTE, email_id="e1"),
        track("ann", "Call Attempted", 1 + 5 * MINUTE, by="rep"),
        track("ann", "Lead Status Changed", 1 + 5 * MINUTE, status="open"),
        page("bob", 1 + 5 * MINUTE, "/"),
    ],
    ids=["mail", "call", "crm", "another lead"],
)
def test_only_what_the_visitor_does_ends_a_page(not_hers: Told) -> None:
    assert minutes(World.of([ANN, VISIT, not_hers]), 50) == 0


def test_a_page_may_bring_its_own_time() -> None:
    assert minutes(World.of([ANN, page("ann", 1, engaged_ms=90_000)]), 2) == 1.5


def test_pages_of_two_leads_may_have_the_same_view_id() -> None:
    """Some tools count views from 1 in each browser."""
    left = track("bob", "Page Left", 1.001, page_view_id="1", engaged_ms=600_000)
    world = World.of(
        [ANN, page("ann", 1, page_view_id="1"), identify("bob", 0), page("bob", 1, page_view_id="1"), left]
    )
    assert (minutes(world, 9), minutes(world, 9, lead="bob")) == (0, 10)


def test_dwell_time_of_an_anonymous_visit_is_known_from_the_link() -> None:
    told = [page("visitor", 1), page("visitor", 1 + 4 * MINUTE, "/"), identify("ann", 3, visitor="visitor")]
    world = World.of(told)
    assert (minutes(world, 2.9), minutes(world, 3.1)) == (0, 4)


def test_two_pages_opened_at_once_are_both_read_until_the_next_event() -> None:
    told = [ANN, page("ann", 1, "/pricing"), page("ann", 1, "/pricing/eu"), page("ann", 1 + 6 * MINUTE, "/")]
    assert minutes(World.of(told), 2) == minutes(World.of([told[0], *reversed(told[1:])]), 2) == 12


@pytest.mark.parametrize(
    "agent",
    ["Googlebot/2.1", "Mozilla/5.0 (compatible; bingbot/2.0)", "Proofpoint URL Defense", "python-requests/2.32"],
)
def test_crawlers_and_scanners_are_kept_and_not_counted(agent: str) -> None:
    told = [ANN, says("page", 1, userId="ann", properties={"path": "/pricing"}, context={"userAgent": agent})]
    assert count(told, "pricing_page") == 0
    assert len(World.of(told).log) == 2


def mail(name: str, day: float, seconds: float = 0, *, known: float | None = None, **properties: object) -> Told:
    return track("ann", f"Email {name}", day + seconds / 86_400, known=known, **properties)


@pytest.mark.parametrize(("seconds", "counted"), [(-5, 0), (0, 0), (9, 0), (11, 1), (3_600, 1)])
def test_a_click_within_seconds_of_delivery_is_a_scanners(seconds: float, counted: int) -> None:
    told = [ANN, mail("Delivered", 1, email_id="e1"), mail("Link Clicked", 1, seconds, email_id="e1")]
    assert count(told) == counted


def test_a_click_on_a_mail_without_a_delivery_counts() -> None:
    assert count([ANN, mail("Delivered", 1, email_id="e1"), mail("Link Clicked", 1, 2, email_id="e2")]) == 1


def test_a_click_is_not_a_scanners_because_the_campaign_sends_another_mail_later() -> None:
    told = [
        ANN,
        mail("Delivered", 1, campaign_id="spring"),
        mail("Link Clicked", 2, campaign_id="spring"),
        mail("Delivered", 8, campaign_id="spring"),
        mail("Link Clicked", 8, 3, campaign_id="spring"),
    ]
    assert count(told) == 1


def test_a_delivery_heard_of_late_takes_a_scanners_click_back_and_rewrites_no_score() -> None:
    clicked, delivered = mail("Link Clicked", 1, 4, email_id="e1"), mail("Delivered", 1, known=3, email_id="e1")
    assert count([ANN, clicked, delivered], day=2) == 1
    assert count([ANN, clicked, delivered], day=3.1) == 0


def test_what_sales_mails_itself_is_not_counted() -> None:
    told = [ANN, mail("Link Clicked", 1, email_id="e1", sent_by="sales"), mail("Link Clicked", 2, email_id="e2")]
    assert count(told) == 1


def test_a_call_counts_until_sales_has_the_lead() -> None:
    told = [ANN, track("ann", "Call Answered", 1, minutes=7), track("ann", "Call Attempted", 2)]
    told += [track("ann", "Call Answered", 3, minutes=20)]
    state = World.of(told).behaviour("ann", "call", 9)
    assert (state.count, state.minutes) == (1, 7)


@pytest.mark.parametrize(
    "name",
    [
        "Call Attempted", "Voicemail Left", "Letter Sent", "Email Sent", "Meeting Booked", "Meeting Held",
        "Lead Converted", "Lead Disqualified", "Lead Status Changed", "Opportunity Created", "Opportunity Won",
    ],
)  # fmt: skip
def test_outcomes_and_what_sales_causes_are_never_behaviour(name: str) -> None:
    world = World.of([ANN, VISIT, track("ann", name, 2, minutes=5, path="/pricing", minutes_attended=9)])
    without = World.of([ANN, VISIT])
    assert alike(world.features("ann", us(3)), without.features("ann", us(3)))


def test_observations_become_known_in_order_per_lead() -> None:
    world = World.of([page("visitor", 1), ANN, VISIT, LEFT, identify("ann", 3, visitor="visitor"), page("bob", 2)])
    known = world.observed.known_us
    same = world.observed.lead[1:] == world.observed.lead[:-1]
    assert (known[1:] >= known[:-1])[same].all()
