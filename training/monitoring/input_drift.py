"""Input drift: whether the model's inputs are spread as they were when it was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.model.columns import ModelColumn
from training.monitoring.psi import LARGE_CHANGE, SMALL_CHANGE, Bins, psi, psi_by_chance
from training.monitoring.result import FALSE_ALARM, InputDrift, MonitoringResult, Status, status_of, worst_status

FEWEST_LEADS = 50  # on either side; with fewer there is next to nothing that chance would not explain
NEW_SHARE, LARGE_NEW_SHARE = 0.05, 0.25  # more leads with a level that the model never saw, than was usual
MOVED = 0.05  # a share of missing values that moved so far is said

LevelsSeen = Mapping[str, frozenset[str]]


def input_bins(matrix: Floats, columns: Sequence[ModelColumn]) -> dict[str, Bins]:
    """The bins of each input, by the name of its column.

    matrix: one row per lead, one column per input, as `Model.matrix` gives it.
    """
    return {column.name: Bins.of(matrix[:, place], column.levels is not None) for place, column in enumerate(columns)}


def new_shares(rows: pd.DataFrame, seen: LevelsSeen) -> dict[str, float]:
    """By category, the share of rows with a level that is not among those seen."""
    return {name: _share_new(rows[name], levels) for name, levels in seen.items() if name in rows}


def _share_new(values: pd.Series, seen: frozenset[str]) -> float:
    said = [str(value) for value in values if value is not None and value == value and value != ""]
    return sum(value not in seen for value in said) / max(len(values), 1)


def input_drift(
    then: Mapping[str, Bins], new_then: Mapping[str, float], matrix: Floats, columns: Sequence[ModelColumn],
    new_now: Mapping[str, float],
) -> list[InputDrift]:  # fmt: skip
    """One row per input: how it was spread then and is now, the largest PSI first.

    then: the bins at the training. new_then, new_now: by category, the share of leads with a level never seen before.
    matrix: one row per lead that is open now. Each row is labelled with the name of its behaviour or trait.
    """
    level = FALSE_ALARM / max(len(columns), 1)  # all inputs together cry wolf once in a hundred looks
    found = []
    for place, column in enumerate(columns):
        before = then[column.name]
        after = before.of_now(matrix[:, place])
        value, luck = psi(before, after), psi_by_chance(before, after, level)
        status = status_of(value, max(SMALL_CHANGE, luck), max(LARGE_CHANGE, luck))
        new = new_then.get(column.name, 0.0), new_now.get(column.name, 0.0)
        status = worst_status((status, _new_status(*new, (before.total, after.total), level)))
        shares = before.missing, after.missing, *new
        found.append(InputDrift(column.name, column.group, column.group, value, luck, *shares, status))
    return sorted(found, key=lambda drift: -drift.psi)


def _new_status(then: float, now: float, counts: tuple[int, int], level: float) -> Status:
    """How serious it is that more leads than usual have a level that the model never saw."""
    n, m = (max(count, 1) for count in counts)
    rate = (then * n + now * m) / (n + m)
    luck = float(norm.ppf(1 - level) * np.sqrt(rate * (1 - rate) * (1 / n + 1 / m)))
    return status_of(now - then, max(NEW_SHARE, luck), max(LARGE_NEW_SHARE, luck))


def input_drift_results(
    drifts: Sequence[InputDrift], agreement: Agreement, leads: tuple[int, int]
) -> list[MonitoringResult]:
    """One row per behaviour or trait that moved, and one for all the others.

    leads: how many open leads were compared, then and now.
    """
    if min(leads) < FEWEST_LEADS:
        few = f"too early to say: {leads[0]:,} open leads came lately then, {leads[1]:,} now, of {FEWEST_LEADS}"
        return [MonitoringResult("inputs", "ok", few)]
    moved = [drift for drift in drifts if drift.status != "ok"]
    groups = list(dict.fromkeys(drift.group for drift in moved))
    said = [_of_group([drift for drift in moved if drift.group == group], agreement) for group in groups]
    calm = len({drift.group for drift in drifts}) - len(groups)
    largest = max((drift.psi for drift in drifts if drift.status == "ok"), default=0.0)
    what = f"{calm} behaviours and traits are spread as they were, up to what chance does"
    return [*said, MonitoringResult("inputs", "ok", what, largest, SMALL_CHANGE)] if calm else said


def _of_group(moved: Sequence[InputDrift], agreement: Agreement) -> MonitoringResult:
    first, status = moved[0], worst_status([drift.status for drift in moved])
    parts = [f"{label_of(first.group, agreement)}: {first.column} is spread otherwise, PSI {first.psi:.2f}"]
    if abs(first.missing_now - first.missing_then) >= MOVED:
        parts.append(f"missing for {first.missing_then:.0%} of leads then, for {first.missing_now:.0%} now")
    if first.new_now - first.new_then >= NEW_SHARE:
        usual = f" (usual are {first.new_then:.0%})"
        parts.append(f"{first.new_now:.0%} of leads have a value that was never seen in training{usual}")
    if len(moved) > 1:
        parts.append(f"{len(moved) - 1} more of its columns moved")
    limit = LARGE_CHANGE if status == "alert" else SMALL_CHANGE
    return MonitoringResult(f"input {first.group}", status, "; ".join(parts), first.psi, max(limit, first.chance))


def label_of(group: str, agreement: Agreement) -> str:
    """What people call a behaviour or trait: its label in the agreement."""
    line = agreement.behaviours.get(group) or agreement.traits.get(group)
    return line.label if line else group.replace("_", " ")
