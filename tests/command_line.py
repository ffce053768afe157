"""What a command of the command line printed, and how it ended."""

from __future__ import annotations

import json
import subprocess


class Typed:
    """What a command printed, and how it ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> dict:
        return json.loads(self.out)
