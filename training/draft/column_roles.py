"""The roles of an export's columns: which says who a lead is, when it came, and what became of it and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from features.arrays import Bools
from features.home.dates import DatesError, DayOrder
from features.home.errors import LeadlightError
from features.imports.columns import boolean, column_named, says_value, spelling
from features.imports.crm import ANY_VALUE
from features.imports.lead_export import ROW_NUMBER
from training.draft.date_titles import says_came, says_converted, says_lost_date
from training.draft.lead_ids import lead_id
from training.draft.outcome_statuses import (
    ALL_LOST,
    OutcomeStatuses,
    likeliest_won,
    outcome_statuses,
    says_lost,
    statuses_beside,
)
from training.draft.unread_cells import looks_like_dates, unread_dates
from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import quoted_values

_POSITIVE = ("won", "closed won", "converted", "customer", "success", "sold", "signed", "gewonnen", "gagné", "ganado")
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
    lost_at: str | None = None
    notes: tuple[str, ...] = ()
    statuses: OutcomeStatuses = ALL_LOST
    is_open: Bools | None = None  # one for each row: nobody knows yet what becomes of the lead; None for no row

    @property
    def undated(self) -> bool:
        """Whether one of both dates is missing: both are needed to say what was known when, and how long to wait."""
        return self.created_at is None or self.outcome_at is None

    @property
    def known(self) -> Bools:
        """The rows of leads whose outcome is known, as far as an export tells."""
        return np.ones(len(self.won), dtype=bool) if self.is_open is None else ~self.is_open

    @property
    def columns(self) -> frozenset[str]:
        named = (self.id, self.outcome, self.created_at, self.outcome_at, self.lost_at, self.statuses.column)
        return frozenset(name for name in named if name and name != ROW_NUMBER)


@dataclass(frozen=True)
class RequestedRoles:
    """The roles that a person named, or that are known of the CRM that made the export.

    status: the column that sales works by. id_notes: what is to be said of the id, where it was found before.
    """

    outcome: str
    positive: str | None = None
    id: str | None = None
    created_at: str | None = None
    outcome_at: str | None = None
    status: str | None = None
    is_known: bool = False  # of the CRM: nothing was guessed
    id_notes: tuple[str, ...] | None = None


def column_roles(profiles: Mapping[str, ColumnProfile], requested: RequestedRoles, file: str) -> ColumnRoles:
    """The roles as requested, else as guessed. Raises ColumnError or OutcomeError with what to type instead."""
    titles = list(profiles)
    outcome = column_named(requested.outcome, titles, file)
    positive, won = _outcome(profiles[outcome], requested.positive, file)
    id_column, id_notes = identified(profiles, requested, file)
    created_at = requested.created_at and _dated(profiles[column_named(requested.created_at, titles, file)], file)
    guessed, more = (created_at, []) if created_at else _created_at(profiles, {outcome, id_column}, file)
    known = {outcome, id_column, guessed}
    outcome_at = outcome if positive == ANY_VALUE else requested.outcome_at or _outcome_at(profiles, won, known)
    statuses = _statuses(profiles, positive, won, {*known, outcome_at}, requested)
    is_open = statuses.open_rows(profiles[statuses.column or outcome].values, won)
    ends = _Ends(won, ~won & ~is_open)
    taken = {*known, statuses.column}
    outcome_at = outcome_at or ends.closed_at(profiles, taken)
    lost_at = ends.lost_at(profiles, taken - {outcome_at}, outcome_at)
    notes = [_on_outcome(profiles[outcome], positive, won[~is_open]), *statuses.notes, *id_notes, *more]
    dates = guessed, outcome_at, lost_at
    notes += _on_dates(guessed, created_at, outcome_at, outcome, is_known=requested.is_known)
    notes += _on_loss(lost_at, outcome_at, statuses)
    return ColumnRoles(id_column, outcome, positive, won, *dates, tuple(notes), statuses, is_open)


def _statuses(
    profiles: Mapping[str, ColumnProfile], positive: str, won: Bools, taken: set[str | None], requested: RequestedRoles
) -> OutcomeStatuses:
    """The statuses of the outcome's column, or where none of those says that a lead was lost, of one beside it."""
    outcome = profiles[column_named(requested.outcome, list(profiles), "")]
    own = outcome_statuses(outcome, positive)
    if any(says_lost(level) for level in outcome.counts if not says_value(level, positive)):
        return own
    others = [profile for profile in profiles.values() if profile.column not in taken]
    return statuses_beside(others, won, requested.status) or own


def identified(
    profiles: Mapping[str, ColumnProfile], requested: RequestedRoles, file: str
) -> tuple[str, tuple[str, ...]]:
    """The column of the lead's id and sentences on it. Raises ColumnError."""
    if requested.id and requested.id_notes is not None:
        return requested.id, requested.id_notes
    outcome = column_named(requested.outcome, list(profiles), file)
    asked = requested.id and column_named(requested.id, list(profiles), file)
    column, notes = lead_id(profiles, asked, outcome)
    return column, tuple(notes)


def _outcome(profile: ColumnProfile, asked: str | None, file: str) -> tuple[str, Bools]:
    positive = positive_value(profile, asked, file)
    if positive == ANY_VALUE:
        return positive, np.array([value is not None for value in profile.values])
    return positive, np.array([value is not None and says_value(value, positive) for value in profile.values])


def positive_value(profile: ColumnProfile, asked: str | None, file: str) -> str:
    """The value that means converted, ANY_VALUE where any date does. Raises OutcomeError or DatesError."""
    if asked is None and (profile.kind == "date" or (profile.distinct > 2 and profile.are_dates)):
        DayOrder().after(profile.counts).first(profile.column, file)
        return ANY_VALUE
    return _positive(profile, asked, file)


def _positive(profile: ColumnProfile, asked: str | None, file: str) -> str:
    """The value that means converted: as asked, or the one of two that says so."""
    if asked is None and profile.distinct > 2 and looks_like_dates(profile):
        raise OutcomeError(unread_dates(profile, file))
    levels = [level for level, _ in profile.counts.most_common()]
    by_word = {spelling(level): level for level in levels}
    if asked is not None:
        if spelling(asked) in by_word or len(levels) < 2:
            return by_word.get(spelling(asked), asked)
        near = get_close_matches(spelling(asked), by_word, n=1)
        remedy = f'did you mean "{by_word[near[0]]}"?' if near else f"it has {quoted_values(levels, 8)}"
        raise OutcomeError(f'{file}: column "{profile.column}" is never "{asked}"; {remedy}')
    if len(levels) <= 2:
        said = next((level for level in levels if boolean(level)), None)
        said = said or next((by_word[word] for word in _POSITIVE if word in by_word), None)
        said = said or next((_OPPOSITE[word] for word in by_word if word in _OPPOSITE and len(levels) == 1), None)
        if said or not levels:
            return said or "Yes"
    shown = quoted_values(levels, 8) + (", ..." if len(levels) > 8 else "")
    problem = f'column "{profile.column}" has {profile.distinct:,} values ({shown})'
    raise OutcomeError(f'{file}: {problem}; say which one means converted: --positive "{likeliest_won(levels)}"')


def _on_outcome(profile: ColumnProfile, positive: str, won: Bools) -> str:
    """won: of the leads whose outcome is known."""
    means = "a date" if positive == ANY_VALUE else f'"{positive}"'
    count, rows = int(won.sum()), len(won)
    if 0 < count < rows:
        are_over = " that are over" if rows < len(profile.values) else ""
        share = f"{count:,} of {rows:,} leads{are_over} did ({count / rows:.1%})"
        return f"{profile.column}: the outcome; {means} means converted, as {share}"
    levels = [level for level, _ in profile.counts.most_common(2)]
    found = f"is {quoted_values(levels)}" if profile.filled else "is empty"
    lacks = "every lead converted" if count else "no lead converted"
    every = f"all {len(profile.values):,} rows"
    return f"{profile.column}: the outcome, but it {found} in {every}: {lacks}, so nothing can be learned yet"


def _dated(profile: ColumnProfile, file: str) -> str:
    """The column, once it is sure that its dates can be read in one way only."""
    if looks_like_dates(profile):
        raise OutcomeError(unread_dates(profile, file))
    if not profile.are_dates:
        problem = f'column "{profile.column}" holds no dates but {quoted_values(list(profile.counts), 2) or "nothing"}'
        raise OutcomeError(f"{file}: {problem}; name the column that says when leads came, or none")
    DayOrder().after(profile.counts).first(profile.column, file)
    return profile.column


def _created_at(profiles: Mapping[str, ColumnProfile], taken: set[str], file: str) -> tuple[str | None, list[str]]:
    """The column of dates that by its title says when a lead came, and that every lead has."""
    for profile in profiles.values():
        is_dated = profile.kind == "date" and profile.column not in taken and profile.empty_share < 0.05
        if is_dated and says_came(profile.column):
            try:
                return _dated(profile, file), []
            except DatesError as unclear:
                return None, [str(unclear)]
    return None, []


def _outcome_at(profiles: Mapping[str, ColumnProfile], won: Bools, taken: set[str | None]) -> str | None:
    """The column of dates that is filled for the converted and hardly for others, and by its title says why."""
    return _first_filled(profiles, taken, says_converted, (won, ALL_HAVE_IT), ~won)


@dataclass(frozen=True)
class _Ends:
    """The columns of dates that say when leads ended. won, lost: one for each row; the others are open."""

    won: Bools
    lost: Bools

    def closed_at(self, profiles: Mapping[str, ColumnProfile], taken: set[str | None]) -> str | None:
        """The column that has a date for whoever is over, won or lost, and for no open lead: "Closed on"."""
        over = self.won | self.lost
        return _first_filled(profiles, taken, says_converted, (over, ALL_HAVE_IT), ~over) if self.lost.any() else None

    def lost_at(
        self, profiles: Mapping[str, ColumnProfile], taken: set[str | None], outcome_at: str | None
    ) -> str | None:
        """The column that by its title says when leads were lost, or that has a date for all that are over."""
        found = _first_filled(profiles, taken, says_lost_date, (self.lost, MANY_HAVE_IT), ~self.lost)
        if found or not outcome_at or not self.lost.any():
            return found
        return outcome_at if _filled(profiles[outcome_at])[self.lost].mean() >= MANY_HAVE_IT else None


ALL_HAVE_IT, MANY_HAVE_IT, HARDLY_ANY_HAS_IT = 0.95, 0.2, 0.05  # reps lose many leads without a word of when


def _first_filled(
    profiles: Mapping[str, ColumnProfile], taken: set[str | None], says: Callable[[str], bool],
    filled_for: tuple[Bools, float], empty_for: Bools,
) -> str | None:  # fmt: skip
    """The first column of dates whose title says so, filled for that share of some rows and hardly for others."""
    rows, share = filled_for
    for profile in profiles.values() if rows.any() and empty_for.any() else ():
        is_dated = profile.kind == "date" and not profile.is_unclear and profile.column not in taken
        if is_dated and says(profile.column):
            filled = _filled(profile)
            if filled[rows].mean() >= share and filled[empty_for].mean() <= HARDLY_ANY_HAS_IT:
                return profile.column
    return None


def _filled(profile: ColumnProfile) -> Bools:
    return np.array([value is not None for value in profile.values])


def _on_loss(lost_at: str | None, outcome_at: str | None, statuses: OutcomeStatuses) -> list[str]:
    """Since when lost leads count as lost, where leads are lost at all."""
    if lost_at:
        also = " as well" if lost_at == outcome_at else ""
        return [f"{lost_at}: when each lost lead was lost{also} (guessed by its title, and filled for the lost)"]
    if outcome_at and statuses.lost:
        remedy = "export one and name it in [export] lost_at"
        return [f"No column says when leads were lost, so they count as open until the export; {remedy}"]
    return []


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
        order = "; a model is tested on those that came last" if created_at else ""
        notes.append(f"No column says {lacks}, so outcomes count as they stood in the export, without a horizon{order}")
    return notes
