"""The leak gate: a model that leans on what was filled in with the outcome is not promoted, unless a person signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.evaluate.importance import Driver, drivers
from training.gates.gate import Gate
from training.metrics.binned_counts import roc_auc, tally
from training.wording.cautions import RANKS_WELL, TOO_GOOD, Field
from training.wording.sentences import of_100

NAME = "no_leak"
CARRIES_ALL = 1 / 2  # of all that moves the scores; a caution is said from a third on
FEWEST_CONVERTED = 20  # tested rows; with fewer an AUC is an accident
OF_JOB_TITLE = ("seniority", "department")
REMEDY = (
    "ask when and by whom it is filled in, then move it to [excluded] and train again, or sign it in the agreement "
    'with why = "..." on its line'
)


@dataclass(frozen=True)
class Rest:
    """What is left of a model when the contributions of the signed fields are taken out of its scores."""

    area: float | None
    drivers: tuple[Driver, ...]

    @property
    def share(self) -> float:
        """How much of all that moves these scores the strongest field does."""
        total = sum(driver.strength for driver in self.drivers)
        return self.drivers[0].strength / total if total > 0 else 0.0


def signed(agreement: Agreement) -> dict[str, str]:
    """The fields whose line in the agreement says why they are used all the same, by the names of their groups.

    Moving a line from [excluded] to [traits] keeps its `why`: that is the signature, and the agreement's version,
    which every score names, says since when it holds.
    """
    traits = agreement.traits.items()
    said = {name: trait.why or f"signed by {trait.signed_by}" for name, trait in traits if trait.why or trait.signed_by}
    said |= {name: behaviour.why for name, behaviour in agreement.behaviours.items() if behaviour.why}
    title = said.get("job_title")
    return said | (dict.fromkeys(OF_JOB_TITLE, title) if title else {})


def no_leak(
    contributions: pd.DataFrame, outcome: Floats, agreement: Agreement, kinds: Mapping[str, str],
    suspects: Sequence[Field] = (),
) -> Gate:  # fmt: skip
    """Whether what the model reads, but for what a person signed, is believable.

    contributions: one row per tested snapshot, one column per behaviour or trait, in log-odds. suspects: fields that
    the triage of this history suspects. A signed field is said and does not block; were it simply let through, another
    leak could hide behind it, so the signs are looked for in what is left without it.
    """
    ours = {name: why for name, why in signed(agreement).items() if name in contributions}
    unsigned = [field for field in suspects if field.name in contributions and field.name not in ours]
    rest = _rest(contributions.drop(columns=list(ours)), outcome, agreement, kinds)
    if unsigned:
        why = f"It uses “{unsigned[0].name}”, which is under suspicion ({unsigned[0].reason.rstrip('.')}): {REMEDY}."
        return Gate(NAME, False, float(len(unsigned)), 0.0, why)
    beside = f" Signed in the agreement, and taken out for this: {', '.join(sorted(ours))}." if ours else ""
    if rest.area is None:
        why = f"Under {FEWEST_CONVERTED} tested snapshots converted: too few to tell a leak from luck.{beside}"
        return Gate(NAME, True, None, TOO_GOOD, why)
    return _judged(rest, rest.area, beside)


def _judged(rest: Rest, area: float, beside: str) -> Gate:
    first = rest.drivers[0].label if rest.drivers else "nothing"
    if area >= TOO_GOOD:
        why = (
            f"ROC AUC {area:.3f} is too good to be true before anyone has spoken with a lead; the most is told by "
            f"“{first}”: {REMEDY}.{beside}"
        )
        return Gate(NAME, False, area, TOO_GOOD, why)
    if area >= RANKS_WELL and len(rest.drivers) > 2 and rest.share > CARRIES_ALL:
        why = f"{of_100(rest.share)} of 100 of all that moves the scores is “{first}”: {REMEDY}.{beside}"
        return Gate(NAME, False, rest.share, CARRIES_ALL, why)
    why = f"ROC AUC {area:.3f} is believable, and no single field carries it.{beside}"
    return Gate(NAME, True, area, TOO_GOOD, why)


def _rest(contributions: pd.DataFrame, outcome: Floats, agreement: Agreement, kinds: Mapping[str, str]) -> Rest:
    labels = {name: behaviour.label for name, behaviour in agreement.behaviours.items()}
    labels |= {name: trait.label for name, trait in agreement.traits.items()}
    found = drivers(contributions, labels, kinds)
    if outcome.sum() < FEWEST_CONVERTED or not len(contributions.columns):
        return Rest(None, found)
    # Sums of the same numbers in another order differ in their last digits; ties must stay ties.
    counted, _ = tally(np.round(contributions.to_numpy(np.float64).sum(axis=1), 12), outcome)
    return Rest(roc_auc(counted), found)
