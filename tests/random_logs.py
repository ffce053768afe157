"""Small random logs: every way in which events come late, twice, out of order, or turn out to be another lead's.

`random_log()` draws lists of raw Segment-shaped events (each with messageId, timestamp, receivedAt) for any test that
must hold whatever arrives: three leads and three visitors who identify, alias, share browsers and addresses, are merged
and parted again, join companies, open mail as people and as machines, object, are tried, rejected, won and lost, some
of it by what a public key says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from handmade_events import MINUTE, Told, at, identify, page, says, touch, track, us
from hypothesis import strategies as st

LEADS = ("ann", "bob", "cid")
VISITORS = ("visitor-1", "visitor-2", "visitor-3")
MOMENTS = [us(day) for day in (0.5, 2, 4.01, 7, 12, 30, 60)]  # before, between and after all that these logs tell
SECOND = 1 / 86_400
PUBLIC_KEY = {"flags": "public"}  # of an event that came by a key that stands in web pages

# Bursts within half an hour, over five days; mail and its machines move by seconds.
minute = st.integers(0, 40).map(lambda m: 1 + (m % 5) + m * MINUTE)
second = st.integers(0, 24).map(lambda s: 1 + (s % 2) + s * SECOND)
delay = st.sampled_from([0.0, 0.0, 0.0, 5 * MINUTE, 1.0, 3.0, 30.0])
lead, visitor = st.sampled_from(LEADS), st.sampled_from(VISITORS)
anyone = st.sampled_from(LEADS + VISITORS)
number = st.sampled_from(["1", "2"])
address = st.sampled_from(["a@one.example", "b@one.example", "info@two.example", "d@gmail.com"])


@st.composite
def moment(draw: st.DrawFn, days: st.SearchStrategy[float] = minute) -> dict[str, float]:
    """When something happened and when we heard of it."""
    day = draw(days)
    return {"day": day, "known": day + draw(delay)}


def _built(make: Callable[..., Told], *drawn: st.SearchStrategy[Any], days: Any = minute) -> st.SearchStrategy[Told]:
    return st.builds(lambda m, *said: make(*said, **m), moment(days), *drawn)


def _crawled(who: str, day: float, known: float) -> Told:
    agent = {"context": {"userAgent": "Googlebot/2.1"}} | ({"anonymousId": who} if who in VISITORS else {"userId": who})
    return says("page", day, known=known, properties={"path": "/pricing"}, **agent)


def _joined(who: str, group: str, day: float, known: float) -> Told:
    return says("group", day, known=known, userId=who, groupId=group, traits={"name": group, "employees": len(group)})


def _aliased(who: str, previous: str, day: float, known: float) -> Told:
    return says("alias", day, known=known, userId=who, previousId=previous)


def _in_crm(who: str, name: str, record: str, day: float, known: float) -> Told:
    return track(who, name, day, known=known, crm="salesforce", crm_lead_id=f"00Q{record}")


def _merged(survivor: str, other: str, day: float, known: float) -> Told:
    return track(survivor, "Lead Merged", day, known=known, previous_lead_id=other)


behaviour = (
    _built(lambda who, path, **m: page(who, path=path, **m), anyone, st.sampled_from(["/pricing", "/"])),
    _built(lambda who, view, **m: page(who, page_view_id=view, **m), anyone, number),
    _built(
        lambda who, view, ms, **m: track(who, "Page Left", page_view_id=view, engaged_ms=ms, **m),
        anyone, number, st.sampled_from([0, 30_000, 90_000]),
    ),
    _built(lambda who, **m: track(who, "Webinar Attended", minutes_attended=20, **m), anyone),
    _built(lambda who, source, **m: touch(who, source=source, **m), anyone, st.sampled_from(["ads", "news"])),
    _built(_crawled, anyone),
)  # fmt: skip
mail = (
    _built(lambda who, i, **m: track(who, "Email Delivered", email_id=i, **m), lead, number, days=second),
    _built(
        lambda who, i, link, **m: track(who, "Email Link Clicked", email_id=i, link_id=link, **m),
        lead, number, st.sampled_from("abc"), days=second,
    ),
    _built(lambda who, i, **m: track(who, "Email Unsubscribed", email_id=i, **m), lead, number, days=second),
)  # fmt: skip
facts = (
    _built(lambda who, i, **m: identify(who, industry=i, **m), lead, st.sampled_from(["a", "b", None])),
    _built(lambda who, no, **m: identify(who, profiling_opt_out=no, **m), lead, st.booleans()),
    _built(lambda who, name, **m: track(who, name, **m), lead, st.sampled_from(
        ["Profiling Objected", "Profiling Allowed", "Email Unsubscribed"])),
    _built(_joined, lead, st.sampled_from(["one", "two"])),
)  # fmt: skip
sales = (
    _built(lambda who, name, **m: track(who, name, minutes=4, **m), lead, st.sampled_from(
        ["Call Attempted", "Call Answered", "Lead Converted", "Opportunity Created", "Opportunity Won",
         "Opportunity Lost"])),
    _built(lambda who, why, **m: track(who, "Lead Disqualified", reason=why, **m), lead, st.sampled_from(
        ["not_a_fit", "too_early", "no_budget", "duplicate"])),
)  # fmt: skip
links = (
    _built(lambda who, v, **m: identify(who, visitor=v, **m), lead, visitor),
    _built(lambda who, email, **m: identify(who, email=email, **m), lead, address),
    _built(_aliased, lead, anyone),
    _built(_aliased, visitor, visitor),
    _built(_in_crm, lead, st.sampled_from(["Lead Status Changed", "Opportunity Created"]), number),
    _built(_merged, lead, lead),
)
kinds = behaviour * 2 + mail + facts + sales + links


def random_log(most: int = 14, *, copies: bool = True, undone: bool = True) -> st.SearchStrategy[list[Told]]:
    """Up to `most` raw events in any order, some of them twice (`copies`), some merges taken back (`undone`)."""
    return _log(most, copies, undone)


@st.composite
def _log(draw: st.DrawFn, most: int, copies: bool, undone: bool) -> list[Told]:
    told = draw(st.lists(st.one_of(kinds), max_size=most, unique_by=lambda said: said["messageId"]))
    merges = [said for said in told if said.get("event") == "Lead Merged"]
    if undone and merges:
        told.append(draw(_built(_undone(draw(st.sampled_from(merges))))))
    public = draw(st.one_of(st.just(frozenset()), st.frozensets(st.integers(0, most), max_size=4)))
    told = [said | PUBLIC_KEY if place in public else said for place, said in enumerate(told)]
    if copies and told:
        told += draw(st.lists(st.sampled_from(told), max_size=3))
    return draw(st.permutations(told))


def _undone(merge: Told) -> Callable[..., Told]:
    return lambda **m: track(merge["userId"], "Lead Merge Undone", merge_id=merge["messageId"], **m)


def once(told: Sequence[Told]) -> list[Told]:
    """What a ledger keeps: of each messageId the first that came."""
    kept: dict[str, Told] = {}
    for said in told:
        kept.setdefault(said["messageId"], said)
    return list(kept.values())


def heard_by(told: Sequence[Told], as_of_us: int) -> list[Told]:
    """The events that were recorded before a moment."""
    return [said for said in told if _us(said["receivedAt"]) < as_of_us]


def known_at_once(told: Sequence[Told], day: float = 50.0) -> list[Told]:
    """The same events, all of them first heard of at one moment."""
    return [said | {"receivedAt": _written(day)} for said in told]


def known_when_it_happened(told: Sequence[Told]) -> list[Told]:
    """The same events, each known as it happened: the mistake that lets the future into the past."""
    return [said | {"receivedAt": said["timestamp"]} for said in told]


def known_in_order(told: Sequence[Told], day: float = 50.0) -> list[Told]:
    """The same events, recorded one after another in the order in which they stand."""
    return [said | {"receivedAt": _written(day + place * SECOND)} for place, said in enumerate(told)]


def components(told: Sequence[Told]) -> list[list[Told]]:
    """The events parted into those that share no name of any kind: nothing of one may move anything of another."""
    parts: list[tuple[set[str], list[Told]]] = []
    for said in told:
        names, mine = _names(said, told), [said]
        for part in [part for part in parts if part[0] & names]:
            parts.remove(part)
            names, mine = names | part[0], part[1] + mine
        parts.append((names, mine))
    places = {said["messageId"]: place for place, said in enumerate(told)}
    return [sorted(mine, key=lambda said: places[said["messageId"]]) for _, mine in parts]


def _names(said: Mapping[str, Any], told: Sequence[Told]) -> set[str]:
    properties, traits = said.get("properties") or {}, said.get("traits") or {}
    found = {said.get("userId"), said.get("anonymousId"), said.get("previousId"), properties.get("previous_lead_id")}
    found |= {traits.get("email"), properties.get("crm_lead_id")}
    for merge in told:
        if merge["messageId"] == properties.get("merge_id"):
            found |= _names(merge, [])
    return {name for name in found if name}


def _written(day: float) -> str:
    return at(day).isoformat()


def _us(written: str) -> int:
    return round(datetime.fromisoformat(written).timestamp() * 1e6)
