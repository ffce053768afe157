"""Columns of one's own in a training frame: checked, and told to a training by their kinds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.messages import did_you_mean
from features.home.errors import LeadlightError
from features.snapshots.point_in_time import feature_frame, lead_states
from training.labels.outcomes import NOT_FEATURES

LABELS = ("lead_id", "snapshot_us", "outcome")
KINDS = ("number", "category", "boolean")


class OwnColumnError(LeadlightError):
    """A column of a training frame that is no feature, and of which it is not said, or wrongly, what it holds."""

    code = "own_column"


def with_own_columns(
    snapshots: pd.DataFrame, agreement: Agreement, kinds: Mapping[str, str]
) -> tuple[pd.DataFrame, Agreement]:
    """The frame with its own columns as a model reads them, and the agreement for one training that has them.

    snapshots: labelled snapshots with their features and the own columns. kinds: "number", "category" or "boolean" by
    column. Example: {"my_score": "number"}, where the agreement gives no feature of that name.
    Raises OwnColumnError for a column that is neither a feature nor named in `kinds`, and for what `kinds` has wrong.
    """
    _check_snapshots(snapshots)
    features = _features(agreement)
    for name, kind in kinds.items():
        _check(name, kind, snapshots, features)
    unsaid = [str(name) for name in snapshots.columns if name not in {*features, *NOT_FEATURES, *kinds}]
    if unsaid:
        example = ", ".join(f'"{name}": "number"' for name in unsaid[:3])
        wrong = f"the frame has {', '.join(unsaid)}, which the agreement has no feature of"
        raise OwnColumnError(f"{wrong}; drop it, or say what it holds: columns={{{example}}}")
    read = {name: _values(snapshots[name], kind, name) for name, kind in kinds.items()}
    return snapshots.assign(**read), agreement.with_own_columns(kinds)


def _check_snapshots(snapshots: pd.DataFrame) -> None:
    """Raise OwnColumnError for what a join of one's own does to snapshots: labels renamed, rows repeated or added."""
    remedy = 'join with: snapshots.merge(mine, on="lead_id", how="left"), one row of mine for each lead'
    if lost := [name for name in LABELS if name not in snapshots]:
        near = [str(column) for column in snapshots if str(column).startswith(f"{lost[0]}_")]
        renamed = f" (there is {', '.join(near)}: both frames had one)" if near else ""
        raise OwnColumnError(f"the frame has no column {lost[0]}{renamed}, which snapshots have; {remedy}")
    if again := int(snapshots.duplicated(["lead_id", "snapshot_us"]).sum()):
        rows = "1 row" if again == 1 else f"{again:,} rows"
        raise OwnColumnError(f"{rows} of the frame of a snapshot that came before; {remedy}")
    if unknown := int(snapshots["outcome"].isna().sum()):
        rows = "1 row" if unknown == 1 else f"{unknown:,} rows"
        raise OwnColumnError(f"{rows} of the frame without an outcome: these are no snapshots; {remedy}")


def _features(agreement: Agreement) -> list[str]:
    """The names of the features of an agreement, as a frame of snapshots has them."""
    nobody = lead_states([{}], [{}], agreement)
    return list(map(str, feature_frame(nobody, np.zeros(1, dtype=np.int64), agreement).columns))


def _check(name: str, kind: str, snapshots: pd.DataFrame, features: list[str]) -> None:
    if name in features or name in NOT_FEATURES:
        raise OwnColumnError(f"columns: {name} is a feature or label of the snapshots; give yours another name")
    if name not in snapshots:
        own = [str(column) for column in snapshots.columns if column not in {*features, *NOT_FEATURES}]
        raise OwnColumnError(f"columns: the frame has no column {name!r}; {did_you_mean(name, own)}")
    if kind not in KINDS:
        raise OwnColumnError(f"columns: {name} is said to be {kind!r}; {did_you_mean(str(kind), KINDS)}")


def _values(column: pd.Series, kind: str, name: str) -> pd.Series:
    """Numbers as floats, booleans as 1 and 0, categories as text; what is missing is NaN or None."""
    if kind == "category":
        texts = [None if is_missing else str(value) for value, is_missing in zip(column, column.isna(), strict=True)]
        return pd.Series(texts, index=column.index, dtype=object)
    numbers = pd.to_numeric(column.astype(object), errors="coerce").astype(np.float64)
    wrong = column.notna() & (numbers.isna() | (kind == "boolean") & ~numbers.isin((0.0, 1.0)))
    if wrong.any():
        value, remedy = column[wrong].iloc[0], 'say "category", or leave such values empty'
        raise OwnColumnError(f"columns: {name} is said to be a {kind} and holds {value!r}; {remedy}")
    return numbers.replace([np.inf, -np.inf], np.nan)
