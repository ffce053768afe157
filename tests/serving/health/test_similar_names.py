"""Names that were meant to be one are found, and names that are two stay two."""

from __future__ import annotations

import tomllib

import pytest

from features.agreement.agreement import Agreement
from serving.health.similar_names import campaign_line, name_likeness, nearest_name, spelling_groups

EVENTS = sorted({one.event for one in Agreement.default().behaviours.values()} - {"page"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Ebook Download", "Content Downloaded"),
        ("content_downloaded", "Content Downloaded"),
        ("WebinarAttendance", "Webinar Attended"),
        ("Webinar Atended", "Webinar Attended"),
        ("Email Clicked", "Email Link Clicked"),
        ("Order Completed", None),
        ("Signed Up", None),
        ("", None),
    ],
)
def test_an_event_by_another_name_is_asked_for(name: str, meant: str | None) -> None:
    assert nearest_name(name, EVENTS) == meant


def test_likeness_is_one_for_the_same_words_and_does_not_depend_on_the_side() -> None:
    assert name_likeness("Webinar Attended", "attended_webinar") == 1.0
    for name in EVENTS:
        assert name_likeness("Ebook Download", name) == pytest.approx(name_likeness(name, "Ebook Download"))


def test_case_separators_and_a_slip_are_one_campaign_and_years_are_not() -> None:
    seen = {"spring-launch": 9, "Spring_Launch": 3, "spring lauch": 1, "spring-2025": 5, "spring-2026": 4, "fall": 2}
    assert list(spelling_groups(seen)) == [["spring-launch", "Spring_Launch", "spring lauch"]]


def test_short_words_that_differ_in_a_letter_are_two_campaigns() -> None:
    assert list(spelling_groups({"fall": 2, "ball": 1, "Q1": 1, "Q2": 1, "---": 1, "***": 1})) == []


@pytest.mark.parametrize("name", ["spring-launch", "Spring Launch", 'the "big" one', "back\\slash", "tab\tbed"])
def test_the_line_is_toml_that_merges_them(name: str) -> None:
    line = tomllib.loads(campaign_line([name, "Spring_Launch", 'a"b']))
    [(kept, said)] = line.items()
    assert kept == name.replace("\t", " ")
    assert said == {"also": ["Spring_Launch", 'a"b']}
