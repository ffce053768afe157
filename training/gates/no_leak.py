"""The gate `no_leak`: a model that leans on what was filled in with the outcome needs a person who signs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.evaluate.importance import GlobalImportance, global_importances
from training.gates.gate import Gate
from training.leakage.model_signs import RANKS_WELL, TOO_GOOD
from training.metrics.binned_counts import binned_counts
from training.metrics.metrics import roc_auc
from training.metrics.shares import of_100
from training.model.columns import AGE

NO_LEAK = "no_leak"
CARRIES_ALL = 1 / 2  # of all that moves the scores; the report warns from a third on
FEWEST_CONVERTED = 20  # tested rows; with fewer an AUC is an accident
OF_JOB_TITLE = ("seniority", "department")
REMEDY = (
    "ask when and by whom it is filled in, then move it to [excluded] and train again, or sign it in the agreement "
    'with why = "..." on its line'
)


@dataclass(frozen=True)
class UnsignedFields:
    """The scores of a model without the contributions of the signed fields.

    area: their ROC AUC; None where too few tested snapshots converted. importances: what moves them,
    the strongest first.
    """

    area: float | None
    importances: tuple[GlobalImportance, ...]

    @property
    def share(self) -> float:
        """The part of all that moves these scores that the strongest field has."""
        total = sum(one.strength for one in self.importances)
        return self.importances[0].strength / total if total > 0 else 0.0


def signed_fields(agreement: Agreement) -> dict[str, str]:
    """By field, why a person uses it all the same, as its line in the agreement says.

    Moving a line from [excluded] to [traits] keeps its `why`: that is the signature. The agreement's version, which
    every score names, says since when it holds. Who signs job_title signs what is made of it, OF_JOB_TITLE.
    """
    traits = agreement.traits.items()
    why = {name: trait.why or f"signed by {trait.signed_by}" for name, trait in traits if trait.why or trait.signed_by}
    why |= {name: behaviour.why for name, behaviour in agreement.behaviours.items() if behaviour.why}
    title = why.get("job_title")
    return why | (dict.fromkeys(OF_JOB_TITLE, title) if title else {})


def no_leak(
    contributions: pd.DataFrame, outcome: Floats, agreement: Agreement, kinds: Mapping[str, str],
    suspects: Mapping[str, str] = MappingProxyType({}),
) -> Gate:  # fmt: skip
    """Whether what the model reads, but for what a person signed, is believable.

    contributions: one row per tested snapshot, one column per behaviour or trait, in log-odds. suspects: what the
    triage of this history holds against a field, by its name. A signed field is named and does not hold back. Were it
    simply let through, another leak could hide behind it: so the signs are looked for in the scores without it. They
    are without how long a lead is known as well, which nobody fills in.
    """
    signed = {name: why for name, why in signed_fields(agreement).items() if name in contributions}
    unsigned = [name for name in suspects if name in contributions and name not in signed]
    rest = _unsigned_fields(_filled_in(contributions).drop(columns=list(signed)), outcome, agreement, kinds)
    if unsigned:
        reason = suspects[unsigned[0]].rstrip(".")
        why = f"It uses “{unsigned[0]}”, which is under suspicion ({reason}): {REMEDY}."
        return Gate(NO_LEAK, False, float(len(unsigned)), 0.0, why)
    beside = f" Signed in the agreement, and taken out for this: {', '.join(sorted(signed))}." if signed else ""
    if rest.area is None:
        why = f"Under {FEWEST_CONVERTED} tested snapshots converted: too few to tell a leak from luck.{beside}"
        return Gate(NO_LEAK, True, None, TOO_GOOD, why)
    return _gate(rest, rest.area, beside)


def _filled_in(contributions: pd.DataFrame) -> pd.DataFrame:
    return contributions.drop(columns=AGE, errors="ignore")


def _gate(unsigned: UnsignedFields, area: float, beside: str) -> Gate:
    first = unsigned.importances[0].label if unsigned.importances else "nothing"
    if area >= TOO_GOOD:
        why = (
            f"ROC AUC {area:.3f} is too good to be true before anyone has spoken with a lead; the most is told by "
            f"“{first}”: {REMEDY}.{beside}"
        )
        return Gate(NO_LEAK, False, area, TOO_GOOD, why)
    if area >= RANKS_WELL and len(unsigned.importances) > 2 and unsigned.share > CARRIES_ALL:
        why = f"{of_100(unsigned.share)} of 100 of all that moves the scores is “{first}”: {REMEDY}.{beside}"
        return Gate(NO_LEAK, False, unsigned.share, CARRIES_ALL, why)
    why = f"ROC AUC {area:.3f} is believable, and no single field carries it.{beside}"
    return Gate(NO_LEAK, True, area, TOO_GOOD, why)


def _unsigned_fields(
    contributions: pd.DataFrame, outcome: Floats, agreement: Agreement, kinds: Mapping[str, str]
) -> UnsignedFields:
    labels = {name: line.label for name, line in (agreement.behaviours | agreement.traits).items()}
    found = global_importances(contributions, labels, kinds)
    if outcome.sum() < FEWEST_CONVERTED or not len(contributions.columns):
        return UnsignedFields(None, found)
    # Sums of the same numbers in another order differ in their last digits; ties must stay ties.
    counted, _ = binned_counts(np.round(contributions.to_numpy(np.float64).sum(axis=1), 12), outcome)
    return UnsignedFields(roc_auc(counted), found)
