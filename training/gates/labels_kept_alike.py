"""The gate `labels_kept_alike`: no rule that leaves outcomes unknown asks how they ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.gates.gate import Gate
from training.labels.outcomes import REJECTED

LABELS_KEPT_ALIKE = "labels_kept_alike"
LOW, HIGH = 0.8, 1.25
NORMAL_95 = 1.96
REMEDIES = {
    REJECTED: 'count such a lead as a no where it does not convert: write no_if_rejected = ["not_a_fit", "no_budget"]'
}


def labels_kept_alike(looks: pd.DataFrame) -> Gate:
    """Whether won and lost looks are kept alike: the share of the won with a known outcome over that of the lost.

    A rule that drops more losses than wins inflates every probability, and the test rows carry the same fault. The gate
    fails only where the interval of the ratio, by lead, lies wholly outside LOW to HIGH.

    looks: one row per matured look (`training.labels.outcomes.matured_looks`): lead_id, is_won, and by rule whether it
    leaves the outcome unknown. Leads that never were any, and those from before the record, are not among them.
    """
    rules = [str(name) for name in looks if name not in ("lead_id", "is_won", "is_matured")]
    if not 0 < looks["is_won"].sum() < len(looks):
        why = "There are no won, or no lost, matured snapshots to compare."
        return Gate(LABELS_KEPT_ALIKE, True, None, HIGH, why)
    ratio, low, high = _kept_alike(looks, looks[rules].any(axis=1))
    passed = low <= HIGH and high >= LOW
    seen = (
        f"Of {len(looks):,} matured snapshots a won one has a known outcome {ratio:.2f} times as often as a lost one "
        f"({low:.2f} to {high:.2f})"
    )
    why = f"{seen}." if passed else f"{seen}: {_fault(looks, rules)}."
    return Gate(LABELS_KEPT_ALIKE, passed, ratio, LOW if ratio < 1 else HIGH, why)


def label_gates(matured: pd.DataFrame | None) -> tuple[Gate, ...]:
    """The gate of the labels; none where nothing is known of the snapshots that they left out."""
    return () if matured is None else (labels_kept_alike(matured),)


def _fault(looks: pd.DataFrame, rules: list[str]) -> str:
    """The rule that does most of it, and what to do."""
    apart = {name: abs(np.log(max(_kept_alike(looks, looks[name])[0], 1e-9))) for name in rules}
    worst = max(apart, key=lambda name: apart[name])
    remedy = REMEDIES.get(worst, "leave out a rule that depends on how it ended")
    return f"the rule “{worst}” makes the difference; {remedy}"


def _kept_alike(looks: pd.DataFrame, is_unknown: pd.Series) -> tuple[float, float, float]:
    """The ratio and its interval, by the delta method on its logarithm; one lead is one draw."""
    won, known = looks["is_won"].to_numpy(np.float64), 1.0 - is_unknown.to_numpy(np.float64)
    if known.all():
        return 1.0, 1.0, 1.0
    lead, _ = pd.factorize(looks["lead_id"])
    counts = np.array([np.bincount(lead, weights=w) for w in (won * known, won, (1 - won) * known, 1 - won)])
    # None kept counts as half a look, so that an interval stays an interval.
    sums = np.maximum(counts.sum(axis=1), 0.5)
    won_known, all_won, lost_known, all_lost = counts / sums[:, None]
    log = np.log(sums)
    ratio = float(np.exp(log[0] - log[1] - log[2] + log[3]))
    doubt = NORMAL_95 * float(np.sqrt(np.sum((won_known - all_won - lost_known + all_lost) ** 2)))
    return ratio, ratio * float(np.exp(-doubt)), ratio * float(np.exp(doubt))
