"""What comparable leads that converted had done by then: a difference in rates, of so many leads, and no promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from features.agreement.agreement import Agreement
from features.arrays import DAY_US
from features.home.clock import microseconds
from serving.scoring.lead_now import LeadNow

MOST = 3
LEAST_DIFFERENCE = 0.05  # a smaller one tells nobody what to do


def comparable(
    bands: Sequence[Mapping[str, Any]], agreement: Agreement, lead: LeadNow, as_of: datetime
) -> list[dict[str, Any]]:
    """What leads of the same age that converted had done more often than the others, and this one has not.

    bands: what the model learned of it (`done_by_then`), by days since a lead came. The largest difference first.
    """
    opened_us = lead.row.traits.get("opened_us")
    age = (microseconds(as_of) - opened_us) / DAY_US if opened_us else -1.0
    band = next((one for one in bands if one["from_days"] <= age < one["to_days"]), None)
    if band is None:
        return []
    found = []
    for name, (converted, others) in band["behaviours"].items():
        state, line = lead.row.behaviours.get(name), agreement.behaviours.get(name)
        of_converted, of_others = converted / band["converted"], others / band["others"]
        if line and (state is None or not len(state)) and of_converted - of_others >= LEAST_DIFFERENCE:
            told = {"behaviour": name, "label": line.label, "converted": of_converted, "others": of_others}
            told |= {"difference": of_converted - of_others}
            found.append(told | {"of_converted": band["converted"], "of_others": band["others"]})
    return sorted(found, key=lambda one: -one["difference"])[:MOST]
