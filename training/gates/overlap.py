"""The gate `overlap`: leads like most that are open now were tried before, or nothing here tells what a try does."""

from __future__ import annotations

from training.gates.gate import Gate

UNLIKE_WARNED, UNLIKE_REFUSED = 0.5, 0.8  # of the open leads
LEAST_EFFECTIVE = 0.25  # of the first tries


def overlap(unlike: float | None) -> Gate:
    """Whether at most UNLIKE_REFUSED of the open leads are unlike every lead that sales tried.

    unlike: their share among open leads of an age at which any was tried; None where no such lead is open.
    """
    if unlike is None:
        return Gate("overlap", True, None, UNLIKE_REFUSED, "No lead is open of an age at which any was tried.")
    passed = unlike <= UNLIKE_REFUSED
    why = f"{unlike:.0%} of the open leads are unlike any that sales tried"
    if not passed:
        why += ": sales tries on sight of one thing, and nothing here tells what a try does to the others"
    return Gate("overlap", passed, unlike, UNLIKE_REFUSED, f"{why}.")
