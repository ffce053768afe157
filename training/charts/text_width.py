"""How wide a text is drawn, so that a chart has room for it in whatever font a reader's machine has."""

from __future__ import annotations

import re
from html import unescape
from unicodedata import east_asian_width, normalize

# Advance widths of Helvetica, of which Arial and Liberation Sans have the same, in thousandths of the font's size.
# Letters with accents are as wide as those without.
_WIDTHS = {
    letter: width
    for width, letters in {
        191: "'",
        222: "ijlł‘’‚",
        260: "|¦",
        278: " !,./:;I[\\]ftı·",
        333: "()-`r“”„‹›",
        334: "{}",
        350: "•",
        355: '"',
        389: "*",
        400: "°",
        469: "^",
        500: "Jcksvxyz",
        556: "#$0123456789?L_abdeghnopquđ¢£¤¥§«»ƒ–†‡€",
        584: "+<=>~¬±×÷−",
        604: "●",
        611: "FTZß",
        667: "&ABEKPSVXYÞø",
        722: "CDHNRUwÐĐ",
        737: "©®",
        778: "GOQØ",
        833: "Mm",
        889: "%æ",
        944: "Wœ",
        1000: "ÆŒ—…‰™",
        1015: "@",
    }.items()
    for letter in letters
}
_OTHER = 667  # of a script that is not in the table; wide ones take a whole em
TEXT = re.compile(r"<(text|tspan)\b([^>]*)>([^<]*)")
SIZE = re.compile(r'font-size="([\d.]+)px"')


def text_width(text: str, size: float) -> float:
    """The pixels that a text of this font size takes.

    >>> round(text_width("of 100", 11))
    32
    """
    return size / 1000 * sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    if east_asian_width(letter) in "WF":
        return 1000
    return _WIDTHS.get(letter) or _WIDTHS.get(normalize("NFD", letter)[0], _OTHER)


def shortened(text: str, room: float, size: float = 11) -> str:
    """The text, with its end cut off where it is wider than its place."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(f"{kept}…", size) > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def lines(text: str, room: float, most: int = 3, size: float = 11) -> list[str]:
    """The text in lines that fit their place, broken between words; what `most` lines cannot hold is cut off."""
    written = [""]
    for word in text.split():
        longer = f"{written[-1]} {word}".strip()
        if text_width(longer, size) <= room or not written[-1] or len(written) == most:
            written[-1] = longer
        else:
            written.append(word)
    return [shortened(line, room, size) for line in written]


def with_fixed_widths(svg: str) -> str:
    """The chart with every text as wide as the layout took it to be, whatever font it is shown in.

    A browser without Arial shows a wider font: labels grew out of the chart and into each other.
    """
    size = 11.0

    def fixed(found: re.Match[str]) -> str:
        nonlocal size
        tag, attributes, text = found.groups()
        if named := SIZE.search(attributes):
            size = float(named[1])
        if not text:
            return found[0]  # its lines follow
        width = text_width(unescape(text), size)
        return f'<{tag}{attributes} textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs">{text}'

    return TEXT.sub(fixed, svg)
