"""The second question, "if sales tries now": whether it is answered, how, by which gates, and what was seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from training.evaluate.evaluate import Evaluation, evaluate
from training.fit.fit import fitted_model
from training.fit.served_fit import ServedFit, fold_models, served_fit
from training.gates.calibrated import CalibrationSeen, calibrated
from training.gates.calls_recorded import calls_recorded
from training.gates.gate import Gate, failed_gates
from training.gates.labels_kept_alike import label_gates
from training.gates.overlap import overlap
from training.gates.sale_at_the_try import sale_at_the_try
from training.gates.tried_enough import tried_enough
from training.if_tried.likeness import Overlap, overlap_of
from training.if_tried.looks import DecisionLooks
from training.if_tried.shift import FEWEST_WON, Shift, method, moving_map, out_of_fold_logit, shift
from training.labels.split import Mask, Split
from training.model.calibrator import Calibrator, sigmoid
from training.model.if_tried import ASKS_IF_TRIED, IfTried, Method
from training.model.model import Model
from training.monitoring.reference import BAR_QUANTILES, thinned
from training.wording.if_tried import TriesSeen, if_tried_sentences


@dataclass(frozen=True)
class FirstQuestion:
    """What the training of "as things are" found, from which the second question starts.

    labelled, split: its snapshots, and which of them were for judging. judged: the model that was tested; served: the
    one that answers, with its fits on folds.
    """

    labelled: pd.DataFrame
    split: Split
    judged: Model
    served: ServedFit
    agreement: Agreement
    seed: int

    @property
    def is_second_asked(self) -> bool:
        """Whether the agreement asks what comes of a try."""
        return self.agreement.outcome.asks == ASKS_IF_TRIED


@dataclass(frozen=True)
class SecondQuestion:
    """What a training found on the second question.

    head: what a version answers it with; None where it is not answered. tried: the first tries with a known outcome.
    test: the head's figures on later first tries. won_untried, unlike, effective: see the gates.
    """

    tried: int = 0
    tried_before: float | None = None
    shift: Shift | None = None
    method: Method | None = None
    is_asked: bool = False
    gates: tuple[Gate, ...] = ()
    test: Evaluation | None = None
    won_untried: float | None = None
    unlike: float | None = None
    effective: float | None = None
    head: IfTried | None = None
    horizon_days: int | None = None

    @property
    def metrics(self) -> dict[str, float | None]:
        """Its figures on later first tries; none where it was not judged."""
        return self.test.metrics if self.test else {}

    @property
    def seen(self) -> TriesSeen:
        """What it is worded from."""
        return TriesSeen(
            self.tried,
            self.horizon_days,
            self.shift.value if self.shift else None,
            self.is_asked,
            self.head is not None,
            self.unlike,
            self.effective,
            tuple(gate.why for gate in self.gates if not gate.passed),
        )

    @property
    def sentences(self) -> list[str]:
        """What every output of a version must say of it."""
        return if_tried_sentences(self.seen)

    def as_json(self) -> dict[str, Any]:
        """The figures, for `train --json`."""
        found = None if self.shift is None else asdict(self.shift)
        return {
            "asked": self.is_asked,
            "first_tries": self.tried,
            "method": self.method,
            "earned": self.head is not None,
            "shift": found,
            "metrics": self.metrics or None,
            "gates": [gate.as_json() for gate in self.gates],
            "sentences": self.sentences,
            "won_untried": self.won_untried,
            "unlike_tried": self.unlike,
            "effective_share": self.effective,
        }


def second_question(
    first: FirstQuestion, looks: DecisionLooks, open_now: pd.DataFrame, before: str | None
) -> SecondQuestion:
    """Whether a version answers "if sales tries now", and how: asked of the shift, held against the gates.

    open_now: one row per lead that is open and was never tried, with its features. before: how the champion answers.
    """
    rows, won = looks.rows, int(looks.rows["outcome"].sum())
    days, is_asked = first.agreement.outcome.horizon_days, first.is_second_asked
    found = SecondQuestion(len(rows), looks.tried_before, is_asked=is_asked, horizon_days=days)
    if min(won, len(rows) - won) < FEWEST_WON:
        return found
    served = first.served
    folds = served.folds or fold_models(first.judged, first.labelled, first.agreement, first.seed)
    folded = out_of_fold_logit(rows, first.labelled, folds, served.model.calibrator, first.seed)
    moved = shift(folded, _outcome(rows), list(rows["lead_id"]))
    how = method(moved, before, is_asked)
    found = replace(found, shift=moved, method=how, won_untried=_won_untried(first.labelled, looks))
    if how is None:
        return found
    enough = tried_enough(how, len(rows), won)
    if not enough.passed:  # then nothing else can be judged
        return replace(found, gates=(enough,))
    alike = overlap_of(rows, first.labelled, open_now, first.agreement, first.seed)
    judged, test = _judged(first, rows, how)
    return _held_against_gates(found, first, looks, Answering(judged, test, alike, open_now, folded))


@dataclass(frozen=True)
class Answering:
    """What answers the second question, before its gates are asked.

    judged: the model of the earlier first tries, where it has one of its own. folded: the first question's log-odds at
    the decision looks, out of fold.
    """

    judged: Model | None
    test: Evaluation | None
    alike: Overlap
    open_now: pd.DataFrame
    folded: Floats


def _held_against_gates(
    found: SecondQuestion, first: FirstQuestion, looks: DecisionLooks, by: Answering
) -> SecondQuestion:
    assert found.method is not None
    metrics = by.test.metrics if by.test else {}
    won = int(looks.rows["outcome"].sum())
    gates = (
        tried_enough(found.method, len(looks.rows), won),
        *label_gates(looks.matured),
        calls_recorded(found.won_untried, found.method == "own_model"),
        sale_at_the_try(looks.won_at_once, won),
        overlap(by.alike.unlike, by.alike.apart),
        calibrated(
            CalibrationSeen(metrics.get("ece"), metrics.get("ece_null95"), by.test.base_rate if by.test else None)
        ),
    )
    head = None if failed_gates(gates) else _head(found, first, looks.rows, by)
    unlike, effective = by.alike.unlike, by.alike.effective
    return replace(found, gates=gates, test=by.test, head=head, unlike=unlike, effective=effective)


def _judged(first: FirstQuestion, rows: pd.DataFrame, how: Method) -> tuple[Model | None, Evaluation | None]:
    """The model of the earlier first tries, and its figures on the later ones, one horizon apart."""
    earlier, later = looks_split(first, rows)
    train, test = rows[earlier], rows[later]
    if train["outcome"].nunique() < 2 or not len(test):
        return None, None
    if how == "own_model":
        model = fitted_model(train, first.agreement, first.seed)
        return model, evaluate(model.probability(test), test["outcome"], test["lead_id"].to_numpy(), seed=first.seed)
    known = first.labelled[first.split.train]
    folds = fold_models(first.judged, known, first.agreement, first.seed)
    logit = out_of_fold_logit(train, known, folds, first.judged.calibrator, first.seed)
    by = moving_map(logit, _outcome(train))
    said = sigmoid(by.logit(first.judged.logit(test)))
    return None, evaluate(said, test["outcome"], test["lead_id"].to_numpy(), seed=first.seed)


def looks_split(first: FirstQuestion, rows: pd.DataFrame) -> tuple[Mask, Mask]:
    """Which decision looks are earlier and which are later, as the first question's snapshots were split."""
    known, parted = first.labelled, first.split
    if not parted.is_dated:
        later = rows["lead_id"].isin(known.loc[parted.test, "lead_id"]).to_numpy(bool)
        return ~later, later
    moments = rows["snapshot_us"].to_numpy(np.int64)
    until_us, from_us = known["snapshot_us"][parted.train].max(), known["snapshot_us"][parted.test].min()
    return moments <= until_us, moments >= from_us


def _head(found: SecondQuestion, first: FirstQuestion, rows: pd.DataFrame, by: Answering) -> IfTried:
    """What answers: the same choices, fitted on all first tries."""
    assert found.method is not None
    assert found.shift is not None
    model = served_fit(by.judged, rows, first.agreement, first.seed).model if by.judged else None
    moved = Calibrator() if model else moving_map(by.folded, _outcome(rows))
    facts = {
        "base_rate": float(rows["outcome"].mean()),
        "first_tries": len(rows),
        "shift": asdict(found.shift),
        "arrivals_per_week": first.served.model.facts.get("arrivals_per_week"),
        "first_crossings": None,  # those of the first question are on another scale
    }
    head = IfTried(found.method, by.alike.likeness, model, moved, facts)
    like = by.open_now[~head.likeness.is_unlike(by.open_now)] if len(by.open_now) else by.open_now
    said = head.answering(first.served.model).probability(like) if len(like) else np.empty(0)
    return replace(head, facts=facts | {"open_probabilities": thinned(said, BAR_QUANTILES)})


def _won_untried(labelled: pd.DataFrame, looks: DecisionLooks) -> float | None:
    won = labelled.loc[labelled["outcome"], "lead_id"]
    return float(won.isin(looks.won_leads_untried).mean()) if len(won) else None


def _outcome(rows: pd.DataFrame) -> Floats:
    return rows["outcome"].to_numpy(np.float64)
