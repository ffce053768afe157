"""The words of dates: names of months in many languages, and names of time zones."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

LANGUAGES = ("en", "en_GB", "de", "de_AT", "fr", "es", "it", "nl", "pt", "pt_PT", "sv", "da", "nb")
_ALSO = {"mrz": 3}  # what spreadsheets write for März
# Of abbreviations that several countries use, the one of most exports: North America's are those of RFC 5322.
_MOSTLY = {"CST": -6.0, "CDT": -5.0, "PST": -8.0, "IST": 5.5, "MEZ": 1.0, "MESZ": 2.0}
_AMERICAN = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
_OFFSET = re.compile(r"(?:GMT|UTC|Z)?\s*([+-])(\d{1,2})(?::?(\d{2}))?", re.I)
_ZERO = frozenset({"Z", "UTC", "GMT", "UT"})
_YEARS = (2024, 2025)  # whose abbreviations and offsets are known


@lru_cache(maxsize=4_096)
def month_number(name: str) -> int | None:
    """The month that a word names, with or without accents and a dot: "März", "marz", "févr.", "Sept"; else None."""
    plain = name.casefold().strip(".")
    return _months().get(plain) or _months().get(_bare(plain))


@cache
def _months() -> dict[str, int]:
    from babel import Locale  # here: most dates are written in digits

    months: dict[str, int] = dict(_ALSO)
    for language in LANGUAGES:
        for forms in Locale.parse(language).months.values():
            for width in ("wide", "abbreviated"):
                for month, name in forms[width].items():
                    plain = name.casefold().strip(".")
                    months |= {plain: month, _bare(plain): month}
    return months


def _bare(word: str) -> str:
    return unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()


@lru_cache(maxsize=1_024)
def zone(text: str) -> tzinfo | None:
    """The time zone that a text names: "Z", "+02:00", "GMT+2", "CEST", "Europe/Berlin"; None for anything else."""
    plain = text.strip(" ()")
    if plain.upper() in _ZERO:
        return UTC
    if found := _OFFSET.fullmatch(plain):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(-offset if found[1] == "-" else offset) if offset < timedelta(days=1) else None
    if "/" in plain:
        return ZoneInfo(plain) if plain in _zone_names() else None
    if plain in _AMERICAN:
        return ZoneInfo(_AMERICAN[plain])
    offset_of = _abbreviations().get(plain) if plain.isalpha() and plain.isupper() else None
    return None if offset_of is None else timezone(offset_of)


@cache
def _zone_names() -> frozenset[str]:
    # Each call of `available_timezones` walks a folder for 10 ms: whoever sends 5,000 events may choose their zones.
    return frozenset(available_timezones())


@cache
def _abbreviations() -> dict[str, timedelta]:
    """The offset of each abbreviation that means one everywhere, by the database of time zones, or mostly."""
    offsets: dict[str, set[timedelta]] = {}
    for name in _zone_names():
        for moment in (datetime(year, month, 15, tzinfo=ZoneInfo(name)) for year in _YEARS for month in (1, 7)):
            if (offset := moment.utcoffset()) is not None:
                offsets.setdefault(str(moment.tzname()), set()).add(offset)
    sure = {name: next(iter(found)) for name, found in offsets.items() if len(found) == 1}
    return sure | {name: timedelta(hours=hours) for name, hours in _MOSTLY.items()}
