"""MLflow's alias `champion`, moved by a process of its own: a rollback cannot wait the seconds that MLflow imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOVED, FAILED, FOLLOWING = "moved", "failed", "following"


def move_champion_alias(name: str, version: str, patience_s: float) -> str:
    """Move MLflow's alias `champion` to a version in another process.

    returns: MOVED or FAILED; FOLLOWING where that process still works after `patience_s` seconds.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "training.registry.alias", name, version],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it goes on when the command that began it has ended
    )
    try:
        return FAILED if process.wait(patience_s) else MOVED
    except subprocess.TimeoutExpired:
        return FOLLOWING


if __name__ == "__main__":
    from training.registry.mlflow_registry import ModelRegistry

    ModelRegistry(sys.argv[1]).set_champion(sys.argv[2])
