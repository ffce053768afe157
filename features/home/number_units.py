"""Units: what stands beside the digits of a number, such as a currency, a percent sign, or a word for millions."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

# The languages in which words for thousands and millions are known, the first meaning first: "billion" is English.
LANGUAGES = ("en", "en_IN", "de", "fr", "es", "it", "nl", "pt", "pt_PT", "sv", "da", "nb")
_OWN_SIGNS = {"sv": "SEK", "da": "DKK", "nb": "NOK", "pl": "PLN", "cs": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN"}
_LETTERS = {"k": 1e3, "m": 1e6, "b": 1e9}  # single letters; the rest of them are sizes and litres
# How people shorten what CLDR, Unicode's data on languages, writes in full.
_SHORT = {"thsd": 1e3, "tsd": 1e3, "bn": 1e9, "mn": 1e6, "md": 1e9, "lac": 1e5, "lacs": 1e5, "lakhs": 1e5, "cr": 1e7,
          "crores": 1e7, "millions": 1e6, "billions": 1e9, "thousands": 1e3}  # fmt: skip
_ABBREVIATED = {"rs": "INR", "fr": "CHF", "sfr": "CHF", "us": "USD"}
_OFTEN = frozenset({"eur", "usd", "gbp", "inr", "chf", "jpy", "cad", "aud", "brl", "sek", "dkk", "nok", "pln"})
_PATTERN = re.compile(r"(0+)\s?(\w{3,})\.?")  # "00 Mio." is the pattern of 12 million


class Unit(NamedTuple):
    """What a unit says: by how much the digits count, and in which currency, None where it is none."""

    scale: float = 1.0
    currency: str | None = None


NO_UNIT = Unit()


@lru_cache(maxsize=4_096)
def unit(text: str) -> Unit | None:
    """The unit that is written before or after some digits ("EUR", "Mio. €", "k", "%"); None for anything else."""
    found = NO_UNIT
    for token in text.replace("%", " ").split():
        said = _of_token(token)
        if said is None or (said.scale != 1 and found.scale != 1) or (said.currency and found.currency):
            return None
        found = Unit(found.scale * said.scale, found.currency or said.currency)
    return found


def _of_token(token: str) -> Unit | None:
    for letter, sign in ((token[:1], token[1:]), (token[-1:], token[:-1])):  # "k€" and "€m"
        if (scale := _LETTERS.get(letter.lower())) and len(sign) == 1 and (currency := _currency(sign)):
            return Unit(scale, currency)
    if currency := _currency(token):
        return Unit(currency=currency)
    scale = _scale(token)
    return Unit(scale) if scale else None


def _currency(token: str) -> str | None:
    """A currency's code, or its sign where several share it: "EUR" and "€", "$"."""
    if token and unicodedata.category(token[-1]) == "Sc" and (len(token) == 1 or token[:-1].isalpha()):
        return token
    plain = token.rstrip(".")
    if plain.upper() in _codes() and (plain.isupper() or plain in _OFTEN):
        return plain.upper()
    return _ABBREVIATED.get(plain.lower()) or _signs().get(plain)


def _scale(token: str) -> float | None:
    plain = token.strip(".").casefold()
    return _LETTERS.get(plain) or _SHORT.get(plain) or _words().get(plain)


def has_thousandths(currency: str) -> bool:
    """Whether amounts in this currency have three digits after the decimal sign, as Kuwait's dinar."""
    from babel.numbers import get_currency_precision

    return currency in _codes() and get_currency_precision(currency) == 3


@cache
def _codes() -> frozenset[str]:
    from babel.numbers import list_currencies  # here: most files have no currency beside their numbers

    return frozenset(list_currencies())


@cache
def _signs() -> dict[str, str]:
    from babel.numbers import get_currency_symbol

    return {get_currency_symbol(code, locale).rstrip("."): code for locale, code in _OWN_SIGNS.items()}


@cache
def _words() -> dict[str, float]:
    """Words of three letters and more for thousands, millions and so on, with what they count."""
    from babel import Locale

    words: dict[str, float] = {}
    for language in LANGUAGES:
        forms = Locale.parse(language).compact_decimal_formats.values()
        sizes = [size for form in forms for patterns in form.values() for size in patterns.items()]
        for size, pattern in sizes:
            found = _PATTERN.fullmatch(pattern.pattern.replace("'", ""))
            if found and found[2].isalpha():
                words.setdefault(found[2].casefold(), int(size) / 10 ** (len(found[1]) - 1))
    return words
