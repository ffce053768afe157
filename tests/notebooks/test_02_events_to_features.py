"""Notebook 02, from events to features: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

import pytest
from notebook_runs import KeepsItsPromises

pytestmark = pytest.mark.slow

NOTEBOOK = "02_events_to_features.ipynb"
PROMISES = "assert arithmetic < 1e-6 and gap < 1e-9 and len(served) == 200 and unknown_events >= 1"
PICTURES = 4


class TestNotebook02(KeepsItsPromises):
    """Its run, its pictures and its file."""
