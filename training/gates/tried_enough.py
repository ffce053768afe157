"""The gate `tried_enough`: enough first tries have a known outcome to learn what comes of one."""

from __future__ import annotations

from training.gates.gate import Gate

FEWEST_TRIED = {"own_model": (400, 100), "moved": (200, 30)}  # first tries, and how many of them were won


def tried_enough(method: str, tried: int, won: int) -> Gate:
    """Whether there are enough first tries, and enough won ones, for a model of their own or for a moved one.

    Example: 520 first tries, of which 61 were won, are enough to move a model by, and too few for one of their own.
    """
    looks, wins = FEWEST_TRIED[method]
    passed = tried >= looks and won >= wins
    are = "are enough" if passed else f"are too few; {looks} with {wins} are needed"
    why = f"{tried:,} first tries with a known outcome, {won:,} of them won, {are}."
    value, limit = (won, wins) if tried >= looks else (tried, looks)
    return Gate("tried_enough", passed, float(value), float(limit), why)
