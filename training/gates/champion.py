"""Champion and challenger on the same leads: snapshots after the last label that either of them learned from.

The whole must be shown not to be worse by 1 %: in 95 of 100 resamples of whole leads, both models on the same draws.
A better figure alone would let through by luck what few leads cannot tell apart. A group of leads holds back what is
shown to be worse for it by 5 %, in 99 of 100 resamples: few groups have leads enough to show the opposite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.home.deployments import deployments
from features.home.settings import Home
from features.snapshots.point_in_time import snapshots
from features.store.materialize import derived
from training.gates.gate import Gate
from training.labels.segments import segments
from training.labels.split import Mask, Split, split_by_lead
from training.metrics.bootstrap import lead_weights
from training.model.manifest import ModelDamaged
from training.model.model import Model

WORSE, SEGMENT_WORSE = 0.01, 0.05  # shares of the champion's log loss
FEWEST_CONVERTED = 20  # leads; the interval of a mean over fewer conversions is itself a matter of luck
SEGMENT_LEADS = 100  # with a known outcome, FEWEST_CONVERTED of them converted: then a group is judged by itself
RESAMPLES = 1_000
WHOLE, PARTS = "not_worse_than_champion", "no_segment_worse"


@dataclass(frozen=True)
class Champion:
    """What the home serves now; its files are read, and checked, when it is compared with."""

    version: str
    digest: str
    folder: Path

    @cached_property
    def model(self) -> Model:
        return Model.read(self.folder, self.digest)

    @cached_property
    def agreement(self) -> Agreement:
        """What it learned by."""
        return Agreement.parse(self.model.agreement_text, file=f"the agreement of version {self.version}")


@dataclass(frozen=True)
class Trial:
    """Labelled snapshots of a home, with their features by `agreement`, none of which the challenger learned from."""

    home: Home
    agreement: Agreement
    rows: pd.DataFrame


@dataclass(frozen=True)
class Excess:
    """By what share one log loss is above another, and that of so many resamples are above `low`, and below `high`."""

    value: float
    low: float
    high: float


def champion(home: Home, name: str) -> Champion | None:
    """The model that this home serves under a name; None before the first."""
    rows = (row for row in deployments(home) if row.model_name == name)
    return next((Champion(row.model_version, row.digest, row.folder(home)) for row in rows), None)


def drawn_leads(labelled: pd.DataFrame, parted: Split) -> str | None:
    """Where leads were drawn at random, a digest of all that a model learned from, which tells nobody who."""
    return _digest(labelled["lead_id"][parted.train]) if parted.kind == "random" else None


def unseen(model: Model, labelled: pd.DataFrame) -> Mask:
    """The rows that a registered model certainly did not learn from.

    Those after its last label; or, where its leads were drawn at random, the others of the very same draw.
    """
    rows = _after_last_label(model, labelled)
    if rows.any() or not model.facts.get("learned_leads"):
        return rows
    parted = split_by_lead(labelled, model.facts.get("seed", 0), "as it was then")
    is_same = _digest(labelled["lead_id"][parted.train]) == model.facts["learned_leads"]
    return parted.test if is_same else rows


def _after_last_label(model: Model, labelled: pd.DataFrame) -> Mask:
    until = model.facts.get("labels_until_us")
    moments = labelled["snapshot_us"].to_numpy(np.int64)
    return np.zeros(len(labelled), dtype=bool) if until is None else moments >= until


def _digest(leads: pd.Series) -> str:
    names = "\n".join(sorted(leads.unique()))
    return hashlib.sha256(names.encode()).hexdigest()


def champion_gates(challenger: Model, present: Champion | None, trial: Trial) -> tuple[Gate, Gate]:
    """Whether a challenger is no worse than the champion, as a whole and for each group of leads."""
    if present is None:
        return _without("There is no champion yet.")
    try:
        theirs, ours = present.agreement.outcome, trial.agreement.outcome
    except ModelDamaged as damage:
        why = f"It cannot be compared with version {present.version}, which answers now: {damage}."
        return Gate(WHOLE, False, None, WORSE, why), Gate(PARTS, True, None, SEGMENT_WORSE, "No group can be judged.")
    if (theirs.event, theirs.horizon_days) != (ours.event, ours.horizon_days):
        return _without(
            f"Version {present.version}, which answers now, predicts another outcome ({theirs.event}, "
            f"{theirs.horizon_days} days), so there is no champion of this one yet."
        )
    rows, said = _judged_on(challenger, present, trial)
    converted = rows.loc[rows["outcome"], "lead_id"].nunique()
    if converted < FEWEST_CONVERTED:
        why = (
            f"Only {converted} leads that it did not learn from converted, and {FEWEST_CONVERTED} are needed to tell "
            f"it from version {present.version}: train again later, or force it with a reason."
        )
        return Gate(WHOLE, False, None, WORSE, why), Gate(PARTS, True, None, SEGMENT_WORSE, "No group can be judged.")
    pairs = _pairs(challenger, present, trial, rows)
    return _whole(pairs, present.version, said), _parts(pairs, rows, trial.agreement, present.version)


def without_champion(challenger: str, present: Champion | None) -> tuple[Gate, Gate] | None:
    """The gates of a version that has nobody to beat: it is the first, or the champion itself; else None."""
    if present is None:
        return _without("There is no champion yet.")
    return _without("It is the champion.") if present.digest == challenger else None


def _without(why: str) -> tuple[Gate, Gate]:
    return Gate(WHOLE, True, None, WORSE, why), Gate(PARTS, True, None, SEGMENT_WORSE, why)


def _judged_on(challenger: Model, present: Champion, trial: Trial) -> tuple[pd.DataFrame, str]:
    """The rows to compare on, and what has to be said of them.

    Rows that neither learned from, where enough of them converted. Else all that the challenger did not learn from:
    those that the champion did can only flatter the champion, so a challenger may be refused for it, never let through.
    """
    rows = trial.rows.reset_index(drop=True)
    is_new = _after_last_label(present.model, rows)
    same = present.model.facts.get("learned_leads")
    if same is not None and same == challenger.facts.get("learned_leads"):
        is_new[:] = True  # they learned from the same leads, so what the one did not see the other did not either
    if rows.loc[is_new & rows["outcome"].to_numpy(bool), "lead_id"].nunique() >= FEWEST_CONVERTED:
        return rows[is_new].reset_index(drop=True), "that neither learned from"
    seen = f"of which the champion may have learned from {int((~is_new).sum()):,}, which can only flatter it"
    return rows, f"that it did not learn from, {seen}"


@dataclass(frozen=True)
class Pairs:
    """The log loss of each row by the challenger and by the champion, and the lead of each, 0 ... leads - 1."""

    ours: Floats
    theirs: Floats
    lead: npt.NDArray[np.intp]

    def excess(self, rows: Mask, level: float) -> Excess:
        """By what share the challenger's log loss is above the champion's on some rows, with its interval."""
        _, lead = np.unique(self.lead[rows], return_inverse=True)
        ours, theirs = (np.bincount(lead, weights=loss[rows]) for loss in (self.ours, self.theirs))
        drawn = [
            float(times @ ours / (times @ theirs)) for times in lead_weights(np.arange(len(ours)), RESAMPLES, seed=0)
        ]
        low, high = np.quantile(drawn, [1 - level, level]) - 1 if drawn else (-np.inf, np.inf)
        return Excess(float(ours.sum() / theirs.sum()) - 1, float(low), float(high))


def _pairs(challenger: Model, present: Champion, trial: Trial, rows: pd.DataFrame) -> Pairs:
    outcome = rows["outcome"].to_numpy(np.float64)
    ours = challenger.probability(rows)
    theirs = present.model.probability(_as_champion_sees(present, trial, rows))
    _, lead = np.unique(rows["lead_id"].to_numpy(str), return_inverse=True)
    return Pairs(_losses(ours, outcome), _losses(theirs, outcome), lead)


def _as_champion_sees(present: Champion, trial: Trial, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the features of the champion's own agreement: the same name may count something else there."""
    if present.agreement.feature_digest == trial.agreement.feature_digest:
        return rows
    repository = derived(trial.home, present.agreement).repository
    return snapshots(repository, present.agreement, rows[["lead_id", "snapshot_us"]])


def _losses(probability: Floats, outcome: Floats) -> Floats:
    smallest = np.finfo(float).eps
    chance = np.clip(probability, smallest, 1 - smallest)
    return -np.where(outcome == 1, np.log(chance), np.log1p(-chance))


def _whole(pairs: Pairs, version: str, said: str) -> Gate:
    found = pairs.excess(np.ones(len(pairs.lead), dtype=bool), 0.95)
    seen = (
        f"On {len(pairs.lead):,} snapshots {said}, its log loss is {_percent(found.value)} version {version}'s, at "
        f"most {found.high:+.1%} in 95 of 100 resamples"
    )
    passed = found.high <= WORSE
    less = "" if passed else f": that it is not worse by {WORSE:.0%} is not shown"
    return Gate(WHOLE, passed, found.high, WORSE, f"{seen}{less}.")


def _percent(share: float) -> str:
    return "equal to" if share == 0 else f"{abs(share):.1%} {'above' if share > 0 else 'below'}"


def _parts(pairs: Pairs, rows: pd.DataFrame, agreement: Agreement, version: str) -> Gate:
    judged = {name: pairs.excess(mask, 0.99) for name, mask in _groups(rows, agreement)}
    if not judged:
        why = f"No group of leads has {SEGMENT_LEADS} outcomes, {FEWEST_CONVERTED} of them converted, to judge it by."
        return Gate(PARTS, True, None, SEGMENT_WORSE, why)
    worst = max(judged, key=lambda name: judged[name].low)
    found = judged[worst]
    why = f"Of {len(judged)} groups none is clearly worse than with version {version} by {SEGMENT_WORSE:.0%}"
    if found.low > SEGMENT_WORSE:
        why = (
            f"For {worst} its log loss is {_percent(found.value)} version {version}'s, by {found.low:.1%} at the least"
        )
    return Gate(PARTS, found.low <= SEGMENT_WORSE, found.low, SEGMENT_WORSE, f"{why}.")


def _groups(rows: pd.DataFrame, agreement: Agreement) -> Iterator[tuple[str, Mask]]:
    """Each group with enough outcomes, by its name and level, and which rows are of it."""
    won = rows["outcome"].to_numpy(bool)
    for family, level in segments(rows, agreement).items():
        for name in level.dropna().unique():
            mask = (level == name).to_numpy(bool)
            leads = rows["lead_id"][mask].nunique(), rows["lead_id"][mask & won].nunique()
            if leads[0] >= SEGMENT_LEADS and leads[1] >= FEWEST_CONVERTED:
                yield f"{family} “{name}”", mask
