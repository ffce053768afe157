"""Commands of the command line: typed in this process or as processes, how they ended and what they printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from commands.app import run

LEADLIGHT = Path(sys.executable).parent / "leadlight"


class Typed:
    """What a command printed, and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        assert "Traceback" not in err
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> dict:
        return json.loads(self.out)


class Shell:
    """Commands typed in the working folder. They run in this process: its imports are most of what one costs."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *words: str) -> Typed:
        self._capfd.readouterr()
        with process_as_before():
            status = run(list(words))
        printed = self._capfd.readouterr()
        return Typed(status, printed.out, printed.err)


@contextmanager
def process_as_before() -> Iterator[None]:
    """What a command sets for its process ends with the block: environment and warnings; `conftest` sees to logs."""
    with patch.dict(os.environ), patch.object(warnings, "showwarning", warnings.showwarning):
        yield


def typed_as_process(folder: Path, *words: str) -> Typed:
    """A command in a process of its own, as a newcomer types it in `folder`: with nothing set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LEADLIGHT_", "MLFLOW_"))}
    done = subprocess.run([LEADLIGHT, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Typed(done.returncode, done.stdout, done.stderr)
