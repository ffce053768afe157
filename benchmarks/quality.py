"""The model of `leadlight train` beside others on the same rows of public tables, in one run.

    python benchmarks/quality.py --data FOLDER --out quality.json [--sets ...] [--peers ...] [--seeds N] [--short]

Each table goes through the product's own door (data/README.md says where the tables are): the agreement as `init`
drafts it, signed by what the source says is known only after contact, ingested, snapshots through Feast. Tables
without dates are split 70/30 at random by lead, `--seeds` times; those in time order once, the first 70 % of the rows
from the last 30 %. Peers get every field that the model may see. They are the dependency group `peers`; one that is
not installed is left out, and the run says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
from rich.console import Console

from benchmarks.parts.answers import Answers
from benchmarks.parts.judged import OURS, Told, judged
from benchmarks.parts.ours import learned
from benchmarks.parts.public_sets import TABLES, Looked, looked
from benchmarks.parts.quality_tables import tables
from benchmarks.parts.rivals import RIVALS, Task, task
from benchmarks.parts.surroundings import forget_settings

TEST_SHARE = 0.3
SEED = 7

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def main() -> None:
    asked = _asked()
    forget_settings()
    console, figures = Console(width=max(Console().width, 130)), {"sets": {}}
    for name in skipped(asked.peers):
        console.print(f"{RIVALS[name].label} is not installed and left out: uv sync --group peers", markup=False)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where MLflow keeps its files
        for table in TABLES:
            if table.name in asked.sets:
                found = looked(table, asked.data, Path(folder), asked.most)
                figures["sets"][table.name] = measured(found, asked)
                console.print(*tables(table.name, figures["sets"][table.name]), sep="\n")
                if asked.out:  # after each set: a full run takes hours
                    asked.out.write_text(json.dumps(figures, indent=1))


def _asked() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    named = os.environ.get("LEADLIGHT_PUBLIC_DATA")
    parser.add_argument("--data", type=Path, default=named, help="the folder that LEADLIGHT_PUBLIC_DATA names")
    sets = [table.name for table in TABLES]
    parser.add_argument("--sets", nargs="+", choices=sets, default=sets, metavar="SET", help=", ".join(sets))
    parser.add_argument("--peers", nargs="*", choices=RIVALS, metavar="PEER", help=", ".join(RIVALS))
    parser.add_argument("--seeds", type=int, help="random splits of each table without dates; 5")
    parser.add_argument("--keep", type=Path, help="a folder for the peers' answers, so that a second run need not ask")
    parser.add_argument("--short", action="store_true", help="2,000 rows of each table, one split, quick peers only")
    asked = parser.parse_args()
    if asked.data is None:
        print("quality: set LEADLIGHT_PUBLIC_DATA or give --data, as data/README.md says; nothing was measured")
        sys.exit(0)
    asked.seeds = asked.seeds or (1 if asked.short else 5)
    asked.most, asked.resamples, asked.seconds = (2_000, 200, 10) if asked.short else (None, 2_000, 60)
    if asked.peers is None:
        asked.peers = [name for name, rival in RIVALS.items() if not (asked.short and rival.is_slow)]
    return asked


def skipped(peers: Iterable[str]) -> list[str]:
    """The peers that were asked for and are not installed."""
    return [name for name in peers if not RIVALS[name].is_here]


def measured(found: Looked, asked: Any) -> dict[str, Any]:
    """All models on the splits of one table."""
    started, told = time.monotonic(), []
    for seed, test in enumerate(splits(found, asked.seeds)):
        model = learned(found.rows[~test], found.agreement, SEED + seed)
        said = {OURS: model.probability(found.rows[test])}
        said |= answers(task(found.raw, found.outcome, found.leads, ~test, test, SEED + seed, asked.seconds), asked)
        told.append(Told(found.outcome[test], found.leads[test], said))
    return judged(told, asked.resamples) | {"seconds": time.monotonic() - started}


def splits(found: Looked, seeds: int) -> list[Mask]:
    """The test rows of each split; in time order there is one."""
    rows = len(found.rows)
    last = np.arange(rows) >= int(rows * (1 - TEST_SHARE))
    if found.in_time:
        return [last]
    return [last[np.random.default_rng(seed).permutation(rows)] for seed in range(seeds)]


def answers(given: Task, asked: Any) -> Mapping[str, Floats]:
    """What each peer that is installed says of the test rows."""
    kept = Answers(asked.keep)
    return {name: kept.of(name, given) for name in asked.peers if RIVALS[name].is_here}


if __name__ == "__main__":
    main()
