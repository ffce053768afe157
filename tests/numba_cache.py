"""Compiles what numba compiles, once and before the workers start: each would compile all of it at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from repository import ROOT

LEADS = 300  # of whom enough buy for all that an import counts; smaller markets leave functions uncompiled
ENDS_AT = datetime(2026, 11, 1, tzinfo=UTC)


def is_warm() -> bool:
    """Whether every file with compiled functions has something in numba's cache that is newer than the file."""
    return all(_newest_entry(source) >= source.stat().st_mtime for source in _compiled_sources())


def _compiled_sources() -> list[Path]:
    files = (file for room in ("features", "training") for file in (ROOT / room).rglob("*.py"))
    return [file for file in files if b"njit(cache=True)" in file.read_bytes()]


def _newest_entry(source: Path) -> float:
    entries = (source.parent / "__pycache__").glob(f"{source.stem}.*.nbi")
    return max((entry.stat().st_mtime for entry in entries), default=0.0)


def fill() -> None:
    """Compile in a process of its own, which keeps this one small; where it fails, the tests say why."""
    subprocess.run([sys.executable, "-W", "ignore", __file__], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)


def _compile(folder: Path) -> None:
    """Do once, on little, what simulating, importing, taking snapshots and fitting do."""
    from features.agreement.agreement import Agreement
    from features.agreement.versions import save_version
    from features.home.settings import Home, Settings
    from features.store.materialize import materialized
    from serving.intake.file_import import ingest
    from training.fit.fit import fitted_model
    from training.pipeline import labelled_snapshots
    from training.simulation.simulation import simulate

    simulate(LEADS, 7, ENDS_AT).write(folder)
    home = Home(folder / "home", Settings()).created()
    agreed = save_version(home, Agreement.default(), ENDS_AT)
    ingest(home, [folder / "events.parquet"], agreed, ENDS_AT)
    labelled = labelled_snapshots(materialized(home, agreed.agreement), agreed.agreement, ENDS_AT)
    fitted_model(labelled, agreed.agreement, 7, False)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        _compile(Path(made))
