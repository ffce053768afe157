"""Worlds small enough to do by hand: events written as sentences, read by the very path of the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Ragged
from features.behaviour.columns import BehaviourState
from features.behaviour.decayed_counters import Observations, behaviour_states
from features.behaviour.observations import account_observations, observations
from features.events.event import event
from features.events.event_table import EventTable, read_events
from features.home.clock import microseconds
from features.home.json_text import json_text
from features.identity.accounts import AccountPeriods, account_periods
from features.identity.identities import Identities, identities
from features.lifecycle.milestones import milestones
from features.snapshots.point_in_time import feature_frame, lead_states
from features.traits.history import trait_history
from features.what_if import WhatIfRow

Told = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)  # when these worlds are read: nothing in them is newer
MINUTE = 1 / 1440  # in days

SMALL = Agreement.parse(
    """
name = "small"
our_domains = ["ours.example"]
[outcome]
event = "Lead Converted"
within_days = 30
[interest]
half_life_days = [1, 7, 30]
[behaviours]
pricing_page = { event = "page", where = { path = "/pricing*" }, label = "pricing pages", direction = "up" }
webinar = { event = "Webinar Attended", minutes = "minutes_attended", label = "webinars" }
email_click = { event = "Email Link Clicked", label = "e-mail clicks" }
call = { event = "Call Answered", minutes = "minutes", label = "calls" }
unsubscribe = { event = "Email Unsubscribed", label = "unsubscribed", direction = "down" }
[traits]
job_title = "text"
industry = "category"
employees = "number"
renewal_on = "date"
is_partner = "boolean"
source = "category"
campaign = "category"
"""
)


def at(days: float) -> datetime:
    """The moment `days` after the start of every world."""
    return START + timedelta(days=days)


def us(days: float) -> int:
    return microseconds(at(days))


def says(type: str, day: float, *, known: float | None = None, **rest: Any) -> Told:
    """A Segment-shaped event of `day` that we heard of on day `known`; its id is what it says."""
    told = {"type": type, "timestamp": at(day).isoformat(), "receivedAt": at(day if known is None else known), **rest}
    told["receivedAt"] = told["receivedAt"].isoformat()
    digest = blake2b(json.dumps(told, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
    return {"messageId": digest} | told


def track(who: str, name: str, day: float, *, known: float | None = None, **properties: Any) -> Told:
    return says("track", day, known=known, event=name, properties=properties, **_who(who))


def page(who: str, day: float, path: str = "/pricing", *, known: float | None = None, **properties: Any) -> Told:
    return says("page", day, known=known, properties={"path": path, **properties}, **_who(who))


def identify(
    who: str, day: float, *, known: float | None = None, visitor: str | None = None, context: Any = None, **traits: Any
) -> Told:
    """`visitor`: the anonymous id that turns out to be `who`."""
    linked = {"anonymousId": visitor} if visitor else {}
    return says("identify", day, known=known, traits=traits, **_who(who), **linked, **_context(context))


def touch(who: str, day: float, source: str, campaign: str | None = None, *, known: float | None = None) -> Told:
    """A visit that a campaign brought."""
    context = {"campaign": {"source": source, "name": campaign}}
    return says("page", day, known=known, properties={"path": "/"}, context=context, **_who(who))


def _who(who: str) -> dict[str, str]:
    """Visitors are nobody yet: their names begin with "visitor"."""
    return {"anonymousId": who} if who.startswith("visitor") else {"userId": who}


def _context(context: Any) -> dict[str, Any]:
    return {} if context is None else {"context": context}


@dataclass(frozen=True)
class World:
    """What some events come to, read at once."""

    agreement: Agreement
    log: EventTable
    found: Identities
    leads: pd.DataFrame
    observed: Observations
    states: list[Ragged]
    traits: pd.DataFrame

    @classmethod
    def of(cls, told: Iterable[Mapping[str, Any]], agreement: Agreement = SMALL) -> World:
        rows = [event_row(i, raw) for i, raw in enumerate(told, start=1)]
        read = read_events([rows], agreement)
        found = identities(read)
        observed = observations(read, found, agreement)
        leads = milestones(read, found, agreement, observed)
        folded = behaviour_states(observed, len(agreement.behaviours), agreement.half_lives)
        traits = trait_history(read, found, agreement, observed, account_periods(read, found, agreement))
        return cls(agreement, read, found, leads, observed, folded, traits)

    def states_at(self, lead: str, as_of_us: int) -> dict[str, list[float]]:
        """Each behaviour's state as known just before a moment; nothing for a lead nobody had heard of."""
        if lead not in self.found.lead_ids:
            return {}
        return self._read(self.observed, self.states, self.found.lead_ids.index(lead), as_of_us)

    def account_at(self, lead: str, as_of_us: int) -> dict[str, list[float]]:
        """The same of all that the lead's account did; nothing for a lead without one."""
        account = self.traits_at(lead, as_of_us).get("account")
        if account is None:
            return {}
        members, observed, folded = self._accounts
        return self._read(observed, folded, members.account_ids.index(account), as_of_us)

    @cached_property
    def _accounts(self) -> tuple[AccountPeriods, Observations, list[Ragged]]:
        members = account_periods(self.log, self.found, self.agreement)
        observed = account_observations(self.observed, members)
        return members, observed, behaviour_states(observed, len(self.agreement.behaviours), self.agreement.half_lives)

    def _read(
        self, observed: Observations, folded: list[Ragged], position: int, as_of_us: int
    ) -> dict[str, list[float]]:
        stands = observed.is_last_known()
        known = np.flatnonzero((observed.lead[stands] == position) & (observed.known_us[stands] < as_of_us))
        if not len(known):
            return {}
        return {n: s.row(known[-1]).tolist() for n, s in zip(self.agreement.behaviours, folded, strict=True)}

    def behaviour(self, lead: str, name: str, day: float) -> BehaviourState:
        held = self.states_at(lead, us(day)).get(name, [])
        return BehaviourState(np.asarray(held, dtype=np.float64), len(self.agreement.half_lives))

    def traits_at(self, lead: str, as_of_us: int) -> dict[str, Any]:
        """Each trait as known just before a moment."""
        known = self.traits[(self.traits["lead_id"] == lead) & (self.traits["known_us"] < as_of_us)]
        if known.empty:
            return {}
        return {str(n): None if v != v else v for n, v in known.iloc[-1].items() if n not in ("lead_id", "known_us")}

    def features(self, lead: str, as_of_us: int) -> dict[str, Any]:
        """The model's view of the lead at a moment."""
        own, shared = self.states_at(lead, as_of_us), self.account_at(lead, as_of_us)
        held = lead_states([own], [self.traits_at(lead, as_of_us)], self.agreement, [shared])
        frame = feature_frame(held, np.array([as_of_us], dtype=np.int64), self.agreement)
        return {str(name): value for name, value in frame.iloc[0].items()}


def event_row(number: int, raw: Mapping[str, Any]) -> WhatIfRow:
    said = event(raw, source=str(raw.get("source", "test")), received_at=LATER)
    return WhatIfRow(
        number, said.source, said.message_id, said.type, said.name, said.user_id, said.anonymous_id, said.group_id,
        microseconds(said.occurred_at), microseconds(said.recorded_at),
        ",".join((*said.flags, *filter(None, [raw.get("flags")]))), json_text(said.body),
    )  # type: ignore[arg-type]  # fmt: skip


def alike(left: Mapping[str, Any], right: Mapping[str, Any], within: float = 1e-9) -> bool:
    """The same features, numbers up to rounding."""
    return left.keys() == right.keys() and all(_same(left[name], right[name], within) for name in left)


def _same(left: Any, right: Any, within: float) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return bool(np.isclose(left, right, rtol=within, atol=within, equal_nan=True))
    return bool(left == right)


def market(leads: int, seed: int = 1, days: float = 300) -> Sequence[Told]:
    """A toy market in which pricing pages and size raise the chance to convert; a tenth of the events come late."""
    draws = np.random.default_rng(seed)
    told: list[Told] = []
    for number in range(leads):
        who, came = f"lead-{number:04}", draws.uniform(0, days)
        size, interest = float(draws.choice([10, 100, 1000])), draws.poisson(1.5)
        industry = str(draws.choice(["software", "retail", "mining"]))
        campaign = {"campaign": {"source": str(draws.choice(["ads", "search"])), "name": "spring"}}
        email = f"{who}@firm{number % 40}.example"
        told.append(identify(who, came, context=campaign, industry=industry, employees=size, email=email))
        for visit in came + draws.exponential(8, interest):
            told.append(page(who, visit, known=visit + float(draws.choice([0.0, 2.0], p=[0.9, 0.1]))))
        told.append(track(who, "Call Attempted", came + 25 + draws.exponential(5), by="ann"))
        odds = np.exp(-2.5 + 0.8 * interest + 0.5 * np.log10(size / 100))
        if draws.random() < odds / (1 + odds):
            told.append(track(who, "Lead Converted", came + 26 + draws.exponential(4)))
    return told
