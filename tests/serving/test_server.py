"""A worker outlives no service: once the process that started it is killed, it ends by itself."""

from __future__ import annotations

import subprocess
import sys

import psutil

WORKER = """
import time
from serving.server import end_with_parent
end_with_parent(each_s=0.05)
print("watching", flush=True)
time.sleep(600)
"""
STARTER = f"""
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", {WORKER!r}], stdout=subprocess.PIPE, text=True)
print(worker.stdout.readline().strip(), worker.pid, flush=True)
worker.wait()
"""


def test_a_worker_ends_when_the_process_that_started_it_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        said, pid = starter.stdout.readline().split()
        worker = psutil.Process(int(pid))
        assert (said, worker.is_running()) == ("watching", True)
        starter.kill()
    assert psutil.wait_procs([worker], timeout=60)[1] == []
