"""Values of traits: found under the names that clients send, and kept as their kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from features.clocks import moment
from features.recurrence import DAY_US

SAME_AS = {"title": "job_title", "company_industry": "industry", "company_employees": "employees",
           "company_employee_count": "employees", "address_country": "country"}  # fmt: skip
YES_OR_NO = dict.fromkeys(("true", "yes", "1", "1.0", "y", "on"), True) | dict.fromkeys(
    ("false", "no", "0", "0.0", "n", "off"), False
)


def flat(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Traits by snake_case name; what stands in `company` and `address` gets that as a prefix, then its own name."""
    said: dict[str, Any] = {}
    for key, value in traits.items():
        name = snake_case(key)
        if isinstance(value, Mapping):
            said |= {f"{name}_{snake_case(inner)}": item for inner, item in value.items()}
        else:
            said[name] = value
    return said | {plain: said[name] for name, plain in SAME_AS.items() if name in said and plain not in said}


@lru_cache(maxsize=4_096)
def snake_case(name: str) -> str:
    """`employeeCount` and `Employee count` are `employee_count`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name).strip())
    return re.sub(r"\W+", "_", parted).strip("_").lower()


def typed(value: Any, kind: str) -> Any:
    """`value` as its kind keeps it: float, text, bool, days since 1970 for a date; None where it is not of the kind."""
    if value is None or value == "" or value != value:
        return None
    if kind == "number":
        return _number(value)
    if kind == "boolean":
        return YES_OR_NO.get(str(value).strip().lower())
    if kind == "date":
        found = moment(value)
        return None if found is None else found.timestamp() * 1e6 / DAY_US
    return str(value).strip() or None


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).replace(",", "").replace("\u00a0", "").strip())
    except ValueError:
        return None
    return number + 0.0 if abs(number) < 1e300 else None  # a minus zero is a zero
