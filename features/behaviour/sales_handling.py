"""When counting stops because sales has the lead: its steps to sales and back, and the calls answered meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.agreement.checks import SALES_TOUCHES
from features.arrays import Ints
from features.events.event_table import EventTable
from features.identity.identities import Identities
from features.identity.intervals import Period, latest_wins

TO_SALES = SALES_TOUCHES | {"Opportunity Created"}
GIVEN_BACK = frozenset({"Lead Disqualified", "Opportunity Lost"})


class SalesHandling(NamedTuple):
    """That a lead went to sales (with_sales), or was given back; of those known, the newest counts.

    known: from when until when it was known of this lead.
    """

    occurred_us: int
    message_id: str
    with_sales: bool
    known: Period


class AnsweredCall(NamedTuple):
    """A call that a lead answered, and from when until when we knew that it did."""

    row: int
    lead: int
    occurred_us: int
    known: Period


def calls_while_with_sales(table: EventTable, resolved: Identities, answered: Sequence[AnsweredCall]) -> Ints:
    """Calls that a lead answered while it was with sales: these are the work of sales, and do not count.

    ann goes to sales on Monday, answers on Tuesday, is given back on Wednesday and answers on Thursday: Tuesday's call
    is one of them, Thursday's counts.

    returns: rows of (event, lead, from when, until when).
    """
    steps = sales_handling(table, resolved, {call.lead for call in answered}) if answered else {}
    blocked: list[tuple[int, int, int, int]] = []
    for call in answered:
        before = [step for step in steps.get(call.lead, ()) if step.occurred_us <= call.occurred_us]
        periods = latest_wins(call.known, ((step.with_sales, step.known) for step in reversed(before)))
        blocked += [(call.row, call.lead, *period) for period in periods]
    return np.array(blocked, dtype=np.int64).reshape(-1, 4)


def sales_handling(table: EventTable, resolved: Identities, leads: set[int]) -> dict[int, list[SalesHandling]]:
    """By lead, each step to sales and back, in the order in which it happened; of the given leads alone."""
    steps = [(row, name in TO_SALES) for row, name, _ in table.crm if name in TO_SALES or name in GIVEN_BACK]
    at = resolved.attribute(np.array([row for row, _ in steps], dtype=np.int64))
    by_lead: dict[int, list[SalesHandling]] = {}
    for place, lead, known_us, until_us in zip(*(column.tolist() for column in at), strict=True):
        if lead in leads:
            row, with_sales = steps[place]
            step = SalesHandling(table.occurred[row], table.message_id[row], with_sales, (known_us, until_us))
            by_lead.setdefault(lead, []).append(step)
    return {lead: sorted(own) for lead, own in by_lead.items()}
