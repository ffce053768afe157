"""Homes whose events grow old: what one lead did over years, kept for 365 days, known before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from handmade_events import LATER, SMALL, World, alike, at, identify, page, says, touch, track, us

from features.agreement.agreement import Agreement
from features.behaviour.decayed_counters import behaviour_states
from features.behaviour.observations import observations
from features.events.event_table import read_events
from features.home.database import engine
from features.home.settings import Home, Settings
from features.identity.accounts import account_periods
from features.identity.identities import identities
from features.ledger.ledger import Ledger
from features.lifecycle.milestones import milestones
from features.records.retention import Retained, apply_retention
from features.traits.history import trait_history

AGREED = Agreement.parse(SMALL.text + '[privacy]\nkeep_events = "365 days"\n')
NOW = 800.0  # days; what happened before day 435 is old
OLD = NOW - 365


def opened(folder: Path, url: str | None) -> Iterable[Home]:
    made = Home(folder / "home", Settings(database_url=url)).created()
    Ledger.open(made)
    yield made
    engine(made.database_url).dispose()


def keep(home: Home, told: Iterable[Mapping[str, Any]]) -> None:
    assert sum(done.refused for done in Ledger(home).append(told, source="web", received_at=LATER)) == 0


def retained(home: Home, day: float = NOW) -> Retained:
    return apply_retention(home, AGREED, at(day))


def world(home: Home) -> World:
    """What the ledger comes to now."""
    read = read_events(Ledger(home).chunks(), AGREED)
    found = identities(read)
    observed = observations(read, found, AGREED)
    leads = milestones(read, found, AGREED, observed)
    folded = behaviour_states(observed, len(AGREED.behaviours), AGREED.half_lives)
    traits = trait_history(read, found, AGREED, observed, account_periods(read, found, AGREED))
    return World(AGREED, read, found, leads, observed, folded, traits)


def rows(home: Home) -> list[Any]:
    return [row for chunk in Ledger(home).chunks() for row in chunk]


def known(home: Home, day: float = NOW) -> dict[str, dict[str, Any]]:
    """Features and traits of every lead at a moment."""
    told = world(home)
    return {lead: told.features(lead, us(day)) | told.traits_at(lead, us(day)) for lead in sorted(told.found.lead_ids)}


def the_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Any]:
    """Where they differ; of moments before the latest 32, what is left after a year of halving may be lost."""
    assert before.keys() == after.keys()
    return [
        (lead, name, before[lead][name], after[lead].get(name))
        for lead in before
        for name in before[lead]
        if not alike({name: before[lead][name]}, {name: after[lead].get(name)}, 1e-5 if "_hl30d" in name else 1e-9)
    ]


def ann(days: Sequence[float]) -> list[Any]:
    """A lead that was at all of it: an anonymous start, pages, webinars, an unsubscribe, sales."""
    return [
        touch("visitor-1", days[0], "ads", "spring"),
        page("visitor-1", days[0] + 0.1, page_view_id="v1"),
        says("track", days[0] + 0.101, anonymousId="visitor-1", event="Page Left",
             properties={"page_view_id": "v1", "engaged_ms": 90_000}),
        identify("ann", days[1], visitor="visitor-1", email="ann@buyer.example", job_title="VP Sales", employees=300,
                 renewal_on="2029-05-06"),
        track("ann", "Webinar Attended", days[2], minutes_attended=40),
        track("ann", "Email Link Clicked", days[2] + 1, email_id="e1"),
        track("ann", "Email Unsubscribed", days[2] + 2),
        touch("ann", days[3], "search", "fall"),
        track("ann", "Call Attempted", days[3] + 1, by="bob"),
        track("ann", "Lead Disqualified", days[3] + 2, reason="too_early"),
    ]  # fmt: skip
