"""A draft's time zone is the one that the file's dates name; else it is asked for."""

from __future__ import annotations

import pytest

from features.agreement.agreement import Agreement
from training.draft.missing_answers import missing_answers_note
from training.draft.time_zone import UNKNOWN_ZONE, drafted_zone
from training.leakage.column_profiles import ColumnProfile


@pytest.mark.parametrize("cells", [(), (None, ""), ("2026-03-01", "3/1/2026 9:00"), ("2026-03-01T09:00:00Z",)])
def test_dates_without_a_zone_ask_for_one(cells: tuple[str | None, ...]) -> None:
    assert drafted_zone(cells) == UNKNOWN_ZONE
    assert UNKNOWN_ZONE.comment.startswith('UTC: write yours, "America/New_York"')


def test_a_zone_by_name_is_taken_and_an_offset_is_told() -> None:
    assert drafted_zone([None, "2026-03-01 09:00 Europe/Berlin"]).name == "Europe/Berlin"
    assert drafted_zone(["2026-03-01T09:00+01:00[Europe/Berlin]"]).name == "Europe/Berlin"
    offset = drafted_zone(["2026-03-01T09:00:00+01:00", "2026-07-01T09:00:00+02:00", "2026-07-01T09:00:00+02:00"])
    assert offset.name == "UTC"
    assert offset.comment.startswith("the file's dates are at +01:00 and +02:00: write that zone")
    assert drafted_zone(["2026-03-01T09:00:00 Mars/Olympus"]) == UNKNOWN_ZONE


def test_points_that_nobody_can_reach_are_said() -> None:
    """Of 12 points, need and timeframe are not in this list: two leads in three reach at most 3."""
    titles = ColumnProfile("job_title", ("VP", None, None))
    sizes = ColumnProfile("employees", ("50", "200", None))
    said = missing_answers_note(Agreement.default(), {"job_title": titles, "employees": sizes})
    assert said == "min_points: 6 of 12 would leave 67% of the leads in needs_data, for want of answers"
