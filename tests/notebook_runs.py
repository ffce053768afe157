"""Notebooks as a data scientist runs them: from a clean kernel, in a folder of its own, to its conclusion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
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
