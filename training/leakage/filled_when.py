"""When each trait was first known of a lead: before sales had it, or only afterwards."""

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
    """When a trait became known.

    leads: that ever had a value. after_contact, after_end: shares of them of which it was first known at or after the
    first contact, and at or after the lead's end, be it the outcome, a reject or a loss. is_bulk: by an import.
    """

    leads: int
    after_contact: float
    after_end: float
    is_bulk: bool = False
    is_counted: bool = False  # of events that are only counted, where one moment stands for both

    @property
    def late_share(self) -> float:
        """The share that was first known when sales or the outcome may have told it; 0 for an import."""
        return 0.0 if self.is_bulk else max(self.after_contact, self.after_end)

    @property
    def sentence(self) -> str:
        is_end = self.after_end >= 0.8 * self.after_contact
        what, share = ("the outcome", self.after_end) if is_end else ("sales' first contact", self.after_contact)
        what = "contact or outcome" if self.is_counted else what
        return f"first known after {what} for {share:.0%} of the {self.leads:,} leads that have it"


def fill_times(traits: pd.DataFrame, leads: pd.DataFrame, names: Sequence[str], until_us: int) -> dict[str, FillTime]:
    """How each of these traits was filled in by `until_us`; those that never were are left out.

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


def fill_times_of_events(said: Mapping[str, Mapping[str, float]], told: Mapping[str, float]) -> dict[str, FillTime]:
    """The same from events that are only counted.

    said: by trait and lead, the first day that it was known. told: by lead, the day of its first contact or outcome.
    """
    found = {}
    for name, days in said.items():
        late = float(np.mean([day >= told.get(lead, np.inf) for lead, day in days.items()])) if days else 0.0
        found[name] = FillTime(len(days), late, late, _is_bulk(pd.Series(list(days.values()), dtype=float)), True)
    return found
