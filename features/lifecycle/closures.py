"""Verdicts: what closed a lead without a sale, and what it did afterwards that opens it again."""

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
UNNAMED = "not_a_fit"  # of a reject that gives no reason
REJECTED, LOST = "Lead Disqualified", "Opportunity Lost"


class Verdict(NamedTuple):
    """That a lead closed, or is open again; the newest by (occurred_us, message id) of those known is what stands."""

    occurred_us: int
    message_id: str
    is_closed: bool
    is_rejected: bool  # by sales: it is no lead for us
    reason: str | None  # of a reject
    known: Period


def reject_reason(properties: Mapping[str, Any]) -> str:
    """The reason that the properties of a reject give, "not_a_fit" where they give none."""
    return str(properties.get("reason") or UNNAMED)


def is_outcome_unknown(reasons: pd.Series, no_if_rejected: Sequence[str]) -> pd.Series:
    """Whether a lead that was rejected for a reason has an unknown outcome: one boolean per reason, False for none.

    It does, but where the agreement counts that reason as a no, or where the lead stays open, so that its outcome is
    waited for: with no_if_rejected = ["not_a_fit"], "bad_data" is unknown, "not_a_fit" and "too_early" are not.
    """
    return reasons.notna() & ~reasons.isin([*no_if_rejected, *KEPT_OPEN])


def verdicts(
    log: EventTable, found: Identities, agreement: Agreement, observed: Observations
) -> dict[int, list[Verdict]]:
    """By lead (its position), the verdicts on it in the order in which they happened.

    A reject closes it, but for the reasons KEPT_OPEN; so does a lost opportunity. What it does afterwards of its own
    accord opens it again.
    """
    said = [(row, name, properties) for row, name, properties in log.crm if name in (REJECTED, LOST)]
    at = found.attribute(np.array([row for row, _, _ in said], dtype=np.int64))
    told: dict[int, list[Verdict]] = {}
    for place, lead, known_us, until_us in zip(*(column.tolist() for column in at), strict=True):
        row, name, properties = said[place]
        reason = reject_reason(properties) if name == REJECTED else None
        closes = reason not in KEPT_OPEN
        verdict = Verdict(
            log.occurred[row], log.message_id[row], closes, closes and name == REJECTED, reason, (known_us, until_us)
        )
        told.setdefault(lead, []).append(verdict)
    for lead, returned in _returns(told, observed, _own_accord(agreement)):
        told[lead] += returned
    return {lead: sorted(own) for lead, own in told.items()}


def _own_accord(agreement: Agreement) -> list[int]:
    """Behaviours that show interest: mail programs open by themselves, and who unsubscribes does not come back."""
    behaviours = enumerate(agreement.behaviours.values())
    return [i for i, line in behaviours if line.event != "Email Opened" and line.direction != "down"]


def _returns(
    told: dict[int, list[Verdict]], observed: Observations, wanted: list[int]
) -> Iterator[tuple[int, list[Verdict]]]:
    """By lead, what it did after it was closed."""
    closed = {lead: own for lead, verdicts in told.items() if (own := [one for one in verdicts if one.is_closed])}
    first_us = np.full(observed.lead.max(initial=-1) + 2, NOT_YET, dtype=np.int64)
    for lead, own in closed.items():
        first_us[min(lead, len(first_us) - 1)] = min(verdict.occurred_us for verdict in own)
    came_back = (observed.occurred_us > first_us[observed.lead]) & np.isin(observed.behaviour, wanted)
    for lead in np.unique(observed.lead[came_back]).tolist():
        start, end = np.searchsorted(observed.lead, [lead, lead + 1])
        some = observed.taken(slice(start, end))
        yield lead, list(_returned(closed[lead], some.taken(came_back[start:end])))


def _returned(closed: list[Verdict], observed: Observations) -> Iterator[Verdict]:
    """A verdict for each thing that a lead did, but where one known earlier and newer says the same already."""
    newest = 0
    for known, us in sorted((known, us) for us, known in _done(observed)):
        if us <= newest:
            continue
        # While no verdict is known, there is nothing to come back from.
        before = union(verdict.known for verdict in closed if verdict.occurred_us < us)
        periods = union(intersection(known, period) for period in before)
        newest = us if len(periods) == 1 and periods[0][1] == NOT_YET else newest
        yield from (Verdict(us, "", False, False, None, period) for period in periods)


def _done(observed: Observations) -> Iterator[tuple[int, Period]]:
    """When each occurrence happened, and when it was known to count."""
    since: dict[tuple[int, int], list[tuple[int, int]]] = {}
    columns = (observed.behaviour, observed.event, observed.weight, observed.occurred_us, observed.known_us)
    for behaviour, event, weight, us, known_us in zip(*(column.tolist() for column in columns), strict=True):
        if weight > 0:
            since.setdefault((behaviour, event), []).append((us, known_us))
        elif weight < 0:
            yield from ((us, (start, known_us)) for us, start in since.pop((behaviour, event), ()))
    yield from ((us, (start, NOT_YET)) for starts in since.values() for us, start in starts)
