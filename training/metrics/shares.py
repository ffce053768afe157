"""Shares in words: so many of 100."""

from __future__ import annotations


def of_100(share: float | None) -> str:
    """A share as so many of 100: whole from 10 on, with one decimal below.

    >>> of_100(0.293), of_100(0.0612), of_100(1.0), of_100(None)
    ('29', '6.1', '100', 'unknown')
    """
    if share is None:
        return "unknown"
    return f"{100 * share:.0f}" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}"
