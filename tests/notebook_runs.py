"""Notebooks as a data scientist runs them: from a clean kernel, in a folder of its own, to its conclusion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from repository import ROOT

FOLDER = ROOT / "notebooks"


def executed(name: str, promises: str, folder: Path) -> Any:
    """The notebook after a run from top to bottom, and after it a cell that holds it to its promises."""
    read = nbformat.read(FOLDER / name, as_version=4)
    read.cells.append(nbformat.v4.new_code_cell(promises))
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(read, timeout=300, kernel_name="python3", resources=resources).execute()


def conclusion(notebook: Any) -> str:
    """What its last cell printed."""
    return "".join(output.get("text", "") for output in notebook.cells[-2].outputs if output.get("name") == "stdout")


def pictures(notebook: Any) -> int:
    """How many pictures it drew as SVG: by themselves, or in a page with their captions."""
    drawn = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    alone = sum("image/svg+xml" in data for data in drawn)
    return alone + sum(len(re.findall("<svg", data.get("text/html", ""))) for data in drawn)


def has_outputs(name: str) -> bool:
    read = nbformat.read(FOLDER / name, as_version=4)
    return any(cell.get("outputs") or cell.get("execution_count") for cell in read.cells)


class KeepsItsPromises:
    """What holds of every notebook; a test file names its NOTEBOOK, its PROMISES and how many PICTURES it draws."""

    def test_the_notebook_runs_to_its_conclusion_and_keeps_its_promises(self, notebook: Any) -> None:
        assert conclusion(notebook).startswith("Conclusion: ")
        assert conclusion(notebook).count("\n") == 1

    def test_its_pictures_are_drawn_without_a_browser(self, notebook: Any, request: pytest.FixtureRequest) -> None:
        assert pictures(notebook) == request.module.PICTURES

    def test_it_is_kept_without_outputs(self, request: pytest.FixtureRequest) -> None:
        """They would hold the figures of another machine, and a picture in each difference between two versions."""
        assert not has_outputs(request.module.NOTEBOOK)
