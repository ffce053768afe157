"""What was judged and what answers, in a sentence: until when each of the two has learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LearnedUntil:
    """The last snapshot that the judged and the served model learned from; None without dates.

    rows: the snapshots that the served one learned from.
    """

    judged: datetime | None
    served: datetime | None
    rows: int


def learned_sentence(until: LearnedUntil) -> str:
    """Whose figures are shown, and what the model that answers has learned beyond that.

    Example: "The figures are of a model that had learned until 31 January 2026, on later snapshots; what answers has
    the same inputs and settings, fitted on all 8,000 snapshots, until 30 June 2026."
    """
    answers = f"what answers has the same inputs and settings, fitted on all {until.rows:,} snapshots"
    if until.judged is None or until.served is None or until.judged >= until.served:
        return f"The figures are of a model that had not seen the leads it is shown on; {answers}."
    return (
        f"The figures are of a model that had learned until {_day(until.judged)}, on later snapshots; {answers}, until "
        f"{_day(until.served)}."
    )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
