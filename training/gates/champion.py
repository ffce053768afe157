"""The comparison with the champion: log loss of challenger and champion, paired on snapshots that neither learned from.

What the gates `not_worse_than_champion` and `no_segment_worse` both read. Both models are judged on the same resamples
of whole leads: a better figure alone would let through by luck what few leads cannot tell apart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.home.deployments import anchor_of, deployment_in_force
from features.home.settings import Home
from features.snapshots.point_in_time import snapshot_features
from features.store.materialize import materialized
from training.labels.split import Mask, Split, split
from training.metrics.bootstrap import lead_weights
from training.model.manifest import ModelDamaged
from training.model.model import Model
from training.model.old_labels import left_untried_out

FEWEST_CONVERTED = 20  # leads; the interval of a mean over fewer conversions is itself a matter of luck
RESAMPLES = 1_000
POWER = 0.8  # of comparisons, in which the difference that is called visible shows
ANSWERS, BEST = "which answers now", "the best so far"  # champion and anchor, in sentences


@dataclass(frozen=True)
class Champion:
    """The version that the home serves now, or its anchor; its files are read, and checked, when it is compared with.

    role: which of the two it is, as sentences say it.
    """

    version: str
    digest: str
    folder: Path
    role: str = ANSWERS

    @cached_property
    def model(self) -> Model:
        """Its judged model: what it serves has learned from nearly every row that it could be compared on.

        Raises ModelDamaged where a file is not as it was registered.
        """
        return Model.read_judged(self.folder, self.digest)

    @cached_property
    def agreement(self) -> Agreement:
        """The agreement that it learned by."""
        return Agreement.parse(self.model.agreement_text, file=f"the agreement of version {self.version}")


@dataclass(frozen=True)
class UnseenSnapshots:
    """Labelled snapshots of a home that the challenger did not learn from.

    rows: one row per snapshot: lead_id, snapshot_us, outcome, and its features by `agreement`.
    """

    home: Home
    agreement: Agreement
    rows: pd.DataFrame


@dataclass(frozen=True)
class ExcessLoss:
    """The share by which one log loss is above another; a chosen part of the resamples is above `low`, below `high`."""

    value: float
    low: float
    high: float

    @property
    def in_words(self) -> str:
        """As in "its log loss is 1.2% above version 3's"."""
        return "equal to" if self.value == 0 else f"{abs(self.value):.1%} {'above' if self.value > 0 else 'below'}"

    def visible(self, level: float) -> float:
        """The difference that these leads show in POWER of all comparisons; `level` is that of `low` and `high`."""
        error = (self.high - self.low) / (2 * norm.ppf(level))
        return float((norm.ppf(level) + norm.ppf(POWER)) * error)


@dataclass(frozen=True)
class PairedLosses:
    """One place per snapshot: its log loss by the challenger and by the champion, and its lead as 0 ... leads - 1."""

    ours: Floats
    theirs: Floats
    lead: npt.NDArray[np.intp]
    resamples: int = RESAMPLES

    def excess(self, rows: Mask, level: float) -> ExcessLoss:
        """The share by which the challenger's log loss on some rows is above the champion's, with its interval."""
        return _excess_loss(self._ratios(rows), level)

    def whole_excess(self, level: float) -> ExcessLoss:
        """The same on all rows, drawn once for all levels."""
        return _excess_loss(self._whole_ratios, level)

    @cached_property
    def _whole_ratios(self) -> Floats:
        return self._ratios(np.ones(len(self.lead), dtype=bool))

    def _ratios(self, rows: Mask) -> Floats:
        """The challenger's log loss over the champion's on these rows, then on each resample of their leads."""
        _, lead = np.unique(self.lead[rows], return_inverse=True)
        ours, theirs = (np.bincount(lead, weights=loss[rows]) for loss in (self.ours, self.theirs))
        drawn = [w @ ours / (w @ theirs) for w in lead_weights(np.arange(len(ours)), self.resamples, seed=0)]
        return np.array([ours.sum() / theirs.sum(), *drawn], dtype=np.float64)


def _excess_loss(ratios: Floats, level: float) -> ExcessLoss:
    low, high = np.quantile(ratios[1:], [1 - level, level]) - 1 if len(ratios) > 1 else (-np.inf, np.inf)
    return ExcessLoss(float(ratios[0]) - 1, float(low), float(high))


@dataclass(frozen=True)
class ChampionComparison:
    """A challenger and the champion on the same snapshots.

    rows: one row per snapshot, in the order of `losses`. rows_are: what has to be said of them, as in "that neither
    learned from". version, role: of the champion. agreement: the challenger's.
    """

    version: str
    role: str
    agreement: Agreement
    rows: pd.DataFrame
    rows_are: str
    losses: PairedLosses

    def excess(self, level: float) -> ExcessLoss:
        """The challenger's log loss over the champion's on all the rows."""
        return self.losses.whole_excess(level)


@dataclass(frozen=True)
class NoComparison:
    """Why challenger and champion are not compared, as a sentence, and whether that holds the challenger back."""

    why: str
    holds_back: bool = False


def served_champion(home: Home, name: str) -> Champion | None:
    """The model that this home serves under a name; None before the first."""
    row = deployment_in_force(home, name)
    return Champion(row.model_version, row.digest, row.folder(home)) if row else None


def served_anchor(home: Home, name: str) -> Champion | None:
    """The best version so far under a name, which may be the champion; None before the first."""
    row = deployment_in_force(home, name)
    best = anchor_of(home, row) if row else None
    return Champion(best.model_version, best.digest, best.folder(home), BEST) if best else None


def compare_with_champion(
    challenger: Model, champion: Champion | None, unseen: UnseenSnapshots
) -> ChampionComparison | NoComparison:
    """Challenger and champion, or its anchor, on what the challenger did not learn from; or why they are not compared.

    Too few conversions, and a champion whose files are damaged, hold the challenger back: it is not shown to be as
    good. A champion of another outcome does not, for it answers another question; nor does one of the old labels.
    """
    if champion is None:
        return NoComparison("There is no champion yet.")
    try:
        theirs, ours = champion.agreement.outcome, unseen.agreement.outcome
    except ModelDamaged as damage:
        why = f"It cannot be compared with version {champion.version}, {champion.role}: {damage}."
        return NoComparison(why, holds_back=True)
    if (theirs.event, theirs.horizon_days, theirs.asks) != (ours.event, ours.horizon_days, ours.asks):
        return NoComparison(
            f"Version {champion.version}, {champion.role}, predicts another outcome ({theirs.event}, "
            f"{theirs.horizon_days} days, {theirs.asks}), so there is no champion of this one yet."
        )
    if left_untried_out(champion.model, theirs):
        return NoComparison(
            f"Version {champion.version}, {champion.role}, learned while leads that sales never tried were left out "
            "unless they converted: what it says is too high, so it is nothing to be held against."
        )
    rows, rows_are = _compared_rows(challenger, champion, unseen)
    converted = rows.loc[rows["outcome"], "lead_id"].nunique()
    if converted < FEWEST_CONVERTED:
        why = (
            f"Only {converted} leads that it did not learn from converted, and {FEWEST_CONVERTED} are needed to tell "
            f"it from version {champion.version}: train again later, or force it with a reason."
        )
        return NoComparison(why, holds_back=True)
    losses = _paired_losses(challenger, champion, unseen, rows)
    return ChampionComparison(champion.version, champion.role, unseen.agreement, rows, rows_are, losses)


def nobody_to_beat(challenger_digest: str, champion: Champion | None) -> NoComparison | None:
    """Why a version has no rival: it is the first, or the champion itself; None where it has one."""
    if champion is None:
        return NoComparison("There is no champion yet.")
    return NoComparison("It is the champion.") if champion.digest == challenger_digest else None


def drawn_leads_digest(labelled: pd.DataFrame, parted: Split) -> str | None:
    """A digest of the leads that a model learned from, which does not tell who they are.

    None where the split goes by time: then the time of the last label says what the model learned from.
    """
    return _digest(labelled["lead_id"][parted.train]) if not parted.is_dated else None


def unseen_rows(model: Model, labelled: pd.DataFrame) -> Mask:
    """The rows that a registered model certainly did not learn from.

    Those after its last label; or, where its leads were drawn at random, those of the other leads of the same draw.
    Example: the last label of a model became known on 1 May; the snapshot of 2 May is unseen, that of 30 April is not.
    """
    rows = _after_last_label(model, labelled)
    if rows.any() or not model.facts.get("learned_leads"):
        return rows
    parted = split(labelled, None, model.facts.get("seed", 0))
    return parted.test if _digest(labelled["lead_id"][parted.train]) == model.facts["learned_leads"] else rows


def _after_last_label(model: Model, labelled: pd.DataFrame) -> Mask:
    until = model.facts.get("labels_until_us")
    return np.zeros(len(labelled), dtype=bool) if until is None else labelled["snapshot_us"].to_numpy(np.int64) >= until


def _digest(leads: pd.Series) -> str:
    return hashlib.sha256("\n".join(sorted(leads.unique())).encode()).hexdigest()


def _compared_rows(challenger: Model, champion: Champion, unseen: UnseenSnapshots) -> tuple[pd.DataFrame, str]:
    """The rows to compare on, and what has to be said of them.

    Rows that neither learned from, where enough of them converted. Else all that the challenger did not learn from:
    those that the champion did can only flatter the champion, so a challenger may be refused for it, never let through.
    """
    rows = unseen.rows.reset_index(drop=True)
    is_new = _after_last_label(champion.model, rows)
    same = champion.model.facts.get("learned_leads")
    if same is not None and same == challenger.facts.get("learned_leads"):
        is_new[:] = True  # they learned from the same leads, so what the one did not see the other did not either
    if rows.loc[is_new & rows["outcome"].to_numpy(bool), "lead_id"].nunique() >= FEWEST_CONVERTED:
        return rows[is_new].reset_index(drop=True), "that neither learned from"
    seen = f"of which the champion may have learned from {int((~is_new).sum()):,}, which can only flatter it"
    return rows, f"that it did not learn from, {seen}"


def _paired_losses(challenger: Model, champion: Champion, unseen: UnseenSnapshots, rows: pd.DataFrame) -> PairedLosses:
    outcome = rows["outcome"].to_numpy(np.float64)
    ours = challenger.probability(rows)
    theirs = champion.model.probability(_as_champion_sees(champion, unseen, rows))
    _, lead = np.unique(rows["lead_id"].to_numpy(str), return_inverse=True)
    return PairedLosses(_log_loss(ours, outcome), _log_loss(theirs, outcome), lead)


def _as_champion_sees(champion: Champion, unseen: UnseenSnapshots, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the features of the champion's own agreement: the same name may count something else there."""
    if champion.agreement.feature_digest == unseen.agreement.feature_digest:
        return rows
    repository = materialized(unseen.home, champion.agreement).repository
    return snapshot_features(repository, champion.agreement, rows[["lead_id", "snapshot_us"]])


def _log_loss(probability: Floats, outcome: Floats) -> Floats:
    smallest = np.finfo(float).eps
    chance = np.clip(probability, smallest, 1 - smallest)
    return -np.where(outcome == 1, np.log(chance), np.log1p(-chance))
