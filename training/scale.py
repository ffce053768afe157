"""The scale of scores after a promotion: set in a draft that nobody has signed, and said where it is off."""

from __future__ import annotations

from datetime import datetime

from features.agreement.scale import average_score, is_unsigned_draft, line, rescaled, scale_problem
from features.agreement.versions import current_version, save_version
from features.home.settings import Home
from training.model.if_tried import ASKS_IF_TRIED
from training.model.model import Model

ABOUT_RIGHT = 1.0  # points


def settled_scale(home: Home, model: Model, now: datetime) -> str | None:
    """A sentence on the scale of the home's scores by a model that answers from now on; None where 50 is the average.

    `init` estimates the average of a draft from dates alone. While nobody has signed it, the model that was promoted
    sets score_50, as a new version of the home's agreement; what was signed is never changed.
    """
    kept, average = current_version(home).agreement, model.open_average
    if average is None or kept.outcome.asks == ASKS_IF_TRIED:
        return None
    if not is_unsigned_draft(kept):
        return scale_problem(kept, average)
    if abs(average_score(kept, average) - 50) < ABOUT_RIGHT:
        return None
    saved = save_version(home, rescaled(kept, average), now)
    was = f"score_50 was {kept.policy.score_50:g} in the draft"
    set_now = f"the home's agreement, version {saved.version}, now has {line(average)}"
    return f"{was}, and this model says {average:.2%} of the average open lead: {set_now}, so that 50 is the average"
