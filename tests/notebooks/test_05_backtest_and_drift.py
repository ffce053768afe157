"""Notebook 05, backtest and drift: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

import pytest
from notebook_runs import KeepsItsPromises

pytestmark = pytest.mark.slow

NOTEBOOK = "05_backtest_and_drift.ipynb"
PROMISES = """
assert warned < 90  # before the first horizon closes
what_leads_do = watched[watched["name"].isin(["scores", "inputs"])]
assert "alert" not in set(what_leads_do["status"])  # it stayed as it was
assert off["recalibrated"] < off["as trained"]
assert challenger.findings.months
assert {"calibrated", "labels_kept_alike", "not_worse_than_champion"} <= {gate.name for gate in challenger.gates}
assert (status == 0) == (now.model_version == anew)
"""
PICTURES = 3


class TestNotebook05(KeepsItsPromises):
    """Its run, its pictures and its file."""
