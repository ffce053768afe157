"""The gate `calibrated`: of 100 leads at 0.27 about 27 convert, as far as the tested rows can tell."""

from __future__ import annotations

from dataclasses import replace

from training.gates.gate import Gate

CALIBRATED = 0.02  # ECE that is good enough however many rows there are


def calibrated(ece: float | None, ece_null95: float | None) -> Gate:
    """Whether the calibration error (ECE) is not above CALIBRATED, or not above `ece_null95` where that is larger.

    ece_null95: the ECE that a perfectly calibrated model stays under in 95 of 100 cases on the same rows.
    """
    limit = max(CALIBRATED, ece_null95 or 0.0)
    passed = ece is not None and ece <= limit
    if ece is None:
        why = "There are no tested leads to check its probabilities on."
    else:
        than = "is within" if passed else "is above"
        why = (
            f"Its calibration error, {ece:.4f}, {than} {limit:.4f}: the larger of {CALIBRATED} and what a perfectly "
            "calibrated model would show on these snapshots by chance."
        )
    return Gate("calibrated", passed, ece, limit, why)


def calibrated_or_nearer(ece: float | None, ece_null95: float | None, ece_of_champion: float | None) -> Gate:
    """The gate of a recalibrated champion: `calibrated`, or no further from the outcomes than the champion is.

    An error that the champion has as well is no reason to refuse it: the champion would then go on answering with it.
    """
    gate = calibrated(ece, ece_null95)
    if gate.passed or ece is None or ece_of_champion is None or ece > ece_of_champion:
        return gate
    why = f"Its calibration error, {ece:.4f}, is not above that of what answers, {ece_of_champion:.4f}."
    return replace(gate, passed=True, limit=ece_of_champion, why=why)
