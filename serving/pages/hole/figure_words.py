"""Figures of the hole in words: shares of 100 with their intervals, hours, money, months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NONE = "–"


def of_100(share: Mapping[str, Any] | None) -> str:
    """A share with what it counts: "57 (4 of 7; 25 to 84)"; a dash of nothing.

    >>> of_100({"value": 4 / 7, "count": 4, "of": 7, "interval": [0.2505, 0.8418]})
    '57 (4 of 7; 25 to 84)'
    """
    if share is None or share["value"] is None:
        return NONE
    low, high = share["interval"]
    return f"{_whole(share['value'])} ({share['count']:,} of {share['of']:,}; {_whole(low)} to {_whole(high)})"


def short_share(share: Mapping[str, Any]) -> str:
    """A share without its interval: "4 of 7"."""
    return f"{share['count']:,} of {share['of']:,}" if share["of"] else NONE


def percent(value: float | None) -> str:
    """A share alone: "57 of 100"."""
    return NONE if value is None else f"{_whole(value)} of 100"


def range_text(interval: Any) -> str:
    """An interval of a share, in hundredths."""
    return f"{_whole(interval[0])} to {_whole(interval[1])}" if interval else ""


def number(value: float | None, digits: int = 1) -> str:
    """A number; a dash where there is none."""
    return NONE if value is None else f"{value:,.{digits}f}"


def money(value: float | None, currency: str | None) -> str:
    """An amount in whole units: "12,000 EUR"."""
    return NONE if value is None else f"{value:,.0f} {currency or ''}".strip()


def _whole(value: float) -> str:
    digits = 0 if value >= 0.0995 or value == 0 else 1
    return f"{100 * value:.{digits}f}"
