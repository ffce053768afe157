"""BPI Challenge 2012 ingested as events, with snapshots at random moments while a case is open."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from benchmarks.bpi2012 import BEHAVIOURS, HALF_LIVES, HORIZON_DAYS, agreement, as_events, read
from benchmarks.parts.by_hand import by_hand
from benchmarks.parts.public_sets import LabelledSet
from features.agreement.versions import save_version
from features.arrays import DAY_US
from features.home.clock import microseconds
from features.home.settings import Home
from features.lifecycle.milestones import known_by
from features.snapshots.point_in_time import snapshot_features
from features.store.materialize import Materialized, materialized
from serving.intake.file_import import ingest
from training.labels.outcomes import outcomes

NAME = "bpi2012"
SNAPSHOT_EVERY_US = DAY_US * 3 // 2  # one moment in each day and a half
SNAPSHOTS = 75_000  # about so many come of all cases


def labelled_event_set(data: Path, folder: Path, most: int | None = None) -> LabelledSet:
    """The open cases at random moments, and whether the offer is accepted within 7 days.

    Peers have what a data scientist makes of the raw events by hand. most: only so many snapshots, about.
    """
    events, agreed = read(data, short=False), agreement()
    if most:
        events = events[events["case_id"] % (SNAPSHOTS // most) == 0].reset_index(drop=True)
    file, home = folder / "bpi2012.jsonl", Home.open(folder / "home-bpi2012")
    file.write_bytes(b"\n".join(map(orjson.dumps, as_events(events))))
    now = events["ts"].max().to_pydatetime()
    ingest(home, [file], save_version(home, agreed, now), datetime.now(UTC))
    rows = random_snapshots(materialized(home, agreed), microseconds(now))
    counted = events.loc[events["event"].isin(list(BEHAVIOURS)), ["lead_id", "event", "us"]]
    raw = by_hand(counted, rows, HALF_LIVES).reset_index(drop=True)
    return LabelledSet(NAME, rows, raw, agreed, in_time=True, gap_us=HORIZON_DAYS * DAY_US)


def random_snapshots(found: Materialized, known_until_us: int, seed: int = 7) -> pd.DataFrame:
    """As `labelled_snapshots`, but at one random moment of each stretch that a case is open, in time order."""
    leads, agreed = known_by(found.leads, known_until_us), agreement()
    opened = leads["opened_us"].to_numpy(np.int64)
    until = leads[["with_sales_us", "closed_us"]].min(axis=1).clip(upper=known_until_us).to_numpy(np.int64)
    stretches = np.maximum(np.ceil((until - opened) / SNAPSHOT_EVERY_US), 0).astype(np.int64)
    lead = np.repeat(np.arange(len(leads)), stretches)
    place = np.arange(len(lead)) - np.repeat(np.cumsum(stretches) - stretches, stretches)
    moment = opened[lead] + ((place + np.random.default_rng(seed).random(len(lead))) * SNAPSHOT_EVERY_US).astype(
        np.int64
    )
    is_open = moment < until[lead]
    ids = leads["lead_id"].to_numpy()[lead[is_open]]
    looked_at = pd.DataFrame({"lead_id": ids, "snapshot_us": moment[is_open], "is_arrival": False})
    looked_at = looked_at.sort_values(["snapshot_us", "lead_id"], ignore_index=True)
    became = outcomes(looked_at, leads, agreed, known_until_us)
    looked_at = looked_at[became.notna().to_numpy()].reset_index(drop=True)
    return snapshot_features(
        found.repository, agreed, looked_at.assign(outcome=became.dropna().astype(bool).to_numpy())
    )
