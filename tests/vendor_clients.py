"""Clients that people already have, unmodified, each in a process and with packages of its own: see clients/."""

from __future__ import annotations

import fcntl
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest

FOLDER = Path(__file__).parent / "clients"
LOCK, INSTALLED = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
PATIENCE_S = 600

Call = Mapping[str, Any]  # "call" and the arguments of that method, named as in Segment's spec


def facts(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a call or an event says of its lead; RudderStack's clients move traits into the context."""
    return said.get("properties") or said.get("traits") or said.get("context", {}).get("traits", {})


@dataclass(frozen=True)
class Client:
    """One client: how it is started, and how many requests it means to make for so many events at once."""

    name: str
    command: Callable[[str, str, str], Sequence[str | Path]]  # of a URL, a write key and settings as JSON
    requests: Callable[[int], int]

    def __str__(self) -> str:
        return self.name

    def deliver(self, url: str, write_key: str, calls: Iterable[Call], **settings: Any) -> dict[str, int]:
        """Deliver all calls: {"sent", "failed"} as the client sees it."""
        with self.delivering(url, write_key, **settings) as (stdin, said):
            stdin.writelines(json.dumps(call) + "\n" for call in calls)
        return said

    @contextmanager
    def delivering(self, url: str, write_key: str, **settings: Any) -> Iterator[tuple[IO[str], dict[str, int]]]:
        """Where to write calls to, one JSON object a line, and what the client says at its end, after the block."""
        words, said = self.command(url, write_key, json.dumps(settings)), {}
        # A small pipe: whoever writes to it knows nearly how far the client is.
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "pipesize": 4096}
        process = subprocess.Popen([str(word) for word in words], cwd=FOLDER, **pipes)
        try:
            yield process.stdin, said
            last_words, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()  # does nothing where it has ended
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was still to be written to one that was killed
                    pipe.close()
        assert process.returncode == 0, f"{self.name} ended with {process.returncode}"
        said.update(json.loads(last_words))


def _python(vendor: str) -> Callable[[str, str, str], Sequence[str | Path]]:
    return lambda url, key, settings: [_programs() / "python", "deliver.py", vendor, url, key, settings]


def _node(script: str) -> Callable[[str, str, str], Sequence[str | Path]]:
    return lambda url, key, _: [_programs_with_packages() / "node", script, url, key]


@cache
def _programs() -> Path:
    """Where python, node and npm are that deliver.py names and deliver.py.lock pins; uv makes the folder once."""
    uv = shutil.which("uv") or Path(sys.executable).with_name("uv")
    _install([uv, "sync", "--frozen", "--python", sys.executable, "--script", "deliver.py"])
    return Path(_install([uv, "python", "find", "--script", "deliver.py"]).strip()).parent


@cache
def _programs_with_packages() -> Path:
    """The same, once the packages of package-lock.json are beside it."""
    programs = _programs()
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in several processes
        if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
            env = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
            _install([programs / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], env)
    return programs


def npm_packages() -> Path:
    """The folder of the packages of package-lock.json, unmodified, for pages that load them."""
    _programs_with_packages()
    return FOLDER / "node_modules"


def _install(command: Sequence[str | Path], env: Mapping[str, str] = os.environ) -> str:
    call = subprocess.run(command, cwd=FOLDER, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if call.returncode != 0:
        _cannot(f"`{' '.join(map(str, command))}` in tests/clients: {call.stderr.strip()[:300]}")
    return call.stdout


def _cannot(why: str) -> NoReturn:
    """A person without a network may go on; the machine that decides on a change may not."""
    if os.environ.get("CI"):
        pytest.fail(f"the clients cannot be installed: {why}")
    pytest.skip(f"the clients cannot be installed: {why}")


SEGMENT_PYTHON = Client("segment-analytics-python", _python("segment"), lambda n: math.ceil(n / 100))
CLIENTS = (
    SEGMENT_PYTHON,
    Client("rudder-sdk-python", _python("rudderstack"), lambda n: math.ceil(n / 100)),
    Client("analytics-node", _node("segment.mjs"), lambda n: math.ceil(n / 15)),
    # It sends its first event alone and at once.
    Client("rudder-sdk-node", _node("rudder.mjs"), lambda n: 1 + math.ceil((n - 1) / 20)),
)
