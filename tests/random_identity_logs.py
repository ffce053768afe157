"""Small random logs in which everybody is mixed up with everybody, and whose their events were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from handmade_events import SMALL, Told, event_row, identify, page, says, track
from hypothesis import strategies as st
from random_logs import PUBLIC_KEY, once

from features.arrays import NOT_YET
from features.events.event_table import EventTable, read_events
from features.identity.identities import Identities, identities

Stay = tuple[str, str, int, int]  # message id, lead, known_us, until_us

PEOPLE = ("ann", "bob", "cid", "00Q1", "00Q2")
VISITORS = ("visitor-1", "visitor-2", "visitor-3")
person, visitor = st.sampled_from(PEOPLE), st.sampled_from(VISITORS)
address = st.sampled_from(["a@one.example", "b@one.example", "info@one.example", "info@one.example"])
record = st.sampled_from(["00Q1", "00Q2", "00Q3"])
day = st.integers(0, 9)


def _aliased(who: str, previous: str, **when: Any) -> Told:
    return says("alias", userId=who, previousId=previous, **when)


def _crm(who: str, name: str, **said: Any) -> Told:
    return track(who, name, **{"crm": "salesforce"} | said)


def _built(make: Callable[..., Told], *drawn: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]) -> Any:
    def told(happened: int, lag: int, said: list[Any], more: dict[str, Any]) -> Told:
        return make(*said, day=happened, known=happened + lag, **more)

    lags = st.sampled_from([0, 0, 1, 3, 8])
    return st.builds(told, day, lags, st.tuples(*drawn).map(list), st.fixed_dictionaries(named))


statements = (
    _built(page, st.sampled_from(PEOPLE + VISITORS)),
    _built(identify, person, visitor=visitor),
    _built(identify, person, email=address),
    _built(identify, person, email=address, crm=st.just("salesforce"), crm_lead_id=record),
    _built(_aliased, person, st.sampled_from(PEOPLE + VISITORS)),
    _built(_aliased, visitor, visitor),
    _built(_crm, person, st.just("Lead Status Changed"), crm_lead_id=record),
    _built(_crm, person, st.just("Lead Converted"), crm_lead_id=record, contact_id=record),
    _built(_crm, person, st.just("Lead Merged"), crm_lead_id=record, previous_crm_lead_id=record),
    _built(_crm, person, st.just("Lead Merged"), previous_lead_id=person),
)


@st.composite
def tangled_log(draw: st.DrawFn) -> list[Told]:
    """Logs in which everybody is mixed up with everybody, some of it by what a public key says."""
    told = draw(st.lists(st.one_of(statements), min_size=1, max_size=12))
    merges = [said for said in told if said.get("event") == "Lead Merged"]
    for merge in draw(st.lists(st.sampled_from(merges), max_size=2)) if merges else ():
        undo = _built(
            track, st.just(merge["userId"]), st.just("Lead Merge Undone"), merge_id=st.just(merge["messageId"])
        )
        told.append(draw(undo))
    told = once(told)
    public = draw(st.frozensets(st.integers(0, 11), max_size=6))
    return [said | PUBLIC_KEY if place in public else said for place, said in enumerate(told)]


def read(told: Iterable[Told]) -> tuple[EventTable, Identities]:
    """The log of some events and who is who in it; `flags` are those of intake."""
    rows = [event_row(number, raw) for number, raw in enumerate(told, 1)]
    said = read_events([rows], SMALL)
    return said, identities(said)


def stays(told: Iterable[Told], until_us: int = NOT_YET) -> set[Stay]:
    """Whose each event was, from when until when, as far as it was known by a moment."""
    said, found = read(told)
    now = np.flatnonzero(found.lead >= 0)
    columns = [(now, found.lead[now], found.known_us[now], np.full(len(now), NOT_YET)), found.former]
    rows = [row for column in columns for row in zip(*(part.tolist() for part in column), strict=True)]
    return {
        (said.message_id[row], found.lead_ids[lead], known, end if end <= until_us else NOT_YET)
        for row, lead, known, end in rows
        if known <= until_us
    }


def recorded_by(told: Sequence[Told], moment_us: int) -> list[Told]:
    said, _ = read(told)
    return [raw for raw, recorded in zip(told, said.recorded, strict=True) if recorded <= moment_us]


NAMING = ("userId", "anonymousId", "previousId", "email", "crm_lead_id", "previous_crm_lead_id", "contact_id",
          "previous_lead_id")  # fmt: skip


def parts(told: Sequence[Told]) -> list[list[Told]]:
    """The events by component: those that share no name of any kind have nothing to do with each other."""
    found: list[tuple[set[str], list[Told]]] = []
    for raw in told:
        said = {**raw, **(raw.get("traits") or {}), **(raw.get("properties") or {})}
        names, mine = {said[name] for name in NAMING if said.get(name)}, [raw]
        for part in [part for part in found if part[0] & names]:
            found.remove(part)
            names, mine = names | part[0], part[1] + mine
        found.append((names, mine))
    return [mine for _, mine in found]
