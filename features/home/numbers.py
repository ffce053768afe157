"""Every spelling in which a number is read: of one value, and of a column, whose cells show what its signs mean.

"1.234" is one and a bit where the dot is the decimal sign, and a thousand times as much where it parts thousands. So a
column has one decimal sign: the one that the agreement names, else the one that its rows show, else none of it is read.

- "0,836", "4,7" and "1.234,5" show a comma as the decimal sign, "1,234,567" and "EUR 1,200" a dot.
- "1.234" and "1,234" show nothing: three digits after a single sign may be either.
- 1234, also as a cell of a workbook, and "1 234" and "1'234" are the same whatever the sign.

The files of a CRM, single values over HTTP and the rows of a file to be scored are all read here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Literal, NamedTuple

from features.home.number_units import has_thousandths, unit

DecimalSign = Literal[",", "."]
NumberCell = str | float | None  # a cell as text, or as the number that a workbook or Parquet holds

_WRITTEN = re.compile(r"(\D*?)([.,]?\d(?:[\d., ']*\d)?[.,]?(?:e[+-]?\d+)?)(\D*)", re.I | re.ASCII)
_BARE = re.compile(r"\d[\d., ']*\d", re.ASCII)
_NO_CENTS = re.compile(r"(?<=\d)[.,]\s?-{1,2}(?=\D*$)|(?<=\d)\s?/[-=](?=\s*$)")  # "CHF 5'000.-", "Rs 5,000/-"
_METRES = re.compile(r"\s+[mb]\.?\s*")  # "5 m" is a length, "5m", "5 M" and "EUR 5 m" are millions
_SIGNS = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "′": "'", "−": "-", "–": "-", "—": "-"})
_NO_PARTING = str.maketrans("", "", ",. '")
_LONGEST = 64
_FEW = 0.02  # of a column's cells may be slips
_WITNESSES = 3  # cells that show together what no single one does


def _body(decimal: str, parting: str) -> re.Pattern[str]:
    by = re.escape(parting)
    groups = rf"[1-9]\d{{0,2}}(?:(?:{by}\d{{3}})+|(?: \d{{3}})+|(?:'\d{{3}})+)"
    indian = rf"[1-9]\d?(?:{by}\d{{2}})+{by}\d{{3}}"  # 8,80,913: lakhs and crores
    whole = rf"\d+|{groups}|{indian}"
    return re.compile(rf"({whole})?(?:{re.escape(decimal)}(\d*))?(e[+-]?\d+)?", re.I | re.ASCII)


_BODIES: dict[DecimalSign, re.Pattern[str]] = {",": _body(",", "."), ".": _body(".", ",")}


class Readings(NamedTuple):
    """What a text comes to where the comma, and where the dot, is the decimal sign; None where it is no number then."""

    comma: float | None
    dot: float | None

    def by(self, decimal: DecimalSign) -> float | None:
        return self.comma if decimal == "," else self.dot

    @property
    def only(self) -> float | None:
        """The number, if it can be read in one way only."""
        if self.comma is None or self.dot is None:
            return self.dot if self.comma is None else self.comma
        return self.dot if self.comma == self.dot else None


NO_NUMBER = Readings(None, None)


def number(value: object, decimal: DecimalSign | None = None) -> float | None:
    """The number that a value is or writes; None where it is none, or where it may be two and no sign is given.

    decimal: the decimal sign of the column, or of the trait, that the value is of.
    """
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        return _of_number(value)
    if not isinstance(value, str):
        return None
    found = readings(value)
    return found.by(decimal) if decimal else found.only


def _of_number(value: Real | Decimal) -> float | None:
    try:
        return _finite(float(value))
    except OverflowError:  # a whole number of over 308 digits, which JSON allows
        return None


def _finite(found: float) -> float | None:
    return found + 0.0 if abs(found) < 1e300 else None  # a minus zero is a zero, and NaN is no number


def readings(text: str) -> Readings:
    """What a text comes to by either decimal sign."""
    plain = text.strip()
    if plain.isascii() and plain.isdigit() and len(plain) < _LONGEST:
        whole = float(plain)
        return Readings(whole, whole)
    if len(plain) > _LONGEST:
        return NO_NUMBER
    if _BARE.fullmatch(plain):
        return Readings(_of_body(plain, ","), _of_body(plain, "."))
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain.translate(_SIGNS)).translate(_SIGNS)
    written = _WRITTEN.fullmatch(_NO_CENTS.sub("", plain))
    if written is None or (_METRES.fullmatch(written[3]) and not written[1].strip()):
        return NO_NUMBER
    return _of_parts(written[1].strip(), written[2], written[3].strip())


def _of_parts(before: str, body: str, after: str) -> Readings:
    is_negative = before[:1] == "(" and after[-1:] == ")"
    if is_negative:
        before, after = before[1:], after[:-1]
    sign = next((end for end in (before[:1], before[-1:]) if end and end in "+-"), "")
    before = before.strip("+-") if before.count("+") + before.count("-") == 1 else before
    said = unit(before + " " + after)
    if said is None:
        return NO_NUMBER
    times = -said.scale if is_negative or sign == "-" else said.scale
    comma, dot = _of_body(body, ",", times), _of_body(body, ".", times)
    if said.currency and comma != dot and comma is not None and dot is not None and not has_thousandths(said.currency):
        # Money has no thousandths: what stands before three digits parts them.
        return Readings(comma, None) if abs(comma) > abs(dot) else Readings(None, dot)
    return Readings(comma, dot)


def _of_body(body: str, decimal: DecimalSign, times: float = 1.0) -> float | None:
    found = _BODIES[decimal].fullmatch(body)
    if found is None:
        return None
    whole, fraction, exponent = found.groups()
    if whole and not whole.isdigit():
        whole = whole.translate(_NO_PARTING)
    digits = f"{whole or 0}.{fraction or 0}{exponent or ''}"
    # 4.4 times a million in decimals: as floats it would be 4,400,000.000000001.
    return _finite(float(digits) if times == 1 else float(Decimal(digits) * Decimal(times)))


@dataclass(frozen=True)
class NumberSpelling:
    """What the cells of one column show of how it writes numbers; each cell counts as often as it was seen.

    comma, dot: cells that are numbers by this decimal sign only. unclear: cells that are two different numbers, by the
    sign that they write. plain: all other numbers. others: cells that are no numbers. examples: the first cell of each.
    """

    comma: int = 0
    dot: int = 0
    unclear_comma: int = 0
    unclear_dot: int = 0
    plain: int = 0
    others: int = 0
    hundreds: int = 0  # numbers from 100 to 999 in digits alone
    largest_whole: float = 0.0  # of numbers written in digits alone
    examples: tuple[tuple[str, str], ...] = ()

    def after(self, cells: Iterable[NumberCell]) -> NumberSpelling:
        """The spelling once these cells were seen as well."""
        counts = dict.fromkeys((*_COUNTED, "hundreds"), 0)
        examples, largest = dict(self.examples), self.largest_whole
        for cell in cells:
            if cell is None:
                continue
            kind = _kind(cell)
            counts[kind] += 1
            examples.setdefault(kind, str(cell))
            if kind == "plain" and isinstance(cell, str) and cell.isdigit():
                largest = max(largest, float(cell))
                counts["hundreds"] += 100 <= float(cell) < 1000
        summed = {name: getattr(self, name) + count for name, count in counts.items()}
        return replace(self, **summed, largest_whole=largest, examples=tuple(examples.items()))

    @property
    def unclear(self) -> int:
        return self.unclear_comma + self.unclear_dot

    @property
    def has_sign(self) -> bool:
        """Whether any of its numbers depends on what the decimal sign is."""
        return bool(self.comma or self.dot or self.unclear)

    @property
    def shown(self) -> DecimalSign | None:
        """The decimal sign that the cells show, None where they show none or contradict one another."""
        fewer, more = sorted((self.comma, self.dot))
        if more and fewer <= _FEW * more:
            return "," if self.comma > self.dot else "."
        if more or not self.unclear or (self.unclear_comma and self.unclear_dot) or not self._parts_thousands:
            return None
        return "." if self.unclear_comma else ","

    @property
    def _parts_thousands(self) -> bool:
        """Whether hundreds are written without a sign and nothing over a thousand is: "980" beside "1,200"."""
        return self.hundreds >= max(_WITNESSES, _FEW * self.unclear) and self.largest_whole < 1000

    def decimal(self, agreed: DecimalSign | None = None, beside: DecimalSign | None = None) -> DecimalSign | None:
        """The decimal sign by which the column is read; None where it cannot be told, and so no cell may be read.

        agreed: what the agreement says of it. beside: what other columns show, where this one shows nothing.
        """
        if agreed is None:
            return self.shown or (None if self.comma or self.dot else beside or (None if self.unclear else "."))
        against = self.dot if agreed == "," else self.comma
        own, alike = (self.comma, self.unclear_comma) if agreed == "," else (self.dot, self.unclear_dot)
        if against <= _FEW * (against + own + self.unclear):
            return agreed
        # The file was written by other habits than the one that was agreed on: sure only if it keeps to them.
        return None if own or alike else self.shown

    def share(self, decimal: DecimalSign | None) -> float:
        """The share of the cells that are numbers by this sign; by either one, where it is None."""
        lost = self.others + (0 if decimal is None else self.dot if decimal == "," else self.comma)
        seen = self.comma + self.dot + self.unclear + self.plain + self.others
        return 1 - lost / seen if seen else 0.0

    def problem(self, agreed: DecimalSign | None = None) -> str:
        """Why the column is not read, where `decimal` is None."""
        told = dict(self.examples)
        if agreed:
            against = told["dot" if agreed == "," else "comma"]
            return f'writes "{against}", but the agreement says decimal = "{agreed}"'
        if self.comma and self.dot:
            return f'writes both "{told["comma"]}" and "{told["dot"]}"'
        text = told.get("unclear_comma") or told.get("unclear_dot", "")
        either = " or ".join(_shown(number(text, decimal)) for decimal in _BODIES)
        return f'writes "{text}", and none of its rows shows whether that is {either}'


_COUNTED = ("comma", "dot", "unclear_comma", "unclear_dot", "plain", "others")


def _kind(cell: str | float) -> str:
    if not isinstance(cell, str):
        return "plain" if number(cell) is not None else "others"
    comma, dot = readings(cell)
    if comma == dot:
        return "others" if dot is None else "plain"
    if comma is None or dot is None:
        return "comma" if dot is None else "dot"
    return "unclear_comma" if "," in cell else "unclear_dot"


def _shown(found: float | None) -> str:
    return "no number" if found is None else f"{found:.12g}" if math.isfinite(found) else "too large"


def told_beside(spellings: Iterable[NumberSpelling]) -> DecimalSign | None:
    """The decimal sign that columns of one file show, None where none shows one or they differ."""
    shown: set[DecimalSign] = set()
    for spelling in spellings:
        decimal = spelling.shown
        if decimal and spelling.share(decimal) >= 1 - _FEW:  # a column of versions or codes is no witness
            shown.add(decimal)
    return shown.pop() if len(shown) == 1 else None
