"""The company of a lead, from when to when it was known."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from handmade_events import SMALL, Told, identify, says, track, us
from hypothesis import given, settings
from hypothesis import strategies as st
from random_identity_logs import parts, read, recorded_by, tangled_log

from features.arrays import NOT_YET
from features.identity.accounts import account_periods

Stay = tuple[str, str, int, int]  # lead, account, known_us, until_us


def stays(told: Iterable[Told], until_us: int = NOT_YET) -> list[Stay]:
    """The stays of each lead, as far as they were known by a moment."""
    log, found = read(told)
    known = account_periods(log, found, SMALL)
    rows = zip(*(column.tolist() for column in known[:4]), strict=True)
    found_stays = [
        (found.lead_ids[lead], known.account_ids[account], since, end if end <= until_us else NOT_YET)
        for lead, account, since, end in rows
        if since <= until_us
    ]
    return sorted(found_stays, key=lambda stay: (stay[0], stay[2]))


def of_ann(*told: Told) -> list[tuple[str, float, float | None]]:
    """Account, and the days on which ann came and left."""
    days = [
        (account, since, None if end == NOT_YET else end) for lead, account, since, end in stays(told) if lead == "ann"
    ]
    return [(account, (since - us(0)) / 86_400e6, end and (end - us(0)) / 86_400e6) for account, since, end in days]


def group(who: str, day: float, account: str, **rest: Any) -> Told:
    return says("group", day, userId=who, groupId=account, **rest)


def test_a_group_is_an_account_from_when_we_hear_of_it() -> None:
    assert of_ann(identify("ann", 1), group("ann", 3, "acme", known=5)) == [("acme", 5, None)]


def test_a_group_in_the_envelope_of_any_event_is_one_too() -> None:
    told = says("page", 2, userId="ann", context={"groupId": "acme"})
    assert of_ann(told) == [("acme", 2, None)]


def test_a_work_mail_is_an_account_until_a_group_is_said() -> None:
    told = [identify("ann", 1, email="Ann@Acme.example"), group("ann", 4, "acme")]
    assert of_ann(*told) == [("acme.example", 1, 4), ("acme", 4, None)]
    later = identify("ann", 6, email="ann@other.example")
    assert of_ann(*told, later) == of_ann(*told)


@pytest.mark.parametrize("address", ["ann@gmail.com", "ann@ours.example", "ann", "", None, 7])
def test_free_mail_and_our_own_are_no_account(address: object) -> None:
    assert of_ann(identify("ann", 1, email=address)) == []


@pytest.mark.parametrize("account", ["gmail.com", "ours.example", "Ours.Example"])
def test_nor_are_they_as_a_group(account: str) -> None:
    assert of_ann(group("ann", 1, account)) == []


def test_free_mail_ends_no_stay() -> None:
    told = [identify("ann", 1, email="ann@acme.example"), identify("ann", 4, email="ann@gmail.com")]
    assert of_ann(*told) == [("acme.example", 1, None)]


def test_a_lead_that_moves_leaves_when_we_hear_of_it() -> None:
    told = [group("ann", 1, "acme"), group("ann", 4, "globex", known=6)]
    assert of_ann(*told) == [("acme", 1, 6), ("globex", 6, None)]


def test_a_late_older_word_never_overwrites_a_newer_one() -> None:
    told = [group("ann", 4, "globex"), group("ann", 1, "acme", known=9)]
    assert of_ann(*told) == of_ann(*reversed(told)) == [("globex", 4, None)]


def test_a_group_said_of_a_visitor_counts_from_the_link() -> None:
    told = [says("group", 1, anonymousId="visitor-1", groupId="acme"), identify("ann", 5, visitor="visitor-1")]
    assert of_ann(*told) == [("acme", 5, None)]


def test_a_visitor_who_was_somebody_else_takes_the_account_along() -> None:
    told = [
        says("group", 1, anonymousId="visitor-1", groupId="acme"),
        identify("ann", 5, visitor="visitor-1", email="ann@globex.example"),
        identify("bob", 2, known=8, visitor="visitor-1"),
    ]
    assert of_ann(*told) == [("acme", 5, 8), ("globex.example", 8, None)]
    assert [stay[:3] for stay in stays(told) if stay[0] == "bob"] == [("bob", "acme", us(8))]


def test_a_merged_lead_takes_its_account_along_and_back() -> None:
    merge = track("ann", "Lead Merged", 5, previous_lead_id="bob")
    told = [identify("ann", 1), group("bob", 2, "acme"), merge]
    assert stays(told) == [("ann", "acme", us(5), NOT_YET), ("bob", "acme", us(2), us(5))]
    undone = track("ann", "Lead Merge Undone", 7, merge_id=merge["messageId"])
    assert stays([*told, undone]) == [
        ("ann", "acme", us(5), us(7)), ("bob", "acme", us(2), us(5)), ("bob", "acme", us(7), NOT_YET),
    ]  # fmt: skip


def test_words_of_one_moment_are_decided_by_their_ids() -> None:
    told = [group("ann", 1, name) | {"messageId": f"m-{name}"} for name in ("acme", "globex", "initech")]
    again = group("ann", 1, "acme") | {"messageId": "m-z"}
    assert of_ann(*told) == of_ann(*reversed(told)) == [("initech", 1, None)]
    assert of_ann(*told, again) == of_ann(again, *told) == [("acme", 1, None)]


@st.composite
def company_log(draw: st.DrawFn) -> list[Told]:
    """Logs of people who are mixed up, and move between companies."""
    told = draw(tangled_log())
    who = st.sampled_from(
        [{"userId": "ann"}, {"userId": "bob"}, {"anonymousId": "visitor-1"}, {"anonymousId": "visitor-2"}]
    )
    words = st.tuples(who, st.integers(0, 9), st.integers(0, 6), st.sampled_from(["acme", "globex", "initech"]))
    for number, (name, day, lag, account) in enumerate(draw(st.lists(words, max_size=6))):
        said = says("group", day, known=day + lag, groupId=account, **name)
        told.append(said | {"messageId": f"g{number}"})
    return told


@settings(max_examples=200)
@given(company_log(), st.integers(0, 18))
def test_what_was_known_of_companies_then_is_what_the_events_of_then_say(told: list[Told], moment: int) -> None:
    assert stays(told, us(moment)) == stays(recorded_by(told, us(moment)))


@settings(max_examples=200)
@given(company_log().flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_companies_do_not_depend_on_the_order_of_the_ledger_or_on_others(orders: tuple[list[Told], list[Told]]) -> None:
    first, second = orders
    assert (
        stays(first)
        == stays(second)
        == sorted([stay for part in parts(first) for stay in stays(part)], key=lambda s: (s[0], s[2]))
    )


@settings(max_examples=200)
@given(company_log())
def test_a_lead_is_in_one_company_at_a_time(told: list[Told]) -> None:
    by_lead: dict[str, list[Stay]] = {}
    for stay in stays(told):
        by_lead.setdefault(stay[0], []).append(stay)
    for mine in by_lead.values():
        for before, after in pairwise(mine):
            assert before[3] < after[2] or (before[3] == after[2] and before[1] != after[1])
        assert all(since < until for _, _, since, until in mine)


def test_nobody_is_of_no_company() -> None:
    assert stays([]) == []
    assert stays([identify("ann", 1)]) == []
