"""Lead ids that give the outcome away, because converted leads got another prefix, length or range of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from training.leakage.signals import Triage

LEAST_ID_AUC = 0.62  # what an id may tell of the outcome by chance and by the calendar stays well below it
MORE_THAN_TIME = 0.07  # AUC beyond when the lead came: running numbers tell that, and no more
_PARTS = re.compile(r"^(\D*)(\d*)")


def id_auc(ids: Sequence[str | None], won: npt.NDArray[np.bool_], came: Sequence[float] | None = None) -> float | None:
    """The AUC of the ids alone, where it gives the outcome away; else None.

    came: when each lead came; by default its place in the file.
    """
    parts = [_PARTS.match(text or "") for text in ids]
    prefixes = [match[1][:12].casefold() if match else "" for match in parts]
    numbers = [float(match[2][:15]) if match and match[2] else np.nan for match in parts]
    levels = {prefix: float(place) for place, prefix in enumerate(dict.fromkeys(prefixes))}
    fields: dict[str, Any] = {
        "prefix": np.array([min(levels[prefix], 255.0) for prefix in prefixes]),
        "length": np.array([float(len(text or "")) for text in ids]),
        "number": np.array(numbers),
        "came": np.arange(len(ids), dtype=np.float64) if came is None else np.asarray(came, dtype=np.float64),
    }
    triage = Triage(won, fields, frozenset({"prefix"}))
    if not triage.has_enough_outcomes:
        return None
    tells, by_time = triage.auc(["prefix", "length", "number"]), triage.auc(["came"])
    return tells if tells - 2 * triage.error >= LEAST_ID_AUC and tells - by_time >= MORE_THAN_TIME else None


def id_sentence(column: str, tells: float) -> str:
    """The sentence that warns of ids with this AUC."""
    return (
        f"{column}: these ids follow the outcome (alone {tells * 100:.0f}): converted leads seem to be numbered anew. "
        "No model sees an id, but ask whether a lead keeps its id and its history when it converts"
    )
