"""The events of the simulated market as compact rows of numbers, before they become text.

One row per event. lead: its row in the leads, below 0 for strangers. code: EventKind. at_us: when it happened,
known_us: when it was recorded, both relative to the end of the market. item: its place in the catalogue. number:
minutes, links or whatever the kind counts. ref: joins a page and its leave, a mail and its click. agent, touch: places
in the catalogue. carries: which identifiers the event has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from training.simulation.catalogue import EventKind

ANONYMOUS, BOTH, USER = 0, 1, 2
NOTHING = -1
SECOND_US = 1_000_000
COLUMNS = {
    "lead": np.int32, "code": np.int8, "at_us": np.int64, "known_us": np.int64, "item": np.int16, "number": np.int32,
    "ref": np.int32, "agent": np.int16, "touch": np.int16, "carries": np.int8,
}  # fmt: skip
DEFAULTS = {"item": NOTHING, "number": 0, "ref": 0, "agent": NOTHING, "touch": NOTHING, "carries": USER}


def event_rows(code: EventKind, **columns: Any) -> pd.DataFrame:
    """Event rows of one kind. A column that is not given has its default; `known_us` is `at_us` by default."""
    size = len(columns["lead"])
    whole = {"code": int(code), "known_us": columns["at_us"], **DEFAULTS, **columns}
    return pd.DataFrame({name: np.broadcast_to(whole[name], size).astype(kind) for name, kind in COLUMNS.items()})


def recorded_rows(parts: list[pd.DataFrame], draws: np.random.Generator) -> pd.DataFrame:
    """One row per recorded event, in the order of the record; 1 % of the events are recorded twice.

    Adds `message`: the number of the event, the same for both records. What is recorded after the market's end is left
    out.
    """
    whole = pd.concat(parts, ignore_index=True)
    whole["message"] = np.arange(len(whole), dtype=np.int32)
    again = whole[draws.random(len(whole)) < 0.01]
    again = again.assign(known_us=again["known_us"] + draws.integers(SECOND_US, 6 * 3600 * SECOND_US, len(again)))
    whole = pd.concat([whole, again], ignore_index=True)
    known = whole["known_us"].to_numpy()
    order = np.argsort(known, kind="stable")
    return whole.take(order[: np.searchsorted(known[order], 0)]).reset_index(drop=True)
