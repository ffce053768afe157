"""Where sales calls only on the day of one event, its first tries tell nothing of other leads, and that shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home.settings import Home, Settings
from features.store.materialize import Materialized, materialized
from serving.intake.file_import import ingest
from training.gates.overlap import MOST_APART, overlap
from training.if_tried.likeness import overlap_of
from training.if_tried.looks import decision_looks, open_leads_now
from training.pipeline import labelled_snapshots
from training.simulation.simulation import Market, simulate
from training.simulation.world import Calls, World

pytestmark = pytest.mark.slow

END, SEED, TIMES = datetime(2026, 10, 1, tzinfo=UTC), 7, 2.5
AGREED = Agreement.default()


@dataclass(frozen=True)
class Learned:
    """A market in a home, with its labelled snapshots and its open leads that were never tried."""

    market: Market
    build: Materialized
    labelled: pd.DataFrame
    open_now: pd.DataFrame

    @classmethod
    def of(cls, folder: Path, calls: Calls) -> Learned:
        market, home = simulate(2_000, SEED, END, world=World("needs_call", calls, TIMES)), Home(folder, Settings())
        market.write(folder / "market")
        ingest(home.created(), [folder / "market" / "events.parquet"], save_version(home, AGREED, END), END)
        build = materialized(home, AGREED)
        return cls(market, build, labelled_snapshots(build, AGREED, END), open_leads_now(build, AGREED, END))


def test_calls_on_the_day_of_one_event_tell_nothing_of_the_other_leads(tmp_path: Path) -> None:
    learned = Learned.of(tmp_path, "hot_event")
    looks = decision_looks(learned.build, AGREED, END)
    found = overlap_of(looks.rows, learned.labelled, learned.open_now, AGREED, SEED)
    assert found.apart > MOST_APART
    assert not overlap(found.unlike, found.apart).passed
