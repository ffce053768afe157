"""A lead's way: opened, with sales, converted, rejected, lost, come back; each moment as it became known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.checks import SALES_TOUCHES
from features.arrays import NOT_YET, Bools, Ints
from features.behaviour.decayed_counters import Observations
from features.behaviour.occurrences import TO_SALES, sales_turns
from features.events.event_table import EventTable
from features.identity.identities import Identities
from features.identity.intervals import Period
from features.lifecycle.closures import KEPT_OPEN, LOST, REJECTED, Verdict, reject_reason, verdicts
from features.lifecycle.open_periods import Way, flat, known_stretches, stretches

MOMENTS = (
    "opened_us",  # known by its first identifying event
    "with_sales_us",  # first known touch or opportunity
    "tried_us",  # first touch by a person, as it happened
    "rejected_us",  # first reject, as it happened
    "converted_us",  # the outcome, as it happened
    "converted_known_us",
    "disqualified_us",  # a reject that closes it, as it became known
    "closed_us",  # its first end that was known: outcome, reject, lost opportunity, or that it is part of another lead
)


class _Said(NamedTuple):
    """What sales and the CRM said, once for each lead that it was held to be said of."""

    name: Any
    closes: Bools  # of rejects
    lead: Ints
    occurred_us: Ints
    known_us: Ints
    until_us: Ints

    def of(self, leads: set[int]) -> Iterator[tuple[str, int, int, Period]]:
        """What was said of some leads: name, lead, occurred_us, when that was known."""
        which = np.isin(self.lead, list(leads))
        columns = (self.name, self.lead, self.occurred_us, self.known_us, self.until_us)
        for name, lead, us, known_us, until_us in zip(*(column[which].tolist() for column in columns), strict=True):
            yield name, lead, us, (known_us, until_us)


def lifecycle(log: EventTable, found: Identities, agreement: Agreement, observed: Observations) -> pd.DataFrame:
    """One row per lead, as in `found.lead_ids`: the MOMENTS in microseconds (NOT_YET), and what is no moment.

    reject_reason: of the last reject. merged_us: since when it is part of another lead, and thus was a duplicate.
    again: its stretches as `features.lifecycle.open_periods.flat` writes them; None where there are none, as for
    nearly all leads.
    """
    said = _said(log, found)
    told = verdicts(log, found, agreement, observed)
    moments = _moments(said, found, agreement)
    reasons: list[str | None] = [None] * len(found.lead_ids)
    for lead, own in told.items():
        reasons[lead] = next((v.reason for v in reversed(own) if v.reason and v.known[1] == NOT_YET), None)
    again: list[list[int] | None] = [None] * len(found.lead_ids)
    for lead, way in _ways(log, found, said, told, moments, agreement):
        again[lead] = flat(list(stretches(way)))
    told_of = {"reject_reason": reasons, "merged_us": found.merged_us, "again": again}
    return pd.DataFrame({"lead_id": found.lead_ids, **moments, **told_of})


def _said(log: EventTable, found: Identities) -> _Said:
    rows = np.array([row for row, _, _ in log.crm], dtype=np.int64)
    names = np.array([name for _, name, _ in log.crm], dtype=object)
    closes = np.array([reject_reason(said) not in KEPT_OPEN for _, _, said in log.crm], dtype=bool)
    at = found.attribute(rows)
    occurred = log.occurred_us()[rows[at.place]]
    return _Said(names[at.place], closes[at.place], at.lead, occurred, at.known_us, at.until_us)


def _moments(said: _Said, found: Identities, agreement: Agreement) -> dict[str, Ints]:
    moments = {name: np.full(len(found.lead_ids), NOT_YET, dtype=np.int64) for name in MOMENTS}
    moments["opened_us"] = found.first_known_us.copy()
    is_touch, to_sales = np.isin(said.name, list(SALES_TOUCHES)), np.isin(said.name, list(TO_SALES))
    is_outcome, is_reject = said.name == agreement.outcome.event, said.name == REJECTED
    ends = is_outcome | (is_reject & said.closes) | (said.name == LOST)
    # Whether a lead was looked at rests on what was known then; what became of it, on what is known now.
    stands = said.until_us == NOT_YET
    for name, which, us in (
        ("with_sales_us", to_sales, said.known_us),
        ("closed_us", ends, said.known_us),
        ("tried_us", is_touch & stands, said.occurred_us),
        ("rejected_us", is_reject & stands, said.occurred_us),
        ("converted_us", is_outcome & stands, said.occurred_us),
        ("converted_known_us", is_outcome & stands, said.known_us),
        ("disqualified_us", is_reject & said.closes & stands, said.known_us),
    ):
        np.minimum.at(moments[name], said.lead[which], us[which])
    for lead, gone in found.absences.items():
        moments["closed_us"][lead] = min(moments["closed_us"][lead], gone[0][0])
    return moments


def _ways(
    log: EventTable,
    found: Identities,
    said: _Said,
    told: Mapping[int, list[Verdict]],
    moments: Mapping[str, Ints],
    agreement: Agreement,
) -> Iterator[tuple[int, Way]]:
    """The ways of the leads that may be looked at again; all others stay as they were once they ended."""
    absences = found.absences
    asked = set(told) | set(absences) | set(said.lead[said.until_us != NOT_YET].tolist())
    ended = {lead: list(absences.get(lead, ())) for lead in asked}
    touches: dict[int, list[tuple[int, int]]] = {lead: [] for lead in asked}
    for name, lead, us, known in said.of(asked) if asked else ():
        if name == agreement.outcome.event:
            ended[lead].append(known)
        elif name in SALES_TOUCHES and known[1] == NOT_YET:
            touches[lead].append((us, known[0]))
    turns = sales_turns(log, found, asked) if asked else {}
    for lead in asked:
        first_until = min(int(moments["with_sales_us"][lead]), int(moments["closed_us"][lead]))
        if first_until < NOT_YET:
            opened = int(moments["opened_us"][lead])
            yield lead, Way(opened, first_until, turns.get(lead, []), told.get(lead, []), ended[lead], touches[lead])


def known_by(leads: pd.DataFrame, moment_us: int) -> pd.DataFrame:
    """The leads as they were known at a moment: what was recorded later has not come yet."""
    known = leads.copy()
    known.loc[known["converted_known_us"] > moment_us, ["converted_us", "converted_known_us"]] = NOT_YET
    known.loc[known["with_sales_us"] > moment_us, ["with_sales_us", "tried_us"]] = NOT_YET
    for name in ("disqualified_us", "closed_us", "merged_us"):
        known.loc[known[name] > moment_us, name] = NOT_YET
    later = known["rejected_us"] > moment_us
    known.loc[later, "rejected_us"] = NOT_YET
    known["reject_reason"] = known["reject_reason"].mask(later, None)
    again = [None if again is None else known_stretches(again, moment_us) for again in known["again"]]
    return known.assign(again=pd.Series(again, index=known.index, dtype=object))
