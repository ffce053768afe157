"""Typed values: what a client or a file says of a trait, by its kind, and which of it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from features.agreement.agreement import Agreement
from features.agreement.conditions import Kind
from features.agreement.learning import Trait
from features.arrays import DAY_US
from features.home.dates import DatesError, DayOrder, moment, parsed_date, utc_moment
from features.home.numbers import DecimalSign, number
from features.imports.columns import MISSING_MARKERS, boolean

SAME_TRAIT = {"title": "job_title", "company_industry": "industry", "company_employees": "employees",
           "company_employee_count": "employees", "address_country": "country",
           "company_name": "company"}  # fmt: skip
UNREAD = {"number": "bad_number", "date": "bad_date", "boolean": "bad_boolean"}  # the codes, by the trait's kind


def flat_traits(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Traits by snake_case name, those inside `company` and `address` with that prefix: {"company_industry": "saas"}.

    A trait of SAME_TRAIT stands under both its names, unless the second name has a value of its own.
    """
    given: dict[str, Any] = {}
    for key, value in traits.items():
        name = snake_case(key)
        if isinstance(value, Mapping):
            given |= {f"{name}_{snake_case(inner)}": item for inner, item in value.items()}
        else:
            given[name] = value
    return given | {plain: given[name] for name, plain in SAME_TRAIT.items() if name in given and plain not in given}


@lru_cache(maxsize=4_096)
def snake_case(name: str) -> str:
    """`employeeCount` and `Employee count` are `employee_count`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name).strip())
    return re.sub(r"\W+", "_", parted).strip("_").lower()


def trait_value(value: Any, trait: Trait, agreement: Agreement) -> Any:
    """`value` by the trait's kind; None where it is not of it, or is what the agreement's files write for missing."""
    if isinstance(value, str) and value.strip().casefold() in agreement.missing_markers:
        return None
    return typed_value(value, trait.kind, trait.decimal)


def typed_value(value: Any, kind: str, decimal: DecimalSign | None = None) -> Any:
    """`value` as a float, text, bool, or days since 1970 for a date, by its kind; None where it is not of the kind.

    decimal: the decimal sign of a number that is text, as agreed.
    """
    if value is None or value == "" or value != value:
        return None
    if kind == "number":
        return number(value, decimal)
    if kind == "boolean":
        return boolean(str(value))
    if kind == "date":
        found = _moment(value)
        return None if found is None else found.timestamp() * 1e6 / DAY_US
    return str(value).strip() or None


def _moment(value: Any) -> datetime | None:
    """The moment of a date trait; a text is read as the only cell of a column would be, so "03/04/2024" is none."""
    if not isinstance(value, str):
        return moment(value)
    try:
        found = parsed_date(value, DayOrder().after([value]).first("", ""))
    except DatesError:
        return None
    return utc_moment(found, UTC) if found else moment(value)


class UnreadValue(NamedTuple):
    """A value that was given to a trait and is not of its kind, so that the trait stays without one."""

    trait: str
    kind: Kind
    value: Any

    @property
    def code(self) -> str:
        return UNREAD[self.kind]

    @property
    def sentence(self) -> str:
        """What is wrong, in words: "employees: \"51-200\" is no number, or may be two; ..."."""
        shown = str(self.value)[:40]
        if self.kind == "number" and None not in (number(self.value, ","), number(self.value, ".")):
            remedy = 'send a JSON number, or write decimal = "," or "." into its line of the agreement'
            return f'{self.trait}: "{shown}" may be two numbers, and nothing tells which; {remedy}'
        return f'{self.trait}: "{shown}" cannot be read as a {self.kind}, and was left out'


def unread_values(traits: Mapping[str, Any], agreement: Agreement) -> Iterator[UnreadValue]:
    """The values of agreed numbers, dates and booleans that are none, but for markers of missing ones ("n/a")."""
    given = flat_traits(traits)
    for name in given.keys() & agreement.traits.keys():
        trait, value = agreement.traits[name], given[name]
        if trait.kind in UNREAD and not _is_missing(value) and trait_value(value, trait, agreement) is None:
            yield UnreadValue(name, trait.kind, value)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().casefold() in {"", *MISSING_MARKERS})
