"""A cache of data sets and peers' predictions, for work on the model and not for final figures."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

import features
from benchmarks.parts.public_sets import LabelledSet
from benchmarks.parts.rivals import PEERS, Task
from features.agreement.agreement import Agreement


@dataclass(frozen=True)
class Answers:
    """Peers' predictions cached in a folder; without a folder every peer is fitted each time."""

    folder: Path | None

    def of(self, name: str, task: Task) -> npt.NDArray[np.float64]:
        """A peer's probability of each of the task's test rows."""
        if self.folder is None:
            return PEERS[name].probability(task)
        file = self.folder / f"{name}-{digest(name, task)}.npy"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            np.save(file, PEERS[name].probability(task), allow_pickle=False)
        return np.asarray(np.load(file, allow_pickle=False), dtype=np.float64)


def digest(name: str, task: Task) -> str:
    """The digest of the task's rows and settings, the peer's version and its code."""
    said = hashlib.sha256(inspect.getsource(PEERS[name].probability).encode())
    for frame in (task.train, task.test):
        said.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        said.update(" ".join(map(str, frame.columns)).encode())
    said.update(task.outcome.tobytes())
    said.update(f"{name} {_version(PEERS[name].package)} {task.seed} {task.seconds}".encode())
    return said.hexdigest()[:16]


def _version(package: str | None) -> str:
    try:
        return version(package or "lightgbm")
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True)
class Sets:
    """Public data sets cached by the code that derives features: a large table takes minutes to ingest."""

    folder: Path | None

    def of(self, name: str, most: int | None, made: Callable[[], LabelledSet]) -> LabelledSet:
        """The set of this name, made anew where the code changed."""
        if self.folder is None:
            return made()
        place = self.folder / f"{name}-{most or 'all'}-{_code()}"
        if not place.exists():
            _write(made(), place)
        return _read(place)


def _code() -> str:
    said = hashlib.sha256()
    for file in sorted([*Path(features.__file__).parent.rglob("*.py"), *Path(__file__).parent.glob("*_set*.py")]):
        said.update(file.read_bytes())
    return said.hexdigest()[:16]


def _write(found: LabelledSet, place: Path) -> None:
    place.mkdir(parents=True)
    found.rows.to_parquet(place / "rows.parquet")
    found.raw.to_parquet(place / "raw.parquet")
    (place / "agreement.toml").write_text(found.agreement.text)
    facts = {"name": found.name, "in_time": found.in_time, "walks": found.walks, "gap_us": found.gap_us}
    (place / "facts.json").write_text(json.dumps(facts))


def _read(place: Path) -> LabelledSet:
    rows, raw = (pd.read_parquet(place / f"{part}.parquet") for part in ("rows", "raw"))
    agreement = Agreement.parse((place / "agreement.toml").read_text())
    return LabelledSet(rows=rows, raw=raw, agreement=agreement, **json.loads((place / "facts.json").read_text()))
