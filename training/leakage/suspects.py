"""Leak suspects: fields that may give the outcome away, quarantined until a person signs them or only worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from features.agreement.agreement import Agreement
from training.leakage.filled_when import FillTime
from training.leakage.signals import (
    EMPTINESS_GIVES_AWAY,
    EMPTINESS_IS_ALL,
    IS_MISSED,
    TELLS_ALONE,
    TELLS_MUCH,
    LeakSignals,
)
from training.leakage.wording import reason_in_title
from training.model.columns import AGE

LATE, PARTLY_LATE = 0.8, 0.5  # of the leads that have a value: first known when sales or the outcome may have told it
FEWEST_LATE = 20
OF_THE_WON = 0.1  # of the converted, at least, must have what only they have; and of the others
CARRIES = 0.5  # of what all fields together tell beyond guessing
# What follows from another field is signed where that one is.
FOLLOWS_FROM = {"seniority": "job_title", "department": "job_title"}
ON_AGE = (
    "how long a lead is known tells most; either leads convert soon after they came, or those that were lost stay open "
    "here because no file says when they were lost"
)

FieldUse = Literal["quarantined", "signed", "look"]


@dataclass(frozen=True)
class Suspect:
    """A field that may give the outcome away.

    reason: what speaks against it, as in "first known after the lead's outcome for 93%...". auc_alone: of a model of
    this field alone. auc_drop: what all fields together lose without it. Both are None where nobody asked or can tell.
    """

    name: str
    use: FieldUse
    reason: str
    auc_alone: float | None = None
    auc_drop: float | None = None

    @property
    def sentence(self) -> str:
        """What every output must say of it."""
        figures = "" if self.auc_alone is None else f"; alone {100 * self.auc_alone:.0f}"
        lost = 100 * (self.auc_drop or 0)
        figures += f"; without it the rest loses {lost:.0f}" if lost >= 0.5 else ""
        if self.use == "quarantined":
            remedy = f'sign its line in [traits]: {self.name} = {{ ..., signed_by = "NAME, DATE" }}'
            return (
                f"{self.name} is in quarantine: {self.reason}{figures}. The model does not see it; "
                f"to use it all the same, {remedy}."
            )
        if self.use == "signed":
            return f"{self.name} is used because a person signed it, though it is {self.reason}{figures}."
        return f"{self.name} is worth a look: {self.reason}{figures}."


@dataclass(frozen=True)
class FieldEvidence:
    """All that was found of one field: the evidence on which it is judged."""

    name: str
    kind: str
    signals: LeakSignals
    filling: FillTime | None = None
    drop: float | None = None
    carries: bool = False


def suspect(evidence: FieldEvidence, agreement: Agreement) -> Suspect | None:
    """The field as a suspect; None where nothing speaks against it.

    Only overwhelming evidence quarantines, and only traits. A behaviour is an event with its own time, so what is known
    of it at the snapshot cannot come from the future; that it tells much is what we look for.
    """
    # How long a lead is known is counted here: nobody fills it in, and nobody can sign it.
    is_filled_in = evidence.kind == "trait" and evidence.name != AGE
    strong = quarantine_reasons(evidence.signals, evidence.filling) if is_filled_in else []
    weak = list(_weak(evidence, agreement))
    if weak and evidence.name == AGE:
        weak = [ON_AGE]
    if not strong and not weak:
        return None
    use: FieldUse = "look"
    if strong:
        use = "signed" if is_signed(evidence.name, agreement) else "quarantined"
    return Suspect(evidence.name, use, "; ".join(strong or weak), evidence.signals.alone, evidence.drop)


def is_signed(field: str, agreement: Agreement) -> bool:
    """Whether a person signed the field's line, or the line of the field that it follows from."""
    if field in agreement.own_columns:
        return False  # a column of the training frame alone: a line in the agreement, once it has one, can be signed
    line = agreement.traits.get(field) or agreement.traits.get(FOLLOWS_FROM.get(field, ""))
    # What has no line nobody can sign.
    return line is None or line.is_signed


def quarantine_reasons(signals: LeakSignals, filling: FillTime | None) -> list[str]:
    """The reasons to quarantine a trait; empty where it does not give the outcome away beyond doubt."""
    return list(_strong(signals, filling))


def _strong(signals: LeakSignals, filling: FillTime | None) -> Iterator[str]:
    if filling and filling.late_share >= LATE and filling.late_share * filling.leads >= FEWEST_LATE:
        yield filling.sentence
    if signals.alone is None:
        return
    if signals.is_only_for_won and signals.filled_won >= OF_THE_WON:
        yield f"filled for {signals.filled_won:.0%} of the converted and for hardly any other"
    elif signals.one_sided and max(signals.filled_lost, signals.said_lost, signals.said_won) >= OF_THE_WON:
        yield signals.one_sided
    elif signals.sure_emptiness_auc >= EMPTINESS_IS_ALL:
        yield f"filled for {signals.filled_won:.0%} of the converted and {signals.filled_lost:.0%} of the others"
    if signals.sure_auc >= TELLS_ALONE:
        yield "telling the outcome too well to be known before it"


def _weak(evidence: FieldEvidence, agreement: Agreement) -> Iterator[str]:
    signals, filling = evidence.signals, evidence.filling
    if evidence.carries:
        yield "it alone carries the model; ask when and by whom it is filled in"
    elif signals.sure_auc >= TELLS_ALONE:
        yield "it tells the outcome very well; is it known before sales has spoken with the lead?"
    elif signals.sure_auc >= TELLS_MUCH and (evidence.drop or 0) >= IS_MISSED:
        yield "it tells much that no other field does; is it known before sales has spoken with the lead?"
    if evidence.kind != "trait":
        return
    if filling and filling.late_share >= PARTLY_LATE and filling.late_share * filling.leads >= FEWEST_LATE:
        yield filling.sentence
    if signals.alone is not None and signals.sure_emptiness_auc >= EMPTINESS_GIVES_AWAY:
        yield f"filled for {signals.filled_won:.0%} of the converted and {signals.filled_lost:.0%} of the others"
    if (why := _in_name(evidence.name, agreement)) and not is_signed(evidence.name, agreement):
        yield f"by its name it is {why}"


def _in_name(field: str, agreement: Agreement) -> str | None:
    line = agreement.traits.get(field)
    return reason_in_title(line.column or field) if line else None


def suspects(
    signals: Mapping[str, LeakSignals],
    kinds: Mapping[str, str],
    filled: Mapping[str, FillTime],
    whole: tuple[float | None, Mapping[str, float]],
    agreement: Agreement,
) -> tuple[Suspect, ...]:
    """All suspects among the fields, those in quarantine first.

    filled: also of traits that no input is made of. whole: the AUC of all fields, and what it loses without some.
    """
    auc, drops = whole
    found = []
    for name in dict.fromkeys([*signals, *filled]):
        drop = drops.get(name)
        carries = auc is not None and drop is not None and auc >= TELLS_MUCH and drop >= CARRIES * (auc - 0.5)
        own = signals.get(name, LeakSignals())
        evidence = FieldEvidence(name, kinds.get(name, "trait"), own, filled.get(name), drop, carries)
        if candidate := suspect(evidence, agreement):
            found.append(candidate)
    return tuple(sorted(found, key=lambda one: (("quarantined", "signed", "look").index(one.use), one.name)))
