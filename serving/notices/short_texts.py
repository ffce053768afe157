"""Small texts that messages and cards are made of: moments, what is left of a time, names, and what strangers wrote."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from features.home.printed_text import visible_line

LONGEST = 160  # characters of a text that a lead or a campaign brought
SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]{1,11}://", re.I)


def plain(text: str) -> str:
    """What a stranger may have written, on one line: it makes no link, rings nobody and formats nothing.

    A campaign "<!channel> https://evil.example" is shown as "(!channel) evil.example".
    """
    shown = SCHEME.sub("", " ".join(visible_line(text).split()))
    shown = shown.translate({ord("<"): "(", ord(">"): ")", ord("`"): "'", ord("*"): "·"})
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def colleague(person: str | None) -> str:
    """What a colleague is called: of an e-mail address the part before the @."""
    return visible_line(str(person).partition("@")[0]) if person else "nobody"


def sentence(text: str) -> str:
    """The text with a capital at its start, unless an e-mail address stands there."""
    return text if "@" in text.partition(" ")[0] else text[:1].upper() + text[1:]


def moment_text(at: datetime, as_of: datetime, zone: ZoneInfo) -> str:
    """A moment as somebody in this zone says it: "14:30", "tomorrow 9:00", "Thu 3 Dec 9:00"."""
    local, today = at.astimezone(zone), as_of.astimezone(zone).date()
    clock = f"{local.hour}:{local.minute:02}"
    days = (local.date() - today).days
    if days in (-1, 0, 1):
        return f"{('yesterday ', '', 'tomorrow ')[days + 1]}{clock}"
    year = "" if local.year == as_of.astimezone(zone).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {clock}"


def left(due_at: datetime, as_of: datetime) -> str:
    """How long is left until a moment: "2 h 10 min left", "3 days left", "40 min overdue"."""
    minutes = round((due_at - as_of).total_seconds() / 60)
    if minutes == 0:
        return "now"
    return f"{span(abs(minutes))} {'left' if minutes > 0 else 'overdue'}"


def span(minutes: int) -> str:
    """A length of time in words: "40 min", "2 h 10 min", "3 days"."""
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
    days, rest = divmod(minutes, 24 * 60)
    hours = rest // 60
    text = f"{days} day{'s' if days > 1 else ''}"
    return f"{text} {hours} h" if hours and days < 3 else text
