"""Notebook 03, which trains and calibrates: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

import pytest
from notebook_runs import KeepsItsPromises

pytestmark = pytest.mark.slow

NOTEBOOK = "03_train_and_calibrate.ipynb"
PROMISES = """
assert counted["known"].sum() == became.notna().sum() and counted.sum() == len(snapshots)
assert candidate.metrics["ece"] <= max(0.02, candidate.metrics["ece_null95"])
assert abs(np.quantile(alone, 0.95) - candidate.metrics["ece_null95"]) < 0.02  # two ways to the same chance
assert to_truth < candidate.metrics["ece_null95"]  # no further from the truth than chance alone would show
off = calibration["ECE to the truth"]
assert off["spoilt, then calibrated"] < off["spoilt"] / 2
assert len(candidate.compared) == 5 and roc_auc_score(known["outcome"], known["said"]) > 0.75
"""
PICTURES = 4


class TestNotebook03(KeepsItsPromises):
    """Its run, its pictures and its file."""
