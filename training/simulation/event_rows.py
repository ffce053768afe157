"""Recorded events of the simulated market as compact rows, before they become text.

One row per event. lead: row of the leads, below 0 for strangers. code: Said. at_us, known_us: happened, recorded,
relative to the end of the market. item: of the catalogue. number: what the code counts. ref: joins a page and its
leave, a mail and its click. agent, touch: of the catalogue. carries: which identifiers.
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
    """Rows of one code; what is not given has its default, and what is recorded at once was known as it happened."""
    size = len(columns["lead"])
    whole = {"code": int(code), "known_us": columns["at_us"], **DEFAULTS, **columns}
    return pd.DataFrame({name: np.broadcast_to(whole[name], size).astype(kind) for name, kind in COLUMNS.items()})


def recorded_rows(parts: list[pd.DataFrame], draws: np.random.Generator) -> pd.DataFrame:
    """All rows in the order in which they were recorded, each a moment after it happened; some are recorded twice.

    Adds `message`: the number of the event, shared by its copies. What is recorded after the end is not there yet.
    """
    whole = pd.concat(parts, ignore_index=True)
    whole["message"] = np.arange(len(whole), dtype=np.int32)
    again = whole[draws.random(len(whole)) < 0.01]
    again = again.assign(known_us=again["known_us"] + draws.integers(SECOND_US, 6 * 3600 * SECOND_US, len(again)))
    whole = pd.concat([whole, again], ignore_index=True)
    known = whole["known_us"].to_numpy()
    order = np.argsort(known, kind="stable")
    return whole.take(order[: np.searchsorted(known[order], 0)]).reset_index(drop=True)
