"""The warnings of the report: signs of leaks, of too few outcomes, of a model that is not worth having."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import GlobalImportance
from training.evaluate.segments import SegmentResult
from training.leakage.model_signs import RANKS_WELL, TOO_GOOD
from training.metrics.observed_over_said import tolerated_ece
from training.metrics.shares import of_100
from training.model.columns import AGE
from training.wording.segments import segment_calibration_sentences
from training.wording.sentences import our_standing, row_noun

CARRIES = 1 / 3  # of all that moves the scores
FEW_CONVERSIONS = 100
NAMED_SEGMENTS = 3

WHY_NOT_REAL = (
    "What is filled in after sales has spoken with a lead tells the past, not the future: when a new lead is scored, "
    "it is still empty, and the score will not do what these figures promise."
)


@dataclass(frozen=True)
class ReportedField:
    """A field of the agreement, and what the triage found in it; `auc` is its ROC AUC alone, where that is known."""

    name: str
    reason: str
    auc: float | None = None


@dataclass(frozen=True)
class ReportWarning:
    """One warning; `is_leak` where it means that the metrics themselves may not be real."""

    heading: str
    text: str
    is_leak: bool = False


def leak_warnings(
    evaluation: Evaluation, drivers: Sequence[GlobalImportance], put_back: Sequence[ReportedField]
) -> list[ReportWarning]:
    """Signs that the model reads the outcome itself: suspects in use, ROC AUC too good, one field that carries it."""
    warnings = []
    if put_back:
        names = ", ".join(f"{field.name}{_alone(field)}" for field in put_back)
        text = f"{names}. Why, for {put_back[0].name}: {put_back[0].reason.rstrip('.')}. {WHY_NOT_REAL}"
        warnings.append(ReportWarning("Fields under suspicion are in use", text, is_leak=True))
    # How long a lead is known is filled in by nobody; the gate `no_leak` looks for these signs without it.
    filled_in = [driver for driver in drivers if driver.name != AGE]
    area = evaluation.metrics["roc_auc"]
    if area is not None and area >= TOO_GOOD and filled_in[:1] == [*drivers][:1]:
        text = (
            f"ROC AUC {area:.3f}: no honest history tells buyers apart this well before anyone has spoken with them. "
            f"A field that is filled in with the outcome does. {'' if put_back else WHY_NOT_REAL}"
        )
        warnings.append(ReportWarning("Too good to be true", text.rstrip(), is_leak=True))
    total = sum(driver.strength for driver in filled_in)
    if (area or 0) >= RANKS_WELL and len(filled_in) > 2 and filled_in[0].strength > CARRIES * total:
        share = of_100(filled_in[0].strength / total)
        text = (
            f"{share} of 100 of all that moves the scores is “{filled_in[0].label}”. Ask when and by whom it is filled "
            "in; if that is after the first contact, move it to [excluded] in the agreement and train again."
        )
        warnings.append(ReportWarning("One field carries the model", text))
    return warnings


def _alone(field: ReportedField) -> str:
    return "" if field.auc is None else f" (alone ROC AUC {field.auc:.2f})"


def quality_warnings(evaluation: Evaluation, compared: Sequence[ComparedModel], split: str) -> list[ReportWarning]:
    """Signs of a weak test or model: few outcomes, no dates, poor calibration, a baseline model that does better."""
    warnings = []
    converted = evaluation.conversions if evaluation.converted_leads is None else evaluation.converted_leads
    unit = row_noun(evaluation)
    if converted < FEW_CONVERSIONS:
        of = "conversions" if evaluation.converted_leads is None else "leads that converted"
        text = f"Only {converted} {of} to test on: read the intervals, not the figures."
        warnings.append(ReportWarning("Few outcomes", text))
    if split == "random":
        text = "The leads have no dates, so the test leads are not later ones; how the model ages is not known."
        warnings.append(ReportWarning("Not tested in time", text))
    gap, luck = evaluation.metrics["ece"], evaluation.metrics["ece_null95"]
    if gap is not None and luck is not None and gap > tolerated_ece(evaluation.base_rate, luck):
        text = f"The mean gap between said and seen is {of_100(gap)} in 100, chance explains up to {of_100(luck)}."
        warnings.append(ReportWarning("The probabilities are off", text))
    for baseline in compared[1:]:
        if our_standing(baseline.excess_interval) == "worse":
            text = f"{baseline.label} has the lower log loss on these {unit}, by more than chance."
            warnings.append(ReportWarning("A simpler way does better", text))
        elif baseline.name == "constant" and our_standing(baseline.excess_interval) == "level":
            text = f"On these {unit} the model cannot be told from giving every lead the average rate."
            warnings.append(ReportWarning("No better than the average", text))
    return warnings


def segment_warnings(segments: Sequence[SegmentResult]) -> list[ReportWarning]:
    """Segments whose predicted rate is off by more than chance: who works only those would learn not to trust it."""
    off = segment_calibration_sentences(segments)
    if not off:
        return []
    more = f" And {len(off) - NAMED_SEGMENTS} more, below." if len(off) > NAMED_SEGMENTS else ""
    return [ReportWarning("Not every group is promised the truth", " ".join(off[:NAMED_SEGMENTS]) + more)]
