"""The leads that a training learns from where a history has more than it needs: whole ones, whatever became of them."""

from __future__ import annotations

from hashlib import blake2b

import pandas as pd

# Some 4,400 leads, which are looked at 23 times on average. Measured on one core: 25,000 snapshots are read in 4 s of
# CPU, and fitted and judged in 24 s with 2.0 GB; 50,000 in 6 and 56 s with 2.3 GB. So these take about two minutes and
# 3 GB, and more would make a first try of the demo wait. With fewer, the error of the average rate alone, which goes
# with the number of converted leads, would be larger than what calibration can hold.
MOST_SNAPSHOTS = 100_000


def drawn_leads(known: pd.DataFrame, most: int = MOST_SNAPSHOTS) -> pd.DataFrame:
    """The rows of as many whole leads as have at most `most` snapshots together; all rows where those are not more.

    A hash of its id says how early a lead is drawn, so neither its outcome nor its age nor the order of rows has a say,
    and a later training draws the same leads as far as they fit.

    known: one row per snapshot, with lead_id.
    """
    if len(known) <= most:
        return known
    counts = known["lead_id"].value_counts(sort=False)
    order = sorted(counts.index, key=_place)
    fits = counts.loc[order].cumsum() <= most
    return known[known["lead_id"].isin(fits.index[fits])].reset_index(drop=True)


def _place(lead_id: str) -> bytes:
    # A salt of its own: the hash of the bare id says on which day of the week the lead is looked at.
    return blake2b(lead_id.encode(), digest_size=8, person=b"draw").digest()
