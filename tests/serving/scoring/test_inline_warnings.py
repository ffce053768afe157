"""An inline lead that says what the agreement does not know, or nobody can read, has a warning that names it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from serving.scoring.inline_warnings import MOST, inline_warnings
from serving.scoring.scorer import Scorer

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DEFAULT = Agreement.default()


def test_an_unknown_trait_and_behaviour_have_a_pointer_and_what_was_meant() -> None:
    lead = {
        "traits": {"industri": "software", "employees": 300, "company": {"industry": "saas", "moood/x": 1}},
        "events": [{"type": "track", "event": "Webinar Atended"}, {"type": "track", "event": "Webinar Attended"}],
    }
    assert inline_warnings(lead, 3, DEFAULT) == [
        {
            "code": "unknown_trait", "pointer": "/leads/3/traits/industri",
            "message": 'industri is no trait of the agreement, and nothing follows from it; did you mean "industry"?',
        },
        {
            "code": "unknown_trait", "pointer": "/leads/3/traits/company/moood~1x",
            "message": "company_moood_x is no trait of the agreement, and nothing follows from it",
        },
        {
            "code": "unknown_behaviour", "pointer": "/leads/3/events/0/event",
            "message": '"Webinar Atended" is no behaviour of the agreement, and nothing follows from it; '
            'did you mean "Webinar Attended"?',
        },
    ]  # fmt: skip


def test_a_value_that_cannot_be_read_is_named_where_it_stands() -> None:
    lead = {"traits": {"company": {"employees": "51-200"}, "title": "VP", "email": "a@b.example"}}
    [warning] = inline_warnings(lead, 0, DEFAULT)
    assert (warning["code"], warning["pointer"]) == ("bad_number", "/leads/0/traits/company/employees")
    assert "51-200" in warning["message"]


def test_so_many_warnings_are_enough() -> None:
    assert len(inline_warnings({"traits": {f"x{i}": 1 for i in range(1000)}}, 0, DEFAULT)) == MOST


def test_the_warnings_stand_with_the_score_of_their_lead_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    save_version(home, DEFAULT, NOW)
    good, bad = Scorer(home).scores([{"traits": {"industry": "software"}}, {"traits": {"emploees": 3}}], NOW)
    assert good["warnings"] == []
    assert [warning["pointer"] for warning in bad["warnings"]] == ["/leads/1/traits/emploees"]
    assert 'did you mean "employees"?' in bad["warnings"][0]["message"]
