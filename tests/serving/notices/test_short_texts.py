"""Small texts: what strangers wrote does nothing in a channel, and times are said as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from serving.notices.short_texts import colleague, left, moment_text, plain, sentence

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)  # a Monday
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<!channel> https://evil.example/x", "(!channel) evil.example/x"),
        ("*bold* `code`\nsecond line", "·bold· 'code' second line"),
        ("Kauf \x1b[2J", "Kauf ␛[2J"),
        ("x" * 200, "x" * 159 + "…"),
    ],
)
def test_what_a_stranger_wrote_is_one_plain_line(written: str, shown: str) -> None:
    assert plain(written) == shown


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (30, "30 min left"),
        (130, "2 h 10 min left"),
        (-40, "40 min overdue"),
        (60 * 30, "1 day 6 h left"),
        (60 * 24 * 5, "5 days left"),
        (0, "now"),
    ],
)
def test_what_is_left_is_said_in_hours_and_days(minutes: int, said: str) -> None:
    assert left(NOW + timedelta(minutes=minutes), NOW) == said


@pytest.mark.parametrize(
    ("days", "said"), [(0, "10:00"), (1, "tomorrow 10:00"), (-1, "yesterday 10:00"), (3, "Thu 3 Dec 10:00")]
)
def test_a_moment_is_said_in_the_readers_own_zone(days: int, said: str) -> None:
    assert moment_text(NOW + timedelta(days=days), NOW, BERLIN) == said


def test_a_colleague_goes_by_the_name_before_the_at() -> None:
    assert colleague("ann.lee@ours.example") == "ann.lee"
    assert colleague(None) == "nobody"


def test_a_sentence_begins_with_a_capital_unless_with_an_address() -> None:
    assert (sentence("first try"), sentence("ann@x.example said this")) == ("First try", "ann@x.example said this")
