"""The gate `overlap`: leads like most that are open now were tried before, or nothing here tells what a try does."""

from __future__ import annotations

from training.gates.gate import Gate

MOST_UNLIKE = 0.8  # of the open leads
MOST_APART = 0.7  # of the first tries: by habit 0.5 were seen, on the day of one event 0.75 and 0.85


def overlap(unlike: float | None, apart: float) -> Gate:
    """Whether at most MOST_UNLIKE of the open leads are unlike all that sales tried, and MOST_APART of the tries apart.

    unlike: the share of the open leads that are unlike all that were tried; None where no lead is open. apart: the
    share of the first tries that are unlike nearly all other snapshots. Example: sales calls whoever asks for a demo,
    on that day, and hardly anybody else; 85 of 100 first tries are of a kind that no open lead is.
    """
    passed = (unlike or 0.0) <= MOST_UNLIKE and apart <= MOST_APART
    many = "No lead is open" if unlike is None else f"{unlike:.0%} of the open leads are unlike any that sales tried"
    why = f"{many}; {apart:.0%} of the first tries are unlike nearly all other snapshots"
    if not passed:
        why += ": sales tries one kind of leads, which tells nothing of the others"
    value, limit = (apart, MOST_APART) if apart > MOST_APART else (unlike, MOST_UNLIKE)
    return Gate("overlap", passed, value, limit, f"{why}.")
