"""The check of calibration in sentences: what is off by more than chance and by enough to matter, and what to do."""

from __future__ import annotations

from math import exp

from training.evaluate.calibration_check import CalibrationCheck, Estimate

# Smaller faults can be proven on many rows, and make no difference to anybody.
LEVEL, SLOPE, CURVE = 0.05, 0.05, 0.0005
RECALIBRATE = "To mend it: leadlight recalibrate."
WAIT = "A line through these snapshots does no better on leads that it was not fitted on, so wait for more outcomes."


def calibration_faults(check: CalibrationCheck | None) -> tuple[str, ...]:
    """A sentence for each of level, slope and curvature that is off."""
    if check is None:
        return ()
    faults = []
    if _is_off(check.level, 0.0, LEVEL):
        much = "too little" if check.level.value > 0 else "too much"
        low, high = (exp(end) for end in check.level.interval)
        odds = f"the odds of converting are {exp(check.level.value):.2f} times what it says ({low:.2f} to {high:.2f})"
        faults.append(f"On the whole it promises {much}: {odds}. {_remedy(check)}")
    if _is_off(check.slope, 1.0, SLOPE):
        faults.append(f"{_too_sure(check.slope.value)} (slope {_estimate_text(check.slope, 2)}). {_remedy(check)}")
    if check.curvature.interval[0] > 0 and check.curvature.value > CURVE:
        gain = f"a curve would lower the log loss by {_estimate_text(check.curvature, 4)} on leads it was not fitted on"
        faults.append(f"No straight correction mends it: {gain}. Train again, on more or on newer leads.")
    return tuple(faults)


def _remedy(check: CalibrationCheck) -> str:
    return RECALIBRATE if check.affine.value > 0 else WAIT


def _too_sure(slope: float) -> str:
    if slope < 1:
        return "It is too sure of itself: high probabilities are too high, and low ones too low"
    return "It is too timid: high probabilities are too low, and low ones too high"


def calibration_check_sentence(check: CalibrationCheck | None) -> str:
    """Whether level, slope and shape of the probabilities are right; it stands above the table of the check."""
    if check is None:
        return "Too few leads converted to tell level, slope and shape of the probabilities from chance."
    if calibration_faults(check):
        return "Checked more closely, this is what is off:"
    return "Checked more closely, neither level nor slope nor shape is off by more than chance, or by enough to matter."


def calibration_check_rows(check: CalibrationCheck | None) -> list[tuple[str, str, Estimate, int]]:
    """One row per estimate: its name, what it should be, the estimate, and its digits."""
    if check is None:
        return []
    return [
        ("Cox slope", "1; below it, too sure of itself", check.slope, 3),
        ("Cox intercept", "0 where the slope is 1", check.intercept, 3),
        ("Level (intercept at slope 1)", "0; below it, too much is promised", check.level, 3),
        ("Log loss that a line would gain", "0 or below; above it, recalibrate", check.affine, 4),
        ("Log loss that a rising curve would gain", "0 or below", check.isotonic, 4),
        ("The curve over the line", "0 or below; above it, no line mends it", check.curvature, 4),
    ]


def _is_off(estimate: Estimate, right: float, size: float) -> bool:
    return estimate.excludes(right) and abs(estimate.value - right) > size


def _estimate_text(estimate: Estimate, digits: int) -> str:
    low, high = estimate.interval
    return f"{estimate.value:.{digits}f}, {low:.{digits}f} to {high:.{digits}f}"
