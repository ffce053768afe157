"""`simulate`: a market whose truth is known, as marketing systems, the CRM and sales would have recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.home.errors import LeadlightError
from features.home.whole_files import whole_file
from training.simulation.desk import desk, introductions, strangers
from training.simulation.dynamics import HORIZON_DAYS
from training.simulation.envelope import SCHEMA, EventTexts, lines
from training.simulation.event_rows import recorded_rows
from training.simulation.histories import histories
from training.simulation.interest import MarketShift, law
from training.simulation.mails import mails
from training.simulation.people import people
from training.simulation.truth import summary, truth
from training.simulation.visits import visits
from training.simulation.world import World


@dataclass(frozen=True)
class Market:
    """A simulated market.

    events: one row per recorded event, in the order of its record: type, messageId, userId, anonymousId, groupId,
    event, name, timestamp, receivedAt (UTC), properties, traits, context (JSON text), previousId; some rows repeat a
    messageId, as senders do.
    truth: one row per lead and moment: lead_id, as_of, horizon_days, as_things_are (P(converts within the horizon)
    given what was recorded before, worked as now), if_tried_now (the same if sales first called now; null for a lead
    that it called before), is_arrival, is_end (the lead is open at the market's end), was_called, outcome (<NA> while
    unknown). Where the truth is found along forward paths, most rows have none: `truth.truth` says which.
    summary: what the market is like at snapshot grain.
    """

    events: pd.DataFrame
    truth: pd.DataFrame
    summary: dict[str, Any]

    def write(self, directory: Path | str) -> list[Path]:
        """Write `events.parquet`, `events.jsonl` (nested JSON, nulls left out) and `truth.parquet`; their paths."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / "events.parquet", folder / "events.jsonl", folder / "truth.parquet"]
        events = pa.Table.from_pandas(self.events, schema=SCHEMA, preserve_index=False)
        with whole_file(paths[0]) as beside:
            pq.write_table(events, beside, coerce_timestamps="us")
        with whole_file(paths[1]) as beside, beside.open("wb") as file:
            for batch in events.to_batches(max_chunksize=200_000):
                file.write(lines(batch))
        with whole_file(paths[2]) as beside:
            pq.write_table(pa.Table.from_pandas(self.truth, preserve_index=False), beside, coerce_timestamps="us")
        return paths


def simulate(
    leads: int = 8_000,
    seed: int = 7,
    ends_at: datetime | None = None,
    shift: MarketShift | None = None,
    world: World | None = None,
) -> Market:
    """A market of `leads` over the 18 months before `ends_at` (default: now).

    The same seed gives the same market; another `ends_at` moves every time by exactly the difference, nothing else.
    With `shift` the market changes before its end. world: what kind of market it is; by default a call helps, and sales
    calls by habit.
    Raises LeadlightError for a number of leads below 1.
    """
    if leads < 1:
        raise LeadlightError(f"a market of {leads} leads cannot be simulated; ask for 1 or more", code="no_leads")
    moment = (ends_at or datetime.now(UTC)).astimezone(UTC)
    draws = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(5)]
    world = world or World()
    market = histories(people(leads, draws[0], world), law(shift, world), draws[1], world)
    visited = visits(market, draws[2])
    reported = [*introductions(market.leads, draws[4]), *strangers(leads, draws[4]), *desk(market.leads, draws[4])]
    recorded = recorded_rows([*visited, *mails(market, visited, draws[3]), *reported], draws[4])
    events = EventTexts(market.leads, moment, seed).table(recorded)
    snapshots = truth(market)
    return Market(
        events=events.to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get),
        truth=_dated_truth(snapshots, market.leads["lead_id"], moment),
        summary=summary(market, snapshots, len(recorded)),
    )


def _dated_truth(snapshots: pd.DataFrame, lead_id: pd.Series[str], ends_at: datetime) -> pd.DataFrame:
    """The truth with lead ids and real times."""
    since = snapshots["moment_us"].to_numpy().astype("timedelta64[us]")
    as_of = pd.Series(np.datetime64(ends_at.replace(tzinfo=None), "us") + since).dt.tz_localize("UTC")
    ids = lead_id.astype(pd.StringDtype("pyarrow")).take(snapshots["lead"].to_numpy()).reset_index(drop=True)
    columns = ["as_things_are", "if_tried_now", "is_arrival", "is_end", "was_called", "outcome"]
    return pd.DataFrame({"lead_id": ids, "as_of": as_of, "horizon_days": HORIZON_DAYS}).join(snapshots[columns])
