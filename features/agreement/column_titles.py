"""What titles of columns say in several languages: who somebody is, what is protected, what sales causes.

The words are data: `column_titles.toml`, beside this file.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

PROTECTED_FACTS = frozenset("gender salutation age birthday nationality family belief health".split())
NAME_PARTS = ("first_name", "middle_name", "last_name")
PERSONAL_FACTS = frozenset((*NAME_PARTS, "full_name", "nickname", "phone", "email", "street", "identity_number"))

# Exports of several records at once say in each title of which it is: "Deal - Title", "Person - Phone".
_RECORD = re.compile(
    r"^(deal|lead|opportunity|person|contact|organi[sz]ation|company|account) [-–] (?!(title|name)$)(?=\S)", re.I
)
_OF_DEAL = re.compile(r"^(deal|lead|opportunity) [-–] (?=\S)", re.I)
_NAMES_RECORD = re.compile(r"(deal|lead|opportunity) [-–] (title|name)", re.I)


class TitleWords(NamedTuple):
    """The words of one meaning, as patterns of plain titles. weak: these titles may name a thing as well."""

    whole: re.Pattern[str]
    anywhere: re.Pattern[str]
    accented: frozenset[str]
    exact: frozenset[str]
    weak: frozenset[str]


class TitleMeaning(NamedTuple):
    """What a title says. fact: a table of column_titles.toml. is_weak: "name" may be that of a person or of a thing."""

    fact: str
    is_weak: bool = False


def title_words(title: str) -> str:
    """A title as plain lower-case words: "TotalVisits", "total_visits" and "Total Visits " are all "total visits"."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return " ".join(re.findall(r"[a-z0-9]+", parted.lower()))


def without_record(title: str) -> str:
    """A title without the record it is of, as Pipedrive exports it: "Deal - Source channel" is "Source channel".

    "Deal - Title" and "Person - Name" stay: they say of what.
    """
    return _RECORD.sub("", title)


@lru_cache(maxsize=4_096)
def title_meaning(title: str) -> TitleMeaning | None:
    """What a title says that keeps its column from a model, or that it is a job title; None where no word is known.

    Example: "Telefonnummer (geschäftlich)" says "phone".
    """
    if _NAMES_RECORD.fullmatch(title):  # the title of a deal is no job title, and its name is nobody's
        return None
    plain = title_words(_OF_DEAL.sub("", title))
    core = _without_around(plain)
    spelled = unicodedata.normalize("NFC", title).strip().casefold()
    for fact, words in _vocabulary().items():
        if words.anywhere.search(plain) or any(words.whole.fullmatch(one) for one in (plain, core)):
            return TitleMeaning(fact)
        if spelled in words.accented or plain in words.exact:
            return TitleMeaning(fact)
        if plain in words.weak or core in words.weak:
            return TitleMeaning(fact, is_weak=True)
    return None


def says(title: str, facts: Iterable[str]) -> bool:
    """Whether a title says one of these facts for sure."""
    meaning = title_meaning(title)
    return meaning is not None and not meaning.is_weak and meaning.fact in facts


def _without_around(plain: str) -> str:
    """The words of a title without those at both ends that only say whose it is."""
    words = plain.split()
    while len(words) > 1 and words[-1] in _around():
        words.pop()
    while len(words) > 1 and words[0] in _around():
        words.pop(0)
    return " ".join(words)


@cache
def _file() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def _around() -> frozenset[str]:
    return frozenset(_file()["around"])


@cache
def _vocabulary() -> dict[str, TitleWords]:
    """By fact, in the order of the file, its words."""
    tables = {fact: table for fact, table in _file().items() if fact != "around"}
    return {
        fact: TitleWords(
            _any_of(table.get("titles", ())),
            re.compile(rf"\b{_any_of(table.get('words', ())).pattern}\b"),
            frozenset(table.get("accented", ())),
            frozenset(table.get("exact", ())),
            frozenset(table.get("weak", ())),
        )
        for fact, table in tables.items()
    }


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Any of the phrases, in which * stands for letters; never anything where there are none."""
    parts = [re.escape(phrase).replace(r"\*", "[a-z]*").replace(r"\ ", " ") for phrase in phrases]
    return re.compile(f"(?:{'|'.join(parts) or '(?!)'})")
