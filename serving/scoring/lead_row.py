"""One lead to score: its behaviour states, its traits, and up to when they are known; and the numbers alone of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from features.agreement.conditions import Facts
from features.agreement.criteria import CriteriaPoints
from features.arrays import Floats
from features.store.online import LeadState
from features.traits.history import ENDS

# Our own bookkeeping: no facts about a lead.
LIFECYCLE_TRAITS = frozenset({"opened_us", "with_sales", "rejected", "closed", *ENDS})


@dataclass(frozen=True)
class LeadRow:
    """One row per lead to score: its behaviour states, its traits, and up to when they are known.

    served_from: "online" or "ledger", whichever store they were read from; None for an inline lead.
    """

    lead_id: str | None
    behaviours: Mapping[str, Sequence[float] | Floats | None]
    traits: Mapping[str, Any]
    known_at: datetime | None
    served_from: str | None = "online"
    account: Mapping[str, Sequence[float] | Floats | None] | None = None  # what all leads of its account did

    @classmethod
    def of(cls, state: LeadState, served_from: str) -> LeadRow:
        """The row of a lead's state, its behaviours as arrays, once: they are read now, a week ago, and for reasons."""
        did = {name: None if did is None else np.asarray(did, np.float64) for name, did in state.behaviours.items()}
        return cls(state.lead_id, did, state.traits, state.known_at, served_from, state.account)

    @property
    def has_facts(self) -> bool:
        has_traits = any(value is not None for name, value in self.traits.items() if name not in LIFECYCLE_TRAITS)
        return has_traits or any(state is not None and len(state) for state in self.behaviours.values())

    def objecting(self) -> LeadRow:
        """The same lead as one that objects to profiling."""
        return replace(self, traits={**self.traits, "profiling_opt_out": True})


@dataclass(frozen=True)
class LeadNumbers:
    """What a lead's numbers are at a moment, without reasons.

    probability: None for a lead without facts, and for one that objected to profiling. score, grade: None with it.
    facts: what conditions ask of the lead. if_tried_now: the chance if sales first tries it now, None where that cannot
    be told. orders_calls_by: the figure by which a call list is sorted, higher first; 0 where there is none.
    """

    probability: float | None
    score: int | None
    grade: str | None
    points: CriteriaPoints
    facts: Facts
    question: str | None
    if_tried_now: float | None
    orders_calls_by: float
