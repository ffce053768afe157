"""Servers for benchmarks: each a process of its own on the first core, its client on the second."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.parts.client import framed

PATIENCE_S = 120
SERVER_CORE, CLIENT_CORE = 0, min(1, (os.cpu_count() or 1) - 1)
CLIENT = Path(__file__).with_name("client.py")


@contextmanager
def served(command: Sequence[str], ready: str, port: int, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """host:port of a server that answers at the path `ready`; it and all of its processes end with the block."""
    # One thread, else two pools would fight for the one core. MLflow starts uvicorn by its name.
    ours = {"OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    with log.open("wb") as written:
        server = subprocess.Popen(
            command, env={**os.environ, **ours, **environment}, stdout=written, stderr=written,
            start_new_session=True, preexec_fn=_on_its_core,
        )  # fmt: skip
    try:
        _wait(server, f"http://127.0.0.1:{port}{ready}", log)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def leadlight(port: int) -> list[str]:
    """The command that serves LEADLIGHT_HOME."""
    program = Path(__file__).resolve().parents[2] / "leadlight.py"
    return [sys.executable, str(program), "serve", "--port", str(port)]


def load(address: str, requests: Sequence[bytes], connections: int, seconds: float) -> dict[str, Any]:
    """What `client.py` measured."""
    command = [sys.executable, str(CLIENT), address, str(connections), str(seconds), str(CLIENT_CORE)]
    done = subprocess.run(command, input=b"".join(map(framed, requests)), capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP/1.1 request; `headers` with _ for -."""
    fields = {"Host": "127.0.0.1", "Content-Length": str(len(body))} if body else {"Host": "127.0.0.1"}
    fields |= {name.replace("_", "-"): said for name, said in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {said}" for name, said in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _on_its_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {SERVER_CORE})


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"a server did not start: {log.read_text(errors='replace')[-2_000:]}")
