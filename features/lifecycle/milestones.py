"""Milestones of each lead: opened, with sales, tried, rejected, converted, closed, and when each was known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Bools, Ints
from features.behaviour.decayed_counters import Observations
from features.events.event_table import EventTable
from features.events.feedback_values import GIVEN
from features.identity.identities import Identities
from features.identity.intervals import Period
from features.lifecycle.closures import REJECTED, Closure, closes, closures
from features.lifecycle.open_periods import LeadTimeline, as_numbers, known_open_periods, open_periods
from features.lifecycle.tries import is_try
from features.touches.agreed_terms import Terms
from features.touches.relation import OPENED, RelationReader
from features.touches.sales_events import sales_events

MOMENTS = (
    "opened_us",  # known by its first identifying event
    "with_sales_us",  # since when it was first known to be with sales, as `touches.relation` says what that is
    "tried_us",  # first try, as `tries.is_try` says what one is, as it happened
    "rejected_us",  # first reject, as it happened
    "converted_us",  # the outcome, as it happened
    "converted_known_us",
    "disqualified_us",  # a reject that closes it, as it became known
    "closed_us",  # its first end that was known: outcome, reject, lost opportunity, or that it is part of another lead
)


class _SalesEvents(NamedTuple):
    """One row per event of sales or the CRM and lead that it belonged to, known_us to until_us."""

    name: Any
    closes: Bools  # whether it closes the lead without a sale
    is_try: Bools
    lead: Ints
    occurred_us: Ints
    known_us: Ints
    until_us: Ints

    def of(self, leads: set[int]) -> Iterator[tuple[str, bool, int, int, Period]]:
        """The events of some leads: name, is_try, lead, occurred_us, and the period in which that was known."""
        which = np.isin(self.lead, list(leads))
        columns = (self.name, self.is_try, self.lead, self.occurred_us, self.known_us, self.until_us)
        for *event, known_us, until_us in zip(*(column[which].tolist() for column in columns), strict=True):
            name, tries, lead, us = event
            yield name, tries, lead, us, (known_us, until_us)


def milestones(table: EventTable, resolved: Identities, agreement: Agreement, observed: Observations) -> pd.DataFrame:
    """One row per lead, in the order of `resolved.lead_ids`: its id, MOMENTS in microseconds, and three columns more.

    A moment that has not come is NOT_YET. reject_reason: of the last reject. merged_us: since when the lead is part of
    another one, which makes it a duplicate. again: its later open periods, as `open_periods.as_numbers` writes them;
    None for nearly all leads, which have none.
    """
    sales = _sales_events(table, resolved, agreement)
    by_lead = closures(table, resolved, agreement, observed)
    with_sales = _with_sales(table, resolved, sales, agreement)
    moments = _moments(sales, resolved, with_sales, agreement)
    reasons: list[str | None] = [None] * len(resolved.lead_ids)
    for lead, own in by_lead.items():
        reasons[lead] = next((v.reason for v in reversed(own) if v.reason and v.known[1] == NOT_YET), None)
    again: list[list[int] | None] = [None] * len(resolved.lead_ids)
    for lead, timeline in _timelines(resolved, sales, by_lead, with_sales, moments, agreement):
        again[lead] = as_numbers(list(open_periods(timeline)))
    further = {"reject_reason": reasons, "merged_us": resolved.merged_us, "again": again}
    return pd.DataFrame({"lead_id": resolved.lead_ids, **moments, **further})


def _sales_events(table: EventTable, resolved: Identities, agreement: Agreement) -> _SalesEvents:
    rows = np.array([row for row, _, _ in table.crm], dtype=np.int64)
    names = np.array([name for _, name, _ in table.crm], dtype=object)
    ends = np.array([closes(name, properties, agreement) for _, name, properties in table.crm], dtype=bool)
    tries = np.array([is_try(name, says, table.flags[row] or "", agreement) for row, name, says in table.crm], bool)
    at = resolved.attribute(rows)
    occurred = table.occurred_us()[rows[at.place]]
    return _SalesEvents(names[at.place], ends[at.place], tries[at.place], at.lead, occurred, at.known_us, at.until_us)


def _with_sales(
    table: EventTable, resolved: Identities, sales: _SalesEvents, agreement: Agreement
) -> dict[int, list[Period]]:
    """By lead, the periods in which it was known to be with sales; of the leads that ever were."""
    begins = sales.is_try | np.isin(sales.name, [OPENED, GIVEN])
    answered = resolved.attribute(np.array([row for row, _ in table.answered], dtype=np.int64)).lead
    leads = set(sales.lead[begins].tolist()) | set(answered.tolist())
    reader = RelationReader(table, Terms.of(agreement), agreement.outcome.event, agreement)
    by_lead = sales_events(table, resolved, leads) if leads else {}
    found = {lead: reader.with_sales(events) for lead, events in by_lead.items()}
    return {lead: periods for lead, periods in found.items() if periods}


def _moments(
    sales: _SalesEvents, resolved: Identities, with_sales: Mapping[int, list[Period]], agreement: Agreement
) -> dict[str, Ints]:
    moments = {name: np.full(len(resolved.lead_ids), NOT_YET, dtype=np.int64) for name in MOMENTS}
    moments["opened_us"] = resolved.first_known_us.copy()
    for lead, periods in with_sales.items():
        moments["with_sales_us"][lead] = periods[0][0]
    is_outcome, is_reject = sales.name == agreement.outcome.event, sales.name == REJECTED
    ends = is_outcome | sales.closes
    # Whether a lead was looked at rests on what was known then; what became of it, on what is known now.
    stands = sales.until_us == NOT_YET
    for name, which, us in (
        ("closed_us", ends, sales.known_us),
        ("tried_us", sales.is_try & stands, sales.occurred_us),
        ("rejected_us", is_reject & stands, sales.occurred_us),
        ("converted_us", is_outcome & stands, sales.occurred_us),
        ("converted_known_us", is_outcome & stands, sales.known_us),
        ("disqualified_us", is_reject & sales.closes & stands, sales.known_us),
    ):
        np.minimum.at(moments[name], sales.lead[which], us[which])
    for lead, gone in resolved.absences.items():
        moments["closed_us"][lead] = min(moments["closed_us"][lead], gone[0][0])
    return moments


def _timelines(
    resolved: Identities,
    sales: _SalesEvents,
    by_lead: Mapping[int, list[Closure]],
    with_sales: Mapping[int, list[Period]],
    moments: Mapping[str, Ints],
    agreement: Agreement,
) -> Iterator[tuple[int, LeadTimeline]]:
    """The timelines of the leads that may have a later open period: no other lead changes after its first ended."""
    absences = resolved.absences
    leads = set(by_lead) | set(absences) | set(sales.lead[sales.until_us != NOT_YET].tolist())
    leads |= {lead for lead, periods in with_sales.items() if periods[0][1] != NOT_YET}
    ended = {lead: list(absences.get(lead, ())) for lead in leads}
    tries: dict[int, list[tuple[int, int]]] = {lead: [] for lead in leads}
    for name, tries_it, lead, us, known in sales.of(leads) if leads else ():
        if name == agreement.outcome.event:
            ended[lead].append(known)
        elif tries_it and known[1] == NOT_YET:
            tries[lead].append((us, known[0]))
    for lead in leads:
        first_until = min(int(moments["with_sales_us"][lead]), int(moments["closed_us"][lead]))
        if first_until < NOT_YET:
            opened = int(moments["opened_us"][lead])
            periods = with_sales.get(lead, []), by_lead.get(lead, []), ended[lead], tries[lead]
            yield lead, LeadTimeline(opened, first_until, *periods)


def known_by(leads: pd.DataFrame, moment_us: int) -> pd.DataFrame:
    """The rows of `milestones` as they were known at a moment: what became known later is NOT_YET."""
    known = leads.copy()
    known.loc[known["converted_known_us"] > moment_us, ["converted_us", "converted_known_us"]] = NOT_YET
    known.loc[known["with_sales_us"] > moment_us, ["with_sales_us", "tried_us"]] = NOT_YET
    for name in ("disqualified_us", "closed_us", "merged_us"):
        known.loc[known[name] > moment_us, name] = NOT_YET
    later = known["rejected_us"] > moment_us
    known.loc[later, "rejected_us"] = NOT_YET
    known["reject_reason"] = known["reject_reason"].mask(later, None)
    again = [None if again is None else known_open_periods(again, moment_us) for again in known["again"]]
    return known.assign(again=pd.Series(again, index=known.index, dtype=object))
