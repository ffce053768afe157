"""When an answered call does not count: while sales has the lead, and where a person of sales made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import Ints
from features.events.event_table import EventTable
from features.identity.identities import Identities
from features.identity.intervals import Period, intersection, union
from features.touches.agreed_terms import Terms
from features.touches.relation import RelationReader, known_periods
from features.touches.sales_events import SalesEvent, sales_events, touch_of


class AnsweredCall(NamedTuple):
    """A call that a lead answered, and from when until when we knew that it did."""

    row: int
    lead: int
    occurred_us: int
    known: Period


def calls_while_with_sales(
    table: EventTable, resolved: Identities, answered: Sequence[AnsweredCall], agreement: Agreement
) -> Ints:
    """Calls that a lead answered while it was with sales, or to a person of sales: the work of sales does not count.

    ann's handover is worked from Monday on, she answers on Tuesday, it is closed on Wednesday and she answers on
    Thursday: Tuesday's call is one of them, Thursday's counts, if it was inside sales that called.

    returns: rows of (event, lead, from when, until when).
    """
    by_lead = sales_events(table, resolved, {call.lead for call in answered}) if answered else {}
    reader = RelationReader(table, Terms.of(agreement), agreement.outcome.event, agreement)
    blocked: list[tuple[int, int, int, int]] = []
    for call in answered:
        known = _with_sales_then(by_lead.get(call.lead, ()), call, reader)
        blocked += [(call.row, call.lead, *period) for period in known]
    return np.array(blocked, dtype=np.int64).reshape(-1, 4)


def _with_sales_then(events: Sequence[SalesEvent], call: AnsweredCall, reader: RelationReader) -> list[Period]:
    """The periods in which we knew that the lead was with sales when it answered."""
    its_own = next((one for one in events if one.row == call.row), None)
    touch = touch_of(its_own, reader.table, reader.agreement) if its_own else None
    if touch and touch.is_of_rep:
        return [call.known]
    before = [one for one in events if one.occurred_us <= call.occurred_us and one.row != call.row]
    return union(intersection(call.known, period) for period in _held(before, call.occurred_us, reader))


def _held(events: Sequence[SalesEvent], moment_us: int, reader: RelationReader) -> Iterator[Period]:
    """The periods in which it was known that sales held the lead at a moment."""
    for at, end in known_periods(reader.known_relations(events)):
        if at.relation.until_us(reader.terms) > moment_us:
            yield at.known_us, end
