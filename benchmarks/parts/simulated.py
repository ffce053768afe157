"""A simulated market ingested into a home of its own, with its true probabilities beside it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, save_version
from features.home.clock import microseconds
from features.home.settings import Home
from features.snapshots.point_in_time import snapshot_features
from features.store.materialize import Materialized, materialized
from serving.intake.file_import import ingest
from training.simulation.interest import MarketShift
from training.simulation.simulation import Market, simulate

Floats = npt.NDArray[np.float64]


class Clock:
    """Says on stderr how long each part took: markets of this size take minutes."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def lap(self, part: str) -> None:
        """What was done since the last lap."""
        now = time.monotonic()
        print(f"{part}: {now - self._since:.0f} s", file=sys.stderr, flush=True)
        self._since = now


@dataclass(frozen=True)
class SimulatedHome:
    """A market, and the home that has all of its events."""

    market: Market
    home: Home
    kept: AgreementVersion
    ends_at: datetime

    @property
    def derived(self) -> Materialized:
        """The states of the home's leads."""
        return materialized(self.home, self.kept.agreement)

    def true(self, rows: pd.DataFrame) -> Floats:
        """The true probability of each row (lead_id, snapshot_us); NaN where no formula of what leads did knows it."""
        asked = rows[["lead_id", "snapshot_us"]].astype({"lead_id": "str"})
        return asked.merge(self._truth, on=["lead_id", "snapshot_us"], how="left")["probability"].to_numpy(np.float64)

    def at_end(self) -> pd.DataFrame:
        """The leads that are open at the end, with their features then: lead_id, snapshot_us, true."""
        ends = self.market.truth[self.market.truth["is_end"]]
        asked = ends[["with_sales"]].assign(lead_id=ends["lead_id"].astype(str), true=ends["probability"])
        asked["snapshot_us"] = microseconds(self.ends_at)
        return snapshot_features(self.derived.repository, self.kept.agreement, asked.reset_index(drop=True))

    @cached_property
    def _truth(self) -> pd.DataFrame:
        truth = self.market.truth[["lead_id", "as_of", "probability"]].astype({"lead_id": "str"})
        truth["snapshot_us"] = truth.pop("as_of").astype("datetime64[us, UTC]").astype("int64")
        return truth.drop_duplicates(["lead_id", "snapshot_us"])


def simulated_home(
    folder: Path, leads: int, seed: int, ends_at: datetime, shift: MarketShift | None = None
) -> SimulatedHome:
    """A market of `leads` in the home `folder`/home, under the default agreement."""
    clock = Clock()
    market = simulate(leads, seed, ends_at, shift)
    market.write(folder / "market")
    clock.lap(f"simulated {len(market.events):,} events")
    home = Home.open(folder / "home")
    kept = save_version(home, Agreement.default(), ends_at)
    ingest(home, [folder / "market" / "events.parquet"], kept, datetime.now(UTC))
    clock.lap("ingested them")
    return SimulatedHome(market, home, kept, ends_at)
