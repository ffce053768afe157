"""The gate `known_when_served`: every input of the model is known of a lead when its score is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.home.errors import LeadlightError
from training.gates.gate import Gate
from training.model.model import OWN_COLUMNS

KNOWN_WHEN_SERVED = "known_when_served"


class NotKnownWhenServed(LeadlightError):
    """A version that cannot answer: it reads what no event tells."""

    code = "not_known_when_served"


def known_when_served(facts: Mapping[str, Any]) -> tuple[Gate, ...]:
    """The gate that a model with columns of its training frame alone does not pass; no gate for any other model.

    facts: of the model.
    """
    own = facts.get(OWN_COLUMNS)
    return (Gate(KNOWN_WHEN_SERVED, False, float(len(own)), 0.0, f"{_reason(own)}."),) if own else ()


def check_known_when_served(facts: Mapping[str, Any]) -> None:
    """Raise NotKnownWhenServed for such a model: unlike a gate, this cannot be passed over for a reason."""
    if own := facts.get(OWN_COLUMNS):
        raise NotKnownWhenServed(_reason(own))


def _reason(own: Mapping[str, str]) -> str:
    names, lines = ", ".join(own), ", ".join(f'{name} = "{kind}"' for name, kind in own.items())
    return (
        f"It reads {names}, which only the frame had that it learned from: no event tells it of a lead, so a score "
        f"would be made without it. Send it as a trait (identify) or as events, write {lines} under [traits] of the "
        "agreement, and train again"
    )
