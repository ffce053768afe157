"""Whether the cells of a column say who people are, or what must not decide on them, whatever the column is called."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

_MOST = 0.7  # of the different values that must be of one form before a column is
# Shares of the different values that read as names, in columns of names and in others, as measured on names, towns,
# streets, companies and occupations of eight countries: full names over 0.55, companies under 0.3; first names mostly
# over 0.7, towns of the USA up to 0.43; family names up to 0.95, towns of Spain up to 0.67.
_FULL, _FIRST, _ANY, _SURELY = 0.5, 0.6, 0.75, 0.6
_MANY, _SINGLE = 8, 12  # different values: of fewer, all of a value must read as a person; single words may be colours
_LETTERS = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_NO_NAME = re.compile(r"[\d_@/&+:;#%!?*=<>|\\{}\[\]]")
_INITIALED = re.compile(r"(?:[^\W\d_a-z]\.\s?){1,2}[^\W\d_]{2,}(?:[ '’-][^\W\d_]{2,})?")  # "P. Roux"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_MASKED_ADDRESS = re.compile(r"[^@\s]*[*x•.]{2,}[^@\s]*@\S*|\S+@[*x•.]{2,}\S*", re.I)
# "+49 30 123456", "p:+15550000000", "(030) 12 34 56", "030/123456", "555-123-4567", "+44 ***** 123"; no date or number
_PHONE = re.compile(
    r"""(?:[a-z]{1,3}:)?(?:(?:\+|00)\s?[\dx*]|\(\+?\d)[\dx*\s()./-]{5,22}
    |0\d{1,5}[\s/-]+[\dx*\s/-]{4,14}
    |\d{3}[\s.-]\d{3,4}[\s.-]\d{3,4}""",
    re.I | re.X,
)


def personal_values(levels: Collection[str]) -> str | None:
    """What the different values of a column are, where they say who people are: "names of people"; else None."""
    tests: dict[str, Callable[[Collection[str]], bool]] = {
        "e-mail addresses": _are_addresses,
        "phone numbers": _are_phones,
        "names of people": _are_names,
    }
    return next((what for what, holds in tests.items() if holds(levels)), None)


def protected_values(levels: Collection[str]) -> str | None:
    """What the different values of a column are, where these must not decide whom sales calls; else None."""
    words = {plain_words(level) for level in levels} - _words("no_answer")
    genders = _words("female") | _words("male")
    if words & _words("female") and words & _words("male") and words <= genders | _words("other_gender"):
        return "genders"
    if len(words) > 1 and words <= _words("marital"):
        return "marital statuses"
    return "beliefs" if len(words) > 1 and words <= _words("beliefs") else None


def _are_addresses(levels: Collection[str]) -> bool:
    """Also masked ones ("j***@x.example"), and what people write who had none ("noemail@")."""
    given = [level for level in levels if plain_words(level) not in _words("no_address")]
    found = sum(bool(_ADDRESS.fullmatch(level) or _MASKED_ADDRESS.fullmatch(level)) for level in given)
    return found > 0 and found >= 0.5 * len(given)


def _are_phones(levels: Collection[str]) -> bool:
    return _most(levels, lambda level: _PHONE.fullmatch(level) is not None, 2)


def _are_names(levels: Collection[str]) -> bool:
    spelled = [words for level in levels if (words := name_words(level))]
    if _most(levels, lambda level: _INITIALED.fullmatch(level.strip()) is not None, 2):
        return True
    full = [words for words in spelled if len(words) > 1]
    if len(full) >= _MOST * len(levels):
        surely, perhaps = sum(map(_is_full_name, full)), sum(map(_may_be_full_name, full))
        return (surely if len(full) < _MANY else perhaps) >= (_SURELY if len(full) < _MANY else _FULL) * len(full) > 1
    single = [words[0] for words in spelled if len(words) == 1]
    if len(single) < max(_SINGLE, _MOST * len(levels)):
        return False
    first, last = names_of_people()
    as_first, as_any = (sum(word in names for word in single) for names in (first, first | last))
    return as_first >= _FIRST * len(levels) or as_any >= _ANY * len(levels)


def _is_full_name(words: list[str]) -> bool:
    """Whether all of it reads as a person: "Anna Weber", "Weber, Anna", "Frau Weber", "A. Weber"."""
    first, last = names_of_people()
    if words[0] in _words("honorifics"):
        return True
    if len(words[0]) == 1 or len(words[-1]) == 1:
        return words[-1] in last or words[0] in last
    return (words[0] in first and words[-1] in last) or (words[0] in last and words[-1] in first)


def _may_be_full_name(words: list[str]) -> bool:
    """Whether one of both ends is a name: of many rare family names no list has all."""
    first, last = names_of_people()
    return _is_full_name(words) or words[0] in first or words[-1] in last


def _most(levels: Collection[str], holds: Callable[[str], bool], few: int) -> bool:
    return len(levels) >= few and sum(map(holds, levels)) >= _MOST * len(levels)


def name_words(level: str) -> list[str]:
    """The words of a value that may be a name, without accents, in lower case; none where it cannot be one."""
    if _NO_NAME.search(level) or len(level) > 50:
        return []
    words = [_plain(word) for word in _LETTERS.findall(level)]
    return words if 0 < len(words) <= 4 and words[0] not in _words("places") else []


def plain_words(text: str) -> str:
    """A text as lower-case words without accents and signs."""
    return " ".join(re.findall(r"\w+", _plain(text.replace(".", ""))))


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(_lists()[name])


@cache
def _lists() -> dict[str, list[str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def names_of_people() -> tuple[frozenset[str], frozenset[str]]:
    """First names and last names of all countries that Faker knows: about 31,000 and 30,000, as plain words."""
    import faker.providers.person as countries  # half a second: only where a column may hold names

    first: set[str] = set()
    last: set[str] = set()
    for country in iter_modules(countries.__path__):
        lists = vars(import_module(f"{countries.__name__}.{country.name}").Provider)
        for name, values in lists.items():
            if name.startswith(("first_name", "last_name")) and isinstance(values, Iterable):
                (first if name.startswith("first") else last).update(map(str, values))
    return frozenset(map(_plain, first)), frozenset(map(_plain, last))
