"""A profile of each column of an export: its kind, how full it is, and whether it only identifies a lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import pandas as pd

from features.agreement.column_titles import NAME_PARTS, says, title_meaning, title_words
from features.agreement.conditions import Kind
from features.home.dates import DatesError, DayOrder, DayOrMonth, parsed_date
from features.home.numbers import DecimalSign, NumberSpelling, number, readings, told_beside
from features.imports.columns import MISSING_MARKERS, boolean, cell_texts, number_cells
from training.leakage.codes import is_coded_title, may_be_codes, sentinel
from training.leakage.people import personal_values, protected_values
from training.leakage.wording import IDENTIFIER

MOST_LEVELS = 60  # a category with more reads as text, and to the trees its rare levels are one
# Titles that say a date, in the languages of exports: "Created", "Won On", "Abschlussdatum", "Fecha de cierre".
_TIMED = re.compile(
    r"date$|datum|\b(dates?|time|timestamp|zeitpunkt|fecha|dato)\b|^data (d|de|do|da|del|della|di)\b"
    r"|\b(at|on|am|le|el|il|op|em|day)$|\b(created?|erstellt|angelegt|creado|cree|creato|criado|aangemaakt)$"
)
_SPREAD = 0.3  # share of different values from which a column tells single leads apart
_JUDGED = 500  # different values, the most frequent, that are looked at for names
_CATALOGUE = 12  # different names that a column of products may have
_SENTENCE = 5  # words, from which a text is more than a label
FACTS_OF_PEOPLE = frozenset((*NAME_PARTS, "full_name", "nickname", "company"))
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
        is_titled = bool(_JOB_TITLE.search(title_words(self.column))) or says(self.column, ("job_title",))
        return is_titled and self.distinct > 5

    @cached_property
    def kind(self) -> Kind:
        if self._are_mostly(lambda level: boolean(level) is not None, 1.0) and self.distinct <= 2:
            return "boolean"
        if self._are_mostly(lambda level: self.number(level) is not None, 0.98) and not self._are_dates_in_digits:
            return "category" if self._is_code_by_title else "number"
        if self._are_mostly(lambda level: not _is_in_digits(level) and _is_date(level), 0.9) or self._has_timed_dates:
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
    def _is_code_by_title(self) -> bool:
        """Whether its whole numbers name things, by the title: a region, a zip code."""
        is_titled = is_coded_title(self.column) or says(self.column, ("postal_code", "phone"))
        return is_titled and all(value.is_integer() for value in self.numbers.values())

    @cached_property
    def numbers(self) -> dict[str, float]:
        """By level that is a number, that number."""
        return {level: value for level in self.counts if (value := self.number(level)) is not None}

    @cached_property
    def sentinel(self) -> str | None:
        """A number that stands for "none" in a column of numbers: "-1", "9999"; None where there is none."""
        return sentinel(self.counts, self.numbers) if self.kind == "number" else None

    @property
    def sentinel_share(self) -> float:
        """The share of the filled cells that have the sentinel."""
        with_it = sum(
            count for level, count in self.counts.items() if self.number(level) == float(self.sentinel or "nan")
        )
        return with_it / max(self.filled, 1)

    @property
    def may_be_codes(self) -> bool:
        """Whether its whole numbers repeat as codes do, whatever the title is."""
        return self.kind == "number" and may_be_codes(self.counts, self.numbers)

    @cached_property
    def personal(self) -> str | None:
        """What its values say of who people are ("names of people"), whatever the title is; None where nothing."""
        return personal_values(self._frequent_levels) if self.kind in ("category", "text") else None

    @cached_property
    def protected(self) -> str | None:
        """What its values are, where they must not decide whom sales calls ("genders"); None where nothing."""
        is_short = self.kind in ("category", "boolean") and self.distinct <= MOST_LEVELS
        return protected_values(self._frequent_levels) if is_short else None

    @property
    def _frequent_levels(self) -> list[str]:
        return [level for level, _ in self.counts.most_common(_JUDGED)]

    @property
    def is_free_text(self) -> bool:
        """Whether most of its many values are sentences: in these people are described."""
        words = sorted(len(level.split()) for level in self._frequent_levels)
        return self.kind == "text" and self.distinct > MOST_LEVELS and words[len(words) // 2] >= _SENTENCE

    @property
    def personal_fact(self) -> str | None:
        """The personal fact that its title says and its values do not belie; None where there is none.

        "Phone Service" with Yes and No is no phone number, and "Name" with eight products names nobody.
        """
        meaning = title_meaning(self.column)
        if meaning is None or self.kind == "boolean":
            return None
        # A plain "Name" with more values than a catalogue has is that of a person, or of a company.
        is_many = self.distinct > _CATALOGUE or self.distinct >= _SPREAD * self.filled
        holds = self.personal == "names of people" or is_many if meaning.is_weak else True
        return meaning.fact if holds and self._fits(meaning.fact) else None

    def _fits(self, fact: str) -> bool:
        if fact in ("phone", "email"):
            is_like = {"phone": lambda level: sum(map(str.isdigit, level)) >= 6, "email": lambda level: "@" in level}
            is_spread = self.distinct >= _SPREAD * self.filled
            return self._are_mostly(is_like[fact], 0.5) or (is_spread and self.kind != "date")
        if fact in ("identity_number", "street"):
            return self.distinct >= _SPREAD * self.filled or (fact == "street" and self.distinct > 5)
        return fact in FACTS_OF_PEOPLE and self.distinct > 1 and self.kind in ("category", "text")

    @property
    def are_dates(self) -> bool:
        """Whether its cells can be read as dates, whatever its title says: 45750 is a day of a spreadsheet."""
        return self.kind == "date" or self._are_mostly(_is_date, 0.9)

    @property
    def _is_timed(self) -> bool:
        return bool(_TIMED.search(title_words(self.column)))

    @property
    def _are_dates_in_digits(self) -> bool:
        return self._is_timed and self._are_mostly(lambda level: _is_in_digits(level) and _is_date(level), 0.98)

    @property
    def _has_timed_dates(self) -> bool:
        """Whether its title says a date and its cells are dates, some of them in digits alone."""
        return self._is_timed and self._are_mostly(_is_date, 0.9)

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


def _is_in_digits(level: str) -> bool:
    return level.replace(".", "", 1).isdigit()


def _is_date(level: str) -> bool:
    return bool(parsed_date(level, "day") or parsed_date(level, "month"))


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
