"""Notebook 04, which explains: it runs to its conclusion and keeps what it promises."""

from __future__ import annotations

import pytest
from notebook_runs import KeepsItsPromises

pytestmark = pytest.mark.slow

NOTEBOOK = "04_explain.ipynb"
PROMISES = """
assert 0 < model.blend <= 1 and len(terms) > 10  # trees to explain, and a line beside them
assert apart.max() <= 1e-9 and "trees, by definition" in apart, apart
assert np.allclose(by_group.values.sum(axis=1), by_column.values.sum(axis=1), rtol=0, atol=1e-9)
assert gap < 1e-6 and len(spoken) >= 5
assert np.isclose(spoken["contribution"].abs().max(), np.abs(by_group.values[hottest]).max(), atol=1e-9)
"""
PICTURES = 3


class TestNotebook04(KeepsItsPromises):
    """Its run, its pictures and its file."""
