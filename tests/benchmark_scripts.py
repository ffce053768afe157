"""The scripts of benchmarks/, as modules and as a person runs them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from repository import ROOT

BENCHMARKS = ROOT / "benchmarks"


def script(name: str) -> ModuleType:
    """A benchmark as a module; it puts the repo's root on the path by itself."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def figures_of_run(folder: Path, name: str, *words: str) -> dict[str, Any]:
    """The figures of a run in another folder than the repo's, as they were written."""
    out = folder / "figures.json"
    command = [sys.executable, BENCHMARKS / f"{name}.py", "--out", out, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    return dict(json.loads(out.read_text()))
