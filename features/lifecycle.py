"""A lead's way: opened, with sales, converted, disqualified; each moment as it became known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.agreement import Agreement
from features.agreement_checks import SALES_TOUCHES
from features.identity import Identities
from features.log import Log
from features.recurrence import NOT_YET, Ints

KEPT_OPEN = frozenset({"too_early", "no_budget"})  # a reject that changes who is watched, not the outcome
NEVER_LEADS = frozenset({"duplicate", "wrong_person", "bad_data", "already_customer"})

MOMENTS = (
    "opened_us",  # known by its first identifying event
    "with_sales_us",  # first known touch or opportunity
    "tried_us",  # first touch by a person, as it happened
    "rejected_us",  # first reject, as it happened
    "converted_us",  # the outcome, as it happened
    "converted_known_us",
    "disqualified_us",  # a reject that closes it, as it became known
)


def lifecycle(log: Log, found: Identities, agreement: Agreement) -> pd.DataFrame:
    """One row per lead, as in `found.lead_ids`: the MOMENTS in microseconds (NOT_YET), `reject_reason`, `closed_us`."""
    moments = {name: np.full(len(found.lead_ids), NOT_YET, dtype=np.int64) for name in MOMENTS}
    owned = found.lead >= 0
    np.minimum.at(moments["opened_us"], found.lead[owned], found.known_us[owned])
    reasons: list[str | None] = [None] * len(found.lead_ids)
    # By when it happened: the last word on a reject is the last in time, not in the ledger.
    for row, name, properties in sorted(log.crm, key=lambda said: (log.occurred[said[0]], log.message_id[said[0]])):
        lead = int(found.lead[row])
        if lead >= 0:
            _fold(moments, reasons, lead, name, properties, log.occurred[row], int(found.known_us[row]), agreement)
    leads = pd.DataFrame({"lead_id": found.lead_ids, **moments, "reject_reason": reasons})
    leads["closed_us"] = leads[["converted_known_us", "disqualified_us"]].min(axis=1)
    return leads


def known_by(leads: pd.DataFrame, moment_us: int) -> pd.DataFrame:
    """The leads as they were known at a moment: what was recorded later has not come yet."""
    known = leads.copy()
    known.loc[known["converted_known_us"] > moment_us, ["converted_us", "converted_known_us"]] = NOT_YET
    known.loc[known["with_sales_us"] > moment_us, ["with_sales_us", "tried_us"]] = NOT_YET
    known.loc[known["disqualified_us"] > moment_us, "disqualified_us"] = NOT_YET
    later = known["rejected_us"] > moment_us
    known.loc[later, "rejected_us"] = NOT_YET
    known["reject_reason"] = known["reject_reason"].mask(later, None)
    known["closed_us"] = known[["converted_known_us", "disqualified_us"]].min(axis=1)
    return known


def _fold(
    moments: dict[str, Ints], reasons: list[str | None], lead: int, name: str, properties: Mapping[str, Any],
    occurred: int, known: int, agreement: Agreement,
) -> None:  # fmt: skip
    def earlier(column: str, moment: int) -> None:
        moments[column][lead] = min(moments[column][lead], moment)

    if name in SALES_TOUCHES:
        earlier("tried_us", occurred)
    if name in SALES_TOUCHES or name == "Opportunity Created":
        earlier("with_sales_us", known)
    if name == agreement.outcome.event:
        earlier("converted_us", occurred)
        earlier("converted_known_us", known)
    if name == "Lead Disqualified":
        earlier("rejected_us", occurred)
        reasons[lead] = str(properties.get("reason") or "not_a_fit")
        if reasons[lead] not in KEPT_OPEN:
            earlier("disqualified_us", known)
