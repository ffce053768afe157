"""The gate `not_worse_than_champion`: on all unseen snapshots, its log loss is not shown to be above the champion's."""

from __future__ import annotations

from training.gates.champion import ChampionComparison, ExcessLoss, NoComparison
from training.gates.gate import Gate

NOT_WORSE_THAN_CHAMPION = "not_worse_than_champion"
LEVEL = 0.95  # of the resamples in which the challenger must be worse for that to be shown
WORSE = 0.01  # share of the log loss by which a recalibrated champion may be above itself as it was


def not_worse_than_champion(comparison: ChampionComparison | NoComparison) -> Gate:
    """Whether the challenger is not shown to be worse than the champion: of two that are level, the fresher serves.

    That many ties in a row lead nowhere is what `not_worse_than_anchor` is for. Example: it is 0.4 % above the
    champion, 0.3 % below to 1.1 % above in 90 of 100 resamples; it passes, and the sentence says that these leads show
    a difference of 1.1 % in 8 of 10 cases.
    """
    if isinstance(comparison, NoComparison):
        return Gate(NOT_WORSE_THAN_CHAMPION, not comparison.holds_back, None, 0.0, comparison.why)
    excess = comparison.excess(LEVEL)
    passed = excess.low <= 0
    return Gate(NOT_WORSE_THAN_CHAMPION, passed, excess.low, 0.0, f"{_seen(comparison, excess)}, {_told(excess)}.")


def _seen(comparison: ChampionComparison, excess: ExcessLoss) -> str:
    ends = f"{excess.low:+.1%} to {excess.high:+.1%} in 90 of 100 resamples"
    return (
        f"On {len(comparison.losses.lead):,} snapshots {comparison.rows_are}, its log loss is {excess.in_words} "
        f"version {comparison.version}'s ({ends})"
    )


def _told(excess: ExcessLoss) -> str:
    told = "so it is shown to be worse" if excess.low > 0 else "so it is not shown to be worse"
    visible = excess.visible(LEVEL)
    return f"{told}; with these leads a difference of {visible:.1%} shows in 8 of 10 cases" if visible else told


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
