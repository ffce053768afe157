"""What a version is held against: the champion and its anchor, asked again when another model answers than before."""

from __future__ import annotations

from dataclasses import dataclass

from features.home.settings import Home
from training.gates.champion import (
    Champion,
    ChampionComparison,
    NoComparison,
    UnseenSnapshots,
    compare_with_champion,
    served_anchor,
    served_champion,
)
from training.gates.gate import Gate
from training.gates.no_segment_worse import NO_SEGMENT_WORSE, no_segment_worse
from training.gates.not_worse_than_anchor import NOT_WORSE_THAN_ANCHOR, is_shown_better, not_worse_than_anchor
from training.gates.not_worse_than_champion import NOT_WORSE_THAN_CHAMPION, not_worse_than_champion
from training.model.model import Model

AGAINST_CHAMPION = (NOT_WORSE_THAN_CHAMPION, NOT_WORSE_THAN_ANCHOR, NO_SEGMENT_WORSE)


@dataclass(frozen=True)
class Rivals:
    """What a home serves now, and the best version so far: the champion itself, or one before it. None: neither yet."""

    champion: Champion | None
    anchor: Champion | None

    @classmethod
    def of(cls, home: Home, name: str) -> Rivals:
        """The rivals of a new version of this name."""
        return cls(served_champion(home, name), served_anchor(home, name))

    @property
    def digests(self) -> tuple[str | None, str | None]:
        """Of champion and anchor."""
        return (self.champion.digest if self.champion else None, self.anchor.digest if self.anchor else None)


@dataclass(frozen=True)
class HeldAgainst:
    """A version's comparison with the champion and with the anchor."""

    champion: ChampionComparison | NoComparison
    anchor: ChampionComparison | NoComparison

    @classmethod
    def of(cls, challenger: Model, rivals: Rivals, unseen: UnseenSnapshots) -> HeldAgainst:
        """Compared once where the champion is the best so far."""
        champion = compare_with_champion(challenger, rivals.champion, unseen)
        if rivals.digests[0] == rivals.digests[1]:
            return cls(champion, champion)
        return cls(champion, compare_with_champion(challenger, rivals.anchor, unseen))

    @property
    def gates(self) -> tuple[Gate, Gate, Gate]:
        """Whether the version is no worse than the two as a whole, and than the champion for each group of leads."""
        return (
            not_worse_than_champion(self.champion),
            not_worse_than_anchor(self.anchor),
            no_segment_worse(self.champion),
        )

    @property
    def is_best(self) -> bool:
        """Whether the version is the best so far."""
        return is_shown_better(self.anchor)
