"""The gate `gates_recorded`: a version that was registered without its gates does not answer."""

from __future__ import annotations

from training.gates.gate import Gate


def gates_recorded() -> Gate:
    """The gate of a version without recorded gates: it never holds, since nobody knows what the model showed."""
    why = "It was registered without its gates: train again, or force it with a reason."
    return Gate("gates_recorded", False, None, None, why)
