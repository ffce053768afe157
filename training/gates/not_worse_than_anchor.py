"""The gate `not_worse_than_anchor`: as far as leads can tell, not worse than the best version so far.

A version that cannot be told from the champion takes its place, since it is fresher. Each of many ties in a row may be
a little worse than the one before; so each is held against the best so far as well, which no tie moves. It is held more
strictly than against the champion: what is let through here by chance would be let through again next week.
"""

from __future__ import annotations

from training.gates.champion import ChampionComparison, NoComparison
from training.gates.gate import Gate

NOT_WORSE_THAN_ANCHOR = "not_worse_than_anchor"
LEVEL = 0.75  # of the resamples in which it must be worse for that to be taken as shown
MOST = 0.003  # share of the log loss: further above, it is held back even where few leads can tell nothing
SHOWN_BETTER = 0.99  # of the resamples in which it must be better to be the best from then on


def not_worse_than_anchor(comparison: ChampionComparison | NoComparison) -> Gate:
    """Whether the challenger's log loss is above the anchor's by no more than chance makes in 3 of 4 cases, or MOST.

    Where they cannot be compared it passes: the gate against the champion says so then, or there is none.
    """
    if isinstance(comparison, NoComparison):
        why = "It cannot be compared with the best so far." if comparison.holds_back else comparison.why
        return Gate(NOT_WORSE_THAN_ANCHOR, True, None, MOST, why)
    excess = comparison.excess(LEVEL)
    limit = max(min(MOST, excess.value - excess.low), 0.0)
    passed = excess.value <= limit
    above = "" if passed else f": more than {limit:.1%}, which is as much as may be chance"
    why = f"Its log loss is {excess.in_words} that of version {comparison.version}, the best so far{above}."
    return Gate(NOT_WORSE_THAN_ANCHOR, passed, excess.value, limit, why)


def is_shown_better(comparison: ChampionComparison | NoComparison) -> bool:
    """Whether it is the best so far: better than the anchor in 99 of 100 resamples, or the first of its outcome."""
    if isinstance(comparison, NoComparison):
        return not comparison.holds_back
    return comparison.excess(SHOWN_BETTER).high < 0
