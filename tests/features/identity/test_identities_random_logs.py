"""Who is who is a function of the set of events; who was who then, of those that were recorded by then."""

from __future__ import annotations

from typing import Any

from handmade_events import Told, us
from hypothesis import given, settings
from hypothesis import strategies as st
from random_identity_logs import parts, read, recorded_by, stays, tangled_log
from random_logs import known_at_once, known_in_order

from features.arrays import NOT_YET
from features.identity.identities import Identities


@settings(max_examples=400)
@given(tangled_log(), st.integers(0, 18))
def test_what_was_known_at_a_moment_is_what_the_events_of_then_say(told: list[Told], moment: int) -> None:
    assert stays(told, us(moment)) == stays(recorded_by(told, us(moment)))


@settings(max_examples=200)
@given(tangled_log().flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_who_is_who_and_was_does_not_depend_on_the_order_of_the_ledger(orders: tuple[list[Told], list[Told]]) -> None:
    first, second = orders
    assert stays(first) == stays(second)
    assert read(first)[1].lead_ids == read(second)[1].lead_ids


@settings(max_examples=200)
@given(tangled_log().flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_in_the_end_it_does_not_matter_when_anything_became_known(orders: tuple[list[Told], list[Told]]) -> None:
    ends = [{stay[:2] for stay in stays(known(told)) if stay[3] == NOT_YET}
            for told in orders for known in (known_at_once, known_in_order)]  # fmt: skip
    assert all(end == ends[0] for end in ends)


@settings(max_examples=200)
@given(tangled_log())
def test_an_event_is_at_any_moment_one_leads(told: list[Told]) -> None:
    by_event: dict[str, list[tuple[int, int]]] = {}
    for event, _, known, until in stays(told):
        assert known < until
        by_event.setdefault(event, []).append((known, until))
    for spans in by_event.values():
        spans.sort()
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
        assert spans[-1][1] == NOT_YET


def facts(found: Identities) -> tuple[Any, ...]:
    merged = dict(zip(found.lead_ids, found.merged_us.tolist(), strict=True))
    return merged, dict(found.identifiers), sorted(found.conflicts)


@settings(max_examples=200)
@given(tangled_log())
def test_a_component_read_alone_says_the_same_as_the_whole_log(told: list[Told]) -> None:
    alone = [facts(read(part)[1]) for part in parts(told)]
    merged, identifiers, conflicts = facts(read(told)[1])
    assert merged == {lead: us for part in alone for lead, us in part[0].items()}
    assert identifiers == {key: lead for part in alone for key, lead in part[1].items()}
    assert conflicts == sorted(conflict for part in alone for conflict in part[2])
    assert stays(told) == {stay for part in parts(told) for stay in stays(part)}


@settings(max_examples=200)
@given(tangled_log())
def test_every_name_finds_the_lead_that_has_its_events(told: list[Told]) -> None:
    said, found = read(told)
    standing = {lead for lead, us in zip(found.lead_ids, found.merged_us, strict=True) if us == NOT_YET}
    assert set(found.identifiers.values()) <= standing
    for row, lead in enumerate(found.lead.tolist()):
        kind, name = ("user", said.user_id[row]) if said.user_id[row] else ("anonymous", said.anonymous_id[row])
        assert found.identifiers.get((kind, str(name))) == (found.lead_ids[lead] if lead >= 0 else None)
    assert not standing - {found.lead_ids[lead] for lead in found.lead.tolist() if lead >= 0}
