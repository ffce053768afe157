"""What is known of behaviour: dwell time, machines that click, what sales itself causes; each known when it was."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_events import MINUTE, SMALL, Told, World, alike, identify, page, says, track, us

from features.arrays import NOT_YET
from features.behaviour.bots import bot_flags
from features.behaviour.observations import account_observations
from features.identity.accounts import AccountPeriods, account_periods


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


@pytest.mark.parametrize(("open_ms", "read"), [(90_000, 1.5), (3 * 3_600_000, 30), ("soon", 0)])
def test_rudderstacks_own_time_on_page_is_that_of_its_page_view(open_ms: object, read: float) -> None:
    """It says how long the page was open: one that was open over lunch is not read over lunch."""
    told = {"context": {"autoTrack": {"page": {"pageViewId": "v-7"}}}}
    left = track("ann", "Page Unloaded", 1 + 3 * MINUTE, timeOnPage=open_ms) | told
    assert minutes(World.of([ANN, page("ann", 1) | told, left]), 2) == read
    assert minutes(World.of([ANN, page("ann", 1), left]), 2) == 0  # of no view that we know
    unloaded = track("ann", "Page Unloaded", 1 + 3 * MINUTE, time_on_page=open_ms) | told  # as warehouses spell it
    assert minutes(World.of([ANN, page("ann", 1) | told, unloaded]), 2) == read


def test_a_page_may_bring_its_own_time() -> None:
    assert minutes(World.of([ANN, page("ann", 1, engaged_ms=90_000)]), 2) == 1.5


def test_pages_of_two_leads_may_have_the_same_view_id() -> None:
    """Some tools count views from 1 in each browser."""
    left = track("bob", "Page Left", 1.001, page_view_id="1", engaged_ms=600_000)
    world = World.of(
        [ANN, page("ann", 1, page_view_id="1"), identify("bob", 0), page("bob", 1, page_view_id="1"), left]
    )
    assert (minutes(world, 9), minutes(world, 9, lead="bob")) == (0, 10)


def test_a_leave_is_of_the_latest_view_before_it() -> None:
    """A second browser counts from 1 again."""
    views = [page("ann", 1, page_view_id="1"), page("ann", 1.2, "/pricing/eu", page_view_id="1")]
    left = track("ann", "Page Left", 1.2 + 3 * MINUTE, page_view_id="1", engaged_ms=120_000)
    assert minutes(World.of([ANN, *views, left]), 2) == 2
    assert minutes(World.of([ANN, views[0], left]), 2) == 2


def test_a_view_heard_of_late_takes_the_leave_that_was_its_own() -> None:
    views = [page("ann", 1, page_view_id="1"), page("ann", 1.2, "/pricing/eu", page_view_id="1", known=5)]
    left = track("ann", "Page Left", 1.2 + 3 * MINUTE, page_view_id="1", engaged_ms=120_000)
    world = World.of([ANN, *views, left])
    assert [pair[1] for pair in world.behaviour("ann", "pricing_page", 4).latest] == [2]
    assert [pair[1] for pair in world.behaviour("ann", "pricing_page", 6).latest] == [0, 2]


def test_which_of_two_views_of_one_moment_was_left_does_not_rest_on_the_order_of_the_ledger() -> None:
    views = [page("ann", 1, path, page_view_id="1") for path in ("/pricing", "/pricing/eu", "/pricing/us")]
    left = track("ann", "Page Left", 1 + 3 * MINUTE, page_view_id="1", engaged_ms=120_000)
    read = set()
    for told in ([ANN, *views, left], [left, *reversed(views), ANN]):
        world = World.of(told)
        (row,) = world.observed.event[world.observed.weight == 0].tolist()
        read.add(world.log.message_id[row])
    assert len(read) == 1


def test_a_leave_a_day_later_tells_nothing() -> None:
    far = track("ann", "Page Left", 2 + 2 * MINUTE, page_view_id="p1", engaged_ms=120_000)
    near = track("ann", "Page Left", 2, page_view_id="p1", engaged_ms=120_000)
    assert minutes(World.of([ANN, VISIT, far]), 50) == 0
    assert minutes(World.of([ANN, VISIT, near]), 50) == 2


def test_of_two_leaves_the_first_counts_in_whichever_order_they_come() -> None:
    again = track("ann", "Page Left", 1 + 9 * MINUTE, page_view_id="p1", engaged_ms=480_000, known=2)
    late = track("ann", "Page Left", 1 + 3 * MINUTE, page_view_id="p1", engaged_ms=120_000, known=4)
    world = World.of([ANN, VISIT, again, late])
    assert [minutes(world, day) for day in (1.5, 3, 5)] == [0, 8, 2]


def test_what_ended_a_page_may_turn_out_to_be_anothers() -> None:
    """The visitor's event ends ann's page until that visitor is bob."""
    told = [ANN, identify("ann", 0.5, visitor="visitor-1"), VISIT, page("visitor-1", 1 + 4 * MINUTE, "/")]
    told += [page("ann", 1 + 9 * MINUTE, "/"), identify("bob", 0.1, known=6, visitor="visitor-1")]
    world = World.of(told)
    assert [minutes(world, day) for day in (5, 7)] == [4, 9]


def test_a_page_that_turns_out_to_be_anothers_takes_its_minutes_along() -> None:
    told = [page("visitor-1", 1), page("visitor-1", 1 + 7 * MINUTE, "/"), identify("ann", 2, visitor="visitor-1")]
    world = World.of([*told, identify("bob", 0, known=6, visitor="visitor-1")])
    assert [minutes(world, day) for day in (3, 7)] == [7, 0]
    assert [minutes(world, day, lead="bob") for day in (3, 7)] == [0, 7]
    signed = np.where(world.observed.weight == 0, 1, world.observed.weight) * world.observed.minutes
    assert np.bincount(world.observed.lead, signed).tolist() == [0, 7]


def test_dwell_time_of_an_anonymous_visit_is_known_from_the_link() -> None:
    told = [page("visitor", 1), page("visitor", 1 + 4 * MINUTE, "/"), identify("ann", 3, visitor="visitor")]
    world = World.of(told)
    assert (minutes(world, 2.9), minutes(world, 3.1)) == (0, 4)


def test_two_pages_opened_at_once_are_both_read_until_the_next_event() -> None:
    told = [ANN, page("ann", 1, "/pricing"), page("ann", 1, "/pricing/eu"), page("ann", 1 + 6 * MINUTE, "/")]
    assert minutes(World.of(told), 2) == minutes(World.of([told[0], *reversed(told[1:])]), 2) == 12


@pytest.mark.parametrize(
    "agent",
    [
        "Googlebot/2.1", "Mozilla/5.0 (compatible; bingbot/2.0)", "Proofpoint URL Defense", "python-requests/2.32",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Go-http-client/1.1",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0)", "unheard-of-bot/0.1",
    ],
)  # fmt: skip
def test_crawlers_and_scanners_are_kept_and_not_counted(agent: str) -> None:
    told = [ANN, says("page", 1, userId="ann", properties={"path": "/pricing"}, context={"userAgent": agent})]
    assert count(told, "pricing_page") == 0
    assert len(World.of(told).log) == 2


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/99 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Dalvik/2.1.0 (Linux; U; Android 13; SM-S901B Build/TP1A.220624.014)",
    ],
)  # fmt: skip
def test_a_persons_phone_and_the_proxy_that_shows_its_mails_are_no_crawlers(agent: str) -> None:
    told = [ANN, says("page", 1, userId="ann", properties={"path": "/pricing"}, context={"userAgent": agent})]
    assert count(told, "pricing_page") == 1


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


def test_an_open_long_before_the_next_delivery_is_of_an_earlier_copy() -> None:
    delivered = mail("Delivered", 1, email_id="e1")
    assert count([ANN, delivered, mail("Link Clicked", 1, -3_599, email_id="e1")]) == 0
    assert count([ANN, delivered, mail("Link Clicked", 1, -3_601, email_id="e1")]) == 1


def test_a_first_delivery_heard_of_late_makes_a_person_of_a_scanner() -> None:
    told = [ANN, mail("Link Clicked", 2, email_id="e1"), mail("Delivered", 2, 1_200, email_id="e1")]
    world = World.of([*told, mail("Delivered", 1, email_id="e1", known=5)])
    assert [world.behaviour("ann", "email_click", day).count for day in (2.001, 4, 6)] == [1, 0, 1]


def clicks(*links: tuple[str, float], known: float | None = None) -> list[Told]:
    return [mail("Link Clicked", 1, at, email_id="e1", link_id=link, known=known) for link, at in links]


@pytest.mark.parametrize(
    ("links", "counted"),
    [
        ([("a", 0), ("b", 2)], 2),
        ([("a", 0), ("b", 2), ("c", 5)], 0),
        ([("a", 0), ("b", 2), ("c", 5.1)], 3),
        ([("a", 0), ("a", 1), ("b", 2)], 3),
        ([("", 0), ("", 1), ("", 2)], 3),
        ([("a", 0), ("b", 2), ("c", 4), ("d", 60)], 1),
        ([("a", 0), ("b", 3), ("c", 5), ("d", 8)], 0),
    ],
)
def test_every_link_of_a_mail_within_seconds_is_a_scanners(links: list[tuple[str, float]], counted: int) -> None:
    assert count([ANN, *clicks(*links)]) == counted


def test_that_it_was_every_link_is_known_once_the_third_is() -> None:
    world = World.of([ANN, *clicks(("a", 0), ("b", 1)), *clicks(("c", 2), known=3)])
    assert [world.behaviour("ann", "email_click", day).count for day in (2, 4)] == [2, 0]
    flags = bot_flags(world.log, world.found)
    assert {(flag.reason, flag.known_us) for flag in flags.values()} == {("every link of a mail", us(3))}
    assert len(flags) == 3


@pytest.mark.parametrize(
    ("clicked", "left", "counted"),
    [
        (3, 4, 0),  # a scanner's click, and a second later its next one
        (9, 18, 0),  # over ten seconds after the delivery, but not after the scanner's click
        (9, 19, 1),
        (3, 19_200, 1),  # a person reads the mail that a scanner has read before
        (3_600, 3_601, 1),  # nobody's click but a person's
        (None, 4, 0),
        (None, 19_200, 1),
    ],
)
def test_an_unsubscribe_seconds_after_a_scanners_click_is_not_the_leads_will(
    clicked: float | None, left: float, counted: int
) -> None:
    told = [ANN, mail("Delivered", 1, email_id="e1"), mail("Unsubscribed", 1, left, email_id="e1")]
    told += [mail("Link Clicked", 1, clicked, email_id="e1", link_id="a")] if clicked is not None else []
    assert count(told, "unsubscribe") == count(told[::-1], "unsubscribe") == counted


def test_the_link_to_unsubscribe_is_one_of_every_link_of_a_mail() -> None:
    left = mail("Unsubscribed", 1, 2, email_id="e1")
    assert count([ANN, *clicks(("a", 0), ("b", 1)), left], "unsubscribe") == 0
    assert count([ANN, *clicks(("a", 0)), left], "unsubscribe") == 1


def test_a_delivery_heard_of_late_takes_the_scanners_unsubscribe_back_with_its_click() -> None:
    told = [ANN, mail("Link Clicked", 1, 8, email_id="e1"), mail("Unsubscribed", 1, 15, email_id="e1")]
    world = World.of([*told, mail("Delivered", 1, known=3, email_id="e1")])
    assert [world.behaviour("ann", "unsubscribe", day).count for day in (2, 4)] == [1, 0]
    assert [flag.reason for flag in bot_flags(world.log, world.found).values()] == ["mail scanner"] * 2


def test_links_of_two_mails_are_no_burst() -> None:
    other = mail("Link Clicked", 1, 2, email_id="e2", link_id="c")
    assert count([ANN, *clicks(("a", 0), ("b", 1)), other]) == 3


def test_why_an_event_does_not_count_can_be_read() -> None:
    crawler = says("page", 1, userId="ann", properties={"path": "/pricing"}, context={"userAgent": "Googlebot/2.1"})
    world = World.of([ANN, crawler, mail("Delivered", 1, email_id="e1"), *clicks(("a", 2))])
    flags = bot_flags(world.log, world.found)
    assert {row: flag.reason for row, flag in flags.items()} == {1: "crawler", 3: "mail scanner"}


def test_what_sales_mails_itself_is_not_counted() -> None:
    told = [ANN, mail("Link Clicked", 1, email_id="e1", sent_by="sales"), mail("Link Clicked", 2, email_id="e2")]
    assert count(told) == 1


def test_a_call_counts_until_sales_has_the_lead() -> None:
    told = [ANN, track("ann", "Call Answered", 1, minutes=7), track("ann", "Call Attempted", 2)]
    told += [track("ann", "Call Answered", 3, minutes=20)]
    state = World.of(told).behaviour("ann", "call", 9)
    assert (state.count, state.minutes) == (1, 7)


def test_which_calls_count_rests_on_when_they_happened() -> None:
    """A touch that we hear of late takes a call back; a call that we hear of late counts if it came before."""
    early, late = track("ann", "Call Answered", 1), track("ann", "Call Answered", 3)
    told = [ANN, early, late, track("ann", "Call Attempted", 2, known=5)]
    world = World.of(told)
    assert [world.behaviour("ann", "call", day).count for day in (4, 6)] == [2, 1]
    told = [ANN, track("ann", "Call Attempted", 2), track("ann", "Call Answered", 1, known=5)]
    assert World.of(told).behaviour("ann", "call", 6).count == 1


@pytest.mark.parametrize("reason", ["too_early", "not_a_fit"])
def test_a_call_counts_again_once_sales_gave_the_lead_back(reason: str) -> None:
    told = [ANN, track("ann", "Call Attempted", 2), track("ann", "Call Answered", 3)]
    told += [track("ann", "Lead Disqualified", 4, reason=reason), track("ann", "Call Answered", 5)]
    assert World.of(told).behaviour("ann", "call", 9).count == 1


def kept(count: int, minutes: float, latest: list[float], day: float = 40, **totals: object) -> Told:
    said = {"count": count, "minutes": minutes, "first_us": us(1), "latest": [[us(d), 1.0] for d in latest]}
    event = track("ann", "History Kept", day, behaviours={"webinar": said, "no such": said}, **totals)
    return event | {"source": "leadlight"}


def test_kept_totals_stand_for_events_that_were_deleted() -> None:
    state = World.of([ANN, kept(5, 20.0, [3, 4])]).behaviour("ann", "webinar", 50)
    assert (state.count, state.minutes) == (5, 20)
    assert state.latest.tolist() == [[us(1), 6.0], [us(3), 1.0], [us(4), 1.0]]
    features = World.of([ANN, kept(5, 20.0, [3, 4])]).features("ann", us(50))
    assert (features["days_since_first_webinar"], features["days_since_webinar"]) == (49, 46)
    assert World.of([ANN, kept(2, 2.0, [3, 4])]).behaviour("ann", "webinar", 50).count == 2


def test_kept_totals_are_known_from_when_they_were_written() -> None:
    assert World.of([ANN, kept(5, 20.0, [3, 4])]).behaviour("ann", "webinar", 39).count == 0


def test_only_we_ourselves_say_what_deleted_events_came_to() -> None:
    forged = kept(5, 20.0, [3, 4]) | {"source": "website"}
    assert World.of([ANN, forged]).behaviour("ann", "webinar", 50).count == 0


def test_an_account_counts_what_its_leads_did_from_when_both_were_known_until_they_leave() -> None:
    told = [identify("ann", 0), page("ann", 1), page("ann", 1 + 4 * MINUTE, "/"), identify("bob", 0), page("bob", 8)]
    world = World.of(told)
    stays = [(0, 0, us(3), us(9)), (0, 1, us(9), NOT_YET), (1, 0, us(2), NOT_YET)]
    members = AccountPeriods(*np.array(stays, dtype=np.int64).T, ["one", "two"])
    found = account_observations(world.observed, members)
    days = (found.known_us - us(0)) / 86_400e6
    rows = list(zip(found.lead.tolist(), days.tolist(), found.weight.tolist(), found.minutes.tolist(), strict=True))
    assert [(a, d, w, round(m, 9)) for a, d, w, m in rows] == [
        (0, 3, 1, 0), (0, 3, 0, 4), (0, 8, 1, 0), (0, 9, -1, 4), (1, 9, 1, 0), (1, 9, 0, 4),
    ]  # fmt: skip


def test_what_moves_from_one_lead_of_an_account_to_another_stays_the_accounts() -> None:
    """And what turns out to be a machine's is the account's no more."""
    told = [page("visitor-1", 1), *(identify(who, 0, email=f"{who}@firm.example") for who in ("ann", "bob"))]
    told += [identify("ann", 3, visitor="visitor-1"), identify("bob", 2, known=6, visitor="visitor-1")]
    told += [track("bob", "Email Link Clicked", 4, email_id="e1"), mail_to("bob", 4, known=8, email_id="e1")]
    world = World.of(told)
    found = account_observations(world.observed, account_periods(world.log, world.found, SMALL))
    assert list(zip(found.known_us.tolist(), found.weight.tolist(), strict=True)) == [
        (us(3), 1), (us(4), 1), (us(6), -1), (us(6), 1), (us(8), -1),
    ]  # fmt: skip


def mail_to(who: str, day: float, *, known: float, **properties: object) -> Told:
    return track(who, "Email Delivered", day, known=known, **properties)


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
