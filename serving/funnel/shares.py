"""Shares with their intervals: so many of so many, and between what the true share lies with 95 %, by Wilson."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from scipy.stats import binomtest


def share(count: int, of: int) -> dict[str, Any]:
    """A share as the API gives it; value and interval are None of nothing."""
    if not of:
        return {"value": None, "count": count, "of": of, "interval": None}
    found = binomtest(count, of).proportion_ci(method="wilson")
    return {"value": count / of, "count": count, "of": of, "interval": [float(found.low), float(found.high)]}


def share_of(said: Iterable[bool]) -> dict[str, Any]:
    """The share of what is true."""
    values = list(said)
    return share(sum(values), len(values))


def middle(values: Iterable[float | None]) -> float | None:
    """The median of what is known; None of nothing."""
    known = [value for value in values if value is not None]
    return median(known) if known else None
