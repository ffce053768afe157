"""When each trait was first known: before sales had the lead, or only after contact or outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import NOT_YET

BULK_SHARE = (
    0.5  # of the values that became known at one and the same moment: an import, which follows nobody's outcome
)
FEWEST_BULK = 20  # such leads; a few may well be filled in together


@dataclass(frozen=True)
class FillTime:
    """When one trait became known.

    leads: how many ever had a value. after_contact: the share of them whose value was first known at or after the first
    contact with sales; after_end: at or after the lead's end (outcome, reject or loss). is_bulk: an import filled it.
    """

    leads: int
    after_contact: float
    after_end: float
    is_bulk: bool = False
    is_counted: bool = False  # of events that are only counted, where one moment stands for both

    @property
    def late_share(self) -> float:
        """The share of leads whose value was first known after their contact or end, if it is more; 0 for an import."""
        return 0.0 if self.is_bulk else max(self.after_contact, self.after_end)

    @property
    def sentence(self) -> str:
        is_end = self.after_end >= 0.8 * self.after_contact
        what, share = ("the outcome", self.after_end) if is_end else ("sales' first contact", self.after_contact)
        what = "contact or outcome" if self.is_counted else what
        return f"first known after {what} for {share:.0%} of the {self.leads:,} leads that have it"


def fill_times(traits: pd.DataFrame, leads: pd.DataFrame, names: Sequence[str], until_us: int) -> dict[str, FillTime]:
    """When each of these traits became known, up to `until_us`; a trait that nobody has is left out.

    traits: one row per lead and moment at which something new was known: lead_id, known_us and the traits. leads: as
    `features.lifecycle.milestones.milestones` gives them.
    """
    known = traits[traits["known_us"] < until_us].sort_values("known_us", kind="stable")
    way = leads.set_index("lead_id")
    found = {name: _filling(known.loc[known[name].notna(), ["lead_id", "known_us"]], way) for name in names}
    return {name: filling for name, filling in found.items() if filling}


def _filling(known: pd.DataFrame, way: pd.DataFrame) -> FillTime | None:
    first = known.drop_duplicates("lead_id").set_index("lead_id")["known_us"]
    first = first[first.index.isin(way.index)]
    if first.empty:
        return None
    own = way.loc[first.index]
    ended, contacted = own["closed_us"].to_numpy(np.int64), own["with_sales_us"].to_numpy(np.int64)
    moments = first.to_numpy(np.int64)
    after_end = float(np.mean((ended < NOT_YET) & (moments >= ended)))
    reached = np.minimum(contacted, ended)
    after_contact = float(np.mean((reached < NOT_YET) & (moments >= reached)))
    return FillTime(len(first), after_contact, after_end, _is_bulk(first))


def _is_bulk(moments: pd.Series) -> bool:
    most = int(moments.value_counts().iloc[0]) if len(moments) else 0
    return most >= max(BULK_SHARE * len(moments), FEWEST_BULK)


def fill_times_of_events(
    first_known: Mapping[str, Mapping[str, float]], contact_known: Mapping[str, float]
) -> dict[str, FillTime]:
    """When each trait became known, from events that are only counted.

    first_known: by trait and lead, the day on which a value was first known. contact_known: by lead, the day on which
    its first contact or outcome was known. Example: L-1's industry is known on day 12 and its first call on day 10, so
    its industry is late.
    """
    found = {}
    for name, days in first_known.items():
        late = float(np.mean([day >= contact_known.get(lead, np.inf) for lead, day in days.items()])) if days else 0.0
        found[name] = FillTime(len(days), late, late, _is_bulk(pd.Series(list(days.values()), dtype=float)), True)
    return found
