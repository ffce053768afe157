"""Leads told inline in a frame: one row per lead, its traits and events in cells, as `POST /v1/scores` takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.home.errors import LeadlightError

INLINE = ("traits", "events")  # the columns by which a frame tells its leads
REFERENCE = "client_reference_id"
EXAMPLE = '{"traits": {"industry": "software"}, "events": [{"type": "page", "timestamp": "2026-03-01T09:00:00Z"}]}'


class NotInline(LeadlightError):
    """A frame, or a cell of it, that does not tell its leads as `POST /v1/scores` takes them."""

    code = "not_inline"


def is_inline(frame: pd.DataFrame) -> bool:
    """Whether the frame tells what its leads are and did, rather than naming them."""
    return any(name in frame for name in INLINE)


def inline_leads(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One lead per row, in order: `traits` (a mapping) and `events` (a list of Segment-shaped events), without gaps.

    Cells may hold what pandas, Parquet and MLflow make of JSON: arrays, NumPy's numbers, timestamps, NaN for nothing.
    Raises NotInline, with the row, for a frame with neither column and for a cell of another shape.
    """
    if not is_inline(frame):
        found = ", ".join(map(str, frame.columns)) or "none"
        raise NotInline(f"the frame has neither a column traits nor one of events (found: {found}); a row is {EXAMPLE}")
    columns = {name: frame[name].tolist() for name in INLINE if name in frame}
    return [_lead(row, {name: cells[row] for name, cells in columns.items()}) for row in range(len(frame))]


def _lead(row: int, cells: Mapping[str, Any]) -> dict[str, Any]:
    lead = {name: plain(cell) for name, cell in cells.items()}
    lead = {name: cell for name, cell in lead.items() if cell is not None}
    if not lead:
        raise NotInline(f"row {row} has neither traits nor events; a row is {EXAMPLE}")
    if not isinstance(lead.get("traits", {}), dict):
        raise NotInline(f"row {row}: traits is {type(cells['traits']).__name__}; give a mapping of traits by name")
    events = lead.get("events", [])
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise NotInline(f"row {row}: events is no list of events; give one mapping per event, as Segment shapes it")
    return lead


def plain(value: Any) -> Any:
    """A cell as JSON would have it: what pandas, NumPy and Arrow make of it taken back, and NaN as nothing."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(part) for part in value]
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, np.generic):
        return plain(value.item())
    return value.isoformat() if hasattr(value, "isoformat") else value
