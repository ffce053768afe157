"""What a probability answers, in the words that every output uses."""

from __future__ import annotations


def question_sentence(horizon_days: int | None, tried_before: float | None) -> str:
    """What "as things are" means, and when it ends to be true.

    tried_before: of the converted leads, the share that sales had tried before; None where no try is on record.

    >>> question_sentence(60, None)
    'Chance to convert within 60 days as sales works its leads now. If whom sales calls changes, retrain.'
    """
    within = "" if horizon_days is None else f" within {horizon_days} days"
    tried = "" if tried_before is None else f" {percent_text(tried_before)} of conversions had a contact before."
    return f"Chance to convert{within} as sales works its leads now.{tried} If whom sales calls changes, retrain."


def drawn_sentence(drawn: int, known: int) -> str:
    """That a training took only so many of the snapshots that it could have learned from, and how they were chosen."""
    snapshots = f"{drawn:,} of {known:,} snapshots with a known outcome"
    return f"It learned from {snapshots}, drawn by chance, whatever became of them."


def percent_text(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"
