"""What the columns of an export hold: their kind, how full they are, and whether they only identify a lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from features.columns import MISSING_MARKERS, boolean, cells, number, text_of, words
from features.conditions import Kind
from features.dates import DatesError, DayOrder, First, written
from training.wording import IDENTIFIER

MOST_LEVELS = 60  # a category with more is text to a person, and to the trees its rare levels are one
_TIMED = re.compile(r"\b(date|time|timestamp|at|on|day)\b")
_JOB = re.compile(r"\b(job ?title|title|position|designation|job ?role)\b|^jobtitle$")


@dataclass(frozen=True)
class Profile:
    """One column: its cells as text, None where missing, in the order of the file."""

    column: str
    values: tuple[str | None, ...]

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(value for value in self.values if value is not None)

    @cached_property
    def filled(self) -> int:
        return self.counts.total()

    @property
    def empty_share(self) -> float:
        return 1 - self.filled / max(len(self.values), 1)

    @property
    def distinct(self) -> int:
        return len(self.counts)

    @property
    def is_constant(self) -> bool:
        """Every lead has the same value. One that some lack is not: that they lack it may tell something."""
        return self.distinct == 1 and self.filled == len(self.values)

    @cached_property
    def kind(self) -> Kind:
        levels = self.counts
        if levels and all(boolean(level) is not None for level in levels):
            return "boolean"
        if self._is_mostly(lambda level: number(level) is not None, 0.98) and not self._is_digits_of_dates:
            return "category" if re.search(r"\bids?$", words(self.column)) else "number"
        if self._is_mostly(lambda level: bool(written(level, "day") or written(level, "month")), 0.9):
            return "date"
        return "text" if self._is_text else "category"

    @property
    def _is_digits_of_dates(self) -> bool:
        is_timed = bool(_TIMED.search(words(self.column)))
        return is_timed and self._is_mostly(lambda level: level.isdigit() and written(level) is not None, 0.98)

    @property
    def _is_text(self) -> bool:
        if self.is_job_title:
            return True
        return self.distinct > MOST_LEVELS and self.distinct > 0.2 * self.filled

    @property
    def is_job_title(self) -> bool:
        return bool(_JOB.search(words(self.column))) and self.distinct > 5

    def _is_mostly(self, holds: "re._CallableHolds", share: float) -> bool:  # noqa: UP037
        return self.filled > 0 and sum(n for level, n in self.counts.items() if holds(level)) >= share * self.filled
