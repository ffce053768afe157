"""Part 2 of the agreement, what we do about it: criteria, policy, nurture, content, costs, campaigns, privacy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, ValidationInfo, field_validator

from features.agreement.conditions import Condition, ConditionError, Vocabulary, condition
from features.agreement.learning import Count, Line, Number, Section, Text, Truth
from features.agreement.lengths import Length, LengthBefore
from features.agreement.messages import refusal


def _agreed_condition(value: Any, info: ValidationInfo) -> Condition:
    """Parsed with the vocabulary of the whole agreement, which the reader passes as context."""
    if not isinstance(info.context, Vocabulary):
        raise TypeError("conditions are parsed with a Vocabulary as context; read agreements with Agreement.parse")
    try:
        return condition(value, info.context)
    except ConditionError as error:
        raise refusal(error.problem, error.remedy, error.where, error.found) from None


AgreedCondition = Annotated[Condition, PlainValidator(_agreed_condition), PlainSerializer(Condition.as_json)]


class Criterion(Line):
    """Up to three lines of 1 to 3 points, of which the best that holds counts, and what to ask where none does."""

    REMEDY = 'write for example need.1 = { pricing_page = "1 in 90 days" }'
    three: AgreedCondition | None = Field(None, alias="3")
    two: AgreedCondition | None = Field(None, alias="2")
    one: AgreedCondition | None = Field(None, alias="1")
    ask: Text | None = Field(None, examples=['ask = "When do you plan to choose?"'])

    @cached_property
    def lines(self) -> tuple[tuple[int, Condition], ...]:
        """(points, condition), the most points first."""
        written = ((3, self.three), (2, self.two), (1, self.one))
        return tuple((points, line) for points, line in written if line is not None)

    @cached_property
    def most(self) -> int:
        """The points of its best line."""
        return max((points for points, _ in self.lines), default=0)


@dataclass(frozen=True)
class Bar:
    """From which probability on a lead is ready for sales.

    Written as a share of the open leads, a probability, a number of leads per week, or by the costs.
    """

    unit: Literal["share", "probability", "per_week", "costs"]
    value: float | None = None


_BARS = 'write { share = 0.10 }, { probability = 0.20 }, { per_week = 120 } or "costs"'


def _bar(written: Any) -> Bar:
    if isinstance(written, Bar):
        return written
    if written == "costs":
        return Bar("costs")
    if not isinstance(written, Mapping) or len(written) != 1:
        raise refusal("is no bar", _BARS)
    [(unit, value)] = written.items()
    if unit not in ("share", "probability", "per_week"):
        raise refusal("is no bar", _BARS, (str(unit),), value)
    most = 10_000_000 if unit == "per_week" else 1
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= most:
        raise refusal(f"is no number above 0 and up to {most}", _BARS, (unit,), value)
    return Bar(unit, float(value))


class Explore(Section):
    """The share of leads under the bar that go over at random: of all of them, and of those just under it."""

    below: Annotated[Number, Field(gt=0, le=0.5)] = Field(examples=["below = 0.01"])
    near: Annotated[Number, Field(gt=0, le=0.5)] = Field(examples=["near = 0.10"])


class Policy(Section):
    """Turns a probability and points into a decision. Marketing and sales own it; a change needs no retraining."""

    bar: Annotated[Bar, BeforeValidator(_bar)] = Bar("share", 0.10)
    min_points: Count = Field(0, examples=["min_points = 6"])
    back_below: Annotated[Number, Field(gt=0, le=1)] = Field(0.8, examples=["back_below = 0.8"])
    explore: Explore | None = Field(None, examples=["explore = { below = 0.01, near = 0.10 }"])
    score_50: Annotated[Number, Field(gt=0, lt=1)] = Field(0.06, examples=["score_50 = 0.06"])
    grades: dict[str, Annotated[Count, Field(ge=1, le=99)]] = Field(
        {"A": 70, "B": 60, "C": 50}, min_length=1, examples=["grades = { A = 70, B = 60, C = 50 }"]
    )

    @field_validator("grades")
    @classmethod
    def _grades_fall(cls, grades: dict[str, int]) -> dict[str, int]:
        bounds = list(grades.values())
        letters = "".join(grades)
        if letters != "ABCDEFGH"[: len(letters)] or len(letters) != len(bounds) or bounds != sorted(set(bounds))[::-1]:
            raise refusal("does not fall from A on", "write for example grades = { A = 70, B = 60, C = 50 }")
        return grades


class Nurture(Section):
    """How often a lead that is not ready hears from us, and when it returns by itself."""

    every: Length = timedelta(days=7)
    review_after: Count = Field(4, examples=["review_after = 4"])
    then_every: Length = timedelta(days=30)
    no_email: AgreedCondition | None = None
    come_back: dict[str, LengthBefore] = Field({}, examples=['come_back = { contract_end = "90 days before" }'])


class Content(Section):
    """One content of ours that nurture may send, by its content_id: what it is about, and what it is called."""

    topic: Text = Field(examples=['topic = "pricing"'])
    title: Text | None = Field(None, examples=['title = "What it costs, and why"'])


class Costs(Section):
    """Money for the report and for bar = "costs", in whole units of the currency."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field("USD", examples=['currency = "USD"'])
    contact: Annotated[Number, Field(ge=0)] = Field(examples=["contact = 60"])
    conversion: Annotated[Number, Field(gt=0)] = Field(examples=["conversion = 1500"])


class Campaign(Section):
    """What a campaign cost, and its other spellings."""

    cost: Annotated[Number, Field(ge=0)] | None = Field(None, examples=["cost = 12000"])
    also: tuple[str, ...] = Field((), examples=['also = ["Spring_Launch_2026"]'])


class Privacy(Section):
    """How long events are kept, how a lead objects to profiling, and whether pages name people.

    objected, allowed: names of the events that say so. consent: the category of `context.consent` that says it, too.
    """

    keep_events: Length = timedelta(days=3 * 365)
    per_rep: Truth = Field(True, examples=["per_rep = true"])
    objected: Text = Field("Profiling Objected", examples=['objected = "Profiling Objected"'])
    allowed: Text = Field("Profiling Allowed", examples=['allowed = "Profiling Allowed"'])
    consent: Text | None = Field(None, examples=['consent = "advertising"'])
