"""The gate `calls_recorded`: where leads need a call to convert, conversions without one say that calls are lost."""

from __future__ import annotations

from training.gates.gate import Gate

MOST_UNTRIED = 0.2  # of the won snapshots, where contact is needed


def calls_recorded(won_untried: float | None, is_needed: bool) -> Gate:
    """Whether at most MOST_UNTRIED of the won snapshots are of leads without a try on record, where contact is needed.

    won_untried: their share; None where none was won. is_needed: tried leads convert so much more often than the
    model of things as they are says that hardly anybody can convert without a try.
    """
    passed = not is_needed or won_untried is None or won_untried <= MOST_UNTRIED
    if won_untried is None:
        why = "No snapshot was won."
    else:
        why = f"{won_untried:.0%} of the won snapshots are of leads without a try on record"
        why += "." if passed else ", though leads seem to need one: calls are not all recorded."
    return Gate("calls_recorded", passed, won_untried, MOST_UNTRIED, why)
