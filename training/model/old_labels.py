"""Whether a model learned by the old labels, which dropped leads that sales never tried unless they converted."""

from __future__ import annotations

from features.agreement.learning import Outcome
from training.model.model import Model


def left_untried_out(model: Model, outcome: Outcome) -> bool:
    """Whether such labels taught the model, so that its probabilities are too high where calls are on record.

    outcome: of the agreement that it learned by. Every model since says in its facts which question it was asked.
    """
    return "asks" not in model.facts and not outcome.undated and outcome.never_contacted != "no"
