"""The time zone of a lead: the one it named, else its country's, where that has one time for all."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


def zone_of(named: object, country: object, as_of: datetime) -> ZoneInfo | None:
    """The zone in which a lead's clock runs; None where it is not known, or the country has several times."""
    if isinstance(named, str) and (zone := _zone(named)):
        return zone
    zones = [zone for name in _zones_of(str(country).strip().casefold()) if (zone := _zone(name))] if country else []
    times = {as_of.astimezone(zone).utcoffset() for zone in zones}
    return zones[0] if len(times) == 1 else None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


@lru_cache(maxsize=512)
def _zones_of(country: str) -> tuple[str, ...]:
    """The zones of a country, by its English name, its own name, or its two letters."""
    from babel import Locale  # with the next, loaded when a card is shown
    from babel.core import get_global

    code = country.upper()
    territories: dict[str, str] = get_global("zone_territories")  # type: ignore[assignment]
    if code not in set(territories.values()):
        names = {name.casefold(): code for code, name in Locale("en").territories.items()}
        code = names.get(country) or SPELLINGS.get(country, "")
    return tuple(sorted(zone for zone, territory in territories.items() if territory == code))


SPELLINGS = {"uk": "GB", "usa": "US", "great britain": "GB", "england": "GB", "holland": "NL", "czech republic": "CZ",
             "deutschland": "DE", "österreich": "AT", "schweiz": "CH", "españa": "ES", "italia": "IT"}  # fmt: skip
