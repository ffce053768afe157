"""Notebook 07, a quarter of handovers: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

import pytest
from notebook_runs import KeepsItsPromises

pytestmark = pytest.mark.slow

NOTEBOOK = "07_a_quarter_of_handovers.ipynb"
PROMISES = """
counts = steps["leads"].tolist()
assert counts == sorted(counts, reverse=True)
assert len(rows) == 300 and reached["of"].sum() == 300  # every handover is in one line
assert worst == "bought-list" and first > last
assert by_grade.loc["A", "value"] > by_grade.loc["C", "value"]
"""
PICTURES = 0


class TestNotebook07(KeepsItsPromises):
    """Its run and its file."""
