"""The figures of several seeds as one: with the names of one run, and beside it the worst of each that has a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console

from benchmarks.parts.table import table

NONE_MAY = ("lost", "double_handovers", "sums_wrong", "overdue_not_listed")  # counted over all seeds: each must be 0
LIMITS = {
    **dict.fromkeys(NONE_MAY, "0"),
    "handovers": "",
    "tries": "",
    "tried_within_30_minutes": "",
    "tried_within_1_working_day": "",
    "never_tried": "perfect dispatcher + 0.01",
    "never_tried_perfect_dispatcher": "",
    "never_tried_first_come": "",
    "buyers_ever_tried": "",
    "messages_per_rep_and_day": "",
    "conversions_per_contact_ratio.first_come": ">= 3",
    "conversions_per_contact_ratio.points": "> 1",
    "conversions_per_contact_ratio.oracle": ">= 0.8",
}


def over_seeds(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median of each figure of these runs, nested as in a run; what must be 0 is added up. worst: by its limit."""
    flat = pd.json_normalize(list(runs)).select_dtypes("number").drop(columns="seed")
    middle = flat.median().to_dict() | {name: int(flat[name].sum()) for name in NONE_MAY}
    worst = {name: flat[name].min() if limit.startswith(">") else flat[name].max() for name, limit in _limited(flat)}
    return _nested(middle) | {"worst": worst, "runs": list(runs)}


def _limited(flat: pd.DataFrame) -> list[tuple[str, str]]:
    return [(name, limit) for name, limit in LIMITS.items() if limit and name in flat]


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, figure in flat.items():
        *path, last = name.split(".")
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = figure
    return found


def print_over_seeds(figures: Mapping[str, Any]) -> None:
    """The same as a table: median, worst, limit."""
    flat = pd.json_normalize({key: value for key, value in figures.items() if key not in ("worst", "runs")}).iloc[0]
    rows = [
        [name, f"{flat[name]:.3g}", f"{figures['worst'][name]:.3g}" if limit else "", limit]
        for name, limit in LIMITS.items()
        if name in flat
    ]
    Console(width=120).print(table(["figure", "all seeds", "worst", "limit"], rows), markup=False)
