"""The statuses of an outcome's column: which mean that a lead was lost, and of which nobody knows yet what becomes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from features.arrays import Bools
from features.imports.columns import boolean, says_value, title_words
from features.imports.crm import ANY_VALUE
from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import quoted_values

_MOST = 40  # statuses; a column with more says other things than how far a lead is
_SHOWN = 12


@dataclass(frozen=True)
class OutcomeStatuses:
    """lost, open: values beside the one that means converted, both empty where all of them count as a no.

    notes: sentences on how each is taken, and how to move one.
    """

    lost: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

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
    lost = tuple(level for level in others if _says(level, "lost"))
    if not lost or len(others) > _MOST:
        return OutcomeStatuses(notes=(_on_none_lost(profile, others),))
    opened = tuple(level for level in others if level not in lost)
    return OutcomeStatuses(lost, opened, tuple(_on_both(profile, lost, opened))) if opened else ALL_LOST


def _says(status: str, what: str) -> bool:
    return bool(_words()[what].search(title_words(status)))


@cache
def _words() -> dict[str, re.Pattern[str]]:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {what: re.compile(rf"\b({'|'.join(words)})\b") for what, words in tomllib.loads(text).items()}


def _on_none_lost(profile: ColumnProfile, others: Sequence[str]) -> str:
    more = ", ..." if len(others) > _SHOWN else ""
    named = f"{quoted_values(others, _SHOWN)}{more} {'counts' if len(others) == 1 else 'count'} as a no"
    remedy = "name those of leads that are still open: [export] open = [...]; then the others are lost"
    return f"{profile.column}: {named}, and nothing says that such a lead was lost; {remedy}"


def _on_both(profile: ColumnProfile, lost: Sequence[str], opened: Sequence[str]) -> Iterator[str]:
    leads = sum(profile.counts[level] for level in opened) + len(profile.values) - profile.filled
    counts, are = ("counts" if len(lost) == 1 else "count"), ("is" if len(opened) == 1 else "are")
    named = f"{quoted_values(lost, _SHOWN)} {counts} as a no; {quoted_values(opened, _SHOWN)} {are} open"
    remedy = "to move a status, write it in the other list of [export], lost or open"
    yield f"{profile.column}: {named}, so of {leads:,} leads nobody knows yet what becomes; {remedy}"
    if alike := [level for level in opened if _says(level, "won")]:
        problem = "left open, though it reads as if the lead had converted, too"
        yield f"{profile.column}: {quoted_values(alike, _SHOWN)} {problem}"
