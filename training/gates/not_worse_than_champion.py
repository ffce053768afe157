"""The gate `not_worse_than_champion`: on all unseen snapshots, a log loss at most 1 % above the champion's."""

from __future__ import annotations

import numpy as np

from training.gates.champion import ChampionComparison, NoComparison
from training.gates.gate import Gate

NOT_WORSE_THAN_CHAMPION = "not_worse_than_champion"
WORSE = 0.01  # share of the champion's log loss
LEVEL = 0.95  # of the resamples in which the challenger must not be worse by WORSE


def not_worse_than_champion(comparison: ChampionComparison | NoComparison) -> Gate:
    """Whether the challenger is shown not to be worse than the champion by WORSE, in 95 of 100 resamples of leads.

    Example: it is 0.4 % better, and at most 1.3 % worse in 95 of 100 resamples; the gate does not hold, since the leads
    are too few to tell.
    """
    if isinstance(comparison, NoComparison):
        return Gate(NOT_WORSE_THAN_CHAMPION, not comparison.holds_back, None, WORSE, comparison.why)
    losses = comparison.losses
    excess = losses.excess(np.ones(len(losses.lead), dtype=bool), LEVEL)
    seen = (
        f"On {len(losses.lead):,} snapshots {comparison.rows_are}, its log loss is {excess.in_words} version "
        f"{comparison.version}'s, at most {excess.high:+.1%} in 95 of 100 resamples"
    )
    passed = excess.high <= WORSE
    less = "" if passed else f": that it is not worse by {WORSE:.0%} is not shown"
    return Gate(NOT_WORSE_THAN_CHAMPION, passed, excess.high, WORSE, f"{seen}{less}.")


def recalibrated_not_worse(snapshots: int, loss_before: float, loss_after: float) -> Gate:
    """The gate of a recalibrated champion: its log loss, on leads that no new calibrator saw, is not worse by WORSE.

    loss_before: of the champion as it is, on the same snapshots.
    """
    limit = loss_before * (1 + WORSE)
    why = (
        f"On {snapshots:,} newer snapshots its log loss is {loss_after:.4f}, on leads that it had not seen, and that "
        f"of the model as it was {loss_before:.4f}."
    )
    return Gate(NOT_WORSE_THAN_CHAMPION, loss_after <= limit, loss_after, limit, why)
