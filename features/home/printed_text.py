"""Printed text: what came from outside, made harmless for a terminal, a spreadsheet, a page or a picture."""

from __future__ import annotations

import re
from typing import Any

# What moves a cursor, rings, turns writing round, or is no character of XML. Tabs and line ends are kept.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
LINE_ENDS = re.compile(r"[\r\n\u2028\u2029]+")
# Signs that start a formula, also in the width of a Chinese or Japanese keyboard.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
PICTURES = 0x2400  # where Unicode has a picture of each control character: that of ESC is U+241B


def visible(text: str) -> str:
    """`text` with a picture in place of each control character: a campaign named ESC[2J clears no screen.

    "spring\\x1b[2J" is "spring␛[2J"; signs without a picture become U+FFFD.
    """
    return text if text.isascii() and text.isprintable() else UNPRINTABLE.sub(_picture, text)


def visible_line(text: str) -> str:
    """`visible` on one line: a name with a line end in it forges no second line."""
    return LINE_ENDS.sub(" ", visible(text))


def visible_parts(value: Any) -> Any:
    """A value of JSON with every text in it `visible`."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible_parts(key): visible_parts(part) for key, part in value.items()}
    return [visible_parts(part) for part in value] if isinstance(value, list) else value


def json_escaped(text: str) -> str:
    """A JSON document that moves no cursor when it is shown: the same values, with what JSON leaves raw escaped."""
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def spreadsheet_cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet runs or refuses: text that would be a formula is quoted, as `visible`."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(PICTURES + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
