"""The faces: a room's `__init__.py` lists its files and what others use of them, and pages name only what exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from repository import FILES, PACKAGES, ROOT, module_of, parsed

FACES = [path for path in FILES if path.name == "__init__.py"]


@pytest.mark.parametrize("face", FACES, ids=module_of)
def test_a_room_lists_its_files_and_what_others_use_of_them(face: Path) -> None:
    """A stranger reads the faces alone, and an import of another room's name is agreed with that room."""
    listed, used = read_face(face)
    assert listed == {
        path.name + "/" * path.is_dir()
        for path in face.parent.iterdir()
        if (path.suffix == ".py" and path != face) or (path / "__init__.py").exists()
    }
    assert used == {file: names for file, names in used_elsewhere().items() if file.parent == face.parent}


def read_face(face: Path) -> tuple[set[str], dict[Path, set[str]]]:
    """The files in a face's table, and by file the names that it says other rooms use."""
    table, _, uses = (ast.get_docstring(parsed(face)) or "").partition("\n\nOther rooms use:\n\n")
    listed = set(re.findall(r"^([a-z_]+(?:\.py|/))  ", table, re.M))
    rows = re.split(r"^(\w+)  +", uses, flags=re.M)[1:]
    pairs = zip(rows[::2], rows[1::2], strict=True)
    named = {face.parent / f"{file}.py": set(re.findall(r"\w+", names)) for file, names in pairs}
    return listed, named


@cache
def used_elsewhere() -> dict[Path, set[str]]:
    """By file, its names that files of other rooms import, or reach through an import of the file itself."""
    modules = {module_of(path): path for path in FILES}
    used: dict[Path, set[str]] = {}
    for path in FILES:
        tree = parsed(path)
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)):
            for alias in node.names:
                if whole := modules.get(f"{node.module}.{alias.name}"):
                    names = attributes(tree, alias.asname or alias.name)
                else:
                    whole, names = modules.get(str(node.module)), {alias.name}
                if whole and whole.parent != path.parent and whole.parent != ROOT:
                    used.setdefault(whole, set()).update(names)
    return used


def attributes(tree: ast.Module, of: str) -> set[str]:
    """What a file reaches through the name `of`."""
    reached = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {node.attr for node in reached if isinstance(node.value, ast.Name) and node.value.id == of}


@pytest.mark.parametrize("page", ["docs/house.md", "CONTRIBUTING.md"])
def test_every_path_that_a_page_names_exists(page: str) -> None:
    """In backticks, and in the commands that it shows."""
    named = re.findall(r"(?:[\w.-]+/)*[\w-]+(?:\.\w+|/)+", (ROOT / page).read_text())
    paths = {name for name in named if name.partition("/")[0].removesuffix(".py") in {*PACKAGES, "tests", "docs"}}
    assert len(paths) > 3
    assert not [name for name in sorted(paths) if not (ROOT / name).exists()]
