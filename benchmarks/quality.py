"""The model of `leadlight train` beside others on the same rows of public tables, in one run.

    python benchmarks/quality.py --data FOLDER --out quality.json [--sets ...] [--peers ...] [--seeds N] [--short]

Each table goes through the product's own door (data/README.md says where the tables are): the agreement as `init`
drafts it, signed by what the source says is known only after contact, ingested, snapshots through Feast. Tables
without dates are split 70/30 at random by lead, `--seeds` times; those in time order once, the first 70 % of the rows
from the last 30 %. Two sets of codes are made and need no table (benchmarks/parts/coded_sets.py). Peers get every field
that the model may see. They are the dependency group `peers`; one that is not installed is left out, and the run says
so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
from rich.console import Console

from benchmarks.parts import event_set
from benchmarks.parts.answers import Answers, Sets
from benchmarks.parts.judged import OURS, HeldOutSplit, compared_figures
from benchmarks.parts.public_sets import MADE, TABLES, LabelledSet, labelled_set
from benchmarks.parts.quality_tables import tables
from benchmarks.parts.rivals import PEERS, task
from benchmarks.parts.surroundings import forget_settings
from benchmarks.parts.walk import refitted, walk
from training.fit.fit import fitted_model

TEST_SHARE = 0.3
SEED = 7

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

SETS = {table.name: partial(labelled_set, table) for table in (*TABLES, *MADE)} | {
    event_set.NAME: event_set.labelled_event_set
}


def main() -> None:
    asked = _arguments()
    forget_settings()
    console, figures = Console(width=max(Console().width, 130)), {"sets": {}}
    for name in skipped(asked.peers):
        console.print(f"{PEERS[name].label} is not installed and left out: uv sync --group peers", markup=False)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where MLflow keeps its files
        for name in asked.sets:
            found = Sets(asked.keep).of(name, asked.most, partial(SETS[name], asked.data, Path(folder), asked.most))
            figures["sets"][name] = measured(found, asked)
            console.print(*tables(name, figures["sets"][name]), sep="\n")
            if asked.out:  # after each set: a full run takes hours
                asked.out.write_text(json.dumps(figures, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    named = os.environ.get("LEADLIGHT_PUBLIC_DATA")
    parser.add_argument("--data", type=Path, default=named, help="the folder that LEADLIGHT_PUBLIC_DATA names")
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, metavar="PEER", help=", ".join(PEERS))
    parser.add_argument("--seeds", type=int, help="random splits of each table without dates; 5")
    parser.add_argument("--keep", type=Path, help="a folder for the peers' answers, so that a second run need not ask")
    parser.add_argument("--short", action="store_true", help="1,000 rows of two tables, one split, quick peers only")
    asked = parser.parse_args()
    if asked.data is None and not {*(asked.sets or SETS)} <= {table.name for table in MADE}:
        print("quality: set LEADLIGHT_PUBLIC_DATA or give --data, as data/README.md says; nothing was measured")
        sys.exit(0)
    asked.seeds = asked.seeds or (1 if asked.short else 5)
    asked.sets = asked.sets or (["x_education", "olist_funnel"] if asked.short else [*SETS])
    asked.most, asked.resamples, asked.seconds = (1_000, 200, 10) if asked.short else (None, 2_000, 60)
    if asked.peers is None:
        asked.peers = [name for name, rival in PEERS.items() if not (asked.short and rival.is_slow)]
    return asked


def skipped(peers: Iterable[str]) -> list[str]:
    """The peers that were asked for and are not installed."""
    return [name for name in peers if not PEERS[name].is_here]


def measured(found: LabelledSet, asked: Any) -> dict[str, Any]:
    """All models on the splits of one set; where outcomes follow at once, walked through block by block as well."""
    started, told = time.monotonic(), []
    for seed, (train, test) in enumerate(splits(found, asked.seeds)):
        model = fitted_model(found.rows.iloc[train], found.agreement, SEED + seed)
        said = {OURS: model.probability(found.rows.iloc[test])} | answers(found, train, test, SEED + seed, asked)
        told.append(HeldOutSplit(found.outcome[test], found.leads[test], said))
    shown = compared_figures(told, asked.resamples)
    if found.walks:
        shown["walked"] = walked(found, len(train), asked)
    return shown | {"seconds": time.monotonic() - started}


def splits(found: LabelledSet, seeds: int) -> list[tuple[Places, Places]]:
    """The train and test rows of each split; in time order there is one, with one horizon between."""
    rows = np.arange(len(found.rows))
    first = int(len(rows) * (1 - TEST_SHARE))
    if found.in_time:
        moments = found.rows["snapshot_us"].to_numpy(np.int64)
        return [(rows[moments < moments[first] - found.gap_us] if found.gap_us else rows[:first], rows[first:])]
    ranks = [np.random.default_rng(seed).permutation(len(rows)) for seed in range(seeds)]
    return [(rows[rank < first], rows[rank >= first]) for rank in ranks]


def answers(found: LabelledSet, train: Places, test: Places, seed: int, asked: Any) -> dict[str, Floats]:
    """What each peer that is installed says of the test rows."""
    given = task(found, train, test, seed, asked.seconds)
    kept = Answers(asked.keep)
    return {name: kept.of(name, given) for name in asked.peers if PEERS[name].is_here}


def walked(found: LabelledSet, first: int, asked: Any) -> dict[str, Any]:
    """The last rows block by block: the very model, the same recalibrated before each block, and refitted."""
    quick = argparse.Namespace(**vars(asked) | {"peers": [n for n in asked.peers if not PEERS[n].is_slow]})
    told = walk(found, first, lambda train, test: answers(found, train, test, SEED, asked), SEED)
    if not asked.short:
        told |= refitted(found, first, lambda train, test: answers(found, train, test, SEED, quick), SEED)
    return {name: compared_figures([one], asked.resamples) for name, one in told.items()}


if __name__ == "__main__":
    main()
