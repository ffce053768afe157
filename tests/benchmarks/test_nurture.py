"""Two months of nurture: nobody is touched over the cap, asked twice or forgotten, and who named a date comes back."""

from __future__ import annotations

import pytest
from benchmark_scripts import script

pytestmark = pytest.mark.slow


def test_nobody_is_touched_too_often_asked_twice_or_forgotten() -> None:
    found = script("nurture").figures(8, 60, 3)
    assert found["touches"] > 8
    assert (found["over_cap"], found["asked_twice"], found["forgotten"], found["late_dates"]) == (0, 0, 0, 0)
