"""A service in processes of its own, as operators run it; it ends when asked to, or all at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from throwaway_servers import free_port

from features.home.settings import Home

PATIENCE_S = 120
# Whoever asks a network of anything in these processes gets no answer.
OFFLINE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "UV_OFFLINE": "1",
    "PIP_NO_INDEX": "1",
    "__BENTOML_DEBUG_USAGE": "True",  # BentoML prints what it would send home, if it would
}


def surroundings(folder: Path, home: Path) -> dict[str, str]:
    """The environment of a service of `home` whose other files go to `folder`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"LEADLIGHT_HOME": str(home), "BENTOML_HOME": str(folder / "bentoml"), "PATH": path}
    kept = {name: value for name, value in os.environ.items() if name != "BENTOML_DO_NOT_TRACK"}
    return kept | OFFLINE | ours


class Served:
    """A service that answers, and what it logged."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str], port: int) -> None:
        self.port, self.url, self.log_file = port, f"http://127.0.0.1:{port}", folder / "service.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
        self.wait()

    def wait(self) -> None:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/readyz").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        self.kill()
        pytest.fail(self.log)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str, **request: Any) -> httpx.Response:
        return httpx.get(self.url + path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return httpx.post(self.url + path, **request)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """kill -9 of every process of the service: the one that was started first, or it would start others."""
        if self.process.poll() is not None:
            return
        workers = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for worker in workers:
            worker.kill()
        self.process.wait(60)
        psutil.wait_procs(workers, 60)


def serve(home: Home, port: int | None = None, workers: int = 1) -> Served:
    """`leadlight serve` of `home`, on a free port unless one is given; ready when this returns."""
    port = port or free_port()
    command = ["leadlight", "serve", "--port", str(port), "--workers", str(workers)]
    folder = home.path.parent
    env = surroundings(folder, home.path)
    if home.settings.database_url:
        env["LEADLIGHT_DATABASE_URL"] = home.settings.database_url
    return Served(command, folder, env, port)


@contextmanager
def served(home: Home, port: int | None = None, workers: int = 1) -> Iterator[Served]:
    """The service of `home` until the end of the block."""
    service = serve(home, port, workers)
    try:
        yield service
    finally:
        service.stop()
