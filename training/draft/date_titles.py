"""Titles of columns of dates that say when a lead came, when it converted or when it was lost, in several languages.

The words are data: `date_titles.toml`, beside this file.
"""

from __future__ import annotations

from pathlib import Path

from features.agreement.column_titles import title_words, without_record
from training.draft.word_patterns import word_patterns

_WORDS = Path(__file__).with_suffix(".toml")


def says_came(title: str) -> bool:
    """Whether a title says when a lead came: "Created Date", "Angelegt am", "Date de création"."""
    plain, words = title_words(title), word_patterns(_WORDS)
    return bool(words["came"].search(plain) or words["came_exactly"].fullmatch(plain))


def says_lost_date(title: str) -> bool:
    """Whether a title says when a lead was lost: "Lost Date", "Deal - Lost time", "Verloren am"."""
    return bool(word_patterns(_WORDS)["lost"].search(title_words(without_record(title))))


def says_converted(title: str) -> bool:
    """Whether a title says when a lead converted: "Won On", "Gewonnen am", "Close Date"."""
    return bool(word_patterns(_WORDS)["converted"].search(title_words(without_record(title))))
