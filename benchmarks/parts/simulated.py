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
from features.lifecycle.milestones import known_by
from features.lifecycle.open_periods import is_open_at
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

    def true(self, rows: pd.DataFrame, question: str = "as_things_are") -> Floats:
        """The true probability of each row (lead_id, snapshot_us); NaN where it was not found for that row."""
        asked = rows[["lead_id", "snapshot_us"]].astype({"lead_id": "str"})
        return asked.merge(self._truth, on=["lead_id", "snapshot_us"], how="left")[question].to_numpy(np.float64)

    def at_end(self) -> pd.DataFrame:
        """The leads that are open at the end and whose truth is known, with their features then.

        lead_id, snapshot_us, was_called, with_sales, true (as things are), if_tried_now (NaN for a lead that sales
        called).
        """
        ends = self.market.truth[self.market.truth["is_end"]].dropna(subset="as_things_are")
        asked = ends[["was_called", "if_tried_now"]].assign(lead_id=ends["lead_id"].astype(str))
        asked["with_sales"] = ~self.is_in_hand(asked["lead_id"])
        asked["true"] = ends["as_things_are"]
        asked["snapshot_us"] = microseconds(self.ends_at)
        return snapshot_features(self.derived.repository, self.kept.agreement, asked.reset_index(drop=True))

    def is_in_hand(self, lead_ids: pd.Series[str]) -> npt.NDArray[np.bool_]:
        """Whether each lead is open and not with sales at the end, by the rule that decides whom training looks at."""
        return self._in_hand.reindex(lead_ids, fill_value=False).to_numpy(bool)

    @cached_property
    def _in_hand(self) -> pd.Series[bool]:
        ends_us = microseconds(self.ends_at)
        leads = known_by(self.derived.leads, ends_us)
        return pd.Series(is_open_at(leads, ends_us), index=leads["lead_id"].astype(str))

    @cached_property
    def _truth(self) -> pd.DataFrame:
        truth = self.market.truth[["lead_id", "as_of", "as_things_are", "if_tried_now"]].astype({"lead_id": "str"})
        truth["snapshot_us"] = truth.pop("as_of").astype("datetime64[us, UTC]").astype("int64")
        return truth.drop_duplicates(["lead_id", "snapshot_us"])


def simulated_home(
    folder: Path, leads: int, seed: int, ends_at: datetime, shift: MarketShift | None = None
) -> SimulatedHome:
    """A market of `leads` in the home `folder`/home, under the default agreement."""
    return ingested_home(folder, simulate(leads, seed, ends_at, shift), ends_at)


def ingested_home(folder: Path, market: Market, ends_at: datetime, agreement: Agreement | None = None) -> SimulatedHome:
    """A market in the home `folder`/home, under an agreement, by default the default one."""
    clock = Clock()
    market.write(folder / "market")
    clock.lap(f"wrote {len(market.events):,} events")
    home = Home.open(folder / "home")
    kept = save_version(home, agreement or Agreement.default(), ends_at)
    ingest(home, [folder / "market" / "events.parquet"], kept, datetime.now(UTC))
    clock.lap("ingested them")
    return SimulatedHome(market, home, kept, ends_at)
