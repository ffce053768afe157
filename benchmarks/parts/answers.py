"""Peers' answers kept in a folder by all that they depend on, so that a model can be worked on without asking again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.parts import rivals
from benchmarks.parts.rivals import RIVALS, Task


@dataclass(frozen=True)
class Answers:
    """The answers in a folder; without one every peer is asked each time."""

    folder: Path | None

    def of(self, name: str, task: Task) -> npt.NDArray[np.float64]:
        """What a peer says of the task's test rows."""
        if self.folder is None:
            return RIVALS[name].probability(task)
        file = self.folder / f"{name}-{digest(name, task)}.npy"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            np.save(file, RIVALS[name].probability(task), allow_pickle=False)
        return np.asarray(np.load(file, allow_pickle=False), dtype=np.float64)


def digest(name: str, task: Task) -> str:
    """Of the rows, the settings, the peer's version and how it is asked."""
    said = hashlib.sha256(Path(rivals.__file__).read_bytes())
    for frame in (task.train, task.test):
        said.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        said.update(" ".join(map(str, frame.columns)).encode())
    said.update(task.outcome.tobytes())
    said.update(f"{name} {_version(RIVALS[name].package)} {task.seed} {task.seconds}".encode())
    return said.hexdigest()[:16]


def _version(package: str | None) -> str:
    try:
        return version(package or "lightgbm")
    except PackageNotFoundError:
        return ""
