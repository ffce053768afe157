"""The gate `sale_at_the_try`: a try that is recorded as the lead buys is the sale itself, and brings nobody to buy."""

from __future__ import annotations

from training.gates.gate import Gate

MOST_AT_ONCE = 0.1  # of the won first tries


def sale_at_the_try(at_once: int, won: int) -> Gate:
    """Whether under MOST_AT_ONCE of the won first tries were won within 24 hours of the try.

    Example: reps write the call down as they book the order; 80 of 100 won leads converted on the day of their first
    contact, and "if tried now" would say what an order says.
    """
    share = at_once / won if won else None
    passed = share is None or share < MOST_AT_ONCE
    if share is None:
        why = "No first try was won."
    else:
        why = f"{at_once:,} of {won:,} won first tries were won within 24 hours of the try"
        why += "." if passed else ": the try on record seems to be the sale itself."
    return Gate("sale_at_the_try", passed, share, MOST_AT_ONCE, why)
