"""The point-in-time proof: training rows are derived again from only the events recorded before each snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.home.settings import Home
from features.snapshots.point_in_time import feature_frame, lead_states
from features.store.states_before import states_before
from training.labels.outcomes import NOT_FEATURES

PROOF_ROWS = 50  # derived again where nobody asks for more: a leak is hardly ever in one row of a hundred only
MOST_EXAMPLES = 5


class RowDifference(NamedTuple):
    """One value of a training row that is not what was known at the snapshot's moment."""

    lead_id: str
    snapshot_us: int
    column: str
    trained_on: Any
    was_known: Any

    @property
    def sentence(self) -> str:
        moment = from_microseconds(self.snapshot_us).date()
        return f"{self.lead_id} on {moment}: {self.column} is {self.trained_on}, known then was {self.was_known}"


@dataclass(frozen=True)
class PointInTimeProof:
    """How many rows were derived again, how many of them differ in any bit, and the first differences."""

    rows: int
    differing: int
    examples: tuple[RowDifference, ...] = ()

    @property
    def holds(self) -> bool:
        return self.differing == 0

    @property
    def sentence(self) -> str:
        """What every output must say of it."""
        what = "derived again from what the ledger held before each moment"
        if self.holds:
            return f"No snapshot saw its future: {self.rows:,} of the training, {what}, are the same to the bit."
        shown = "; ".join(one.sentence for one in self.examples[:3])
        remedy = "look at receivedAt and --recorded-lag, run leadlight rebuild, and do not trust the figures"
        return (
            f"{self.differing:,} of {self.rows:,} snapshots of the training differ when {what}: {shown}. They saw what "
            f"was recorded later: {remedy}."
        )

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "differing": self.differing, "examples": [one.sentence for one in self.examples]}


def point_in_time_proof(
    home: Home, agreement: Agreement, labelled: pd.DataFrame, rows: int | None = PROOF_ROWS, seed: int = 7
) -> PointInTimeProof:
    """Derives rows of `labelled` again, each from only the events recorded before its moment, and compares them.

    labelled: lead_id, snapshot_us and features. rows: how many, drawn by `seed`; None: all.
    Example: L-7's row of 2026-03-01 counts 3 pricing pages. One of them was recorded on 2026-03-02, so the row that is
    derived again counts 2: the two rows differ.
    """
    if rows is not None and rows < len(labelled):
        labelled = labelled.sample(rows, random_state=seed).sort_index()
    features = [str(name) for name in labelled.columns.drop(NOT_FEATURES, errors="ignore")]
    differing, examples = 0, list[RowDifference]()
    for row in labelled.to_dict("records"):
        known = features_as_of(home, agreement, str(row["lead_id"]), int(row["snapshot_us"]))
        wrong = [
            RowDifference(str(row["lead_id"]), int(row["snapshot_us"]), name, row[name], known[name])
            for name in features
            if name in known and not _is_same(row[name], known[name])
        ]
        differing += bool(wrong)
        examples += wrong[: MOST_EXAMPLES - len(examples)]
    return PointInTimeProof(len(labelled), differing, tuple(examples))


def features_as_of(home: Home, agreement: Agreement, lead_id: str, moment_us: int) -> dict[str, Any]:
    """The features of one lead, derived from only the events that were recorded before the moment."""
    (known,) = states_before(home, agreement, [lead_id], moment_us)
    held = lead_states([known.behaviours], [known.traits], agreement, [known.account])
    frame = feature_frame(held, np.array([moment_us], dtype=np.int64), agreement)
    return {str(name): value for name, value in frame.iloc[0].items()}


def _is_same(trained_on: Any, was_known: Any) -> bool:
    if trained_on is None or was_known is None:
        return trained_on is None and was_known is None
    return bool(trained_on == was_known or (trained_on != trained_on and was_known != was_known))
