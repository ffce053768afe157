"""Shares in words: so many of 100."""

from __future__ import annotations


def of_100(share: float | None) -> str:
    """A share as so many of 100: whole from 10 on, with one decimal below, with two below 1.

    >>> of_100(0.293), of_100(0.0612), of_100(0.0024), of_100(1.0), of_100(None)
    ('29', '6.1', '0.24', '100', 'unknown')
    """
    if share is None:
        return "unknown"
    digits = 0 if share >= 0.0995 or share == 0 else 1 if share >= 0.00995 else 2
    return f"{100 * share:.{digits}f}"
