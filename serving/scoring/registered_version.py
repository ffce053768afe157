"""A registered version by itself: it scores inline leads from its own files, with no home and no store.

MLflow reaches it through `leadlight._load_pyfunc`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.versions import NOT_KEPT, AgreementVersion
from features.home.errors import LeadlightError
from serving.scoring.bulk import inline_scores
from serving.scoring.score import Scoring
from training.model.if_tried import IfTried
from training.model.model import OWN_COLUMNS, Model


class RegisteredVersion:
    """One version's model, what answers the second question, and the agreement that travels with them."""

    def __init__(self, model: Model, head: IfTried | None = None) -> None:
        self.scoring = Scoring(AgreementVersion(Agreement.parse(model.agreement_text), NOT_KEPT), model, head=head)

    @classmethod
    def read(cls, folder: Path) -> RegisteredVersion:
        """The version whose files are in `folder`.

        Raises ModelDamaged where one is not that of the manifest, LeadlightError for a model with columns of its own.
        """
        model = Model.read(folder)
        if own := ", ".join(model.facts.get(OWN_COLUMNS, ())):
            remedy = f"send it as a trait and train again, or ask candidate.model.probability(frame) with {own} in it"
            wrong = f"this version reads {own}, which its training frame alone had, and no inline lead tells it"
            raise LeadlightError(f"{wrong}; {remedy}", code="not_known_when_served")
        return cls(model, IfTried.read(folder))

    def predictions(self, leads: pd.DataFrame, as_of: datetime, explains: bool = False) -> pd.DataFrame:
        """One row per inline lead: `probability` as of a moment, and where asked for `baseline` and `contributions`.

        contributions: a mapping of log-odds by behaviour and trait; with the baseline they add up to
        logit(probability). The probability is None for a lead without any fact, and for one that objected to
        profiling. Raises NotInline, EventRefused.
        """
        scored = inline_scores(self.scoring, leads, as_of, None if explains else 0)
        columns = {"probability": [score["probability"] for score in scored]}
        if explains:
            columns["baseline"] = [score["baseline"] for score in scored]
            columns["contributions"] = [{r["name"]: r["contribution"] for r in score["reasons"]} for score in scored]
        # Where a probability is None the columns stay objects: NaN is no JSON.
        is_whole = None not in columns["probability"]
        return pd.DataFrame(columns, index=leads.index, dtype=None if is_whole else object)
