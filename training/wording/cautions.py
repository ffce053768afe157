"""What a reader must know before believing a figure: signs of leaks, of chance, of a model that is not worth having."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluate.comparison import Compared
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import Driver
from training.evaluate.segments import Group
from training.wording.sentences import of_100, promise_differences, standing

TOO_GOOD = 0.95  # honest models of leads reach 0.7 to 0.93 on public sets; with fields that reps fill in, 0.98
CARRIES = 1 / 3  # of all that moves the scores
RANKS_WELL = 0.9  # below that, one strong field is no sign of a leak
FEW_CONVERSIONS = 100
TOLERATED_GAP = 0.02
NAMED_GROUPS = 3

WHY_NOT_REAL = (
    "What is filled in after sales has spoken with a lead tells the past, not the future: when a new lead is scored, "
    "it is still empty, and the score will not do what these figures promise."
)


@dataclass(frozen=True)
class Field:
    """A field of the agreement and what the triage said of it; `auc` is how it ranks alone, where that is known."""

    name: str
    reason: str
    auc: float | None = None


@dataclass(frozen=True)
class Caution:
    """One thing to know first; `is_leak` if it means that the figures themselves may not be real."""

    heading: str
    text: str
    is_leak: bool = False


def leak_cautions(evaluation: Evaluation, drivers: Sequence[Driver], put_back: Sequence[Field]) -> list[Caution]:
    """Signs that the model reads the outcome itself: suspects in use, a rank too good, one field that carries all."""
    found = []
    if put_back:
        names = ", ".join(f"{field.name}{_alone(field)}" for field in put_back)
        text = f"{names}. Why, for {put_back[0].name}: {put_back[0].reason.rstrip('.')}. {WHY_NOT_REAL}"
        found.append(Caution("Fields under suspicion are in use", text, is_leak=True))
    area = evaluation.metrics["roc_auc"]
    if area is not None and area >= TOO_GOOD:
        text = (
            f"ROC AUC {area:.3f}: no honest history tells buyers apart this well before anyone has spoken with them. "
            f"A field that is filled in with the outcome does. {'' if put_back else WHY_NOT_REAL}"
        )
        found.append(Caution("Too good to be true", text.rstrip(), is_leak=True))
    total = sum(driver.strength for driver in drivers)
    if (area or 0) >= RANKS_WELL and len(drivers) > 2 and drivers[0].strength > CARRIES * total:
        share = of_100(drivers[0].strength / total)
        text = (
            f"{share} of 100 of all that moves the scores is “{drivers[0].label}”. Ask when and by whom it is filled "
            "in; if that is after the first contact, move it to [excluded] in the agreement and train again."
        )
        found.append(Caution("One field carries the model", text))
    return found


def _alone(field: Field) -> str:
    return "" if field.auc is None else f" (alone ROC AUC {field.auc:.2f})"


def worth_cautions(evaluation: Evaluation, compared: Sequence[Compared], split: str) -> list[Caution]:
    """Signs that the figures say little or nothing good: few outcomes, no dates, a gap, a peer that does better."""
    found = []
    if evaluation.conversions < FEW_CONVERSIONS:
        text = f"Only {evaluation.conversions} conversions to test on: read the intervals, not the figures."
        found.append(Caution("Few outcomes", text))
    if split == "random":
        text = "The rows have no dates, so the test leads are not later ones; how the model ages is not known."
        found.append(Caution("Not tested in time", text))
    gap, chance = evaluation.metrics["ece"], evaluation.metrics["ece_null95"]
    if gap is not None and chance is not None and gap > max(TOLERATED_GAP, chance):
        text = (
            f"The mean gap between said and seen is {100 * gap:.1f} in 100, chance explains up to {100 * chance:.1f}."
        )
        found.append(Caution("The probabilities are off", text))
    for peer in compared[1:]:
        if standing(peer.excess_interval) == "worse":
            text = f"{peer.label} has the lower log loss on these rows, by more than chance."
            found.append(Caution("A simpler way does better", text))
        elif peer.name == "constant" and standing(peer.excess_interval) == "level":
            text = "On these rows the model cannot be told from giving every lead the average rate."
            found.append(Caution("No better than the average", text))
    return found


def group_cautions(groups: Sequence[Group]) -> list[Caution]:
    """Groups whose promise is off by more than chance: a rep who works only those would learn not to trust it."""
    off = promise_differences(groups)
    if not off:
        return []
    shown = " ".join(off[:NAMED_GROUPS])
    more = f" And {len(off) - NAMED_GROUPS} more, below." if len(off) > NAMED_GROUPS else ""
    return [Caution("Not every group is promised the truth", shown + more)]
