"""The gate `no_segment_worse`: no group of leads is shown to be served clearly worse than by the champion."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from features.agreement.agreement import Agreement
from training.gates.champion import FEWEST_CONVERTED, ChampionComparison, NoComparison
from training.gates.gate import Gate
from training.labels.segments import segments
from training.labels.split import Mask

NO_SEGMENT_WORSE = "no_segment_worse"
SEGMENT_WORSE = 0.05  # share of the champion's log loss
SEGMENT_LEVEL = 0.99  # of the resamples; several groups are looked at, and none may fail by chance
SEGMENT_LEADS = 100  # with a known outcome, FEWEST_CONVERTED of them converted: then a group is judged by itself


def no_segment_worse(comparison: ChampionComparison | NoComparison) -> Gate:
    """Whether no group of leads is worse off by SEGMENT_WORSE, in 99 of 100 resamples of its leads.

    A group holds back only what is shown to be worse for it: few groups have leads enough to show the opposite.
    """
    if isinstance(comparison, NoComparison):
        why = "No group can be judged." if comparison.holds_back else comparison.why
        return Gate(NO_SEGMENT_WORSE, True, None, SEGMENT_WORSE, why)
    groups = _large_groups(comparison.rows, comparison.agreement)
    excess = {name: comparison.losses.excess(mask, SEGMENT_LEVEL) for name, mask in groups}
    if not excess:
        why = f"No group of leads has {SEGMENT_LEADS} outcomes, {FEWEST_CONVERTED} of them converted, to judge it by."
        return Gate(NO_SEGMENT_WORSE, True, None, SEGMENT_WORSE, why)
    worst = max(excess, key=lambda name: excess[name].low)
    low, version = excess[worst].low, comparison.version
    why = f"Of {len(excess)} groups none is clearly worse than with version {version} by {SEGMENT_WORSE:.0%}"
    if low > SEGMENT_WORSE:
        why = f"For {worst} its log loss is {excess[worst].in_words} version {version}'s, by {low:.1%} at the least"
    return Gate(NO_SEGMENT_WORSE, low <= SEGMENT_WORSE, low, SEGMENT_WORSE, f"{why}.")


def _large_groups(rows: pd.DataFrame, agreement: Agreement) -> Iterator[tuple[str, Mask]]:
    """Each group with enough outcomes, by its family and level, and which rows are of it."""
    won = rows["outcome"].to_numpy(bool)
    for family, level in segments(rows, agreement).items():
        for name in level.dropna().unique():
            mask = (level == name).to_numpy(bool)
            leads = rows["lead_id"][mask].nunique(), rows["lead_id"][mask & won].nunique()
            if leads[0] >= SEGMENT_LEADS and leads[1] >= FEWEST_CONVERTED:
                yield f"{family} “{name}”", mask
