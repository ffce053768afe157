"""A snapshot is what was known just before its moment, nothing more, whatever came to light afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pytest
from handmade_events import MINUTE, SMALL, Told, World, alike, identify, page, says, touch, track, us
from hypothesis import example, given
from hypothesis import strategies as st

from features.arrays import Ragged
from features.snapshots.point_in_time import feature_frame, feature_group, lead_states, model_traits

LEADS = ("ann", "bob")
VISITORS = ("visitor-1", "visitor-2")
MOMENTS = [us(day) for day in (0.5, 2, 4.01, 7, 12, 30, 60)]

minute = st.integers(0, 40).map(lambda m: 1 + (m % 5) + m * MINUTE)  # bursts within half an hour, over five days
delay = st.sampled_from([0.0, 0.0, 0.0, 5 * MINUTE, 1.0, 3.0, 30.0])
anyone = st.sampled_from(LEADS + VISITORS)
lead = st.sampled_from(LEADS)
numbers = st.sampled_from(["1", "2"])


@st.composite
def moment(draw: st.DrawFn) -> dict[str, float]:
    """When something happened and when we heard of it."""
    day = draw(minute)
    return {"day": day, "known": day + draw(delay)}


def events_of(links: st.SearchStrategy[Told]) -> st.SearchStrategy[list[Told]]:
    """Any handful of events that two leads and two visitors leave behind."""
    kinds = (
        st.builds(lambda who, path, m: page(who, path=path, **m), anyone, st.sampled_from(["/pricing", "/"]), moment()),
        st.builds(lambda who, view, m: page(who, page_view_id=view, **m), anyone, numbers, moment()),
        st.builds(
            lambda who, view, ms, m: track(who, "Page Left", page_view_id=view, engaged_ms=ms, **m),
            anyone, numbers, st.sampled_from([0, 30_000, 90_000]), moment(),
        ),
        st.builds(lambda who, m: track(who, "Webinar Attended", minutes_attended=20, **m), anyone, moment()),
        st.builds(
            lambda who, name, mail, m: track(who, f"Email {name}", email_id=mail, **m),
            lead, st.sampled_from(["Delivered", "Link Clicked"]), numbers, moment(),
        ),
        st.builds(lambda who, s, m: touch(who, source=s, **m), anyone, st.sampled_from(["ads", "news"]), moment()),
        st.builds(
            lambda who, i, m: identify(who, industry=i, **m), lead, st.sampled_from(["a", "b", None]), moment()
        ),
        st.builds(
            lambda who, name, m: track(who, name, minutes=4, **m),
            lead, st.sampled_from(["Call Attempted", "Call Answered", "Lead Converted"]), moment(),
        ),
        links,
    )  # fmt: skip
    return st.lists(st.one_of(kinds), max_size=9, unique_by=lambda told: told["messageId"])


own_links = st.builds(lambda i, m: identify(LEADS[i], visitor=VISITORS[i], **m), st.integers(0, 1), moment())
shared_links = st.builds(lambda who, m: identify(who, visitor="visitor-1", **m), lead, moment())


def heard_by(told: Sequence[Told], as_of_us: int) -> list[Told]:
    return [event for event in told if us_of(event["receivedAt"]) < as_of_us]


def us_of(written: str) -> int:
    return round(datetime.fromisoformat(written).timestamp() * 1e6)


EMPTIED = identify("ann", 2, industry=None)
FILLED_LATE = identify("ann", 1, known=4, industry="b")


@given(events_of(own_links), st.sampled_from(MOMENTS))
@example([page("ann", 1, known=31), EMPTIED, FILLED_LATE], us(5))
@example([page("ann", 1, known=31), FILLED_LATE, EMPTIED], us(5))
@example([page("ann", 1), page("ann", 1 + 20 * MINUTE), page("ann", 1 + 5 * MINUTE, known=3)], us(2))
@example([page("visitor-1", 1), page("visitor-1", 1.001), identify("ann", 3, visitor="visitor-1")], us(2))
@example(
    [page("visitor-1", 1), *(identify("ann", d, known=k, visitor="visitor-1") for d, k in [(2, 5), (3, 3)])], us(4)
)
def test_what_comes_to_light_later_changes_no_earlier_snapshot(told: list[Told], as_of_us: int) -> None:
    """The history read today gives each past moment the features that a score had at that moment."""
    today, then = World.of(told), World.of(heard_by(told, as_of_us))
    for who in LEADS:
        assert alike(today.features(who, as_of_us), then.features(who, as_of_us)), (who, as_of_us)


def test_a_history_that_turns_out_to_be_anothers_is_taken_back_and_rewrites_no_score() -> None:
    told = [page("visitor-1", 1), identify("ann", 5, visitor="visitor-1")]
    told += [identify("bob", 3, known=9, visitor="visitor-1")]
    world = World.of(told)
    assert [world.behaviour("ann", "pricing_page", day).count for day in (6, 10)] == [1, 0]
    assert [world.behaviour("bob", "pricing_page", day).count for day in (6, 10)] == [0, 1]


@given(
    events_of(st.one_of(own_links, shared_links)).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told)))
)
@example(([page("ann", 1, "/pricing"), page("ann", 1, "/"), page("ann", 1.001)],) * 2)
def test_a_shuffled_replay_gives_the_same_features(orders: tuple[list[Told], list[Told]]) -> None:
    first, second = map(World.of, orders)
    assert sorted(first.found.lead_ids) == sorted(second.found.lead_ids)
    for as_of_us in MOMENTS[1::2]:
        for who in LEADS:
            assert alike(first.features(who, as_of_us), second.features(who, as_of_us)), (who, as_of_us)


def test_one_ledger_read_twice_is_the_same_to_the_bit() -> None:
    told = [identify("ann", 0), page("ann", 1), page("ann", 1.01, known=2), track("ann", "Webinar Attended", 3)]
    first, second = World.of(told), World.of(told)
    assert [s.values.tobytes() for s in first.states] == [s.values.tobytes() for s in second.states]


def test_the_moment_itself_is_not_before_the_moment() -> None:
    world = World.of([identify("ann", 0), page("ann", 1)])
    assert world.features("ann", us(1))["pricing_page_count_total"] == 0
    assert world.features("ann", us(1) + 1)["pricing_page_count_total"] == 1


def test_a_late_record_counts_from_when_it_came_and_decays_from_when_it_happened() -> None:
    world = World.of([identify("ann", 0), page("ann", 1, known=8)])
    assert world.features("ann", us(8))["pricing_page_count_total"] == 0
    assert world.features("ann", us(8) + 1)["pricing_page_count_hl7d"] == pytest.approx(0.5, rel=1e-9)


def test_the_outcome_and_sales_are_in_no_column() -> None:
    columns = World.of([identify("ann", 0)]).features("ann", us(1))
    assert not [name for name in columns if "sales" in name or "convert" in name or "closed" in name]
    assert "opened_us" not in columns  # a date of arrival would be learned by heart


def test_every_column_belongs_to_a_behaviour_or_a_trait() -> None:
    columns = World.of([identify("ann", 0)]).features("ann", us(1))
    owners = {name: feature_group(name, SMALL) for name in columns}
    assert {group for group, kind in owners.values() if kind == "behaviour"} == set(SMALL.behaviours)
    assert {group for group, kind in owners.values() if kind == "trait"} == {*model_traits(SMALL), "days_open"}
    assert owners["days_since_first_pricing_page"] == ("pricing_page", "behaviour")


def test_a_job_title_itself_is_never_a_column() -> None:
    assert "job_title" not in model_traits(SMALL)
    assert {"seniority", "department"} <= set(model_traits(SMALL))


def test_leads_side_by_side_are_seen_as_each_alone() -> None:
    world = World.of([identify("ann", 0, industry="a"), page("ann", 1), identify("bob", 0, employees=7)])
    held = [world.states_at(who, us(5)) for who in (*LEADS, "nobody")]
    said = [world.traits_at(who, us(5)) for who in (*LEADS, "nobody")]
    together = feature_frame(lead_states(held, said, SMALL), np.full(3, us(5)), SMALL)
    for place, who in enumerate((*LEADS, "nobody")):
        alone = {str(name): value for name, value in together.iloc[place].items()}
        assert alike(alone, world.features(who, us(5)), within=0)


def test_no_leads_are_no_rows() -> None:
    nothing = lead_states([], [], SMALL)
    frame = feature_frame(nothing, np.empty(0, dtype=np.int64), SMALL)
    assert frame.shape[0] == 0
    assert "industry" in frame
    assert len(Ragged.of([])) == 0


def test_an_agreement_may_count_no_behaviour() -> None:
    bare = type(SMALL).parse('name = "bare"\n[outcome]\nevent = "Lead Converted"\n[traits]\nindustry = "category"\n')
    world = World.of([identify("ann", 0, industry="a"), says("page", 1, userId="ann")], bare)
    assert world.features("ann", us(2))["industry"] == "a"
