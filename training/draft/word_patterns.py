"""Patterns of words: what titles and values say in several languages, listed as data beside the code."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path


@cache
def word_patterns(file: Path) -> dict[str, re.Pattern[str]]:
    """By meaning, a pattern of any of the whole words that the TOML file at `file` lists for it."""
    listed = tomllib.loads(file.read_text(encoding="utf-8"))
    return {meaning: re.compile(rf"\b({'|'.join(words)})\b") for meaning, words in listed.items()}
