"""Titles of columns of dates that say when a lead came or when it converted, in several languages.

The words are data: `date_titles.toml`, beside this file.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from features.agreement.column_titles import without_record
from features.imports.columns import title_words


def says_came(title: str) -> bool:
    """Whether a title says when a lead came: "Created Date", "Angelegt am", "Date de création"."""
    plain, words = title_words(title), _words()
    return bool(words["came"].search(plain) or words["came_exactly"].fullmatch(plain))


def says_converted(title: str) -> bool:
    """Whether a title says when a lead converted: "Won On", "Gewonnen am", "Close Date"."""
    return bool(_words()["converted"].search(title_words(without_record(title))))


@cache
def _words() -> dict[str, re.Pattern[str]]:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {what: re.compile(rf"\b({'|'.join(words)})\b") for what, words in tomllib.loads(text).items()}
