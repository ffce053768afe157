"""The leads of some events: what was known of each before sales spoke with it, and what that tells of the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import MISSING_MARKERS
from training.drafting.event_tally import Tally
from training.drafting.leakage import Signals, Triage
from training.drafting.profiles import Profile
from training.leaks.fillings import Filling, of_events


@dataclass(frozen=True)
class Leads:
    """The leads by id, which of them converted, and what was first said of each, with the day it was known."""

    ids: tuple[str, ...]
    won: np.ndarray[Any, np.dtype[np.bool_]]
    said: Mapping[str, Mapping[str, tuple[float, str]]]
    told: Mapping[str, float]
    filled: Mapping[str, Filling]

    @classmethod
    def of(cls, tally: Tally, won: Mapping[str, float]) -> Leads:
        ids = tuple(tally.came)
        days = {trait: {lead: day for lead, (day, _) in by.items()} for trait, by in tally.said.items()}
        told = np.array([lead in won for lead in ids], dtype=bool)
        return cls(ids, told, tally.said, tally.told, of_events(days, tally.told))

    def filling(self, trait: str) -> Filling | None:
        """When the trait became known."""
        return self.filled.get(trait)

    def signals(self, profile: Profile) -> Signals:
        """What the trait tells, of each lead what was known before sales or the outcome could have told it."""
        known = self._known(profile)
        return Triage.of([known], self.won).signals(known.column)

    def empty_share(self, profile: Profile) -> float:
        """The share of leads of which it was not known by then."""
        return self._known(profile).empty_share

    def _before(self, first: tuple[float, str] | None, lead: str) -> str:
        return first[1] if first and first[0] < self.told.get(lead, np.inf) else ""

    def _known(self, profile: Profile) -> Profile:
        said = self.said.get(profile.column, {})
        known = (self._before(said.get(lead), lead) for lead in self.ids)
        return Profile(
            profile.column, tuple(None if text.casefold() in {"", *MISSING_MARKERS} else text for text in known)
        )
