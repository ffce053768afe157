"""[people] of the agreement: who has leads, when they work, and who hears; needs no signature, changes no decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from features.agreement.learning import Count, Section, Text
from features.agreement.messages import did_you_mean, refusal

Side = Literal["sales", "inside_sales"]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_CRM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")


def is_person(name: str) -> bool:
    """Whether it can name a person: an e-mail address, or an id of the CRM ("0055g00000Ab1", "41882210")."""
    return bool(_EMAIL.fullmatch(name) or _CRM_ID.fullmatch(name))


def person_key(name: str) -> str:
    """A person's name as it is compared and kept: an e-mail address in lower case, an id of the CRM as it is."""
    name = name.strip()
    return name.lower() if "@" in name else name


def _weekdays(written: Any) -> tuple[int, ...]:
    names = written.split("-") if isinstance(written, str) else written
    if not isinstance(names, (list, tuple)) or not names or any(day not in _WEEKDAYS for day in names):
        raise refusal("names no days", 'write "Mon-Fri", or several, ["Mon", "Wed"]')
    days = [_WEEKDAYS.index(day) for day in names]
    if isinstance(written, str) and len(days) == 2:
        return tuple((days[0] + step) % 7 for step in range((days[1] - days[0]) % 7 + 1))
    return tuple(days)


def _clock(written: Any) -> time:
    if isinstance(written, time):
        return written
    if isinstance(written, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", written):
        return time.fromisoformat(written)
    raise refusal("is no time of day", 'write for example "09:00"')


def _holiday(written: Any) -> date | str:
    """A day, or a region whose public holidays count: "2026-12-24", "DE-BY", "US"."""
    if type(written) is date:
        return written
    if isinstance(written, str) and _REGION.fullmatch(written.strip()):
        return _known_region(written.strip())
    try:
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        remedy = 'write a date, "2026-12-25", or a region, "DE-BY" or "US"'
        raise refusal("is no date and no region", remedy) from None


def _known_region(region: str) -> str:
    from holidays import country_holidays  # loaded where a region is written

    country, _, part = region.partition("-")
    try:
        country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        try:
            parts = country_holidays(country).subdivisions
        except NotImplementedError:
            remedy = 'write the two letters of a country and perhaps its region, "DE-BY", or the dates themselves'
            raise refusal("is a region whose holidays are not known", remedy) from None
        known = sorted(name for each in parts if _REGION.fullmatch(name := f"{country}-{each}"))
        remedy = did_you_mean(region, known) if known else f'write "{country}"'
        raise refusal(f"is no region of {country} whose holidays are known", remedy) from None
    return region


@dataclass(frozen=True)
class Absence:
    """Days on which somebody is away, the first and the last included."""

    first: date
    last: date


def _absence(written: Any) -> Absence:
    if isinstance(written, Absence):
        return written
    if type(written) is date:
        return Absence(written, written)
    ends = [end.strip() for end in written.split(" to ")] if isinstance(written, str) else []
    try:
        days = [date.fromisoformat(end) for end in ends]
    except ValueError:
        days = []
    if len(days) not in (1, 2):
        raise refusal("says no days", 'write "2026-12-20 to 2027-01-02", or one day, "2026-12-24"')
    if days[-1] < days[0]:
        raise refusal("ends before it begins", f'write "{days[-1]} to {days[0]}"')
    return Absence(days[0], days[-1])


def time_zone_named(name: Any) -> str:
    """The name of a time zone, in its own spelling; refused where there is none of this name."""
    try:
        return ZoneInfo(name).key
    except (TypeError, ValueError, OSError, LookupError, AttributeError):
        near = did_you_mean(str(name), sorted(available_timezones()))
        remedy = near if near.startswith("did") else 'write for example "UTC" or "America/New_York"'
        raise refusal("is no time zone", remedy) from None


Holidays = tuple[Annotated[date | str, BeforeValidator(_holiday)], ...]
TimeZone = Annotated[str, BeforeValidator(time_zone_named)]


class OfficeHours(Section):
    """The hours in which clocks run, in the time zone of whose clock it is; days are 0 for Monday to 6.

    holidays: days, and regions whose public holidays count ("DE-BY", "US").
    """

    days: Annotated[tuple[int, ...], BeforeValidator(_weekdays)] = (0, 1, 2, 3, 4)
    opens: Annotated[time, BeforeValidator(_clock)] = Field(time(9), alias="from")
    closes: Annotated[time, BeforeValidator(_clock)] = Field(time(18), alias="to")
    holidays: Holidays = Field((), examples=['holidays = ["DE-BY", "2026-12-24"]'])


class Rep(Section):
    """One person who takes leads.

    per_day: new leads a day; None: no limit. time_zone, holidays: None: the agreement's own.
    """

    per_day: Count | None = Field(None, examples=["per_day = 5"])
    time_zone: TimeZone | None = None
    holidays: Holidays | None = Field(None, examples=['holidays = ["US-NY"]'])
    away: tuple[Annotated[Absence, BeforeValidator(_absence)], ...] = Field(
        (), examples=['away = ["2026-12-20 to 2027-01-02"]']
    )

    @model_validator(mode="before")
    @classmethod
    def _a_number_is_per_day(cls, written: Any) -> Any:
        if isinstance(written, int) and not isinstance(written, bool):
            return {"per_day": written}
        if not isinstance(written, (Mapping, Rep)):
            raise refusal("is no number of leads a day", 'write for example "ann@ourcompany.example" = 5')
        return written

    def is_away(self, day: date) -> bool:
        """Whether the day is one of his absences."""
        return any(absence.first <= day <= absence.last for absence in self.away)


def _by_person(written: Any) -> Any:
    """Reps by their keys; a list of names, as older agreements write it, is of people without a limit."""
    if isinstance(written, (list, tuple)) and all(isinstance(name, str) for name in written):
        return {person_key(name): {} for name in written}
    if not isinstance(written, Mapping):
        raise refusal("names no people", 'write for example { "ann@ourcompany.example" = 5 }')
    keyed = {person_key(str(name)): rep for name, rep in written.items()}
    if len(keyed) < len(written):
        keys = [person_key(str(name)) for name in written]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise refusal("is there twice", "leave one of the two", (twice,), twice)
    return keyed


Reps = Annotated[dict[str, Rep], BeforeValidator(_by_person)]


class People(Section):
    """Who has leads, when they work, and who hears.

    owner: "crm": the CRM assigns; "round_robin": Leadlight does, over `reps`. inside_sales: who qualifies leads whose
    answers are missing; without anybody, marketing does. goes_to: by behaviour of the rule not_a_lead, where such an
    inquiry goes.
    """

    office_hours: OfficeHours = OfficeHours()
    owner: Literal["crm", "round_robin"] = "crm"
    reps: Reps = Field({}, examples=['reps = { "ann@ourcompany.example" = 5 }'])
    inside_sales: Reps = Field({}, examples=['inside_sales = { "ben@ourcompany.example" = 20 }'])
    escalate_to: tuple[Text, ...] = Field((), examples=['escalate_to = ["lead@ourcompany.example"]'])
    notify: tuple[Text, ...] = Field((), examples=['notify = ["sales-slack"]'])
    goes_to: dict[str, Text] = Field({}, examples=['goes_to = { support_form = "support@ourcompany.example" }'])

    @field_validator("notify")
    @classmethod
    def _no_addresses(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        # The agreement is read by many and kept in git; whoever has the address can post as us.
        if any("://" in name for name in names):
            raise refusal("holds an address", 'write a name such as "sales-slack" and put its address into a setting')
        return names

    @field_validator("escalate_to")
    @classmethod
    def _as_compared(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(person_key, names)))

    def rep(self, person: str | None) -> Rep | None:
        """What is written of a person of sales or inside sales; None of anybody else."""
        key = person_key(person or "")
        return self.reps.get(key) or self.inside_sales.get(key)

    def side_of(self, person: str | None) -> Side | None:
        """The side whose list names this person; None where none does."""
        key = person_key(person or "")
        return "sales" if key in self.reps else "inside_sales" if key in self.inside_sales else None

    @property
    def somebody_hears(self) -> bool:
        """Whether anybody would hear of a handover."""
        return bool(self.reps or self.escalate_to or self.notify)
