"""Traits as they stand at a moment: what time alone ends, nobody writes down when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ENDS = {"with_sales": "with_sales_until", "open_opportunity": "opportunity_until"}


def standing_traits(traits: Mapping[str, Any], as_of_us: int) -> Mapping[str, Any]:
    """The traits of a lead, in which a relation of sales that has ended by `as_of_us` is False.

    A rep called ann on May 1 and keeps her for 14 days: with_sales is True on May 10, and False from May 15 on.
    """
    ended = {
        flag: False for flag, until in _ENDS.items() if traits.get(flag) is True and _is_past(traits, until, as_of_us)
    }
    return {**traits, **ended} if ended else traits


def _is_past(traits: Mapping[str, Any], until: str, as_of_us: int) -> bool:
    end = traits.get(until)
    return isinstance(end, float | int) and end <= as_of_us  # a NaN is never past
