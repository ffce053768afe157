"""The gates that compare a version with the champion, and are asked again when another model answers than before."""

from __future__ import annotations

from training.gates.champion import ChampionComparison, NoComparison
from training.gates.gate import Gate
from training.gates.no_segment_worse import NO_SEGMENT_WORSE, no_segment_worse
from training.gates.not_worse_than_champion import NOT_WORSE_THAN_CHAMPION, not_worse_than_champion

AGAINST_CHAMPION = (NOT_WORSE_THAN_CHAMPION, NO_SEGMENT_WORSE)


def champion_gates(comparison: ChampionComparison | NoComparison) -> tuple[Gate, Gate]:
    """Whether a challenger is no worse than the champion, as a whole and for each group of leads."""
    return not_worse_than_champion(comparison), no_segment_worse(comparison)
