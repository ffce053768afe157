"""Notebook 02 as a data scientist runs it: from a clean kernel, in a folder of its own, to its conclusion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "02_events_to_features.ipynb"
PROMISES = "assert arithmetic < 1e-6 and gap < 1e-9 and len(served) == 200 and came_unknown >= 1"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    read = nbformat.read(NOTEBOOK, as_version=4)
    read.cells.append(nbformat.v4.new_code_cell(PROMISES))
    folder = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    return NotebookClient(read, timeout=300, kernel_name="python3", resources=folder).execute()


def test_the_notebook_runs_to_its_conclusion_and_keeps_its_promises(notebook: Any) -> None:
    said = "".join(output.get("text", "") for output in notebook.cells[-2].outputs)
    assert said.startswith("Conclusion: ")


def test_its_pictures_are_drawn_without_a_browser(notebook: Any) -> None:
    drawn = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert sum("image/svg+xml" in data for data in drawn) == 4


def test_it_is_kept_without_outputs() -> None:
    """They would hold the figures of another machine, and a picture in each difference between two versions."""
    read = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in read.cells)
