"""Warnings of leads told inline: traits and events that the agreement does not know, and values that cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, PAGE_AND_MAIL_EVENTS, SALES_EVENTS
from features.agreement.conditions import FACTS
from features.traits.typed_values import SAME_TRAIT, flat_traits, snake_case, unread_values

MOST = 20  # warnings of one lead: who sends a thousand unknown traits has understood after these
# What follows from these without a line of the agreement: who it is, how to write to it, what a page view took.
KNOWN_TRAITS = frozenset(
    {"email", "job_title", "crm", "crm_lead_id", "account", "id", "created_at", *SAME_TRAIT, *FACTS}
)
KNOWN_EVENTS = CRM_EVENTS | SALES_EVENTS | PAGE_AND_MAIL_EVENTS

InlineWarning = dict[str, str]  # code, message, pointer


def inline_warnings(lead: Mapping[str, Any], place: int, agreement: Agreement) -> list[InlineWarning]:
    """What an inline lead says that nothing follows from, each with a pointer into the request and what was meant.

    lead: with `traits` and `events`, the `place`-th of the request.
    """
    found = [*_of_traits(lead.get("traits"), f"/leads/{place}/traits", agreement)]
    for number, event in enumerate(lead.get("events") or []):
        if isinstance(event, Mapping):
            found += _of_event(event, f"/leads/{place}/events/{number}", agreement)
    return found[:MOST]


def _of_event(event: Mapping[str, Any], pointer: str, agreement: Agreement) -> Iterator[InlineWarning]:
    yield from _of_traits(event.get("traits"), f"{pointer}/traits", agreement)
    names = {line.event for line in agreement.behaviours.values()} - {"page", "screen"}
    known = names | KNOWN_EVENTS | {agreement.outcome.event, agreement.privacy.objected, agreement.privacy.allowed}
    name = str(event.get("event") or "")
    if event.get("type") == "track" and name not in known:
        yield _warning("unknown_behaviour", f'"{name[:60]}" is no behaviour of the agreement', f"{pointer}/event",
                       _near(name, known))  # fmt: skip


def _of_traits(traits: Any, pointer: str, agreement: Agreement) -> Iterator[InlineWarning]:
    if not isinstance(traits, Mapping):
        return
    known = KNOWN_TRAITS | agreement.traits.keys() | agreement.excluded.keys() | set(agreement.contact.traits)
    places = {name: f"{pointer}{path}" for path, name in _paths(traits)}
    for name, place in places.items():
        if name not in known:
            yield _warning("unknown_trait", f"{name[:60]} is no trait of the agreement", place, _near(name, known))
    spelled = {plain: name for name, plain in SAME_TRAIT.items() if name in flat_traits(traits)}
    for value in unread_values(traits, agreement):
        place = places.get(value.trait) or places.get(spelled.get(value.trait, ""), pointer)
        yield {"code": value.code, "message": value.sentence, "pointer": place}


def _paths(traits: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The JSON pointer of each trait below `traits`, and its flat name."""
    for key, value in traits.items():
        if isinstance(value, Mapping):
            yield from ((f"/{_step(key)}/{_step(inner)}", f"{snake_case(key)}_{snake_case(inner)}") for inner in value)
        else:
            yield f"/{_step(key)}", snake_case(key)


def _step(key: object) -> str:
    """One step of a JSON pointer (RFC 6901), cut: its sender chooses how long it is."""
    return str(key)[:100].replace("~", "~0").replace("/", "~1")


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name[:100], sorted(known), n=1, cutoff=0.7)
    return f'; did you mean "{near[0]}"?' if near else ""


def _warning(code: str, problem: str, pointer: str, remedy: str) -> InlineWarning:
    return {"code": code, "message": f"{problem}, and nothing follows from it{remedy}", "pointer": pointer}
