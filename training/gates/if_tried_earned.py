"""The gate `if_tried_earned`: an agreement that asks what comes of a try is answered only by a model that can tell."""

from __future__ import annotations

from training.gates.gate import Gate


def if_tried_earned(is_asked: bool, is_earned: bool, why: str) -> tuple[Gate, ...]:
    """The gate of a version whose agreement asks "if sales tries now"; no gate where it asks "as things are".

    why: a sentence on why the second question is answered, or is not.
    """
    return (Gate("if_tried_earned", is_earned, None, None, why),) if is_asked else ()
