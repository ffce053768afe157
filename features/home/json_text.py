"""JSON text that SQLite and PostgreSQL both accept, made of any value that came over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

DEEPEST = 200  # levels of a body; orjson itself stops at 254


def json_text(value: object) -> str:
    """A value as JSON that both databases accept.

    NaN becomes null, NUL and lone surrogates become U+FFFD or "?", and integers of more than 64 bits become text, as
    does what is nested over `DEEPEST` levels deep.
    """
    try:
        text = _dumped(value)
    except TypeError:
        return _dumped(_plain(value))
    # A NUL is written \u0000, and so is a backslash that somebody typed before u0000: only the values tell them apart.
    return _dumped(_plain(value)) if "\\u0000" in text or is_deeper(value, DEEPEST, text) else text


def shallow_value(text: str) -> Any:
    """The value of stored JSON text, for an answer: what is nested over `DEEPEST` levels deep is its JSON text.

    Whatever wraps it stays below the depth at which a JSON writer gives up.
    """
    value = orjson.loads(text)
    return _plain(value) if is_deeper(value, DEEPEST, text) else value


def printable(text: str) -> str:
    """`text` without NUL and lone surrogates: both databases refuse them."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def is_deeper(value: Any, levels: int, text: str) -> bool:
    """Whether objects and arrays are nested more than `levels` deep; `text` is the value as JSON."""
    if text.count("{") + text.count("[") <= levels:  # enough for most values, at no cost
        return False
    inside = [value]
    for _ in range(levels):
        inside = [inner for outer in inside for inner in _members(outer) if isinstance(inner, Mapping | list)]
    return bool(inside)


def _members(value: Any) -> Any:
    return value.values() if isinstance(value, Mapping) else value


def _dumped(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, Mapping | list | tuple) and depth == DEEPEST:
        return _deep_text(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item, depth + 1) for key, item in value.items()}
    return [_plain(item, depth + 1) for item in value] if isinstance(value, list | tuple) else value


def _deep_text(value: object) -> str | None:
    try:
        return printable(json.dumps(value, ensure_ascii=False, default=str))
    except RecursionError:  # some 700 levels more
        return None
