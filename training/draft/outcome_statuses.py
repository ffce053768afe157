"""The statuses of leads: which mean that a lead was lost, and of which nobody knows yet what becomes.

They stand in the column of the outcome, or beside it where that is a date or a yes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.agreement.column_titles import title_words
from features.arrays import Bools
from features.imports.columns import boolean, says_value
from features.imports.crm import ANY_VALUE
from training.draft.word_patterns import word_patterns
from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import quoted_values

_WORDS = Path(__file__).with_suffix(".toml")
_MOST = 40  # statuses; a column with more says other things than how far a lead is
_SHOWN = 12
_FEW_WON = 0.05  # of the leads in a lost status: a rep forgets to clear one, and no more


@dataclass(frozen=True)
class OutcomeStatuses:
    """lost, open: values beside the one that means converted, both empty where all of them count as a no.

    notes: sentences on how each is taken, and how to move one. column: whose values they are, where it is not the
    outcome's.
    """

    lost: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    column: str | None = None

    def open_rows(self, values: Sequence[str | None], won: Bools) -> Bools:
        """The rows of leads that are open: one a value of the column."""
        if not self.lost:
            return np.zeros(len(won), dtype=bool)
        return np.array([not won[row] and value not in self.lost for row, value in enumerate(values)], dtype=bool)


ALL_LOST = OutcomeStatuses()


def outcome_statuses(profile: ColumnProfile, positive: str) -> OutcomeStatuses:
    """How the values of the outcome's column are taken, `positive` being the one that means converted."""
    others = [level for level, _ in profile.counts.most_common() if not says_value(level, positive)]
    if positive == ANY_VALUE or not others or all(boolean(level) is False for level in others):
        return ALL_LOST
    lost = tuple(level for level in others if says_lost(level))
    if not lost or len(others) > _MOST:
        return OutcomeStatuses(notes=(_on_none_lost(profile, others),))
    opened = tuple(level for level in others if level not in lost)
    leads = sum(profile.counts[level] for level in opened) + len(profile.values) - profile.filled
    return OutcomeStatuses(lost, opened, tuple(_on_both(profile.column, lost, opened, leads))) if opened else ALL_LOST


def statuses_beside(profiles: Iterable[ColumnProfile], won: Bools, known: str | None) -> OutcomeStatuses | None:
    """The statuses of the column that says which leads were lost, where the outcome's does not; None without one.

    profiles: of the columns that have no role. won: one a row. known: the column that sales works by, where the CRM
    tells. Of several the one that calls most leads lost.
    """
    found = [(profile, lost) for profile in profiles if (lost := _lost_beside(profile, won))]
    if not found:
        return None
    profile, lost = max(found, key=lambda one: (one[0].column == known, sum(one[0].counts[level] for level in one[1])))
    left = [value for value, is_won in zip(profile.values, won, strict=True) if not is_won and value not in lost]
    opened = tuple(level for level, _ in profile.counts.most_common() if level in left)
    notes = tuple(_on_both(profile.column, lost, opened, len(left)))
    return OutcomeStatuses(lost, opened, notes, profile.column)


def _lost_beside(profile: ColumnProfile, won: Bools) -> tuple[str, ...]:
    """The levels of a column of statuses that read as lost and that hardly any converted lead has."""
    if profile.distinct > _MOST or not is_of_statuses(profile.column):
        return ()
    of_won = Counter(value for value, is_won in zip(profile.values, won, strict=True) if is_won)
    levels = [level for level, _ in profile.counts.most_common() if says_lost(level)]
    lost = tuple(level for level in levels if of_won[level] <= _FEW_WON * profile.counts[level])
    # What is filled for lost leads alone says why they were lost, and nothing of the others.
    return lost if len(lost) < profile.distinct else ()


def says_lost(status: str) -> bool:
    """Whether a status reads as if the lead was lost."""
    return _says(status, "lost") or (_says(status, "over") and not _says(status, "won"))


def says_outcome(title: str) -> bool:
    """Whether a column may tell by its title what became of a lead: "Is Converted", "Deal - Status"."""
    return (is_of_statuses(title) or _says(title, "outcome_titles")) and not _says(title, "moment_titles")


def says_won(status: str) -> bool:
    """Whether a status reads as if the lead had converted, and not as if it was lost."""
    return _says(status, "won") and not says_lost(status)


def is_of_statuses(title: str) -> bool:
    """Whether a title is of a column of statuses: "Lead Status", "Stage", "Vertriebsstatus"."""
    return _says(title, "titles") and not _says(title, "other_titles")


def likeliest_won(levels: Sequence[str]) -> str:
    """The value that reads as if a lead had converted, else the first that does not read as if it was lost."""
    hopeful = [level for level in levels if not says_lost(level)] or [*levels]
    return next((level for level in hopeful if _says(level, "won") or title_words(level) == "qualified"), hopeful[0])


def _says(status: str, what: str) -> bool:
    return bool(word_patterns(_WORDS)[what].search(title_words(status)))


def _on_none_lost(profile: ColumnProfile, others: Sequence[str]) -> str:
    more = ", ..." if len(others) > _SHOWN else ""
    named = f"{quoted_values(others, _SHOWN)}{more} {'counts' if len(others) == 1 else 'count'} as a no"
    remedy = "name those of leads that are still open: [export] open = [...]; then the others are lost"
    return f"{profile.column}: {named}, and nothing says that such a lead was lost; {remedy}"


def _on_both(column: str, lost: Sequence[str], opened: Sequence[str], leads: int) -> Iterator[str]:
    """leads: how many are open."""
    counts, are = ("counts" if len(lost) == 1 else "count"), ("is" if len(opened) == 1 else "are")
    named = f"{quoted_values(lost, _SHOWN)} {counts} as a no"
    named += f"; {quoted_values(opened, _SHOWN)} {are} open" if opened else ""
    named += f", so of {leads:,} leads nobody knows yet what becomes" if leads else ""
    yield f"{column}: {named}; to move a status, write it in the other list of [export], lost or open"
    if alike := [level for level in opened if _says(level, "won")]:
        problem = "left open, though it reads as if the lead had converted, too"
        yield f"{column}: {quoted_values(alike, _SHOWN)} {problem}"
