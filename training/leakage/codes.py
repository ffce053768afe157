"""Whole numbers that are no amounts: codes of offices, tariffs, regions; and sentinels, which stand for "none"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np

from features.agreement.column_titles import title_words

# A number under such a title names a thing; one of them twice as large is not twice as much.
_CODED = re.compile(
    r"\b(ids?|codes?|codigos?|cods?|codici|codice|kennung|kennziffer|schlussel|sku|region|zone|zona|type|typ|tipo|category"
    r"|kategorie|categorie|categoria|class|klasse|classe|clase|channel|kanal|canal|branch|filiale|succursale|sucursal"
    r"|office|tariff|tarif|tarifa|browser|operating systems?|os)$|^(code|codigo|codice|cod)\b"
)
_SENTINELS = re.compile(r"-1|-?9{2,9}|-?8{3,9}")
_OFTEN, _LEAST = 0.005, 5  # of the filled cells, and how many, must be a sentinel
_FAR = 3.0  # times the next largest value
_MANY, _REPEATED = 10, 0.05  # different values that codes have at least, and at most, as a share of the cells


def is_coded_title(title: str) -> bool:
    """Whether a number under this title names a thing: "Region_Code", "category id", "TrafficType"."""
    return bool(_CODED.search(title_words(title)))


def sentinel(counts: Mapping[str, int], values: Mapping[str, float]) -> str | None:
    """The value that stands for "none" in a column of numbers: -1 where the rest is not negative, 999 far above it.

    counts, values: by level, how often it comes and the number that it is.
    """
    for level, value in sorted(values.items(), key=lambda pair: -abs(pair[1])):
        rest = [other for name, other in values.items() if name != level]
        is_often = counts[level] >= max(_LEAST, _OFTEN * sum(counts.values()))
        if is_often and len(rest) > 1 and _SENTINELS.fullmatch(_whole(value)):
            is_apart = min(rest) >= 0 if value < 0 else value > _FAR * max(max(rest), 1.0)
            if is_apart:
                return _whole(value)
    return None


def _whole(value: float) -> str:
    return str(int(value)) if value.is_integer() else ""


def may_be_codes(counts: Mapping[str, int], values: Mapping[str, float]) -> bool:
    """Whether whole numbers repeat as codes do: how often one comes says nothing of how often its neighbour does.

    Of ages, visits or employees, close numbers come about equally often, or round ones do.
    """
    levels = Counter({values[level]: count for level, count in counts.items() if level in values})
    filled = levels.total()
    if not _MANY <= len(levels) <= _REPEATED * filled or any(v < 0 or not v.is_integer() for v in levels):
        return False
    numbers = sorted(levels)
    often = np.log([levels[number] for number in numbers])
    if numbers[-1] < 2 * _MANY or np.ptp(often) < 2 or _are_round(levels):
        return False
    ranks = np.argsort(np.argsort(often)).astype(np.float64)
    is_falling = abs(np.corrcoef(np.arange(len(ranks)), ranks)[0, 1]) > 0.4
    return not is_falling and float(np.corrcoef(ranks[:-1], ranks[1:])[0, 1]) < 0.2


def _are_round(levels: Mapping[float, int]) -> bool:
    """Whether most of the cells are multiples of five, as sizes are that people estimate."""
    return sum(count for value, count in levels.items() if value % 5 == 0) > 0.5 * sum(levels.values())
