"""The roles of an export's columns: which says who a lead is, when it came, and what became of it and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from features.arrays import Bools
from features.home.dates import DatesError, DayOrder
from features.home.errors import LeadlightError
from features.imports.columns import column_named, spelling, title_words
from features.imports.crm import ANY_VALUE
from features.imports.lead_export import ROW_NUMBER
from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import CREATED, IDENTIFIER, WON, quoted_values

_POSITIVE = ("1", "true", "yes", "y", "won", "closed won", "converted", "customer", "success", "sold", "signed")
_OPPOSITE = {"0": "1", "no": "Yes", "false": "true", "n": "Y", "lost": "Won", "f": "t"}


class OutcomeError(LeadlightError):
    """It is not said, or cannot be told, which value means converted."""

    code = "unclear_outcome"


@dataclass(frozen=True)
class ColumnRoles:
    """The columns that have a role and so are no traits; `notes` are sentences on what was found or guessed."""

    id: str
    outcome: str
    positive: str
    won: Bools  # one for each row
    created_at: str | None = None
    outcome_at: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def undated(self) -> bool:
        """Whether one of both dates is missing: both are needed to say what was known when, and how long to wait."""
        return self.created_at is None or self.outcome_at is None

    @property
    def columns(self) -> frozenset[str]:
        named = (self.id, self.outcome, self.created_at, self.outcome_at)
        return frozenset(name for name in named if name and name != ROW_NUMBER)


@dataclass(frozen=True)
class RequestedRoles:
    """The roles that a person named, or that are known of the CRM that made the export."""

    outcome: str
    positive: str | None = None
    id: str | None = None
    created_at: str | None = None
    outcome_at: str | None = None
    is_known: bool = False  # of the CRM: nothing was guessed


def column_roles(profiles: Mapping[str, ColumnProfile], requested: RequestedRoles, file: str) -> ColumnRoles:
    """The roles as requested, else as guessed. Raises ColumnError or OutcomeError with what to type instead."""
    titles = list(profiles)
    outcome = column_named(requested.outcome, titles, file)
    positive, won, notes = _outcome(profiles[outcome], requested.positive, file)
    id_column, id_notes = _id(profiles, requested.id and column_named(requested.id, titles, file), outcome)
    created_at = requested.created_at and _dated(profiles[column_named(requested.created_at, titles, file)], file)
    guessed, more = (created_at, []) if created_at else _created_at(profiles, {outcome, id_column}, file)
    known = {outcome, id_column, guessed}
    outcome_at = outcome if positive == ANY_VALUE else requested.outcome_at or _outcome_at(profiles, won, known)
    notes += [*id_notes, *more, *_on_dates(guessed, created_at, outcome_at, outcome, is_known=requested.is_known)]
    return ColumnRoles(id_column, outcome, positive, won, guessed, outcome_at, tuple(notes))


def _outcome(profile: ColumnProfile, asked: str | None, file: str) -> tuple[str, Bools, list[str]]:
    if asked is None and profile.kind == "date":
        DayOrder().after(profile.counts).first(profile.column, file)
        won = np.array([value is not None for value in profile.values])
        return ANY_VALUE, won, [_on_outcome(profile, "a date", won)]
    positive = _positive(profile, asked, file)
    won = np.array([value is not None and spelling(value) == spelling(positive) for value in profile.values])
    return positive, won, [_on_outcome(profile, f'"{positive}"', won)]


def _positive(profile: ColumnProfile, asked: str | None, file: str) -> str:
    """The value that means converted: as asked, or the one of two that says so."""
    levels = [level for level, _ in profile.counts.most_common()]
    by_word = {spelling(level): level for level in levels}
    if asked is not None:
        if spelling(asked) in by_word or len(levels) < 2:
            return by_word.get(spelling(asked), asked)
        near = get_close_matches(spelling(asked), by_word, n=1)
        remedy = f'did you mean "{by_word[near[0]]}"?' if near else f"it has {quoted_values(levels, 8)}"
        raise OutcomeError(f'{file}: column "{profile.column}" is never "{asked}"; {remedy}')
    if len(levels) <= 2:
        said = next((by_word[word] for word in _POSITIVE if word in by_word), None)
        said = said or next((_OPPOSITE[word] for word in by_word if word in _OPPOSITE and len(levels) == 1), None)
        if said or not levels:
            return said or "Yes"
    shown = quoted_values(levels, 8) + (", ..." if len(levels) > 8 else "")
    problem = f'column "{profile.column}" has {profile.distinct:,} values ({shown})'
    raise OutcomeError(f'{file}: {problem}; say which one means converted: --positive "{levels[0]}"')


def _on_outcome(profile: ColumnProfile, means: str, won: Bools) -> str:
    count, rows = int(won.sum()), len(won)
    if 0 < count < rows:
        share = f"{count:,} of {rows:,} leads did ({count / rows:.1%})"
        return f"{profile.column}: the outcome; {means} means converted, as {share}"
    levels = [level for level, _ in profile.counts.most_common(2)]
    found = f"is {quoted_values(levels)}" if profile.filled else "is empty"
    lacks = "every lead converted" if count else "no lead converted"
    return f"{profile.column}: the outcome, but it {found} in all {rows:,} rows: {lacks}, so nothing can be learned yet"


def _id(profiles: Mapping[str, ColumnProfile], asked: str | None, outcome: str) -> tuple[str, list[str]]:
    if asked:
        again = profiles[asked].filled - profiles[asked].distinct
        more = f"; {again:,} rows have an id that came before" if again else ""
        return asked, [f"{asked}: the id of each lead{more}"]
    unique = [p for p in profiles.values() if p.column != outcome and p.is_identifier and p.distinct == len(p.values)]
    named = [profile for profile in unique if IDENTIFIER.search(title_words(profile.column))]
    if not named:
        remedy = "a later export would be taken for other leads; name a column that stays with a lead: --id COLUMN"
        return ROW_NUMBER, [f"No column identifies a lead, so its row number does; {remedy}"]
    best = min(named, key=_preference)
    return best.column, [f"{best.column}: the id of each lead (guessed; --id COLUMN for another)"]


def _preference(profile: ColumnProfile) -> tuple[bool, bool, bool, float]:
    """A plain "id", then one of leads, no e-mail address if it can be helped, short for people to say."""
    plain = title_words(profile.column)
    length = sum(map(len, profile.counts)) / max(profile.distinct, 1)
    is_of_lead = any(word in plain for word in ("lead", "contact", "record", "customer", "prospect"))
    return plain not in ("id", "lead id", "record id", "contact id"), "mail" in plain, not is_of_lead, length


def _dated(profile: ColumnProfile, file: str) -> str:
    """The column, once it is sure that its dates can be read in one way only."""
    if profile.kind != "date":
        problem = f'column "{profile.column}" holds no dates but {quoted_values(list(profile.counts), 2) or "nothing"}'
        raise OutcomeError(f"{file}: {problem}; name the column that says when leads came, or none")
    DayOrder().after(profile.counts).first(profile.column, file)
    return profile.column


def _created_at(profiles: Mapping[str, ColumnProfile], taken: set[str], file: str) -> tuple[str | None, list[str]]:
    """The column of dates that by its title says when a lead came, and that every lead has."""
    for profile in profiles.values():
        is_dated = profile.kind == "date" and profile.column not in taken and profile.empty_share < 0.05
        if is_dated and CREATED.match(title_words(profile.column)):
            try:
                return _dated(profile, file), []
            except DatesError as unclear:
                return None, [str(unclear)]
    return None, []


def _outcome_at(profiles: Mapping[str, ColumnProfile], won: Bools, taken: set[str | None]) -> str | None:
    """The column of dates that is filled for the converted and hardly for others, and by its title says why."""
    if not won.any() or won.all():
        return None
    for profile in profiles.values():
        is_dated = profile.kind == "date" and not profile.is_unclear and profile.column not in taken
        if is_dated and WON.search(title_words(profile.column)):
            filled = np.array([value is not None for value in profile.values])
            if filled[won].mean() >= 0.95 and filled[~won].mean() <= 0.05:
                return profile.column
    return None


def _on_dates(
    created_at: str | None, asked: str | None, outcome_at: str | None, outcome: str, *, is_known: bool
) -> list[str]:
    notes = []
    if created_at:
        guessed = "" if asked else " (guessed; --created-at COLUMN for another)"
        notes.append(f"{created_at}: when each lead came{guessed}")
    if outcome_at and outcome_at != outcome:
        guessed = "" if is_known else " (guessed: filled for the converted only)"
        notes.append(f"{outcome_at}: when each lead converted{guessed}")
    if created_at is None or outcome_at is None:
        lacks = "when leads came" if created_at is None else "when they converted"
        lacks = "when leads came or converted" if created_at is None and outcome_at is None else lacks
        notes.append(f"No column says {lacks}, so outcomes count as they stood in the export, without a horizon")
    return notes
