"""Closures: what closes a lead without a sale and what opens it again, and what each reject reason means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.learning import RejectReason
from features.arrays import NOT_YET
from features.behaviour.decayed_counters import Observations
from features.events.event_table import EventTable
from features.identity.identities import Identities
from features.identity.intervals import Period, intersection, union

REJECT_REASONS: tuple[str, ...] = get_args(RejectReason)
NEVER_LEADS = ("duplicate", "wrong_person", "bad_data", "already_customer")  # whoever is rejected so was no lead at all
KEPT_OPEN = ("too_early", "no_budget")  # a reject that changes who is watched, not the outcome
LABEL_KEPT = (*KEPT_OPEN, "no_contact_wanted")  # it may still buy, and whether it did is seen
REASON_IF_NONE = "not_a_fit"  # of a reject that gives no reason
REJECTED, LOST, STATUS = "Lead Disqualified", "Opportunity Lost", "Lead Status Changed"


class Closure(NamedTuple):
    """That a lead was closed (is_closed), or opened again; of those known, the newest counts.

    The newest is that of the latest occurred_us, then of the highest message_id. known: from when until when it was
    known of this lead.
    """

    occurred_us: int
    message_id: str
    is_closed: bool
    is_rejected: bool  # closed by a reject of sales, not by a lost opportunity
    reason: str | None  # of a reject
    known: Period


def reject_reason(properties: Mapping[str, Any]) -> str:
    """The reason in the properties of a reject, "not_a_fit" where they have none."""
    return str(properties.get("reason") or REASON_IF_NONE)


def closes(name: str, properties: Mapping[str, Any], agreement: Agreement) -> bool:
    """Whether an event closes its lead without a sale: a reject, a lost opportunity, or a status agreed to be lost."""
    if name == REJECTED:
        return reject_reason(properties) not in KEPT_OPEN
    return name == LOST or (name == STATUS and _is_lost(properties, agreement) is True)


def _is_lost(properties: Mapping[str, Any], agreement: Agreement) -> bool | None:
    """Whether a status is lost (True) or open (False); None where the agreement does not name it."""
    status, agreed = str(properties.get("status") or ""), agreement.export
    if agreed is None or not agreed.names_statuses:
        return None
    if agreed.is_open(status):
        return False
    # That all statuses but the open ones are lost holds for those of the agreed column, not for another field's.
    is_of_column = properties.get("field") == agreed.status_column
    if (agreed.lost or is_of_column) and agreed.is_lost(status):
        return True
    return False if is_of_column else None


def is_outcome_unknown(reasons: pd.Series, no_if_rejected: Sequence[str]) -> pd.Series:
    """Whether a lead that was rejected for a reason has an unknown outcome: one boolean per reason, False for none.

    It does, but where the agreement counts that reason as a no, or where its outcome is waited for all the same: with
    no_if_rejected = ["not_a_fit"], "bad_data" is unknown; "not_a_fit", "too_early" and "no_contact_wanted" are not.
    """
    return reasons.notna() & ~reasons.isin([*no_if_rejected, *LABEL_KEPT])


def closures(
    table: EventTable, resolved: Identities, agreement: Agreement, observed: Observations
) -> dict[int, list[Closure]]:
    """By lead (its position), its closures and reopenings in the order in which they happened.

    A reject closes a lead, but not for the reasons in KEPT_OPEN; a lost opportunity closes it, too, and so does a
    status that the agreement calls lost, until one that it calls open. A later behaviour that shows interest opens it
    again. Where sales rejects ann as not_a_fit on day 10 and she visits the pricing page on day 40, she has two: closed
    on day 10, open again on day 40.
    """
    ends = [(row, name, properties) for row, name, properties in table.crm if _may_close(name, properties, agreement)]
    at = resolved.attribute(np.array([row for row, _, _ in ends], dtype=np.int64))
    by_lead: dict[int, list[Closure]] = {}
    for place, lead, known_us, until_us in zip(*(column.tolist() for column in at), strict=True):
        row, name, properties = ends[place]
        reason = reject_reason(properties) if name == REJECTED else None
        is_closed = closes(name, properties, agreement)
        moment = table.occurred[row], table.message_id[row]
        closure = Closure(*moment, is_closed, is_closed and name == REJECTED, reason, (known_us, until_us))
        by_lead.setdefault(lead, []).append(closure)
    # An open status opens what a lost one closed; of a lead that nothing closed it says nothing.
    by_lead = {lead: own for lead, own in by_lead.items() if any(one.is_closed or one.reason for one in own)}
    for lead, returned in _reopenings_by_lead(by_lead, observed, _signs_of_interest(agreement)):
        by_lead[lead] += returned
    return {lead: sorted(own) for lead, own in by_lead.items()}


def _may_close(name: str, properties: Mapping[str, Any], agreement: Agreement) -> bool:
    return name in (REJECTED, LOST) or (name == STATUS and _is_lost(properties, agreement) is not None)


def _signs_of_interest(agreement: Agreement) -> list[int]:
    """Positions of the behaviours that show interest: mail programs open by themselves, and who unsubscribes leaves."""
    behaviours = enumerate(agreement.behaviours.values())
    return [i for i, line in behaviours if line.event != "Email Opened" and line.direction != "down"]


def _reopenings_by_lead(
    by_lead: dict[int, list[Closure]], observed: Observations, wanted: list[int]
) -> Iterator[tuple[int, list[Closure]]]:
    """By lead, how what it did after a closure opened it again."""
    closed = {lead: own for lead, every in by_lead.items() if (own := [one for one in every if one.is_closed])}
    first_us = np.full(observed.lead.max(initial=-1) + 2, NOT_YET, dtype=np.int64)
    for lead, own in closed.items():
        first_us[min(lead, len(first_us) - 1)] = min(closure.occurred_us for closure in own)
    came_back = (observed.occurred_us > first_us[observed.lead]) & np.isin(observed.behaviour, wanted)
    for lead in np.unique(observed.lead[came_back]).tolist():
        start, end = np.searchsorted(observed.lead, [lead, lead + 1])
        some = observed.taken(slice(start, end))
        yield lead, list(_reopenings(closed[lead], some.taken(came_back[start:end])))


def _reopenings(closed: list[Closure], observed: Observations) -> Iterator[Closure]:
    """The reopenings of one closed lead: one per occurrence after a closure, for the time in which both are known.

    An occurrence adds nothing where a later one was known before it, for good: if the visit of day 40 is known since
    day 40, the visit of day 35 that becomes known on day 50 is left out.
    """
    newest = 0
    for known, us in sorted((known, us) for us, known in _known_occurrences(observed)):
        if us <= newest:
            continue
        # While no closure is known, there is nothing to come back from.
        before = union(closure.known for closure in closed if closure.occurred_us < us)
        periods = union(intersection(known, period) for period in before)
        newest = us if len(periods) == 1 and periods[0][1] == NOT_YET else newest
        yield from (Closure(us, "", False, False, None, period) for period in periods)


def _known_occurrences(observed: Observations) -> Iterator[tuple[int, Period]]:
    """One entry per occurrence: when it happened, and the period in which it was known to count."""
    since: dict[tuple[int, int], list[tuple[int, int]]] = {}
    columns = (observed.behaviour, observed.event, observed.weight, observed.occurred_us, observed.known_us)
    for behaviour, event, weight, us, known_us in zip(*(column.tolist() for column in columns), strict=True):
        if weight > 0:
            since.setdefault((behaviour, event), []).append((us, known_us))
        elif weight < 0:
            yield from ((us, (start, known_us)) for us, start in since.pop((behaviour, event), ()))
    yield from ((us, (start, NOT_YET)) for starts in since.values() for us, start in starts)
