"""The time zone of a draft: the one that the file's own dates name, else UTC and a comment that asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import available_timezones

_ZONE = re.compile(r"\d\s*(?:\[?(?P<name>[A-Z][A-Za-z_]+/[A-Za-z_/+-]+)\]?|(?P<offset>[+-]\d{2}:?\d{2}))$")
_USE = "office hours, and dates in files that name no zone"
_MOST_SHOWN = 3


@dataclass(frozen=True)
class DraftedZone:
    """A time zone and the comment that stands behind it."""

    name: str
    comment: str


UNKNOWN_ZONE = DraftedZone("UTC", f'UTC: write yours, "America/New_York": {_USE}')


def drafted_zone(cells: Iterable[str | None]) -> DraftedZone:
    """The zone of a column of dates; an offset from UTC alone is told, since it names no zone with its summers.

    "2026-03-01 09:00 Europe/Berlin" names one; "2026-03-01T09:00:00+01:00" says where one of several is.
    """
    found = [match for cell in cells if cell and (match := _ZONE.search(cell.strip()))]
    names = {match["name"] for match in found if match["name"]} & available_timezones()
    if len(names) == 1:
        return DraftedZone(names.pop(), f"as the file's dates say: {_USE}")
    offsets = sorted({match["offset"] for match in found if match["offset"]} - {"+00:00", "+0000", "-00:00"})
    if offsets:
        told = " and ".join(offsets[:_MOST_SHOWN])
        return DraftedZone("UTC", f'the file\'s dates are at {told}: write that zone, "Europe/Berlin": {_USE}')
    return UNKNOWN_ZONE
