"""Notebook 06, which promotes and rolls back: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

import pytest
from notebook_runs import KeepsItsPromises

pytestmark = pytest.mark.slow

NOTEBOOK = "06_promote_and_roll_back.ipynb"
PROMISES = """
assert allowed == 0 and refused == 1 and nameless == 1 and forced == 0 and taken == 0
assert set(told["criteria"]["model_version"]) == {"none"} and set(told["first"]["model_version"]) == {first}
assert set(told["second"]["model_version"]) == {second} and is_back
assert held and ranks["first"] > ranks["second"] and ranks["first"] > ranks["criteria"]
assert [row.model_version for row in deployments(home.home)] == [first, second, first]
"""
PICTURES = 1


class TestNotebook06(KeepsItsPromises):
    """Its run, its pictures and its file."""
