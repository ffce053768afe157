"""A profile of each column of an export: its kind, how full it is, and whether it only identifies a lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import pandas as pd

from features.agreement.conditions import Kind
from features.home.dates import DatesError, DayOrder, DayOrMonth, parsed_date
from features.home.numbers import DecimalSign, NumberSpelling, number, readings, told_beside
from features.imports.columns import MISSING_MARKERS, boolean, cell_texts, number_cells, title_words
from training.leakage.wording import IDENTIFIER

MOST_LEVELS = 60  # a category with more reads as text, and to the trees its rare levels are one
_TIMED = re.compile(r"\b(date|time|timestamp|at|on|day)\b")
_JOB_TITLE = re.compile(r"\b(job ?title|position|designation|job ?role)\b|^title$")


@dataclass(frozen=True)
class ColumnProfile:
    """One column: its cells as text, None where missing, in the order of the file.

    beside: the decimal sign that other columns of the file show. typed: whether its numbers are no text in the file.
    """

    column: str
    values: tuple[str | None, ...]
    beside: DecimalSign | None = None
    typed: bool = False

    @classmethod
    def of_texts(cls, column: str, texts: Iterable[str]) -> ColumnProfile:
        """The profile of texts; an empty text and a known marker of missing values ("N/A") are missing."""
        return cls(column, tuple(None if text.casefold() in {"", *MISSING_MARKERS} else text for text in texts))

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
        """Whether every lead has the same value. Where some leads have none, that may tell something: not constant."""
        return self.distinct == 1 and self.filled == len(self.values)

    @property
    def is_job_title(self) -> bool:
        return bool(_JOB_TITLE.search(title_words(self.column))) and self.distinct > 5

    @cached_property
    def kind(self) -> Kind:
        if self._are_mostly(lambda level: boolean(level) is not None, 1.0) and self.distinct <= 2:
            return "boolean"
        if self._are_mostly(lambda level: self.number(level) is not None, 0.98) and not self._are_dates_in_digits:
            return "category" if re.search(r"\bids?$", title_words(self.column)) else "number"
        if self._are_mostly(lambda level: bool(parsed_date(level, "day") or parsed_date(level, "month")), 0.9):
            return "date"
        is_long = self.distinct > MOST_LEVELS and self.distinct > 0.2 * self.filled
        return "text" if is_long or self.is_job_title else "category"

    @cached_property
    def spelling(self) -> NumberSpelling:
        """How it writes numbers."""
        return NumberSpelling() if self.typed else NumberSpelling().after(self.counts)

    @cached_property
    def decimal(self) -> DecimalSign | None:
        """The decimal sign of its numbers; None where its rows do not tell."""
        return "." if self.typed else self.spelling.decimal(beside=self.beside)

    @property
    def has_unclear_numbers(self) -> bool:
        """Whether it holds numbers that can be read in two ways."""
        return self.kind == "number" and self.decimal is None

    def number(self, level: str) -> float | None:
        """The number that a level is; where nothing tells what its signs mean, by the dot, to be judged at all."""
        if self.decimal:
            return number(level, self.decimal)
        found = readings(level)
        return found.comma if found.dot is None else found.dot

    @property
    def _are_dates_in_digits(self) -> bool:
        is_timed = bool(_TIMED.search(title_words(self.column)))
        return is_timed and self._are_mostly(lambda level: level.isdigit() and parsed_date(level) is not None, 0.98)

    def _are_mostly(self, holds: Callable[[str], bool], share: float) -> bool:
        return self.filled > 0 and sum(n for level, n in self.counts.items() if holds(level)) >= share * self.filled

    @cached_property
    def is_identifier(self) -> bool:
        """Whether its values only tell leads apart: from values that come once, nothing can be learned."""
        is_named = bool(IDENTIFIER.search(title_words(self.column)))
        if self.kind in ("text", "category") and not self.is_job_title:
            return self.distinct >= 0.9 * self.filled and self.filled >= (2 if is_named else 20)
        are_whole = self.kind in ("number", "category") and all(level.isdigit() for level in self.counts)
        return are_whole and self.distinct == self.filled > 1 and (is_named or self._is_running)

    @property
    def _is_running(self) -> bool:
        """Whole numbers that only rise, or only fall, with the rows of the file."""
        row = [int(value) for value in self.values if value is not None]
        return len(row) >= 20 and len({later > earlier for earlier, later in pairwise(row)}) == 1

    @cached_property
    def first(self) -> DayOrMonth | None:
        """Whether the day or the month comes first in its dates. Raises DatesError where that is unclear."""
        return DayOrder().after(self.counts).first(self.column, "the export")

    @property
    def is_unclear(self) -> bool:
        """Whether its dates can be read in two ways."""
        try:
            return self.kind == "date" and self.first not in (None, "day", "month")
        except DatesError:
            return True


def column_profiles(rows: pd.DataFrame) -> dict[str, ColumnProfile]:
    """One profile per column, by its title; a cell with a known marker of missing values ("N/A") is missing."""
    found = [_profile(str(title), rows[title]) for title in rows.columns]
    beside = told_beside(profile.spelling for profile in found)
    return {profile.column: replace(profile, beside=beside) for profile in found}


def _profile(title: str, column: pd.Series) -> ColumnProfile:
    typed = any(isinstance(cell, float) for cell in number_cells(column, MISSING_MARKERS))
    return ColumnProfile(title, tuple(cell_texts(column, MISSING_MARKERS)), typed=typed)


def missing_markers(rows: pd.DataFrame) -> list[str]:
    """The markers of missing values that these cells use, in their own spelling, the most frequent first."""
    found: Counter[str] = Counter()
    for title in rows.columns:
        found.update(_marked(cell_texts(rows[title])))
    return [marker for marker, _ in found.most_common()]


def _marked(values: Iterable[str | None]) -> dict[str, int]:
    counts = Counter(value for value in values if value is not None)
    return {value: count for value, count in counts.items() if value.casefold() in MISSING_MARKERS}
