"""What a rep reads first: that somebody asked, and when; and what the lead did last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from serving.rounds.offer_words import ago, last_activity, reasons_to_call


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=70), "just now"),
        (timedelta(minutes=20), "20 minutes ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(days=5, hours=2), "5 days ago"),
    ],
)
def test_how_long_ago_is_said_as_people_say_it(past: timedelta, words: str) -> None:
    assert ago(past) == words


def test_what_a_lead_did_last_comes_first_and_what_it_is_is_no_activity() -> None:
    reasons = [
        {"kind": "behaviour", "text": "webinars", "evidence": {"last_at": "2026-11-01T10:00:00Z"}},
        {"kind": "trait", "text": "VP: decides", "evidence": {}},
        {"kind": "behaviour", "text": "pricing", "evidence": {"last_at": "2026-11-02T10:00:00Z"}},
        {"kind": "behaviour", "text": "no demo yet", "evidence": {"last_at": None}},
    ]
    assert last_activity(reasons) == ("pricing", "webinars")


def test_a_rep_reads_first_what_speaks_for_a_lead_even_where_something_speaks_louder_against_it() -> None:
    reasons = [
        {"direction": "lowers", "text": "employees 8"},
        {"direction": "raises", "text": "demo requests once"},
        {"direction": "lowers", "text": "student"},
        {"direction": "raises", "text": "director"},
    ]
    assert reasons_to_call(reasons) == ("demo requests once", "director", "against it: employees 8")
    assert reasons_to_call(reasons[:1]) == ("against it: employees 8",)
    assert reasons_to_call([{"direction": "raises", "text": f"{n}"} for n in range(4)]) == ("0", "1", "2")
