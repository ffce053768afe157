"""Old events go, and what they came to stays: totals, latest moments, traits, who is who, what became of leads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from handmade_events import SMALL, at, identify, page, says, touch, track, us
from old_events import NOW, OLD, ann, keep, known, opened, retained, rows, the_same, world
from online_store_checks import shows_the_ledger
from sqlalchemy import select

from features.events.event_table import HISTORY_KEPT
from features.home import tables
from features.home.database import reading, writing
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.ledger.tombstones import STRIPPED
from features.records.housekeeping import is_rebuild_due
from features.records.retention import Retained, apply_retention
from features.store.builds import all_builds
from features.store.materialize import materialized
from features.store.publisher import Publisher


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    yield from opened(tmp_path, url)


@pytest.fixture
def small(tmp_path: Path) -> Iterable[Home]:
    yield from opened(tmp_path, None)


def test_what_is_read_page_by_page_is_of_one_state(home: Home) -> None:
    """Else what stands for old events would be counted beside those that were read before they were deleted."""
    keep(home, [page("ann", 1), page("ann", 2), page("ann", 700)])
    pages = Ledger(home).chunks(rows=1)
    read = [*next(pages)]
    assert retained(home).events == 2
    read += [row for some in pages for row in some]
    assert [(row.name, row.occurred_us) for row in read] == [("page", us(1)), ("page", us(2)), ("page", us(700))]


def test_features_and_traits_are_after_as_they_were_before(home: Home) -> None:
    keep(home, ann([10, 20, 100, 200]))
    keep(home, [page("ann", day / 10) for day in range(300, 400)])  # more than the latest 32
    keep(home, [page("ann", 700), identify("ann", 710, industry="software"), page("bob", 720)])
    before = known(home)
    done = retained(home)
    assert done.leads == 1
    assert the_same(before, known(home)) == []
    assert before["ann"]["pricing_page_count_total"] == 102


def test_what_old_events_of_public_keys_said_gives_way_as_it_did_before(small: Home) -> None:
    crm = [identify("ann", 10, industry="software"), identify("bob", 12)]
    web = [identify("ann", 20, industry="retail", employees=7), identify("bob", 21, email="bob@one.example"),
           identify("bob", 22, email="bob@two.example", industry="retail"), touch("bob", 23, "ads")]  # fmt: skip
    keep(small, crm)
    keep(small, web)
    with writing(small) as connection:
        by_key = tables.events.c.message_id.in_([said["messageId"] for said in web])
        connection.execute(tables.events.update().where(by_key).values(flags="public"))
    keep(small, [page("ann", 700), page("bob", 720)])
    before = known(small)
    retained(small)
    assert the_same(before, known(small)) == []
    assert (before["ann"]["industry"], before["bob"]["email_domain"]) == ("software", "one.example")
    keep(small, [identify("bob", 730, industry="farming")])  # the CRM's word stands over what they had said
    assert known(small)["bob"]["industry"] == "farming"


def test_old_events_are_gone_and_newer_ones_are_untouched(home: Home) -> None:
    keep(home, [*ann([10, 20, 100, 200]), page("ann", 700), page("visitor-9", 3)])
    new = {row.event_id: tuple(row) for row in rows(home) if row.occurred_us >= us(OLD)}
    retained(home)
    left = {row.name: row for row in rows(home) if row.occurred_us < us(OLD)}
    assert left.keys() == {HISTORY_KEPT, "identify", "Call Attempted", "Lead Disqualified"}
    assert orjson.loads(left["identify"].body) == {"traits": {"email": "ann@buyer.example"}}
    assert left["identify"].flags == STRIPPED
    assert {row.event_id: tuple(row) for row in rows(home) if row.event_id in new} == new


def test_twice_changes_nothing_and_month_by_month_comes_to_the_same(small: Home) -> None:
    keep(small, [*ann([10, 20, 100, 200]), *(page("ann", day) for day in range(30, 300, 7)), page("ann", 799)])
    before = known(small)
    for day in (500, 600, 700, 800):
        retained(small, day)
        assert the_same(before, known(small)) == []
    assert retained(small) == Retained()
    assert [row.name for row in rows(small)].count(HISTORY_KEPT) == 1


def test_what_is_kept_is_known_no_earlier_than_the_events_were(small: Home) -> None:
    """An anonymous visit was the lead's from its link on, however old it is."""
    keep(small, [page("visitor-1", 10), identify("ann", 500, visitor="visitor-1"), page("ann", 510)])
    retained(small)
    told = world(small)
    assert told.features("ann", us(505))["pricing_page_count_total"] == 1
    assert told.states_at("ann", us(499)) == {}
    assert told.leads.set_index("lead_id")["opened_us"]["ann"] == us(500)


def test_who_is_who_stays(small: Home) -> None:
    keep(
        small,
        [
            identify("ann", 10, visitor="visitor-1", email="ann@buyer.example"),
            says("alias", 20, userId="ann", previousId="old-ann"),
            identify("ann-2", 30, email="ann@buyer.example"),
            track("bob", "Lead Status Changed", 40, crm="salesforce", crm_lead_id="00Q1"),
            says("identify", 50, userId="bob", traits={"crm": "hubspot", "crm_lead_id": "7"}),
            page("bob", 60),
            track("ann", "Lead Merged", 70, previous_lead_id="bob"),
        ],
    )
    before = world(small).found
    retained(small)
    after = world(small).found
    assert dict(before.identifiers) == dict(after.identifiers)
    merged = (dict(zip(f.lead_ids, f.merged_us.tolist(), strict=True)) for f in (before, after))
    assert next(merged) == next(merged)
    keep(small, [page("visitor-1", 790)])
    assert {row.user_id for row in rows(small) if row.name == HISTORY_KEPT} == {"ann"}
    assert known(small)["ann"]["pricing_page_count_total"] == 2


def test_what_became_of_leads_stays(small: Home) -> None:
    keep(small, [page("ann", 1), track("ann", "Call Attempted", 20), track("ann", "Lead Converted", 30)])
    keep(small, [page("bob", 1), track("bob", "Lead Disqualified", 30, reason="not_a_fit"), page("bob", 5)])
    before = world(small).leads.set_index("lead_id").drop(columns=["again"])
    retained(small)
    after = world(small).leads.set_index("lead_id").drop(columns=["again"])
    assert before.loc[sorted(before.index)].equals(after.loc[sorted(after.index)])


def test_an_account_stays_the_one_that_was_last_said(small: Home) -> None:
    grouped = [
        says("page", day, userId="ann", groupId=group) for day, group in ((10, "acme"), (20, "bolt"), (30, "bolt"))
    ]
    keep(small, [*grouped, says("group", 40, userId="bob", groupId="bolt", traits={"employees": 70}), page("ann", 790)])
    before = known(small)
    assert (before["ann"]["account"], before["ann"]["employees"]) == ("bolt", 70)
    retained(small)
    assert the_same(before, known(small)) == []


def test_an_objection_stays_and_so_does_its_event(small: Home) -> None:
    keep(small, [page("ann", 1), track("ann", "Profiling Objected", 2), page("ann", 700)])
    retained(small)
    assert known(small)["ann"]["profiling_opt_out"] is True
    assert "Profiling Objected" in [row.name for row in rows(small)]


def test_visitors_whom_nobody_ever_named_leave_nothing(small: Home) -> None:
    keep(small, [page("visitor-1", 1), touch("visitor-1", 2, "ads"), page("visitor-2", 700)])
    assert retained(small) == Retained(events=2)
    assert [row.anonymous_id for row in rows(small)] == ["visitor-2"]


def test_failed_events_are_kept_no_longer_than_others(small: Home) -> None:
    for day in (10, 700):
        for _ in Ledger(small).append([{"type": "?", "messageId": str(day)}], source="web", received_at=at(day)):
            pass
    assert retained(small).failed_events == 1
    with reading(small) as connection:
        assert [orjson.loads(raw)["messageId"] for raw in connection.scalars(select(tables.failed_events.c.raw))] == [
            "700"
        ]


@pytest.mark.parametrize("seed", range(6))
def test_any_market_has_the_same_features_before_and_after(small: Home, seed: int) -> None:
    """Late, merged, undone and bot-flagged events, mails, groups, several names of one lead."""
    draws = np.random.default_rng(seed)
    told: list[Any] = []
    for number in range(12):
        who, came = f"lead-{number}", draws.uniform(0, 700)
        told.append(
            identify(
                who,
                came,
                visitor=f"visitor-{number}",
                email=f"{who}@firm{number % 3}.example",
                industry=str(draws.choice(["software", "retail"])),
                employees=float(draws.integers(9, 99)),
            )
        )
        for day in came + draws.exponential(60, 25):
            if day > NOW - 1 or abs(day - OLD) < 1:
                continue
            late = day + float(draws.choice([0, 3]))
            agent = {"userAgent": "Googlebot"} if draws.random() < 0.1 else {}
            kind = draws.integers(0, 8)
            if kind < 3:
                told.append(page(who, day, known=late, page_view_id=f"v{day}") | {"context": agent})
            elif kind == 3:
                told.append(page(f"visitor-{number}", day, known=late))
            elif kind == 4:
                told.append(
                    track(who, "Webinar Attended", day, known=late, minutes_attended=float(draws.integers(5, 60)))
                )
            elif kind == 5:
                told += [
                    track(who, "Email Delivered", day, email_id=f"e{day}"),
                    track(who, "Email Link Clicked", day + draws.choice([1e-5, 0.1]), email_id=f"e{day}"),
                ]
            elif kind == 6:
                told.append(
                    touch(who, day, str(draws.choice(["ads", "search"])), str(draws.choice(["spring", "fall"])))
                )
            else:
                told.append(identify(who, day, known=late, job_title=str(draws.choice(["VP Sales", "intern"]))))
    merge = track("lead-1", "Lead Merged", 720, previous_lead_id="lead-2")
    told += [merge, track("lead-3", "Lead Merged", 721, previous_lead_id="lead-4")]
    told += [track("lead-1", "Lead Merge Undone", 730, merge_id=merge["messageId"])]
    keep(small, [told[i] for i in draws.permutation(len(told))])
    before = known(small)
    assert retained(small).events > 20
    assert the_same(before, known(small)) == []


def test_keeping_for_longer_than_there_are_events_changes_nothing(small: Home) -> None:
    keep(small, ann([10, 20, 100, 200]))
    before = [tuple(row) for row in rows(small)]
    assert apply_retention(small, SMALL, at(NOW)) == Retained()
    assert [tuple(row) for row in rows(small)] == before
    assert SMALL.privacy.keep_events == timedelta(days=3 * 365)


def test_the_online_store_shows_what_is_left(home: Home) -> None:
    """Of moments before the latest 32 only their number is kept, so they halve from another moment on."""
    ann = [identify("ann", 10, email="ann@firm.example"), *(page("ann", day) for day in range(300, 340))]
    keep(home, [*ann, page("ann", 700), identify("bob", 20, email="bob@firm.example"), page("bob", 30)])
    materialized(home, SMALL)
    retained(home)
    assert Publisher(home).publish() == 2
    assert shows_the_ledger(home)


def test_files_that_hold_what_was_deleted_are_made_anew(small: Home) -> None:
    keep(small, [page("visitor-1", 1), page("ann", 700)])
    before = materialized(small, SMALL).repository.generation
    assert materialized(small, SMALL).repository.generation == before
    retained(small)
    assert is_rebuild_due(small, at(NOW))
    assert materialized(small, SMALL).repository.generation != before
    assert retained(small) == Retained()
    assert not is_rebuild_due(small, at(NOW)) or before in {build.generation for build in all_builds(small)}
