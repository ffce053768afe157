"""Conditions and lengths of time as people write them in the agreement: parsed once, then tested on a lead's facts.

Everything inside one { } must hold; in a list [ ] any may. A trait takes a value, several, a range "50 to 1000",
true or false, or "known"; a * in a value stands for anything. A behaviour takes "2 in 30 days", or "5 minutes in
30 days" where it has minutes. A length of time is "30 minutes", "7 days", "3 years".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import timedelta
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal, TypeVar

Kind = Literal["number", "category", "text", "boolean", "date"]

T = TypeVar("T")

# What Leadlight derives for every lead. A trait of the same name replaces the derived fact.
FACTS: Mapping[str, Kind] = {
    "seniority": "category",
    "department": "category",
    "email_domain": "text",
    "mail_kind": "category",
    "source": "category",
    "campaign": "category",
    "latest_source": "category",
    "latest_campaign": "category",
    "customer": "boolean",
    "open_opportunity": "boolean",
    "with_sales": "boolean",
    "rejected": "boolean",
    "profiling_opt_out": "boolean",
    "unsubscribed": "boolean",
}

# The values that a derived fact can have, where they are few; `features.traits` and `features.identity` give them.
FACT_VALUES: Mapping[str, tuple[str, ...]] = {
    "seniority": ("c_level", "vp", "director", "manager", "staff", "intern"),
    "department": tuple("marketing sales it engineering finance operations people product other".split()),
    "mail_kind": ("free", "work"),
}

# A lead's state keeps its latest 32 moments of a behaviour, so a larger number could not be counted.
MOST_COUNTED = 32


@dataclass(frozen=True)
class Facts:
    """What was known of one lead at one moment.

    traits:       typed values by name, None where unknown; with the derived `FACTS`.
    count_within: (behaviour, days) -> the exact number of its events in the last `days`, up to `MOST_COUNTED`.
    minutes_within: (behaviour, days) -> the minutes of these events.
    """

    traits: Mapping[str, object]
    count_within: Callable[[str, float], int]
    minutes_within: Callable[[str, float], float]


@dataclass(frozen=True)
class IsKnown:
    """Holds for any value. Tests are sorted by their class's name, so renaming a class may change digests."""

    def allows(self, value: object) -> bool:
        """Whether the value passes the test."""
        return value == value  # a NaN is no value


@dataclass(frozen=True)
class Range:
    """Holds for numbers from `low` to `high`, both included."""

    low: float
    high: float

    def allows(self, value: object) -> bool:
        """Whether the value passes the test."""
        return isinstance(value, Real) and self.low <= float(value) <= self.high


@dataclass(frozen=True)
class Flag:
    """Holds for this truth value."""

    is_true: bool

    def allows(self, value: object) -> bool:
        """Whether the value passes the test."""
        return bool(value == self.is_true)


@dataclass(frozen=True)
class Wording:
    """Holds for this text, whatever its case; a * stands for anything."""

    text: str

    def allows(self, value: object) -> bool:
        """Whether the value passes the test."""
        text = str(value).strip().casefold()
        if "*" not in self.text:
            return text == self.text
        return re.fullmatch(".*".join(map(re.escape, self.text.split("*"))), text, re.DOTALL) is not None


@dataclass(frozen=True)
class FactClause:
    """Holds where the fact is known and any of the tests allows it; a fact that is missing counts as `unless_said`."""

    name: str
    any_of: tuple[IsKnown | Range | Flag | Wording, ...]
    unless_said: bool | None = None

    def holds(self, facts: Facts) -> bool:
        """Whether the clause holds for a lead with these facts."""
        value = facts.traits.get(self.name)
        value = self.unless_said if value is None else value
        return value is not None and any(test.allows(value) for test in self.any_of)


@dataclass(frozen=True)
class BehaviourClause:
    """Holds where the lead showed the behaviour at least so often in the last `days`."""

    name: str
    at_least: int
    days: float

    def holds(self, facts: Facts) -> bool:
        """Whether the clause holds for a lead with these facts."""
        return facts.count_within(self.name, self.days) >= self.at_least


@dataclass(frozen=True)
class MinutesClause:
    """Holds where the lead gave the behaviour at least so many minutes in the last `days`."""

    name: str
    minutes: float
    days: float
    unit: str = "minutes"  # tells it from so many times, in the digest of an agreement

    def holds(self, facts: Facts) -> bool:
        """Whether the clause holds for a lead with these facts."""
        return facts.minutes_within(self.name, self.days) >= self.minutes


Clause = FactClause | BehaviourClause | MinutesClause


@dataclass(frozen=True)
class Condition:
    """Holds where all clauses of any alternative hold; without alternatives, never."""

    any_of: tuple[tuple[Clause, ...], ...]

    def as_json(self) -> list[Any]:
        """The condition as plain values, in an order that does not depend on how it was written."""
        return [[list(astuple(clause)) for clause in clauses] for clauses in self.any_of]


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether the condition holds for a lead with these facts."""
    return any(all(clause.holds(facts) for clause in clauses) for clauses in condition.any_of)


@dataclass(frozen=True)
class Vocabulary:
    """The names that conditions may use beside `FACTS`; excluded names are here only for a better error.

    timed: the behaviours that have minutes.
    """

    behaviours: frozenset[str]
    traits: Mapping[str, str]
    excluded: frozenset[str] = frozenset()
    timed: frozenset[str] = frozenset()


class ConditionError(ValueError):
    """What is wrong with one value of a condition: where in it, the value found, the problem and the remedy."""

    def __init__(self, where: tuple[str, ...], found: object, problem: str, remedy: str) -> None:
        super().__init__(f"{'.'.join(where)} = {found!r} {problem}; {remedy}")
        self.where, self.found, self.problem, self.remedy = where, found, problem, remedy


def condition(written: object, vocabulary: Vocabulary) -> Condition:
    """The condition as it is written in the agreement. Raises ConditionError."""
    alternatives = written if isinstance(written, list) else [written]
    return Condition(_in_order(_clauses(alternative, vocabulary) for alternative in alternatives))


def _in_order(parts: Iterable[T]) -> tuple[T, ...]:
    # One order for one meaning, so that two ways to write a condition are equal and have one digest.
    return tuple(sorted(parts, key=repr))


def _clauses(written: object, vocabulary: Vocabulary) -> tuple[Clause, ...]:
    if not isinstance(written, Mapping) or not written:
        remedy = 'write { country = "DE" } or { demo_request = "1 in 14 days" }'
        raise ConditionError((), written, "is no condition", remedy)
    return _in_order(_clause(str(name), value, vocabulary) for name, value in written.items())


def _clause(name: str, value: object, vocabulary: Vocabulary) -> Clause:
    if name in vocabulary.behaviours and name not in FACTS:
        return _behaviour_clause(name, value, vocabulary)
    kind = vocabulary.traits.get(name) or FACTS.get(name)
    if kind is None:
        raise ConditionError((name,), value, *_unknown_name(name, vocabulary))
    # A derived flag without a value is false; a trait without a value is unknown.
    unless_said = False if kind == "boolean" and name not in vocabulary.traits else None
    values = value if isinstance(value, list) else [value]
    return FactClause(name, _in_order(_test(name, one, kind) for one in values), unless_said)


def _unknown_name(name: str, vocabulary: Vocabulary) -> tuple[str, str]:
    if name in vocabulary.excluded:
        return "names an excluded field", "to use it, move its line from [excluded] to [traits]"
    names = [*vocabulary.behaviours, *vocabulary.traits, *FACTS]
    near = get_close_matches(name, names, n=1)
    remedy = f'did you mean "{near[0]}"?' if near else "write a name from [behaviours] or [traits]"
    return "names no behaviour, trait or derived fact", remedy


_HOW_OFTEN = re.compile(r"\s*(?:(\d+)|(\d+(?:\.\d+)?)\s+minutes?)\s+in\s+(.+)")


def _behaviour_clause(name: str, value: object, vocabulary: Vocabulary) -> BehaviourClause | MinutesClause:
    match = _HOW_OFTEN.fullmatch(value) if isinstance(value, str) else None
    try:
        within = duration(match[3]) if match else timedelta(0)
    except ValueError:
        within = timedelta(0)
    if match is None or not within:
        examples = 'write for example "2 in 30 days" or "5 minutes in 30 days"'
        raise ConditionError((name,), value, "does not say how often or how long", examples)
    days = within / timedelta(days=1)
    if match[2]:
        return _minutes_clause(name, float(match[2]), days, value, vocabulary)
    if not 1 <= int(match[1]) <= MOST_COUNTED:
        raise ConditionError((name,), value, "cannot be counted", f"write a number from 1 to {MOST_COUNTED}")
    return BehaviourClause(name, int(match[1]), days)


def _minutes_clause(name: str, minutes: float, days: float, value: object, vocabulary: Vocabulary) -> MinutesClause:
    if name not in vocabulary.timed:
        remedy = f'write how often, "2 in 30 days", or name the property that holds them in behaviours.{name}.minutes'
        raise ConditionError((name,), value, "asks for minutes, which this behaviour does not have", remedy)
    if minutes <= 0:
        raise ConditionError((name,), value, "holds for everybody", "write more than 0 minutes")
    return MinutesClause(name, minutes, days)


def _test(name: str, value: object, kind: str) -> IsKnown | Range | Flag | Wording:
    if value == "known":
        return IsKnown()
    if kind == "boolean" and isinstance(value, bool):
        return Flag(value)
    if kind == "number" and (limits := _limits(value)):
        return Range(*limits)
    if kind in ("category", "text") and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return Wording(str(value).strip().casefold())
    raise ConditionError((name,), value, f"does not fit a trait of kind {kind}", _REMEDIES.get(kind, 'write "known"'))


_REMEDIES = {
    "boolean": 'write true, false or "known"',
    "number": 'write a number, a range "50 to 1000", or "known"',
    "category": 'write a value in quotes, several ["a", "b"], or "known"',
    "text": 'write a value in quotes, several ["a", "b"], or "known"',
}
_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s+to\s+(-?\d+(?:\.\d+)?)\s*")


def _limits(value: object) -> tuple[float, float] | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value), float(value)
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None or float(match[1]) > float(match[2]):
        return None
    return float(match[1]), float(match[2])


# A month and a year are lengths here, not calendar dates: a window of "3 months" is 90 days on every day of the year.
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s+(minute|hour|day|week|month|year)s?\s*")
_LONGEST = timedelta(days=100 * 365)


def duration(text: str) -> timedelta:
    """The length that `text` says; a month is 30 days, a year 365.

    Raises ValueError where it says none, or one beyond a century.

    >>> duration("30 minutes"), duration("1 year")
    (datetime.timedelta(seconds=1800), datetime.timedelta(days=365))
    """
    match = _LENGTH.fullmatch(text)
    if match is None or float(match[1]) * _UNITS[match[2]] > _LONGEST:
        raise ValueError(f"{text!r} is no length of time")
    return float(match[1]) * _UNITS[match[2]]
